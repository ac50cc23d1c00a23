# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from safetynlp.training.card import write_card


def facet(name: str, value: float) -> dict[str, Any]:
    return {
        "segments": 12,
        name: {"value": value, "interval": [value - 0.1, value + 0.05]},
        "labels": {"a": {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "support": 2}},
    }


METRICS: dict[str, Any] = {
    "model": "own 2",
    "corpus": {
        "segments": {"train": 4321, "validation": 432, "test": 234},
        "speeches": {"train": ["s1", "s2", "s3"], "validation": ["s4", "s5"], "test": ["s6"]},
    },
    "test": {"sector": facet("f1_micro", 0.8125), "function": facet("accuracy", 0.7)},
}
REAL = {
    "speeches": 3,
    "segments": 345,
    "int8_against_full_precision": {"same_label_sets": 0.9876, "segments": 345},
    **{
        name: {"sector": facet("f1_micro", value)}
        for name, value in (("released", 0.9), ("keywords", 0.6), ("tfidf", 0.7))
    },
}


def card(folder: Path, metrics: dict[str, Any]) -> str:
    (folder / "metrics.json").write_text(json.dumps(metrics), "utf-8")
    write_card(folder)
    return (folder / "README.md").read_text("utf-8")


def table(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line[1:-1].split("|")]
        for line in text.split("\n")
        if line[:2] == "| "
    ]


def test_figures_are_those_of_the_metrics(tmp_path: Path) -> None:
    text = card(tmp_path, METRICS)
    assert table(text)[1:] == [
        ["sector", "f1_micro", "0.812 [0.713, 0.863]"],
        ["function", "accuracy", "0.700 [0.600, 0.750]"],
    ]
    assert "# own 2\n" in text
    assert "4321 segments of 3 speeches" in text
    assert "432 segments of 2 other speeches" in text.replace("\n", " ")
    assert "(234 segments of 1 speeches that neither training nor thresholds saw)" in text
    assert "Real speeches" not in text
    assert not re.search(r"\{\w*\}", text)  # no place was left unfilled


def test_real_speeches_beside_the_baselines(tmp_path: Path) -> None:
    text = card(tmp_path, METRICS | {"real": REAL})
    assert "345 segments of 3 speeches, never" in text
    assert table(text)[-1] == [
        "sector",
        "f1_micro",
        "0.900 [0.800, 0.950]",
        "0.600 [0.500, 0.650]",
        "0.700 [0.600, 0.750]",
    ]
    assert "the same label sets on 98.8 % of these segments" in text


def test_written_again(tmp_path: Path) -> None:
    first = card(tmp_path, METRICS)
    assert card(tmp_path, METRICS | {"real": REAL}) != first
    assert card(tmp_path, METRICS) == first


def test_head_can_be_read_by_machines(tmp_path: Path) -> None:
    import yaml

    _, head, rest = card(tmp_path, METRICS).split("---\n", 2)
    assert yaml.safe_load(head)["language"] == "zh"
    assert rest.startswith("# own 2")
