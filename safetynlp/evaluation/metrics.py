"""Figures of a labeller against gold labels, with intervals over speeches.

Names follow scikit-learn. The label list is the schema's: a label that is predicted but never
gold costs precision in f1_micro. f1_macro is the mean over the labels that have gold support.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from safetynlp.errors import DataError, UsageError
from safetynlp.labelled import LabelledRow
from safetynlp.prediction import Prediction
from safetynlp.schema import Facet, Schema

__all__ = ["FacetMetrics", "Figure", "LabelMetrics", "evaluate"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A value in [0, 1] with its percentile interval over resampled speeches."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class LabelMetrics:
    """One label: precision, recall and f1 in [0, 1]; ``support`` counts gold segments."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class FacetMetrics:
    """One facet. Multi-label: ``f1_micro``, ``f1_macro``; single-label: ``accuracy`` and
    ``f1_macro``. ``segments`` counts the rows that have gold labels of the facet.
    """

    facet: str
    segments: int
    figures: Mapping[str, Figure]
    labels: Mapping[str, LabelMetrics]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for ``metrics.json``, rounded to 4 digits."""
        return {
            "segments": self.segments,
            **{
                name: {
                    "value": round(figure.value, 4),
                    "interval": [round(figure.low, 4), round(figure.high, 4)],
                }
                for name, figure in self.figures.items()
            },
            "labels": {
                id: {
                    "precision": round(m.precision, 4),
                    "recall": round(m.recall, 4),
                    "f1": round(m.f1, 4),
                    "support": m.support,
                }
                for id, m in self.labels.items()
            },
        }


def evaluate(
    predictions: Sequence[Prediction],
    rows: Sequence[LabelledRow],
    schema: Schema,
    *,
    confidence_level: float = 0.95,
    n_resamples: int = 1000,
    random_state: int = 0,
) -> dict[str, FacetMetrics]:
    """Compare predictions with gold labels; returns facet id → metrics.

    Intervals are percentile bootstrap over speeches (Efron & Tibshirani 1993): speeches are drawn
    with replacement, for segments of one speech are not independent. With few speeches they are
    wide, and rough.

    Raises:
        DataError: lengths differ, or no row at all.
        UsageError: ``confidence_level`` is not in (0, 1), or ``n_resamples`` less than 1.
    """
    if not 0 < confidence_level < 1 or n_resamples < 1:
        raise UsageError(
            f"confidence_level is {confidence_level} and n_resamples {n_resamples}, expected a "
            "number between 0 and 1, and at least 1.",
            f"confidence_level 为 {confidence_level}、n_resamples 为 {n_resamples}，"
            "应分别在 0 与 1 之间、不小于 1。",
        )
    if len(predictions) != len(rows) or not rows:
        raise DataError(
            f"{len(predictions)} predictions for {len(rows)} rows; expected as many as rows, and "
            "at least one.",
            f"预测 {len(predictions)} 条，数据 {len(rows)} 行；应数目相同且不为空。",
        )
    docs = sorted({row.doc for row in rows})
    rng = np.random.default_rng(random_state)
    draws = rng.integers(0, len(docs), size=(n_resamples, len(docs)))
    tail = (1 - confidence_level) / 2
    result = {}
    for facet in schema.facets:
        counts = _counts(predictions, rows, facet, docs)
        figures = {}
        for name, measure in _measures(facet).items():
            values = [measure(counts[draw].sum(axis=0)) for draw in draws]
            low, high = np.quantile(values, [tail, 1 - tail])
            figures[name] = Figure(measure(counts.sum(axis=0)), float(low), float(high))
        result[facet.id] = FacetMetrics(
            facet.id,
            sum(facet.id in row.labels for row in rows),
            figures,
            _per_label(counts.sum(axis=0), facet),
        )
    return result


def _counts(
    predictions: Sequence[Prediction],
    rows: Sequence[LabelledRow],
    facet: Facet,
    docs: Sequence[str],
) -> np.ndarray:
    """int64, shape (docs, labels, 3): true positives, false positives, false negatives."""
    place = {doc: n for n, doc in enumerate(docs)}
    column = {id: n for n, id in enumerate(facet.label_ids)}
    counts = np.zeros((len(docs), len(column), 3), dtype=np.int64)
    for prediction, row in zip(predictions, rows, strict=True):
        if facet.id not in row.labels:
            continue
        gold, found = set(row.labels[facet.id]), set(prediction.labels[facet.id])
        for kind, ids in enumerate((gold & found, found - gold, gold - found)):
            for id in ids:
                counts[place[row.doc], column[id], kind] += 1
    return counts


def _measures(facet: Facet) -> dict[str, Callable[[np.ndarray], float]]:
    if facet.kind == "multi":
        return {"f1_micro": _f1_micro, "f1_macro": _f1_macro}
    return {"accuracy": _accuracy, "f1_macro": _f1_macro}


def _f1(tp: float, fp: float, fn: float) -> float:
    return 2 * tp / (2 * tp + fp + fn) if tp else 0.0


def _f1_micro(counts: np.ndarray) -> float:
    return _f1(*counts.sum(axis=0).tolist())


def _f1_macro(counts: np.ndarray) -> float:
    scores = [_f1(*row) for row in counts.tolist() if row[0] + row[2]]
    return float(np.mean(scores)) if scores else 0.0


def _accuracy(counts: np.ndarray) -> float:
    tp, _, fn = counts.sum(axis=0).tolist()
    return tp / (tp + fn) if tp + fn else 0.0


def _per_label(counts: np.ndarray, facet: Facet) -> dict[str, LabelMetrics]:
    out = {}
    for id, (tp, fp, fn) in zip(facet.label_ids, counts.tolist(), strict=True):
        precision = tp / (tp + fp) if tp + fp else 0.0
        recall = tp / (tp + fn) if tp + fn else 0.0
        out[id] = LabelMetrics(precision, recall, _f1(tp, fp, fn), tp + fn)
    return out
