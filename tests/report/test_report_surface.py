"""The drawing of the PMC surface."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from safetynlp.report.charts import pmc_surface

EMPTY = (None, None)


def points(svg: str) -> list[tuple[float, float]]:
    found = re.findall(r"(-?[\d.]+),(-?[\d.]+)", svg)
    return [(float(x), float(y)) for x, y in found]


@pytest.mark.parametrize(
    "matrix",
    [
        ((1.0, 0.5, 0.0), (0.3, 0.6, 0.9), (0.4, None, None)),
        ((0.0, 1.0), (1.0, 0.0)),
        (EMPTY, EMPTY),
        ((0.1,) * 4,) * 4,
    ],
)
def test_everything_is_inside_the_picture(matrix) -> None:
    svg = pmc_surface(matrix)
    assert ElementTree.fromstring(svg).get("class") == "surface"
    _, _, width, height = map(float, re.search(r'viewBox="([^"]+)"', svg)[1].split())
    assert all(0 <= x <= width and 0 <= y <= height for x, y in points(svg))


def test_values_are_written_and_empty_places_are_hollow() -> None:
    svg = pmc_surface(((0.25, 1.0), (0.5, None)))
    assert re.findall(r">(\d\.\d\d)<", svg) == ["0.25", "1.00", "0.50"]
    assert svg.count("<circle") == 4
    assert len(re.findall(r'<circle[^>]* fill="none"', svg)) == 1


@pytest.mark.parametrize(("value", "band"), [(0.1, 0), (4 / 9, 1), (6 / 9, 2), (8 / 9, 3)])
def test_the_tone_tells_the_band(value: float, band: int) -> None:
    svg = pmc_surface(((value, value), (value, value)))
    assert set(re.findall(r'class="b(\d)"', svg)) == {str(band)}
