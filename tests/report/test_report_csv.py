"""The table for spreadsheets: readable back, and harmless when opened in one."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from safetynlp import Analysis
from safetynlp.report import segment_record, to_csv


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _record(text: str, **other: Any) -> dict[str, Any]:
    return {
        "doc": "a",
        "i": 0,
        "start": 0,
        "end": len(text),
        "text": text,
        "heading_path": [],
        "sector": ["fire_safety", "schools"],
        "function": "directive",
        "scores": {"sector": {"fire_safety": 0.9, "schools": 0.8}, "function": {"directive": 1.0}},
        **other,
    }


def test_table_has_every_segment_and_reads_back(analysis: Analysis) -> None:
    records = [segment_record("讲话", n, s) for n, s in enumerate(analysis.segments)]
    rows = _rows(to_csv(records, analysis.schema.facet_ids))
    assert len(rows) == len(records)
    for row, record in zip(rows, records, strict=True):
        assert row["text"] == record["text"]
        assert row["heading_path"] == " > ".join(record["heading_path"])
        assert row["sector"] == ";".join(record["sector"])
        assert row["function"] == record["function"]
        assert (int(row["i"]), int(row["start"])) == (record["i"], record["start"])


def test_columns_follow_the_facets_asked_for() -> None:
    text = to_csv([_record("查火灾。")], ["function", "sector"])
    assert text == (
        "doc,i,start,end,text,heading_path,function,sector\n"
        "a,0,0,4,查火灾。,,directive,fire_safety;schools\n"
    )


def test_scores_are_columns_on_request() -> None:
    (row,) = _rows(to_csv([_record("查火灾。")], ["sector"], scores=True))
    assert list(row)[6:] == ["sector", "sector.fire_safety", "sector.schools"]
    assert row["sector.fire_safety"] == "0.9"


@pytest.mark.parametrize(
    "text", ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "＝1", "＋1", "－1", "＠a", '=HYPERLINK("x")']
)
def test_cell_that_could_be_a_formula_is_defused(text: str) -> None:
    record = _record(text, heading_path=[text], doc=text)
    (row,) = _rows(to_csv([record], ["sector"]))
    assert (row["text"], row["heading_path"], row["doc"]) == (f"'{text}",) * 3


@pytest.mark.parametrize("text", ["一、=1", "5-1", "（-1）", "'引"])
def test_other_cells_stay_verbatim(text: str) -> None:
    (row,) = _rows(to_csv([_record(text)], ["sector"]))
    assert row["text"] == text


def test_awkward_characters_survive() -> None:
    text = '引号"逗号,换行\n和\u202e'
    (row,) = _rows(to_csv([_record(text)], []))
    assert row["text"] == text
    assert "\0" not in to_csv([_record("空\0字符")], [])


def test_no_records_give_the_header_alone() -> None:
    assert to_csv([], ["sector"], scores=True) == "doc,i,start,end,text,heading_path,sector\n"
