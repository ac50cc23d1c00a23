"""Train one variant on a part of the corpus and print its figures on another: to choose, not to report.

python training/experiment.py [--set KEY=VALUE]... [--pooling mean] [--no-lexicon] [--context]

``--set`` takes the fields of :class:`safetynlp.training.fit.FitConfig` (``layers=6``,
``learning_rate=2e-4``, ``bf16=false``, …). Only speeches that the release learns from are used,
four fifths to train and one fifth to measure, so that its own validation and test speeches stay
unseen. Figures: best f1_micro over thresholds common to all labels of a facet (a bound that
favours no variant), accuracy for ``function``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch

from safetynlp.errors import DataError, SafetyNLPError, UsageError
from safetynlp.labelled import LabelledRow, near_duplicate_groups, read_labelled, split
from safetynlp.lexicon import Lexicon
from safetynlp.schema import Schema
from safetynlp.training.fit import FitConfig, Rows, fit, load_tokenizer, logits_of
from safetynlp.training.measure import quick_figures
from safetynlp.training.plan import make_plan
from safetynlp.training.recipe import Recipe
from safetynlp.training.start import find_start

HERE = Path(__file__).parent
SHARES = {"train": 0.8, "validation": 0.2}


def settings(pairs: Sequence[str], base: FitConfig) -> FitConfig:
    """``KEY=VALUE`` pairs put into ``base``.

    Raises:
        UsageError: an unknown key, or a value that is of another type or out of range.
    """
    known = [field.name for field in fields(FitConfig)]
    values: dict[str, Any] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        if key not in known:
            raise UsageError(
                f"--set {pair}: expected KEY=VALUE, KEY one of {', '.join(known)}.",
                f"--set {pair}：应为 KEY=VALUE，KEY 为以下之一：{'、'.join(known)}。",
            )
        try:
            values[key] = json.loads(value)
        except ValueError as error:
            raise UsageError(
                f'--set {pair}: the value is "{value}", expected a number, true, false or null.',
                f"--set {pair}：值为“{value}”，应为数字、true、false 或 null。",
            ) from error
    return replace(base, **values)


def parts_of(
    rows: Sequence[LabelledRow], recipe: Recipe
) -> tuple[list[LabelledRow], list[LabelledRow]]:
    """The speeches that ``recipe`` learns from, divided once more: to train on, to measure.

    Raises:
        DataError: there are too few speeches.
    """
    learned = make_plan(rows, recipe).learn
    parts = split(learned, SHARES, recipe.split_seed, near_duplicate_groups(learned))
    if not all(parts.values()):
        n_docs = len({row.doc for row in learned})
        raise DataError(
            f"of {n_docs} training speeches (near-copies stay together) none is left to train on "
            "or to measure. Add speeches.",
            f"训练讲话只有 {n_docs} 篇（雷同的不分开），分不出训练与测量两部分。请增加讲话。",
        )
    return parts["train"], parts["validation"]


def with_context(rows: Sequence[LabelledRow], encoded: Rows) -> Rows:
    """Every row behind the row before it in its speech, as the encoder would read a pair."""
    ids = [
        [*encoded.ids[n - 1], *own[1:]] if n and rows[n - 1].doc == rows[n].doc else own
        for n, own in enumerate(encoded.ids)
    ]
    return replace(encoded, ids=ids)


def run(options: argparse.Namespace) -> tuple[Mapping[str, float], int]:
    """Train and measure; gives the figures by facet id, and on how many segments it trained."""
    schema = Schema.default()
    lexicon = Lexicon({}, schema) if options.no_lexicon else Lexicon.default()
    config = settings(options.set, FitConfig(epochs=1))
    recipe = Recipe.from_file(HERE / "recipes" / "released.toml")
    train, validation = parts_of(read_labelled([options.corpus], schema).rows, recipe)
    with tempfile.TemporaryDirectory() as scratch:
        start = find_start(options.base, Path(scratch))
        tokenizer = load_tokenizer(start.tokenizer_file)

        def encode(rows: Sequence[LabelledRow]) -> Rows:
            encoded = Rows.encode(rows, tokenizer, lexicon, schema)
            return with_context(rows, encoded) if options.context else encoded

        learned, measured = encode(train), encode(validation)
        model = start.build(schema, learned, config)
    if options.pooling == "mean":
        torch.nn.init.zeros_(model.query)  # attention without a preference is the mean
        model.query.requires_grad_(False)
    fit(model, learned, schema, config, log=lambda line: None)
    logits = logits_of(model, measured, config.max_tokens)
    return quick_figures(logits, measured, schema), len(train)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--pooling", choices=["labels", "mean"], default="labels")
    parser.add_argument("--no-lexicon", action="store_true", help="no hits of cue words")
    parser.add_argument("--context", action="store_true", help="read the segment before too")
    parser.add_argument("--base", default="e5-small-zh", help="or a folder with an encoder")
    parser.add_argument("--corpus", type=Path, default=HERE / "corpus")
    options = parser.parse_args(given)
    started = time.monotonic()
    try:
        found, n_rows = run(options)
    except SafetyNLPError as error:
        print(f"experiment: {error}", file=sys.stderr)
        return 2
    values = "  ".join(f"{name} {value:.4f}" for name, value in found.items())
    print(f"{' '.join(given)}\t{values}\t{time.monotonic() - started:.0f} s, {n_rows} segments")
    return 0


if __name__ == "__main__":
    sys.exit(main())
