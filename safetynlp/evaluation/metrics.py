"""Figures of a labeller against gold labels, with intervals over speeches.

Names follow scikit-learn; :mod:`safetynlp.evaluation.figures` says how each is counted. The label
list is the schema's: a label that is predicted but never gold costs precision in f1_micro.
f1_macro is the mean over the labels that have gold support, f1_macro_all over all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from safetynlp.evaluation.bootstrap import Bootstrap
from safetynlp.evaluation.figures import HEADLINE, precision_recall_f1, tally_figures
from safetynlp.evaluation.outcomes import Outcomes, outcomes
from safetynlp.evaluation.ranking import Ranking, average_precisions, rankings
from safetynlp.evaluation.tally import tally_by_doc
from safetynlp.labelled import LabelledRow
from safetynlp.prediction import Prediction
from safetynlp.schema import Schema

__all__ = ["HEADLINE", "FacetMetrics", "Figure", "LabelMetrics", "evaluate", "facet_metrics"]

_MAX_COST = 2e10  # multiplications for the intervals of average precision: some ten seconds
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its percentile interval over resampled speeches.

    ``low`` and ``high`` are NaN where there is no interval: there is but one speech, or it would
    have taken too long (average precision on very large data).
    """

    value: float
    low: float = math.nan
    high: float = math.nan

    @property
    def has_interval(self) -> bool:
        """Whether ``low`` and ``high`` are numbers."""
        return not math.isnan(self.low)

    def __str__(self) -> str:
        if not self.has_interval:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def to_dict(self) -> dict[str, Any]:
        """``value`` and, if there is one, ``interval``, rounded to 4 digits."""
        data: dict[str, Any] = {"value": round(self.value, _DIGITS)}
        if self.has_interval:
            data["interval"] = [round(self.low, _DIGITS), round(self.high, _DIGITS)]
        return data


@dataclass(frozen=True, slots=True)
class LabelMetrics:
    """One label.

    Attributes:
        precision, recall, f1: in [0, 1]; 0 where there is nothing to count.
        support: gold segments.
        average_precision: in [0, 1]; None without gold segments or without probabilities.
        threshold: probability from which the labeller gives the label; None if it has none.
    """

    precision: float
    recall: float
    f1: float
    support: int
    average_precision: float | None = None
    threshold: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, rounded to 4 digits; what is None is left out."""
        data: dict[str, Any] = {
            name: round(getattr(self, name), _DIGITS) for name in ("precision", "recall", "f1")
        }
        data["support"] = self.support
        for name in ("average_precision", "threshold"):
            if (value := getattr(self, name)) is not None:
                data[name] = round(value, _DIGITS)
        return data


@dataclass(frozen=True)
class FacetMetrics:
    """One facet.

    Attributes:
        facet: its id.
        segments: rows that have gold labels of the facet; without any, all figures are 0.
        figures: by name, those of ``HEADLINE`` first. Multi-label: ``f1_micro``, ``f1_macro`` …;
            single-label: ``accuracy``, ``f1_macro`` …
        labels: by label id, in schema order.
        confusion: of a single-label facet: segments with gold label (row) and found label
            (column), both in schema order; None for a multi-label one.
    """

    facet: str
    segments: int
    figures: Mapping[str, Figure]
    labels: Mapping[str, LabelMetrics]
    confusion: tuple[tuple[int, ...], ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for ``metrics.json``, rounded to 4 digits."""
        data: dict[str, Any] = {
            "segments": self.segments,
            **{name: figure.to_dict() for name, figure in self.figures.items()},
            "labels": {id: metrics.to_dict() for id, metrics in self.labels.items()},
        }
        if self.confusion is not None:
            data["confusion_matrix"] = [list(row) for row in self.confusion]
        return data


def evaluate(
    predictions: Sequence[Prediction],
    rows: Sequence[LabelledRow],
    schema: Schema,
    *,
    confidence_level: float = 0.95,
    n_resamples: int = 1000,
    random_state: int = 0,
    thresholds: Mapping[str, Mapping[str, float]] | None = None,
) -> dict[str, FacetMetrics]:
    """Compare predictions with gold labels; returns facet id → metrics.

    Intervals are percentile bootstrap over speeches (Efron & Tibshirani 1993): speeches are drawn
    with replacement, for segments of one speech are not independent. With few speeches they are
    wide, and rough. Average precision, Brier score and calibration error need predictions with
    scores and are left out without.

    Args:
        predictions, rows: as many of each, in the same order.
        schema: decides facets and labels.
        confidence_level, n_resamples, random_state: see :class:`Bootstrap`.
        thresholds: facet id → label id → threshold, only to be shown beside the label.

    Raises:
        DataError: lengths differ, or no row at all.
        UsageError: ``confidence_level`` is not in (0, 1), or ``n_resamples`` less than 1.
    """
    bootstrap = Bootstrap(confidence_level, n_resamples, random_state)
    return {
        id: facet_metrics(found, bootstrap, (thresholds or {}).get(id, {}))
        for id, found in outcomes(predictions, rows, schema).items()
    }


def facet_metrics(
    found: Outcomes, bootstrap: Bootstrap, thresholds: Mapping[str, float] | None = None
) -> FacetMetrics:
    """All figures of one facet."""
    facet = found.facet
    figures = _counted(found, bootstrap)
    by_label: list[float | None] = [None] * len(facet.labels)
    if found.scores is not None:
        ranked, by_label = _ranked(found, bootstrap)
        figures |= ranked
    return FacetMetrics(
        facet.id,
        len(found.gold),
        figures,
        _by_label(found, by_label, thresholds or {}),
        _confusion(found) if facet.kind == "single" else None,
    )


def _by_label(
    found: Outcomes, averages: Sequence[float | None], thresholds: Mapping[str, float]
) -> dict[str, LabelMetrics]:
    totals = tally_by_doc(found).total().labels
    return {
        id: LabelMetrics(precision, recall, f1, int(tp + fn), average, thresholds.get(id))
        for id, (precision, recall, f1), (tp, _, fn), average in zip(
            found.facet.label_ids,
            precision_recall_f1(totals).tolist(),
            totals.tolist(),
            averages,
            strict=True,
        )
    }


def _counted(found: Outcomes, bootstrap: Bootstrap) -> dict[str, Figure]:
    """Figures that follow from counts."""
    tally = tally_by_doc(found)
    total = tally.total()
    measures = tally_figures(found.facet, scored=found.scores is not None)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in measures}
    if len(found.docs) > 1:
        for weights in bootstrap.draws(len(found.docs)):
            sums = tally.drawn(weights)
            for name, measure in measures.items():
                drawn[name].append(measure(sums))
    return {
        name: _figure(float(measure(total)), drawn[name], bootstrap)
        for name, measure in measures.items()
    }


def _ranked(found: Outcomes, bootstrap: Bootstrap) -> tuple[dict[str, Figure], list[float | None]]:
    """Average precision as micro and macro, and of each label."""
    together, by_label = rankings(found)
    n_docs = len(found.docs)
    cost = bootstrap.n_resamples * (together.cost + sum(ranking.cost for ranking in by_label))
    micro: list[np.ndarray] = []
    macro: list[np.ndarray] = []
    if n_docs > 1 and cost <= _MAX_COST:
        for weights in bootstrap.draws(n_docs):
            micro.append(np.nan_to_num(together.average_precision(weights)))
            macro.append(_macro(by_label, weights))
    everything = np.ones((1, n_docs))
    values = average_precisions(by_label, everything)[0].tolist()
    return {
        "average_precision_micro": _figure(
            float(np.nan_to_num(together.average_precision(everything))[0]), micro, bootstrap
        ),
        "average_precision_macro": _figure(
            float(_macro(by_label, everything)[0]), macro, bootstrap
        ),
    }, [None if math.isnan(value) else value for value in values]


def _macro(by_label: Sequence[Ranking], weights: np.ndarray) -> np.ndarray:
    """Mean over the labels with gold segments, shape (drawings,); 0 without any."""
    values = average_precisions(by_label, weights)
    has = ~np.isnan(values)
    mean: np.ndarray = np.nan_to_num(values).sum(axis=1) / np.maximum(has.sum(axis=1), 1)
    return mean


def _figure(value: float, drawn: Sequence[np.ndarray], bootstrap: Bootstrap) -> Figure:
    if not drawn:
        return Figure(value)
    return Figure(value, *bootstrap.interval(np.concatenate(drawn)))


def _confusion(found: Outcomes) -> tuple[tuple[int, ...], ...]:
    counts = found.gold.T.astype(np.int64) @ found.found.astype(np.int64)
    return tuple(tuple(row) for row in counts.tolist())
