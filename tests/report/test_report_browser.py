"""The page in a real browser, where one is installed."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from safetynlp import Analysis, Coverage
from safetynlp.report import report_html

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium installed"),
]

# Measures the framed page and the widest of its elements; runs in the page around the frame.
PROBE = """
<script>
addEventListener("load", function () {
  var inner = document.querySelector("iframe").contentDocument;
  inner.querySelectorAll("details").forEach(function (fold) { fold.open = true; });
  document.title = inner.documentElement.scrollWidth + "/" + inner.documentElement.clientWidth;
});
</script>
"""


def _dom(file: Path) -> tuple[str, list[str]]:
    """The page after loading, and what it said on the console."""
    assert BROWSER is not None
    done = subprocess.run(
        [
            BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={file.parent / 'profile'}", "--enable-logging=stderr", "--v=0",
            "--virtual-time-budget=3000", "--window-size=1280,900", "--dump-dom", file.as_uri(),
        ],
        capture_output=True, encoding="utf-8", timeout=120, check=True,
    )  # fmt: skip
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture(scope="module")
def page(analysis: Analysis, coverage: Coverage, hostile: Analysis) -> str:
    return report_html([(analysis, coverage), (hostile, hostile.coverage())], "zh")


def test_script_runs_under_its_policy_without_complaint(tmp_path: Path, page: str) -> None:
    file = tmp_path / "report.html"
    file.write_text(page, "utf-8")
    dom, console = _dom(file)
    assert console == []
    assert '<div class="tools js" hidden' in page
    assert '<div class="tools js"' in dom
    assert '<div class="tools js" hidden' not in dom


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_runs_over_the_edge(tmp_path: Path, page: str, width: int) -> None:
    framed = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    frame = f'<iframe width="{width}" height="800" srcdoc="{html.escape(framed)}"></iframe>'
    file = tmp_path / "frame.html"
    file.write_text(f'<!DOCTYPE html><meta charset="utf-8"><title></title>{PROBE}{frame}', "utf-8")
    dom, _ = _dom(file)
    found = re.search(r"<title>(\d+)/(\d+)</title>", dom)
    assert found is not None
    assert int(found[1]) <= int(found[2])
    assert width - 20 <= int(found[2]) <= width
