"""Figures that follow from a tally, under scikit-learn's names.

``micro`` counts all labels together, ``macro`` is the mean over labels, ``weighted`` that mean
weighted by support, ``samples`` the mean over segments. The label list is the schema's: a label
that is predicted but never gold costs precision. A label without gold segments has no recall, so
``macro`` leaves it out, as ``f1_score(labels=those with support)`` of scikit-learn would;
``f1_macro_all`` is over all labels of the schema and counts 0 for it. A quotient with nothing
below the line is 0, but 1 in ``samples`` (see :mod:`safetynlp.evaluation.tally`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from safetynlp.evaluation.tally import Tally
from safetynlp.schema import Facet

__all__ = ["HEADLINE", "LOWER_IS_BETTER", "precision_recall_f1", "tally_figures"]

HEADLINE: Mapping[str, tuple[str, str]] = {
    "multi": ("f1_micro", "f1_macro"),
    "single": ("accuracy", "f1_macro"),
}
LOWER_IS_BETTER = frozenset({"brier_score", "expected_calibration_error"})
_NAMES = ("precision", "recall", "f1")


def tally_figures(facet: Facet, *, scored: bool) -> dict[str, Callable[[Tally], np.ndarray]]:
    """Name → function of a tally, which keeps the leading axes; the headline figures first.

    Multi-label: precision, recall and f1 as micro, macro, weighted and samples, ``f1_macro_all``
    and ``subset_accuracy``. Single-label: ``accuracy`` (which is micro precision, recall and f1
    too), macro and weighted. With scores also ``brier_score`` (Brier 1950: squared errors of the
    probabilities; multi-label: mean over segments and labels, in [0, 1]; single-label: summed over
    labels, in [0, 2]) and ``expected_calibration_error`` (in 10 bins of equal width: the mean
    distance of the probability from the share that is right).
    """
    multi = facet.kind == "multi"
    found: dict[str, Callable[[Tally], np.ndarray]] = {}
    if multi:
        found |= _family("micro", _micro) | _family("macro", _macro)
    else:
        found |= {"accuracy": _exact_share} | _family("macro", _macro)
    found |= {"f1_macro_all": _f1_macro_all} | _family("weighted", _weighted)
    if multi:
        found |= _family("samples", _samples) | {"subset_accuracy": _exact_share}
    if scored:
        width = len(facet.labels) if multi else 1
        found["brier_score"] = lambda tally: _share(tally.squared, width * tally.segments)
        found["expected_calibration_error"] = _calibration_error
    first = HEADLINE[facet.kind]
    return {name: found[name] for name in (*first, *(name for name in found if name not in first))}


def precision_recall_f1(counts: np.ndarray) -> np.ndarray:
    """Precision, recall and F1 from true positives, false positives and false negatives.

    Args:
        counts: shape (…, 3). Returns: the same shape, in [0, 1]; 0 where there is nothing.
    """
    tp, fp, fn = np.moveaxis(counts, -1, 0)
    return np.stack(
        [_share(tp, tp + fp), _share(tp, tp + fn), _share(2 * tp, 2 * tp + fp + fn)], axis=-1
    )


def _family(
    mean: str, values: Callable[[Tally], np.ndarray]
) -> dict[str, Callable[[Tally], np.ndarray]]:
    """Three figures from a function that gives them together, shape (…, 3)."""

    def pick(index: int) -> Callable[[Tally], np.ndarray]:
        return lambda tally: values(tally)[..., index]

    return {f"{name}_{mean}": pick(index) for index, name in enumerate(_NAMES)}


def _micro(tally: Tally) -> np.ndarray:
    return precision_recall_f1(tally.labels.sum(axis=-2))


def _macro(tally: Tally) -> np.ndarray:
    return _mean(tally, (_support(tally) > 0).astype(float))


def _weighted(tally: Tally) -> np.ndarray:
    return _mean(tally, _support(tally))


def _mean(tally: Tally, weights: np.ndarray) -> np.ndarray:
    values = precision_recall_f1(tally.labels)
    return _share((values * weights[..., None]).sum(axis=-2), weights.sum(axis=-1)[..., None])


def _f1_macro_all(tally: Tally) -> np.ndarray:
    mean: np.ndarray = precision_recall_f1(tally.labels)[..., 2].mean(axis=-1)
    return mean


def _samples(tally: Tally) -> np.ndarray:
    return _share(tally.by_segment, tally.segments[..., None])


def _exact_share(tally: Tally) -> np.ndarray:
    return _share(tally.exact, tally.segments)


def _calibration_error(tally: Tally) -> np.ndarray:
    distance = np.abs(tally.bins[..., 1] - tally.bins[..., 2]).sum(axis=-1)
    return _share(distance, tally.bins[..., 0].sum(axis=-1))


def _support(tally: Tally) -> np.ndarray:
    support: np.ndarray = tally.labels[..., 0] + tally.labels[..., 2]
    return support


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    part, whole = np.broadcast_arrays(part, whole)
    values = np.zeros(part.shape)
    np.divide(part, whole, out=values, where=whole > 0)
    return values
