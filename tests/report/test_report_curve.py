from __future__ import annotations

import pytest
from lxml import etree

from safetynlp.report.charts import curve


def numbers(points: str) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split(","))) for pair in points.split()]  # type: ignore[misc]


def test_a_line_with_its_band_for_each_learner() -> None:
    lines = [
        [(1, 0.0, 0.0, 0.0), (10, 0.5, 0.4, 0.7), (100, 1.0, 1.0, 1.0)],
        [(1, 0.2, 0.1, 0.3), (100, 0.3, 0.3, 0.3)],
    ]
    tree = etree.fromstring(str(curve(lines)))
    first, second = tree.findall("g")
    assert (first.get("class"), second.get("class")) == ("c0", "c1")
    (x0, y0), (x1, y1), (x2, y2) = numbers(first.find("polyline").get("points"))
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)  # logarithmic
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    assert y0 > y2  # upwards
    assert len(numbers(first.find("polygon").get("points"))) == 6
    assert [text.text for text in tree.findall("text")][-3:] == ["1", "10", "100"]


def test_one_point() -> None:
    tree = etree.fromstring(str(curve([[(1, 0.5, 0.4, 0.6)]])))
    assert len(tree.findall(".//circle")) == 1
