"""The radar: scores on rays, names in lines that keep inside the drawing."""

from __future__ import annotations

import re

from lxml import etree

from safetynlp.report.charts import radar

WIDTH = 400
SVG = "{http://www.w3.org/2000/svg}"


def drawn(*axes: tuple[str, float | None]) -> etree._Element:
    return etree.fromstring(str(radar(axes)).replace("<svg", f'<svg xmlns="{SVG[1:-1]}"'))


def texts(drawing: etree._Element) -> list[str]:
    return [text.text or "" for text in drawing.iter(f"{SVG}text")]


def test_scores_are_points_on_the_rays() -> None:
    drawing = drawn(("甲", 1.0), ("乙", 0.5), ("丙", 0.0), ("丁", None))
    (area,) = (p for p in drawing.iter(f"{SVG}polygon") if p.get("class") == "area")
    assert area.get("points") == "200.0,64.0 243.0,150.0 200.0,150.0"
    assert texts(drawing) == ["甲", "100", "乙", "50", "丙", "0", "丁", "–"]


def test_fewer_than_three_make_no_figure() -> None:
    assert radar([("甲", 1.0), ("乙", 1.0)]) == ""


def test_long_names_are_broken_into_lines() -> None:
    names = ("Top", "Inspection and accountability", "党政领导责任和部门监管责任落实情况", "Left")
    drawing = drawn(*((name, 0.5) for name in names))
    assert texts(drawing)[2:5] == ["Inspection and", "accountability", "50"]
    for text in drawing.iter(f"{SVG}text"):
        x = float(text.get("x"))
        room = {"start": WIDTH - x, "end": x, "middle": WIDTH}[text.get("text-anchor")]
        cells = sum(1 if c.isascii() else 2 for c in text.text or "")
        assert 6.5 * cells <= room


def test_what_cannot_be_broken_is_squeezed_and_what_is_endless_cut() -> None:
    drawing = drawn(
        ("甲", 0.1), ("Responsibilitiesandduties", 0.2), ("责任" * 80, 0.3), ("丁", 0.4)
    )
    (long,) = (t for t in drawing.iter(f"{SVG}text") if t.text == "Responsibilitiesandduties")
    assert float(long.get("x")) + float(long.get("textLength")) <= WIDTH
    below = texts(drawing)[4:8]
    assert [line[-1] for line in below[:3]] == ["任", "任", "…"]
    assert below[3] == "30"


def test_names_are_text() -> None:
    assert not re.search("<script|\u202e", radar([("<script>\u202e", 0.1)] * 3))
