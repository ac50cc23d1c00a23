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
    return _written(analysis, tmp_path_factory.mktemp("page"), "zh")


@pytest.fixture(scope="module")
def english(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _written(analysis, tmp_path_factory.mktemp("page"), "en")


def _written(analysis: Analysis, folder: Path, lang: str) -> Path:
    coverage = analysis.coverage(date="2024-07", audience="government", uncertain=True)
    path = folder / "report.html"
    path.write_text(report_html([(analysis, coverage)], lang, pmc=True), "utf-8")
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


def test_a_topic_marks_all_its_sentences(page: Any) -> None:
    topic = page.locator(".topic:has(.why details)").first
    expected = topic.locator(".why footer a").evaluate_all("links => links.map(l => l.hash)")
    page.locator(".close-all").click()
    topic.locator(".all a").click()
    hits = page.locator(".seg.hit")
    hits.first.wait_for()
    assert hits.evaluate_all("all => all.map(s => '#' + s.id)") == sorted(
        expected, key=lambda hash: int(hash.rpartition("-s")[2])
    )
    assert page.locator(".hits").text_content() == f"1 / {len(expected)} 句"
    page.wait_for_function(
        "() => { const y = document.querySelector('.seg.now').getBoundingClientRect().y;"
        " return y > 80 && y < innerHeight; }"
    )
    assert page.locator(".seg.now").get_attribute("id") == hits.first.get_attribute("id")
    page.locator(".clear").click()
    assert page.locator(".seg.hit").count() == page.locator(".filtered").count() == 0
    assert not page.locator(".finding").is_visible()


def test_the_way_from_a_topic_to_its_sentences_and_back(page: Any) -> None:
    topic = page.locator(".topic:has(.why details)").nth(1)
    link = topic.locator(".all a")
    page.emulate_media(reduced_motion="reduce")
    link.focus()
    page.keyboard.press("Enter")
    now = page.locator(".seg.now")
    now.wait_for()
    assert page.evaluate("location.hash") == f"#{now.get_attribute('id')}"
    finding = page.locator(".finding").bounding_box()
    assert now.bounding_box()["y"] >= finding["y"] + finding["height"]  # nothing lies over it
    page.keyboard.press("Tab")  # goes on from the sentence, not from the topic
    focused = page.evaluate("document.activeElement.closest('.seg').id")
    assert focused == now.get_attribute("id")
    page.go_back()
    page.wait_for_function(
        "id => { const y = document.getElementById(id).getBoundingClientRect().y;"
        " return y > -300 && y < innerHeight; }",
        arg=topic.get_attribute("id"),
    )


def test_a_click_on_a_sentence_names_its_topics(page: Any) -> None:
    sentence = page.locator("p.seg:has(.for a)").first
    name = sentence.locator(".for .name").first
    assert not name.is_visible()
    sentence.locator(".said").click()
    assert name.is_visible()
    href = sentence.locator(".for a").first.get_attribute("href")
    title = page.locator(f"{href} h4").text_content()
    assert name.text_content().strip().partition("：")[0] in title
    sentence.locator(".said").click()
    assert not name.is_visible()
    sentence.locator(".chip, .tag").first.focus()
    page.keyboard.press("Tab")  # names are there for those without a mouse too
    assert page.locator(".for .name:visible").count() > 0


def test_a_heading_folds_and_its_labels_do_not(page: Any) -> None:
    fold = page.locator("details.fold:has(summary .for a)").first
    fold.locator("summary .marks").first.click(position={"x": 2, "y": 2})
    assert fold.get_attribute("open") is not None
    assert fold.locator("summary .for .name").first.is_visible()
    fold.locator("summary .said").first.click()
    assert fold.get_attribute("open") is None


def test_going_from_hit_to_hit(page: Any) -> None:
    search = page.locator(".search")
    search.fill("全县 安全")  # both words, wherever in the sentence
    hits = page.locator(".seg.hit")
    total = hits.count()
    assert total > 1
    for said in hits.locator(".said").all_text_contents():
        assert "全县" in said
        assert "安全" in said
    search.press("Enter")
    assert page.locator(".hits").text_content() == f"1 / {total} 句"
    page.locator(".previous").click()  # round the end
    assert page.locator(".hits").text_content() == f"{total} / {total} 句"
    page.locator(".next").click()
    assert page.locator(".seg.now").get_attribute("id") == hits.first.get_attribute("id")
    assert page.locator(".seg.now").count() == 1
    assert page.evaluate("CSS.highlights.get('found').size") >= 2 * total
    search.fill("")
    assert page.evaluate("CSS.highlights.get('found').size") == 0


def test_a_link_to_a_topic_that_is_filtered_out_shows_it(page: Any) -> None:
    full = page.locator(".topic.full").first
    page.locator(".only-gaps").check()
    assert not full.is_visible()
    page.locator(f'.map a[href="#{full.get_attribute("id")}"]').click()
    assert full.is_visible()
    assert not page.locator(".only-gaps").is_checked()


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
    shown = page.locator(".radar .score").all_text_contents()
    assert shown == page.locator(".map .num").all_text_contents()
    assert page.locator("svg.surface").is_visible()


@pytest.mark.parametrize("width", [375, 1180])
def test_names_round_the_radar_stay_in_its_frame_apart_and_legible(
    browser: Any, english: Path, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(english.as_uri())
    frame = page.locator(".radar").bounding_box()
    texts = page.locator(".radar text")
    boxes = [texts.nth(n).bounding_box() for n in range(texts.count())]
    pixels = texts.evaluate_all(
        "all => all.map(t => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a)"
    )
    page.close()
    assert min(pixels) >= 11  # whatever the font, whose lines may be lower
    for n, box in enumerate(boxes):
        assert frame["x"] - 1 <= box["x"]
        assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1
        assert frame["y"] <= box["y"]
        assert box["y"] + box["height"] <= frame["y"] + frame["height"]
        for other in boxes[n + 1 :]:
            beside = box["x"] + box["width"] <= other["x"] or (
                other["x"] + other["width"] <= box["x"]
            )
            apart = abs(box["y"] - other["y"]) >= 0.7 * box["height"]
            assert beside or apart


def test_all_can_be_read_without_the_script(browser: Any, file: Path) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(file.as_uri())
    assert page.locator(".tools:visible, .finding:visible").count() == 0  # what needs the script
    assert page.locator(".said:visible").count() == page.locator(".said").count() > 0
    link = page.locator(".topic .all a").first
    link.click()
    assert page.url == f"{file.as_uri()}{link.get_attribute('href')}"
    page.locator("details.fold > summary").first.click()
    assert page.locator("details.fold").first.get_attribute("open") is None
    page.close()


def test_the_keyboard_skips_to_the_content(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0  # seen once it has the focus
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('article nav')")


def test_quotation_marks_of_an_english_page_are_narrow(browser: Any, english: Path) -> None:
    page = browser.new_page()
    page.goto(english.as_uri())
    families = page.evaluate(
        "[document.body, document.querySelector('.said')].map(e => getComputedStyle(e).fontFamily)"
    )
    page.close()
    assert families[0].startswith('"Segoe UI"')
    assert families[1].startswith('"PingFang SC"')


@pytest.mark.parametrize("width", [320, 375, 768])
def test_no_sideways_scrolling(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_long_names_of_topics_do_not_widen_a_phone(
    browser: Any, analysis: Analysis, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text(report_html([(analysis, analysis.coverage("local-leaders"))], "en"), "utf-8")
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.goto(path.as_uri())
    width = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert width == 320


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
    page.locator(".search").fill("燃气")
    page.locator(".close-all").click()
    page.emulate_media(media="print")
    faint = page.locator(".seg:not(.hit)").first
    assert faint.evaluate("s => getComputedStyle(s).opacity") == "1"  # not so on the screen
    assert not page.locator(".finding").is_visible()
    assert not page.locator(".jump").first.is_visible()
    assert not page.locator(".search").is_visible()
    page.set_viewport_size({"width": 688, "height": 1000})  # A4 less its margins
    total = page.locator(".figure b").first.bounding_box()
    assert total["height"] < 60  # on one line
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.fold:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.fold[open]").count() == 0
