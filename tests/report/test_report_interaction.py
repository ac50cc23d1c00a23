"""What a reader does with the page: follow links, fold, search, print, read it on a phone, at night."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safetynlp import Analysis
from safetynlp.report import report_html

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def file(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    coverage = analysis.coverage(date="2024-07", audience="government", uncertain=True)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report_html([(analysis, coverage)], "zh", pmc=True), "utf-8")
    return path


@pytest.fixture
def page(browser: Any, file: Path) -> Iterator[Any]:
    opened = browser.new_page(viewport={"width": 1180, "height": 900})
    complaints: list[str] = []
    requests: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(file.as_uri())
    yield opened
    opened.close()
    assert complaints == []
    assert requests == [file.as_uri()]  # nothing is loaded from anywhere


def test_links_lead_both_ways(page: Any) -> None:
    topic = page.locator(".topic:has(.why a)").first
    link = topic.locator(".why a").first
    target = link.get_attribute("href")
    link.click()
    sentence = page.locator(target)
    assert sentence.is_visible()
    assert page.evaluate("location.hash") == target
    back = sentence.locator(f'.for a[href="#{topic.get_attribute("id")}"]')
    back.click()
    assert page.evaluate("location.hash") == f"#{topic.get_attribute('id')}"
    page.wait_for_function(  # it glides there
        "id => { const y = document.getElementById(id).getBoundingClientRect().y;"
        " return y >= 0 && y < innerHeight; }",
        arg=topic.get_attribute("id"),
    )


def test_a_link_into_a_folded_part_unfolds_it(page: Any) -> None:
    page.locator(".close-all").click()
    inner = page.locator(".fold .para .seg").first
    assert not inner.is_visible()
    page.evaluate("id => { location.hash = id; }", inner.get_attribute("id"))
    inner.wait_for(state="visible")
    page.locator(".open-all").click()
    assert page.locator("details.fold:not([open])").count() == 0


def test_search_and_filter_go_together(page: Any) -> None:
    hits, search = page.locator(".seg.hit"), page.locator(".search")
    search.fill("燃气")
    assert hits.count() > 0
    assert all("燃气" in text for text in hits.locator(".said").all_text_contents())
    assert page.locator(".hits").text_content() == f"{hits.count()} 句"
    found = hits.count()
    page.locator(".filter").select_option(index=1)
    assert hits.count() <= found
    search.fill("没有这样的话")
    assert hits.count() == 0
    search.fill("")
    page.locator(".filter").select_option("")
    assert page.locator(".filtered").count() == 0


def test_only_topics_with_gaps(page: Any) -> None:
    full = page.locator(".topic.full").first
    assert full.is_visible()
    page.locator(".only-gaps").check()
    assert not full.is_visible()
    assert page.locator(".topic:not(.full)").first.is_visible()


def test_radar_and_surface_are_drawn(page: Any) -> None:
    page.locator(".radar-fold summary").click()
    names = page.locator(".radar text")
    assert names.count() == page.locator(".map tbody tr").count()
    frame = page.locator(".radar").bounding_box()
    for n in range(names.count()):
        box = names.nth(n).bounding_box()
        assert frame["x"] <= box["x"]
        assert box["x"] + box["width"] <= frame["x"] + frame["width"]
    assert page.locator("svg.surface").is_visible()


@pytest.mark.parametrize("width", [320, 375, 768])
def test_no_sideways_scrolling(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_at_night(page: Any) -> None:
    def lightness(what: str) -> float:
        colour = page.evaluate(f"getComputedStyle(document.querySelector('.sheet')).{what}")
        return sum(float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]) / 765

    assert lightness("backgroundColor") > 0.9
    assert lightness("color") < 0.4
    page.emulate_media(color_scheme="dark")
    assert lightness("backgroundColor") < 0.3
    assert lightness("color") > 0.7


def test_on_paper(page: Any) -> None:
    page.locator(".close-all").click()
    page.emulate_media(media="print")
    assert not page.locator(".jump").first.is_visible()
    assert not page.locator(".search").is_visible()
    assert page.locator(".figure").first.is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.fold:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.fold[open]").count() == 0
