"""What a run found: figures of the new model, and of the one it started from, beside each other."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from safetynlp.classifier import Classifier
from safetynlp.evaluation.metrics import FacetMetrics, evaluate
from safetynlp.labelled import LabelledRow
from safetynlp.prediction import Prediction
from safetynlp.schema import Schema
from safetynlp.training.calibrate import best_f1
from safetynlp.training.replay import restricted, shared_schema
from safetynlp.training.rows import Rows

__all__ = [
    "MAIN_FIGURES",
    "Comparison",
    "Stopwatch",
    "TrainResult",
    "compare_with_start",
    "figures_of",
    "oof_lines",
    "quick_figures",
]

MAIN_FIGURES = ("f1_micro", "accuracy", "f1_macro")


@dataclass(frozen=True)
class Comparison:
    """Figures of the start model and of the new one on the same rows, by facet id.

    ``before`` lacks facets that the start model has not, and is empty for a bare encoder.
    """

    rows: int
    speeches: int
    before: Mapping[str, FacetMetrics]
    after: Mapping[str, FacetMetrics]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for ``metrics.json``."""
        return {
            "segments": self.rows,
            "speeches": self.speeches,
            "before": {facet: found.to_dict() for facet, found in self.before.items()},
            "after": {facet: found.to_dict() for facet, found in self.after.items()},
        }


@dataclass(frozen=True)
class TrainResult:
    """A trained model folder and its figures.

    ``test`` are figures of the written model on test speeches, ``cross_validation`` those of
    networks trained like it on the speeches that each held out, ``released`` those of the written
    model on the test speeches of the released corpus. What was not measured is None.
    """

    path: Path
    test: Comparison | None
    cross_validation: Comparison | None
    released: Comparison | None
    docs: Mapping[str, tuple[str, ...]]  # part → its speeches

    @property
    def metrics(self) -> Mapping[str, FacetMetrics]:
        """The figures on new speeches by facet id: of the test if there is one, else of the folds."""
        found = self.test or self.cross_validation
        return found.after if found else {}

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        found = {
            "test": self.test,
            "cross_validation": self.cross_validation,
            "released_test": self.released,
        }
        return {
            "model": str(self.path),
            **{name: part.to_dict() for name, part in found.items() if part is not None},
        }


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """So far, to a tenth."""
        return round(time.monotonic() - self._began, 1)


def compare_with_start(
    predictions: Sequence[Prediction],
    rows: Sequence[LabelledRow],
    schema: Schema,
    before: Classifier | None,
) -> Comparison:
    """Figures of ``predictions``, and of a model before on what both can be asked.

    A facet that only the new schema has is measured after alone; of a facet that both have,
    labels that the new schema lacks do not count.
    """
    common = shared_schema(schema, before.schema) if before else None
    found: dict[str, FacetMetrics] = {}
    if before and common:
        old = [restricted(p, common) for p in before.predict([row.text for row in rows])]
        found = _labelled_only(evaluate(old, rows, common))
    after = _labelled_only(evaluate(predictions, rows, schema))
    return Comparison(len(rows), len({row.doc for row in rows}), found, after)


def _labelled_only(metrics: Mapping[str, FacetMetrics]) -> dict[str, FacetMetrics]:
    """Without facets that no row has labels for: their figures say nothing."""
    return {facet: found for facet, found in metrics.items() if found.segments}


def figures_of(
    classifier: Classifier, rows: Sequence[LabelledRow], before: Classifier | None
) -> Comparison:
    """The figures of a model that is written, beside those of the one before."""
    predictions = classifier.predict([row.text for row in rows])
    return compare_with_start(predictions, rows, classifier.schema, before)


def quick_figures(logits: np.ndarray, rows: Rows, schema: Schema) -> dict[str, float]:
    """F1 at the best threshold of each multi-label facet, accuracy of each single-label one.

    Thresholds are chosen on these very rows: good to compare networks by, not to report.

    Args:
        logits: float, shape (rows, labels).

    Returns: facet id → figure in [0, 1]; facets that no row has labels for are left out.
    """
    figures: dict[str, float] = {}
    for index, (facet, part) in enumerate(schema.columns()):
        known = rows.known[:, index]
        z, y = logits[known, part], rows.y[known, part] > 0
        if not y.any():
            continue
        if facet.kind == "multi":
            figures[facet.id] = best_f1(1 / (1 + np.exp(-np.clip(z, -60, 60))), y)
        else:
            figures[facet.id] = float((z.argmax(1) == y.argmax(1)).mean())
    return figures


def oof_lines(
    rows: Sequence[LabelledRow],
    fold: np.ndarray,
    probabilities: np.ndarray,
    predictions: Sequence[Prediction],
    schema: Schema,
) -> str:
    """Out-of-fold predictions as JSON Lines, one row each in the order of the data.

    A line has ``doc``, ``i``, ``text``, the gold labels by facet as in the project's format, and
    beside them ``fold`` (from 1), ``predicted`` (labels by facet) and ``probabilities`` (by facet
    and label, rounded to 5 digits).
    """
    lines = []
    for n, row in enumerate(rows):
        gold = {
            facet.id: row.labels[facet.id][0] if facet.kind == "single" else row.labels[facet.id]
            for facet in schema.facets
            if facet.id in row.labels
        }
        line = {
            "doc": row.doc,
            "i": row.index,
            "text": row.text,
            **gold,
            **({"annotator": row.annotator} if row.annotator else {}),
            "fold": int(fold[n]) + 1,
            "predicted": dict(predictions[n].labels),
            "probabilities": {
                facet.id: {
                    id: round(float(p), 5)
                    for id, p in zip(facet.label_ids, probabilities[n, part], strict=True)
                }
                for facet, part in schema.columns()
            },
        }
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    return "".join(lines)
