from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from safetynlp.errors import DataError, UsageError
from safetynlp.evaluation.data import LabelledRow, read_jsonl, split_by_doc, targets
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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rows.jsonl"


def write(file: Path, *rows: Any) -> Path:
    file.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")
    return file


def test_missing_facet_is_not_an_empty_one(file: Path) -> None:
    (row,) = read_jsonl([write(file, ROW)], SCHEMA)
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
    (row,) = read_jsonl([write(file, ROW | {"sector": None})], SCHEMA)
    assert "sector" not in row.labels


def test_targets_of_nothing() -> None:
    y, known = targets([], SCHEMA)
    assert (y.shape, known.shape) == ((0, 51), (0, 4))


def test_folder_stands_for_its_files_in_order(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(tmp_path / f"{name}.jsonl", ROW | {"doc": name})
    (tmp_path / "notes.txt").write_text("no data", "utf-8")
    assert [row.doc for row in read_jsonl([tmp_path], SCHEMA)] == ["a", "b"]


def test_byte_order_mark_blank_lines_and_windows_line_ends(file: Path) -> None:
    line = json.dumps(ROW)
    file.write_bytes(f"\ufeff{line}\r\n\r\n  \n{line}".encode())
    assert len(read_jsonl([file], SCHEMA)) == 2


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"])
def test_unusual_line_separators_do_not_cut_a_row(file: Path, character: str) -> None:
    text = f"严禁{character}酒驾"
    line = json.dumps(ROW | {"text": text}, ensure_ascii=False)
    file.write_text(line, "utf-8")
    assert [row.text for row in read_jsonl([file], SCHEMA)] == [text]


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
        read_jsonl([file], SCHEMA)
    assert caught.value.en.startswith(f"{file}:3: ")
    assert message in caught.value.en
    assert caught.value.zh.startswith(f"{file}:3")


def test_files_that_cannot_be_read(tmp_path: Path, file: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_jsonl([tmp_path / "none.jsonl"], SCHEMA)
    with pytest.raises(DataError, match=r"no \*\.jsonl file in this folder"):
        read_jsonl([tmp_path], SCHEMA)
    file.write_bytes(json.dumps(ROW, ensure_ascii=False).encode("gb18030"))
    with pytest.raises(DataError, match="Expected UTF-8 JSON Lines"):
        read_jsonl([file], SCHEMA)


def rows_of(*docs: str) -> list[LabelledRow]:
    """Three rows of each speech, interleaved."""
    return [LabelledRow(doc, f"{doc}-{n}", {}) for n in range(3) for doc in docs]


DOCS = [f"{family}-{n:03}" for family in ("city", "county", "firm") for n in range(20)]
SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def test_no_speech_stands_in_two_parts() -> None:
    rows = rows_of(*DOCS)
    parts = split_by_doc(rows, SHARES, seed=1)
    docs = {name: {row.doc for row in part} for name, part in parts.items()}
    assert sum(map(len, docs.values())) == len(DOCS)
    assert set().union(*docs.values()) == set(DOCS)
    assert sum(map(len, parts.values())) == len(rows)
    for part in parts.values():
        assert part == [row for row in rows if row in part]  # in their given order


def test_shares_are_kept_and_spread_over_the_families() -> None:
    parts = split_by_doc(rows_of(*DOCS), SHARES, seed=1)
    for name, share in SHARES.items():
        docs = {row.doc for row in parts[name]}
        assert len(docs) == pytest.approx(share * len(DOCS), abs=1)
        assert {doc.split("-")[0] for doc in docs} == {"city", "county", "firm"}


def test_split_follows_the_seed() -> None:
    def drawn(seed: int) -> list[str]:
        return sorted({row.doc for row in split_by_doc(rows_of(*DOCS), SHARES, seed)["test"]})

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_fewer_speeches_than_parts() -> None:
    parts = split_by_doc(rows_of("a1"), SHARES, seed=0)
    assert {name: len(part) for name, part in parts.items()} == {"train": 3, "dev": 0, "test": 0}


def test_a_part_of_nothing_gets_nothing() -> None:
    parts = split_by_doc(rows_of(*DOCS), {"train": 1.0, "dev": 0.0}, seed=0)
    assert parts["dev"] == []


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": float("nan")}])
def test_faulty_shares(shares: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="sum to 1"):
        split_by_doc(rows_of("a1"), shares, seed=0)
