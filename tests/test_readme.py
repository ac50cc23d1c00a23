"""Figures and code in README.md are true."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path

import pytest

from safetynlp.rubric import load_rubric

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
MODELS = ("released", "keywords", "tfidf", "frozen_encoder")
METRICS = ROOT / "models" / "safetynlp-base" / "metrics.json"


def _table(lang: str) -> list[list[str]]:
    block = README.split(f"<!-- figures {lang} -->")[1].split("<!-- /figures -->")[0]
    rows = [line.strip("|").split("|") for line in block.strip().splitlines()[2:]]
    return [[cell.strip() for cell in row] for row in rows]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_figures_are_those_of_metrics_json(lang: str) -> None:
    real = json.loads(METRICS.read_text("utf-8"))["real"]
    names = {"f1_micro": "f1_micro", "accuracy": "accuracy"}
    rows = _table(lang)
    assert len(rows) == 4
    for row in rows:
        facet, figure = (cell.strip("`") for cell in re.findall(r"`[a-z0-9_]+`", row[0]))
        for cell, model in zip(row[1:], MODELS, strict=True):
            entry = real[model][facet][names[figure]]
            low, high = entry["interval"]
            expected = f"{entry['value']:.3f}"
            if model == "released":
                expected += f" [{low:.3f}, {high:.3f}]"
            assert cell == expected


def test_python_example_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})  # noqa: S102
    assert "building_safety" in printed.getvalue()
    assert "st-14 4" in printed.getvalue()


def test_files_that_it_names_exist() -> None:
    for target in re.findall(r"\]\((?!#|https?:)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_rubric_it_shows_has_no_mistakes(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    file = tmp_path / "own.yaml"
    file.write_text(text, "utf-8")
    rubric = load_rubric(file)
    ids = [topic.id for topic in rubric.topics]
    assert "st-03" not in ids
    assert next(topic for topic in rubric.topics if topic.id == "st-16").vital
