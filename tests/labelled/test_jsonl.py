from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from safetynlp.errors import DataError
from safetynlp.labelled import LabelledRow, read_labelled, targets
from safetynlp.schema import Schema

SCHEMA = Schema.default()
ROW = {
    "doc": "s1",
    "i": 0,
    "text": "严禁酒驾。",
    "sector": ["road_traffic"],
    "responsibility": [],
    "function": "directive",
}


def rows_in(paths: list[Path]) -> list[LabelledRow]:
    return list(read_labelled(paths, SCHEMA).rows)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rows.jsonl"


def write(file: Path, *rows: Any) -> Path:
    file.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")
    return file


def test_missing_facet_is_not_an_empty_one(file: Path) -> None:
    (row,) = rows_in([write(file, ROW)])
    assert row == LabelledRow(
        "s1",
        "严禁酒驾。",
        {"sector": ("road_traffic",), "responsibility": (), "function": ("directive",)},
    )
    y, known = targets([row], SCHEMA)
    assert known.tolist() == [[True, True, False, True]]
    assert y.shape == (1, 51)
    assert y.dtype == "float32"
    columns = [(f.id, id) for f in SCHEMA.facets for id in f.label_ids]
    assert {columns[n] for n in y[0].nonzero()[0]} == {
        ("sector", "road_traffic"),
        ("function", "directive"),
    }


def test_null_is_not_labelled(file: Path) -> None:
    (row,) = rows_in([write(file, ROW | {"sector": None})])
    assert "sector" not in row.labels


def test_targets_of_nothing() -> None:
    y, known = targets([], SCHEMA)
    assert (y.shape, known.shape) == ((0, 51), (0, 4))


def test_folder_stands_for_its_files_in_order(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(tmp_path / f"{name}.jsonl", ROW | {"doc": name})
    (tmp_path / "notes.txt").write_text("no data", "utf-8")
    assert [row.doc for row in rows_in([tmp_path])] == ["a", "b"]


def test_byte_order_mark_blank_lines_and_windows_line_ends(file: Path) -> None:
    line = json.dumps(ROW)
    file.write_bytes(f"\ufeff{line}\r\n\r\n  \n{line}".encode())
    assert len(rows_in([file])) == 2


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"])
def test_unusual_line_separators_do_not_cut_a_row(file: Path, character: str) -> None:
    text = f"严禁{character}酒驾"
    line = json.dumps(ROW | {"text": text}, ensure_ascii=False)
    file.write_text(line, "utf-8")
    assert [row.text for row in rows_in([file])] == [text]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"doc": "a"', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("1" * 5000, "not JSON"),  # Python refuses so long a number with a bare ValueError
        ("[1]", 'non-empty string "text"'),
        ('{"doc": "a"}', 'non-empty string "text"'),
        ('{"doc": "a", "text": ""}', 'non-empty string "text"'),
        ('{"doc": "a", "text": 7}', 'non-empty string "text"'),
        ('{"text": "x"}', 'no "doc"'),
        ('{"doc": "a", "text": "x", "sector": ["mine"]}', 'no label "mine"'),
        ('{"doc": "a", "text": "x", "sector": "mine"}', 'no label "mine"'),
        ('{"doc": "a", "text": "x", "sector": 5}', "found '5', expected a label id"),
        ('{"doc": "a", "text": "x", "sector": [["a"]]}', "expected a label id"),
        ('{"doc": "a", "text": "x", "sector": {"a": 1}}', "expected a label id"),
        ('{"doc": "a", "text": "x", "function": []}', "exactly one label, found 0"),
        ('{"doc": "a", "text": "x", "function": ["directive", "problem"]}', "found 2"),
    ],
)
def test_broken_line_is_named(file: Path, line: str, message: str) -> None:
    file.write_text(f"{json.dumps(ROW)}\n\n{line}\n", "utf-8")
    with pytest.raises(DataError) as caught:
        rows_in([file])
    assert caught.value.en.startswith(f"{file}:3: ")
    assert message in caught.value.en
    assert caught.value.zh.startswith(f"{file}:3")


def test_files_that_cannot_be_read(tmp_path: Path, file: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        rows_in([tmp_path / "none.jsonl"])
    with pytest.raises(DataError, match=r"no \*\.jsonl file in this folder"):
        rows_in([tmp_path])
    file.write_bytes(bytes(range(256)))
    with pytest.raises(DataError, match="text"):
        rows_in([file])


def test_chinese_windows_encoding(file: Path) -> None:
    file.write_bytes(json.dumps(ROW, ensure_ascii=False).encode("gb18030"))
    assert [row.text for row in rows_in([file])] == ["严禁酒驾。"]
