"""Calibration per facet and thresholds per label, from speeches that training did not see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from safetynlp.schema import Schema

__all__ = ["best_f1", "fit_calibration", "fit_thresholds"]

# A label with this many positives weighs its own best threshold and the facet's equally.
_PRIOR_SUPPORT = 100.0
_GRID = np.round(np.arange(0.10, 0.91, 0.01), 2)


def fit_calibration(
    logits: np.ndarray, y: np.ndarray, known: np.ndarray, schema: Schema
) -> dict[str, tuple[float, float]]:
    """Slope and offset per facet that minimise the log loss (Platt 1999; Guo et al. 2017).

    Targets are drawn in from 0 and 1 as Platt does, for in few rows any logits may happen to tell
    them apart without a mistake: with n₊ positives and n₋ negatives of a multi-label facet they
    are (n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2); of a single-label facet with n rows and k labels each
    gets 1 / (n + k) of the weight that is taken off the true one.

    Args:
        logits, y: float, shape (rows, labels), schema order. known: bool, shape (rows, facets).

    Returns: facet id → (slope, offset); the offset of a single-label facet is 0. A facet that no
    row has labels for gets (1, 0).
    """
    calibration = {}
    for index, (facet, part) in enumerate(schema.columns()):
        z, target = logits[known[:, index], part], y[known[:, index], part]
        if not len(z):
            calibration[facet.id] = (1.0, 0.0)
        elif facet.kind == "multi":
            slope, offset = _minimise(_binary_loss, (1.0, 0.0), z, _drawn_in(target))
            calibration[facet.id] = (float(slope), float(offset))
        else:
            rows, labels = target.shape
            smoothed = (target * rows + 1) / (rows + labels)
            (slope,) = _minimise(_softmax_loss, (1.0,), z, smoothed)
            calibration[facet.id] = (float(slope), 0.0)
    return calibration


def fit_thresholds(
    probabilities: np.ndarray, y: np.ndarray, known: np.ndarray, schema: Schema
) -> dict[str, dict[str, float]]:
    """Threshold per label of the multi-label facets that maximises F1.

    Few positives make a label's own optimum mostly noise, so it is shrunk towards the threshold
    that maximises f1_micro of the whole facet: (n·own + 100·facet) / (n + 100), n positives.

    Args:
        probabilities: calibrated, float, shape (rows, labels); y, known as above.
    """
    thresholds: dict[str, dict[str, float]] = {}
    for index, (facet, part) in enumerate(schema.columns()):
        if facet.kind == "single":
            continue
        p, target = probabilities[known[:, index], part], y[known[:, index], part] > 0
        shared = _best_threshold(p, target)
        thresholds[facet.id] = {}
        for column, id in enumerate(facet.label_ids):
            support = int(target[:, column].sum())
            own = _best_threshold(p[:, column], target[:, column]) if support else shared
            value = (support * own + _PRIOR_SUPPORT * shared) / (support + _PRIOR_SUPPORT)
            thresholds[facet.id][id] = round(float(value), 3)
    return thresholds


def best_f1(probabilities: np.ndarray, target: np.ndarray) -> float:
    """The highest F1 that one threshold for all reaches.

    Args:
        probabilities: float, any shape. target: bool, same shape.
    """
    return max(_f1(probabilities >= t, target) for t in _GRID)


def _best_threshold(p: np.ndarray, target: np.ndarray) -> float:
    """Middle of the thresholds whose F1 is within 0.002 of the best: less brittle than the peak."""
    f1 = np.array([_f1(p >= t, target) for t in _GRID])
    near = _GRID[f1 >= f1.max() - 0.002]
    return float(np.median(near))


def _f1(predicted: np.ndarray, target: np.ndarray) -> float:
    hits = float((predicted & target).sum())
    total = float(predicted.sum() + target.sum())
    return 2 * hits / total if total else 0.0


def _drawn_in(target: np.ndarray) -> np.ndarray:
    positives = float(target.sum())
    negatives = target.size - positives
    drawn: np.ndarray = np.where(target > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    return drawn


def _minimise(
    loss: Callable[[np.ndarray, np.ndarray, np.ndarray], float],
    start: tuple[float, ...],
    z: np.ndarray,
    target: np.ndarray,
) -> list[float]:
    result = minimize(loss, np.array(start), args=(z, target), method="Nelder-Mead")
    return [float(value) for value in result.x]


def _binary_loss(x: np.ndarray, z: np.ndarray, target: np.ndarray) -> float:
    s = x[0] * z + x[1]
    return float(np.mean(np.logaddexp(0, s) - target * s))


def _softmax_loss(x: np.ndarray, z: np.ndarray, target: np.ndarray) -> float:
    s = x[0] * z
    top = s.max(axis=1)
    norm = np.log(np.exp(s - top[:, None]).sum(axis=1)) + top
    return float(np.mean(norm - (s * target).sum(axis=1)))
