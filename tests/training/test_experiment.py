# ruff: noqa: E402 (the script needs torch)
"""The script that trains a variant to choose by."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from mini import labelled_rows, one_line_of, write_corpus

from safetynlp.errors import DataError, UsageError
from safetynlp.labelled import near_duplicate_groups, split
from safetynlp.schema import Schema
from safetynlp.training.fit import FitConfig, Rows
from safetynlp.training.measure import quick_figures
from safetynlp.training.recipe import Recipe

SCRIPT = Path(__file__).parents[2] / "training" / "experiment.py"
SMALL = ("--set", "batch_size=8", "--set", "max_tokens=64", "--set", "bf16=false")


@pytest.fixture(scope="module")
def experiment() -> ModuleType:
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_settings(experiment: ModuleType) -> None:
    pairs = ["learning_rate=2e-4", "layers=6", "bf16=false", "epochs=2", "head_rate=1"]
    expected = FitConfig(learning_rate=2e-4, layers=6, bf16=False, epochs=2, head_rate=1)
    assert experiment.settings(pairs, FitConfig(seed=0)) == expected
    assert experiment.settings(["layers=null"], FitConfig(layers=3)).layers is None
    assert experiment.settings([], FitConfig(seed=7)) == FitConfig(seed=7)


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ("lr=1", "--set lr=1: expected KEY=VALUE, KEY one of epochs, batch_size"),
        ("epochs", 'the value is "", expected a number'),
        ("epochs=many", 'the value is "many", expected a number'),
        ("epochs=1.5", "epochs is 1.5, expected int"),
        ("dropout=1", "dropout is 1, expected a share"),
    ],
)
def test_wrong_settings(experiment: ModuleType, pair: str, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        experiment.settings([pair], FitConfig())
    assert expected in str(caught.value)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_the_release_is_measured_on_stays_unseen(
    experiment: ModuleType, recipe: Recipe, seed: int
) -> None:
    rows = labelled_rows()
    own = replace(recipe, split_seed=seed)
    assert own.shares is not None
    released = split(rows, own.shares, seed, near_duplicate_groups(rows))
    train, validation = experiment.parts_of(rows, own)
    docs = [{row.doc for row in part} for part in (train, validation)]
    assert docs[0] | docs[1] == {row.doc for row in released["train"]}
    assert not docs[0] & docs[1]
    unseen = {row.doc for part in ("validation", "test") for row in released[part]}
    assert unseen
    assert not (docs[0] | docs[1]) & unseen


def test_too_few_speeches(experiment: ModuleType, recipe: Recipe) -> None:
    few = [row for row in labelled_rows() if row.doc in ("county-1", "plant-1", "plant-2")]
    own = replace(recipe, shares={"train": 0.34, "validation": 0.33, "test": 0.33})
    with pytest.raises(DataError, match="of 1 training speeches"):
        experiment.parts_of(few, own)


def test_context_is_the_row_before_in_the_same_speech(experiment: ModuleType, rows: Rows) -> None:
    before = labelled_rows()
    paired = experiment.with_context(before, rows)
    for n, (row, ids) in enumerate(zip(before, paired.ids, strict=True)):
        first = n == 0 or before[n - 1].doc != row.doc
        assert ids == (rows.ids[n] if first else rows.ids[n - 1] + rows.ids[n][1:])
    assert sum(a == b for a, b in zip(paired.ids, rows.ids, strict=True)) == 10  # speeches
    assert paired.y is rows.y
    assert len(paired.ids[2]) == len(rows.ids[1]) + len(rows.ids[2]) - 1  # one <s>, two </s>


def test_figures_of_given_logits(rows: Rows) -> None:
    schema = Schema.default()
    perfect = np.where(rows.y > 0, 1.0, -1.0).astype(np.float32)
    assert quick_figures(perfect, rows, schema) == dict.fromkeys(schema.facet_ids, 1.0)
    columns = {facet.id: part for facet, part in schema.columns()}
    # Two rows, one gold sector: both rows' logits of it lie above those of all else, so the best
    # threshold hits once and errs once: F1 = 2 · 1 / (2 + 1).
    two = rows.take([0, 1])
    assert two.y[:, columns["sector"]].sum() == 1
    gold = int(two.y[0].argmax())
    logits = np.full(two.y.shape, -9.0, dtype=np.float32)
    logits[:, gold] = 1.0
    logits[1, columns["function"]] = two.y[1, columns["function"]]  # the first row's are all alike
    logits[0, columns["function"]] = 1 - two.y[0, columns["function"]]
    found = quick_figures(logits, two, schema)
    assert found["sector"] == pytest.approx(2 / 3)
    assert found["function"] == 0.5
    assert "action" not in found  # neither row has one


def test_it_prints_a_line(
    experiment: ModuleType, corpus: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*SMALL, "--context", "--no-lexicon", "--pooling", "mean", "--base", str(base)]
    assert experiment.main([*arguments, "--corpus", str(corpus)]) == 0
    shown, said = capsys.readouterr()
    (line,) = shown.splitlines()
    variant, figures, rest = line.split("\t")
    assert variant.startswith("--set batch_size=8")
    names = figures.split()[::2]
    assert set(names) <= set(Schema.default().facet_ids)
    assert "function" in names
    assert all(0 <= float(value) <= 1 for value in figures.split()[1::2])
    assert rest.endswith(" segments")
    assert said == ""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--set", "epoch=1"], "experiment: --set epoch=1: expected KEY=VALUE"),
        (["--corpus", "nowhere"], "nowhere"),
        (["--base", "nobody/nothing"], '"nobody/nothing": there is no such folder'),
        (["--set", "layers=9"], "layers is 9"),
        (["--corpus", "few"], "too few"),
    ],
)
def test_errors_are_one_line(
    experiment: ModuleType,
    corpus: Path,
    base: Path,
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path / "few", ("county-1", "plant-1"))
    usual = ["--corpus", str(corpus), "--base", str(base), *SMALL]
    assert experiment.main([*usual, *arguments]) == 2
    assert expected in one_line_of(capsys.readouterr().err)
