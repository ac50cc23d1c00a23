"""Train one variant on a part of the corpus and print its figures on another: to choose, not to report.

python training/experiment.py [--set KEY=VALUE]... [--pooling mean] [--no-lexicon] [--context]

``--set`` takes the fields of :class:`safetynlp.training.fit.FitConfig` (``layers=6``,
``learning_rate=2e-4``, …). Only speeches that the release learns from are used, four fifths to
train and one fifth to measure, so that its own validation and test speeches stay unseen.
Figures: best f1_micro over thresholds common to all labels of a facet (a bound that favours no
variant), accuracy for ``function``. ``training/EXPERIMENTS.md`` has the results.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from safetynlp.errors import SafetyNLPError
from safetynlp.labelled import LabelledRow, near_duplicate_groups, read_labelled, split
from safetynlp.lexicon import Lexicon
from safetynlp.schema import Schema
from safetynlp.training.fit import FitConfig, Rows, fit, load_tokenizer, logits_of
from safetynlp.training.model import MultiFacetModel
from safetynlp.training.recipe import Recipe
from safetynlp.training.start import find_start

HERE = Path(__file__).parent
SHARES = {"train": 0.8, "validation": 0.2}


def parts_of(corpus: Path, recipe: Recipe, schema: Schema) -> dict[str, list[LabelledRow]]:
    """The release's training speeches, divided once more."""
    rows = read_labelled([corpus], schema).rows
    groups = near_duplicate_groups(rows)
    assert recipe.shares is not None
    learned = split(rows, recipe.shares, recipe.split_seed, groups)["train"]
    return split(learned, SHARES, recipe.split_seed, groups)


def with_context(rows: Sequence[LabelledRow], encoded: Rows) -> Rows:
    """Every row behind the row before it in its speech, as the encoder would read a pair."""
    ids = [
        [*encoded.ids[n - 1], *own[1:]] if n and rows[n - 1].doc == rows[n].doc else own
        for n, own in enumerate(encoded.ids)
    ]
    return replace(encoded, ids=ids)


def figures(logits: np.ndarray, rows: Rows, schema: Schema) -> dict[str, float]:
    """Facet id → best f1_micro over thresholds, or accuracy."""
    found = {}
    for facet, part in schema.columns():
        z, y = logits[:, part], rows.y[:, part] > 0
        if facet.kind == "single":
            found[facet.id] = float((z.argmax(1) == y.argmax(1)).mean())
            continue
        scores = []
        for threshold in np.arange(-1.5, 1.05, 0.1):
            hits = ((z > threshold) & y).sum()
            scores.append(2 * hits / ((z > threshold).sum() + y.sum()))
        found[facet.id] = float(max(scores))
    return found


def settings(pairs: Sequence[str], base: FitConfig) -> FitConfig:
    """``KEY=VALUE`` pairs put into ``base``, as numbers where they are."""
    known = {field.name for field in fields(FitConfig)}
    values: dict[str, Any] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        if key not in known:
            raise SystemExit(f"--set {pair}: expected one of {', '.join(sorted(known))} = a value")
        values[key] = float(value) if set(value) & set(".e") else int(value)
    return replace(base, **values)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--pooling", choices=["labels", "mean"], default="labels")
    parser.add_argument("--no-lexicon", action="store_true", help="no hits of cue words")
    parser.add_argument("--context", action="store_true", help="read the segment before too")
    parser.add_argument("--base", default="e5-small-zh", help="or a folder with an encoder")
    parser.add_argument("--corpus", type=Path, default=HERE / "corpus")
    options = parser.parse_args(arguments)
    schema = Schema.default()
    lexicon = Lexicon({}, schema) if options.no_lexicon else Lexicon.default()
    started = time.monotonic()
    try:
        config = settings(options.set, FitConfig(epochs=1))
        recipe = Recipe.from_file(HERE / "recipes" / "released.toml")
        parts = parts_of(options.corpus, recipe, schema)
        with tempfile.TemporaryDirectory() as scratch:
            base = find_start(options.base, Path(scratch)).path
            tokenizer = load_tokenizer(base / "tokenizer.json")
            torch.manual_seed(config.seed)
            model = MultiFacetModel.from_encoder(base, schema, config.dropout)
        model.query.requires_grad_(options.pooling == "labels")  # at zero, attention is the mean
        encoded = {
            name: Rows.encode(rows, tokenizer, lexicon, schema) for name, rows in parts.items()
        }
        if options.context:
            encoded = {name: with_context(parts[name], encoded[name]) for name in parts}
        fit(model, encoded["train"], schema, config, log=lambda line: None)
    except SafetyNLPError as error:
        print(f"experiment: {error}", file=sys.stderr)
        return 2
    logits = logits_of(model, encoded["validation"], config.max_tokens)
    found = figures(logits, encoded["validation"], schema)
    values = "  ".join(f"{name} {value:.4f}" for name, value in found.items())
    seconds = time.monotonic() - started
    print(f"{' '.join(sys.argv[1:])}\t{values}\t{seconds:.0f} s, {len(parts['train'])} segments")
    return 0


if __name__ == "__main__":
    sys.exit(main())
