# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from test_calibrate import SCHEMA

from safetynlp.classifier import ModelSettings
from safetynlp.schema import Schema
from safetynlp.training.card import write_card


def facet(name: str, value: float) -> dict[str, Any]:
    return {
        "segments": 12,
        name: {"value": value, "interval": [value - 0.1, value + 0.05]},
        "labels": {"a": {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "support": 2}},
    }


METRICS: dict[str, Any] = {
    "corpus": {
        "segments": {"train": 4321, "validation": 432, "test": 234},
        "speeches": {"train": ["s1", "s2", "s3"], "validation": ["s4", "s5"], "test": ["s6"]},
    },
    "test": {"sector": facet("f1_micro", 0.8125), "function": facet("accuracy", 0.7)},
}
FOLDS: dict[str, Any] = {
    "corpus": {
        "segments": {"train": 50},
        "speeches": {"train": ["s1", "s2"]},
        "rare_labels": {"topic.b": 3},
    },
    "cross_validation": {
        "folds": 2,
        "segments": 50,
        "speeches": 2,
        "before": {"topic": facet("f1_micro", 0.5)},
        "after": {"topic": facet("f1_micro", 0.6), "tone": facet("accuracy", 0.7)},
    },
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


def card(folder: Path, metrics: dict[str, Any], schema: Schema | None = None, **notes: Any) -> str:
    schema = schema or Schema.default()
    settings = ModelSettings(
        name="toy",
        schema=schema,
        thresholds={
            f.id: dict.fromkeys(f.label_ids, 0.5) for f in schema.facets if f.kind == "multi"
        },
        calibration={f.id: (1.0, 0.0) for f in schema.facets},
        lexicon={},
        max_tokens=64,
        segmenter_version="1",
        corpus_sha256="0" * 64,
    )
    (folder / "safetynlp.json").write_text(settings.to_json(), "utf-8")
    (folder / "metrics.json").write_text(json.dumps(metrics), "utf-8")
    config = {"recipe": {"base": "released", "card": notes}}
    (folder / "train_config.json").write_text(json.dumps(config), "utf-8")
    write_card(folder)
    return (folder / "README.md").read_text("utf-8")


def one_line(text: str) -> str:
    return " ".join(text.split())


def table(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line[1:-1].split("|")]
        for line in text.split("\n")
        if line[:2] == "| "
    ]


def head(text: str) -> dict[str, Any]:
    block: dict[str, Any] = yaml.safe_load(text.split("---\n", 2)[1])
    return block


def test_figures_are_those_of_the_metrics(tmp_path: Path) -> None:
    text = card(tmp_path, METRICS)
    assert table(text)[1:] == [
        ["sector", "f1_micro", "0.812 [0.713, 0.863]"],
        ["function", "accuracy", "0.700 [0.600, 0.750]"],
    ]
    assert "# toy\n" in text
    assert "4321 segments of 3 speeches" in text
    assert "432 segments of 2 speeches other than these" in one_line(text)
    assert "(234 segments of 1 speech that neither training nor thresholds saw)" in one_line(text)
    assert "Real speeches" not in text
    assert "a rough one" in text
    assert "Chinese work-safety speeches" in text


def test_of_a_foreign_schema(tmp_path: Path) -> None:
    text = card(tmp_path, FOLDS, SCHEMA)
    for word in ("work-safety", "安全生产", "sector", "cue words"):
        assert word not in text
    assert "- `topic`: 2 labels, zero, one or several of them each" in text
    assert "- `tone`: 3 labels, exactly one of them each" in text
    assert "each labelled by a network of 2 folds that had not learned from" in one_line(text)
    assert table(text) == [
        ["facet", "figure", "before", "value"],
        ["topic", "f1_micro", "0.500 [0.400, 0.550]", "0.600 [0.500, 0.650]"],
        ["tone", "accuracy", "–", "0.700 [0.600, 0.750]"],
    ]
    assert "1 labels have few training segments and are hard to learn: `topic.b` 3." in one_line(
        text
    )


def test_notes_of_the_recipe(tmp_path: Path) -> None:
    text = card(
        tmp_path,
        FOLDS,
        license="mit",
        data="Our own minutes.",
        intended_use="Sort minutes.",
        limits=["Minutes of one office."],
    )
    assert head(text)["license"] == "mit"
    assert "- Our own minutes.\n" in text
    assert "## Intended use\nSort minutes.\n" in text
    assert "## Limits\n- Minutes of one office.\n" in text


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
    assert "the same label sets on 98.8 % of these segments" in one_line(text)


def test_written_again(tmp_path: Path) -> None:
    first = card(tmp_path, METRICS)
    assert card(tmp_path, METRICS | {"real": REAL}) != first
    assert card(tmp_path, METRICS) == first


def test_head_as_the_hub_reads_it(tmp_path: Path) -> None:
    text = card(tmp_path, METRICS)
    block = head(text)
    assert block["language"] == "zh"
    assert block["license"] == "other"  # the data are the user's, and so is the choice
    assert block["pipeline_tag"] == "text-classification"
    (entry,) = block["model-index"]
    (result,) = entry["results"]
    assert result["metrics"][0] == {"type": "f1", "name": "sector f1_micro", "value": 0.8125}
    cards = pytest.importorskip("huggingface_hub")
    parsed = cards.ModelCard(text).data
    assert {r.metric_name: r.metric_value for r in parsed.eval_results} == {
        "sector f1_micro": 0.8125,
        "function accuracy": 0.7,
    }


def test_lines_are_short(tmp_path: Path) -> None:
    text = card(tmp_path, FOLDS | {"real": REAL}, data="word " * 60)
    assert max(len(line) for line in text.split("\n") if not line.startswith("|")) <= 100
