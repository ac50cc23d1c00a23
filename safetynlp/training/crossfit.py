"""Decide on held-out rows without ever having looked at them.

Calibration and thresholds of the final model are fitted on the logits of all held-out rows. A
figure must not come from thresholds that saw the rows it is measured on, so for the figures each
fold is decided by what was fitted on the other folds (cross-fitting).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from safetynlp.prediction import Prediction, calibrated, decide
from safetynlp.schema import Schema
from safetynlp.training.calibrate import fit_calibration, fit_thresholds

__all__ = ["Decision", "HeldOut", "cross_fitted", "fit_decision"]


@dataclass(frozen=True)
class HeldOut:
    """Logits of rows that the network which gave them had not learned from."""

    logits: np.ndarray  # float32, (rows, labels)
    y: np.ndarray  # float32, (rows, labels)
    known: np.ndarray  # bool, (rows, facets)
    fold: np.ndarray  # int64, (rows,): which network

    def __len__(self) -> int:
        return len(self.fold)

    def where(self, chosen: np.ndarray) -> HeldOut:
        """The rows where ``chosen``, bool of shape (rows,), is true."""
        return HeldOut(self.logits[chosen], self.y[chosen], self.known[chosen], self.fold[chosen])

    @staticmethod
    def joined(parts: Sequence[HeldOut]) -> HeldOut:
        """The rows of all parts, in their order."""
        return HeldOut(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("logits", "y", "known", "fold")
            )
        )


@dataclass(frozen=True)
class Decision:
    """What turns logits into labels: calibration by facet, thresholds by facet and label."""

    calibration: Mapping[str, tuple[float, float]]
    thresholds: Mapping[str, Mapping[str, float]]


def fit_decision(rows: HeldOut, schema: Schema) -> Decision:
    """Calibration, and on its probabilities the thresholds."""
    calibration = fit_calibration(rows.logits, rows.y, rows.known, schema)
    probabilities = calibrated(rows.logits, calibration, schema)
    return Decision(calibration, fit_thresholds(probabilities, rows.y, rows.known, schema))


def cross_fitted(
    rows: HeldOut, schema: Schema, beside: HeldOut | None = None
) -> tuple[np.ndarray, list[Prediction]]:
    """Decide every row by what the rows of other folds say.

    Args:
        rows: of at least two folds. beside: further rows that take part in fitting, again those
            of other folds only, and are not decided.

    Returns: probabilities, float32 of shape (rows, labels), and predictions, in order of ``rows``.
    """
    probabilities = np.zeros_like(rows.logits)
    predictions: dict[int, Prediction] = {}
    for fold in np.unique(rows.fold):
        others = [part.where(part.fold != fold) for part in (rows, beside) if part is not None]
        decision = fit_decision(HeldOut.joined(others), schema)
        own = np.flatnonzero(rows.fold == fold)
        probabilities[own] = calibrated(rows.logits[own], decision.calibration, schema)
        decided = decide(probabilities[own], schema, decision.thresholds)
        predictions.update(zip(own.tolist(), decided, strict=True))
    return probabilities, [predictions[n] for n in range(len(rows))]
