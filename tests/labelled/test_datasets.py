"""Folders of the ``datasets`` library."""

from __future__ import annotations

from pathlib import Path

import pytest

from safetynlp.errors import DataError
from safetynlp.labelled import LabelledRow, ReadOptions, infer_schema, read_labelled
from safetynlp.schema import Schema

pytestmark = pytest.mark.slow
SCHEMA = Schema.default()


def test_columns_of_strings_and_classes(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    classes = datasets.ClassLabel(names=["situation", "directive"])
    sectors = datasets.Sequence(datasets.ClassLabel(names=["消防", "schools"]))
    features = datasets.Features(
        {
            "doc": datasets.Value("string"),
            "text": datasets.Value("string"),
            "year": datasets.Value("int32"),
            "sector": sectors,
            "function": classes,
        }
    )
    rows = {
        "doc": ["a", "a"],
        "text": ["x", "y"],
        "year": [2023, 2024],
        "sector": [[0, 1], []],
        "function": [1, None],
    }
    table = datasets.Dataset.from_dict(rows, features=features)
    datasets.DatasetDict({"train": table}).save_to_disk(tmp_path / "a")
    data = read_labelled([tmp_path / "a"], SCHEMA)
    labels = {"sector": ("fire_safety", "schools"), "function": ("directive",)}
    assert list(data.rows) == [
        LabelledRow("a", "x", labels, meta={"year": "2023", "split": "train"}),
        LabelledRow("a", "y", {"sector": ()}, 1, meta={"year": "2024", "split": "train"}),
    ]
    assert data.rows[1].where == f"{tmp_path / 'a'}:train:1"
    assert any(file.endswith(".arrow") for file in data.sha256)


def test_titles_with_a_class(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["体育", "财经"])}
    )
    table = datasets.Dataset.from_dict({"text": ["x", "y"], "label": [0, 1]}, features=features)
    table.save_to_disk(tmp_path / "a")
    options = ReadOptions(group_by_row=True)
    schema = infer_schema([tmp_path / "a"], options)
    assert schema.facets[0].kind == "single"
    assert [row.labels for row in read_labelled([tmp_path / "a"], schema, options).rows] == [
        {"label": ("体育",)},
        {"label": ("财经",)},
    ]


def test_faulty_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_dict({"text": ["x"], "topic": ["y"]}).save_to_disk(tmp_path / "a")
    with pytest.raises(DataError, match="no column of labels among text, topic"):
        read_labelled([tmp_path / "a"], SCHEMA)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "dataset_info.json").write_text("{}", "utf-8")
    with pytest.raises(DataError, match="cannot be read as a data set"):
        read_labelled([tmp_path / "b"], SCHEMA)
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(DataError, match=r"safetynlp\[train\]"):
        read_labelled([tmp_path / "a"], SCHEMA)
