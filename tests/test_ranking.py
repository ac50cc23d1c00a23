"""Speeches in the order of their scores, and the reference they are compared with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from safetynlp.errors import ReadError, SafetyNLPError, UsageError
from safetynlp.ranking import Reference, ScoredSpeech, rank
from safetynlp.reference import read_reference, write_reference


def scored(doc: str, total: float, group: float | None = None, rubric: str = "own") -> ScoredSpeech:
    return ScoredSpeech(
        doc, rubric, "1", total, {"g": total if group is None else group}, "m", "0a"
    )


def test_places_and_percentiles() -> None:
    reference = Reference(tuple(scored(str(n), n / 10) for n in range(10)))
    speeches = [scored("low", 0.05), scored("high", 0.95), scored("same", 0.5), scored("b", 0.5)]
    ranks = rank(speeches, reference)
    assert [(one.place, one.speech.doc) for one in ranks] == [
        (1, "high"),
        (2, "same"),
        (2, "b"),
        (4, "low"),
    ]
    assert [one.percentile for one in ranks] == [100, 55, 55, 10]  # five lower, itself half
    assert ranks[0].group_percentiles == {"g": 100}


def test_without_reference_or_speeches() -> None:
    (one,) = rank([scored("a", 0.3)])
    assert (one.place, one.percentile, one.group_percentiles) == (1, None, {"g": None})
    assert rank([]) == []


def test_what_cannot_be_compared() -> None:
    with pytest.raises(UsageError, match="by else 1, own 1; expected"):
        rank([scored("a", 0.1), scored("b", 0.2, rubric="else")])
    with pytest.raises(UsageError, match="scored by else 1, these by own 1"):
        rank([scored("a", 0.1)], Reference((scored("b", 0.2, rubric="else"),)))
    with pytest.raises(UsageError, match="0 speeches by none"):
        Reference(())


def test_a_reference_survives_its_file(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    speeches = (scored("甲.txt", 0.25), ScoredSpeech("乙", "own", "1", 0.5, {"g": None}, "m", ""))
    path = tmp_path / "scores.parquet"
    write_reference(path, speeches)
    assert read_reference(path).speeches == speeches
    assert [entry.name for entry in tmp_path.iterdir()] == ["scores.parquet"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"doc": ["a"]}, "lacks the columns rubric, rubric_version, total"),
        ({"total": [1.5]}, "row 1, total: found 1.5, expected a number from 0 to 1"),
        ({"total": [None]}, "row 1, total: found None"),
        ({"doc": [3]}, "row 1, doc: found 3, expected a text"),
        ({"group.g": [float("nan")]}, "row 1, group.g: found nan"),
    ],
)
def test_a_faulty_reference(
    tmp_path: Path, columns: dict[str, list[object]], expected: str
) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    good = {"doc": ["a"], "rubric": ["own"], "rubric_version": ["1"], "total": [0.5]}
    path = tmp_path / "scores.parquet"
    parquet.write_table(pa.table(columns if columns == {"doc": ["a"]} else good | columns), path)
    with pytest.raises(ReadError) as caught:
        read_reference(path)
    assert expected in str(caught.value)


def test_what_is_no_reference_at_all(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "scores.parquet"
    with pytest.raises(ReadError, match="no such file"):
        read_reference(path)
    path.write_text("doc,total\n", "utf-8")
    with pytest.raises(ReadError, match="cannot be read as Parquet"):
        read_reference(path)


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(SafetyNLPError, match=r"safetynlp\[parquet\]"):
        write_reference(tmp_path / "x.parquet", [scored("a", 0.1)])
    assert list(tmp_path.iterdir()) == []
