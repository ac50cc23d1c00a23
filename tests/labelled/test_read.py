"""What is said of faulty rows, whatever their format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from safetynlp.errors import DataError, UsageError
from safetynlp.labelled import (
    LabelledRow,
    ReadOptions,
    infer_schema,
    labelled_files,
    read_labelled,
    write_skipped,
)
from safetynlp.schema import Facet, Label, Names, Schema

SCHEMA = Schema.default()
SKIP = ReadOptions(on_error="skip")


def write(file: Path, *rows: Any) -> Path:
    file.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")
    return file


def row(text: str, doc: str = "s1", **labels: Any) -> dict[str, Any]:
    return {"doc": doc, "text": text, **labels}


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", row("x", sector=["矿业"]), row("y"), row(""))
    other = write(tmp_path / "b.jsonl", {"text": "z"})
    with pytest.raises(DataError) as caught:
        read_labelled([file, other], SCHEMA)
    first, second, third = caught.value.en.split("\n")
    assert first.startswith(f'{file}:1: facet "sector" has no label "矿业". Did you mean')
    assert second.startswith(f"{file}:3: no text")
    assert third.startswith(f'{other}:1: no "doc"')
    assert len(caught.value.zh.split("\n")) == 3


def test_no_more_than_twenty_faults_are_shown(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", *[row("") for _ in range(23)])
    with pytest.raises(DataError) as caught:
        read_labelled([file], SCHEMA)
    lines = caught.value.en.split("\n")
    assert len(lines) == 21
    assert lines[-1] == "… and 3 more rows that cannot be used."


def test_nothing_is_skipped_silently(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", row("x"), row("y", sector=["矿业"]), row("z"))
    with file.open("a", encoding="utf-8") as lines:
        lines.write('{"doc": \n')
    data = read_labelled([file], SCHEMA, SKIP)
    assert [(r.text, r.index) for r in data.rows] == [("x", 0), ("z", 1)]
    write_skipped(tmp_path / "skipped.jsonl", data)
    written = (tmp_path / "skipped.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in written]
    assert [record["where"] for record in records] == [f"{file}:2", f"{file}:4"]
    assert json.loads(records[0]["line"]) == row("y", sector=["矿业"])
    assert 'no label "矿业"' in records[0]["reason"]
    assert "没有标签“矿业”" in records[0]["reason_zh"]
    assert records[1]["line"] == '{"doc": '


def test_contradiction_within_a_speech(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", row("x", sector=["schools"]), row("x", sector=[]))
    message = (
        rf'^{file}:2: "sector" is \[\] here and \[\'schools\'\] at {file}:1, for the same text'
    )
    with pytest.raises(DataError, match=message):
        read_labelled([file], SCHEMA)
    data = read_labelled([file], SCHEMA, SKIP)
    assert [r.where for r in data.rows] == [f"{file}:1"]
    assert [r.where for r in data.skipped] == [f"{file}:2"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"sector": ["schools", "urban_gas"]}, {"sector": ["urban_gas", "schools"]}),
        ({"sector": ["schools"]}, {"action": []}),  # nothing that both label
        ({"sector": ["schools"], "i": 0}, {"sector": [], "i": 7}),  # at two places
        ({"sector": ["schools"], "annotator": "li"}, {"sector": [], "annotator": "wang"}),
    ],
)
def test_no_contradiction(tmp_path: Path, first: dict[str, Any], second: dict[str, Any]) -> None:
    file = write(tmp_path / "a.jsonl", row("x", **first), row("x", **second))
    assert len(read_labelled([file], SCHEMA).rows) == 2


def test_contradiction_between_speeches_is_a_warning(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", row("x", sector=["schools"]), row("x", doc="s2", sector=[]))
    data = read_labelled([file], SCHEMA)
    assert len(data.rows) == 2
    (warning,) = data.warnings
    assert f"1 texts are labelled differently in different speeches, among them {file}:1" in (
        warning.en
    )


def test_numbers_given_twice_are_a_warning(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", row("x", i=0, sector=[]))
    second = write(tmp_path / "b.jsonl", row("y", i=0, sector=[]))
    data = read_labelled([first, second], SCHEMA)
    assert "1 numbers (i) are given to several rows" in data.warnings[0].en


def test_half_a_character(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"doc": "a", "text": "安\\ud800全"}', "utf-8")
    with pytest.raises(DataError, match=r"a\.jsonl:1: the text has half a character \(U\+D800\)"):
        read_labelled([file], SCHEMA)


def test_file_named_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", row("x"))
    write(tmp_path / "b.jsonl", row("y"))
    files = labelled_files([tmp_path / "b.jsonl", tmp_path, tmp_path / "." / "b.jsonl"])
    assert files == [tmp_path / "b.jsonl", tmp_path / "a.jsonl"]


def test_folder_without_json_lines_stands_for_its_tables(tmp_path: Path) -> None:
    for name in ("b.csv", "a.TSV", "index.csv", "label.txt", ".c.csv", "~$d.xlsx", "notes.md"):
        (tmp_path / name).write_text("doc,text,sector\na,x,\n", "utf-8")
    assert [file.name for file in labelled_files([tmp_path])] == ["a.TSV", "b.csv"]


def test_empty_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n", "utf-8")
    data = read_labelled([tmp_path], SCHEMA)
    assert data.rows == ()
    assert "holds no rows" in data.warnings[0].en


def test_numbers_and_row_groups_as_names_of_speeches(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", {"text": "x", "doc": 7}, {"text": "y"})
    rows = read_labelled([file], SCHEMA, ReadOptions(group_by_row=True)).rows
    assert [r.doc for r in rows] == ["7", f"{file}:2"]


@pytest.mark.parametrize("doc", [True, 1.5, ["a"], " "])
def test_speech_without_a_proper_name(tmp_path: Path, doc: Any) -> None:
    file = write(tmp_path / "a.jsonl", {"text": "x", "doc": doc})
    with pytest.raises(DataError, match='no "doc"'):
        read_labelled([file], SCHEMA, ReadOptions(group_by_row=doc is True))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "doccanno"}, 'format is "doccanno", expected one of .*Did you mean "doccano"'),
        ({"absent": "all"}, "absent is"),
        ({"on_error": "ignore"}, "on_error is"),
    ],
)
def test_faulty_options(options: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ReadOptions(**options)


# A foreign data set


def test_titles_with_a_class_need_no_schema(tmp_path: Path) -> None:
    file = tmp_path / "titles.txt"
    file.write_text("股市大涨\t财经\n球队夺冠\t体育\n利率下调\t财经\n", "utf-8")
    options = ReadOptions(group_by_row=True)
    data = read_labelled([file], None, options)
    (facet,) = data.schema.facets
    assert (facet.id, facet.kind, facet.label_ids) == ("label", "single", ("体育", "财经"))
    assert [r.labels for r in data.rows] == [{"label": (x,)} for x in ("财经", "体育", "财经")]
    assert infer_schema([file], options) == data.schema


def test_several_labels_and_facets_are_inferred(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("甲\t行业##煤矿,行业##消防,功能##要求\n乙\t功能##事实\n", "utf-8")
    schema = infer_schema([file])
    assert {f.id: (f.kind, f.label_ids) for f in schema.facets} == {
        "功能": ("single", ("事实", "要求")),
        "行业": ("multi", ("消防", "煤矿")),
    }
    rows = read_labelled([file], schema, ReadOptions(group_by_row=True)).rows
    assert rows[1].labels == {"行业": (), "功能": ("事实",)}


def test_row_without_label_makes_the_facet_multi(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("甲\t煤矿\n乙\t\n", "utf-8")
    assert infer_schema([file]).facets[0].kind == "multi"


def test_column_of_classes_by_name(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text,topic,year\n甲,财经,2024\n乙,体育,2023\n", "utf-8")
    options = ReadOptions(facet="topic", group_by_row=True)
    data = read_labelled([file], None, options)
    assert data.schema.facet_ids == ("topic",)
    assert [(r.labels["topic"], r.meta) for r in data.rows] == [
        (("财经",), {"year": "2024"}),
        (("体育",), {"year": "2023"}),
    ]


def test_no_label_no_schema(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", row("x", topic="a"))
    with pytest.raises(DataError, match="no labels to make a schema of"):
        infer_schema([file])


def two_facets() -> Schema:
    def label(id: str, zh: str) -> Label:
        return Label(id=id, name=Names(zh=zh, en=id))

    def facet(id: str, *labels: Label) -> Facet:
        return Facet(id=id, name=Names(zh=id, en=id), kind="multi", labels=labels)

    facets = (
        facet("place", label("mine", "矿"), label("A", "甲")),
        facet("risk", label("mine", "矿"), label("a", "乙")),
    )
    return Schema(id="two", version="1", name=Names(zh="二", en="two"), facets=facets)


def test_label_of_two_facets_must_name_one(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("x\t矿\n", "utf-8")
    with pytest.raises(DataError, match=r'label "矿" is in several facets: place, risk'):
        read_labelled([file], two_facets(), ReadOptions(group_by_row=True))
    options = ReadOptions(group_by_row=True, facet="risk")
    assert read_labelled([file], two_facets(), options).rows[0].labels == {"risk": ("mine",)}
    file.write_text("x\tplace##矿\n", "utf-8")
    options = ReadOptions(group_by_row=True)
    assert read_labelled([file], two_facets(), options).rows[0].labels == {"place": ("mine",)}


def test_rows_are_equal_wherever_they_were_read() -> None:
    assert LabelledRow("a", "x", {}, where="a:1") == LabelledRow("a", "x", {}, where="b:2")
