"""Average precision: how well the probabilities of a label rank its segments first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from safetynlp.evaluation.outcomes import Outcomes

__all__ = ["Ranking", "average_precisions", "rankings"]


@dataclass(frozen=True)
class Ranking:
    """One ranked list, summed up by speech, so that average precision follows for any drawing.

    The list is cut after every probability at which a gold segment stands, equal ones together.

    Attributes:
        positives, rows: float64, shape (speeches, cuts): gold segments and all segments of each
            speech between one cut and the next.
    """

    positives: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, gold: np.ndarray, scores: np.ndarray, doc: np.ndarray, n_docs: int) -> Ranking:
        """Args: gold: bool; scores: float; doc: int; all of shape (rows,)."""
        _, group = np.unique(-scores, return_inverse=True)  # 0 is the highest probability
        has_gold = np.bincount(group, weights=gold) > 0
        cut: np.ndarray = (np.cumsum(has_gold) - has_gold)[
            group
        ]  # those of before, for its own comes after it
        n_cuts = int(has_gold.sum())
        kept = cut < n_cuts
        place = doc[kept] * n_cuts + cut[kept]

        def summed(weights: np.ndarray | None) -> np.ndarray:
            return np.bincount(place, weights, n_docs * n_cuts).reshape(n_docs, n_cuts)

        return cls(summed(gold[kept].astype(float)), summed(None).astype(float))

    def average_precision(self, weights: np.ndarray) -> np.ndarray:
        """Σ (recall gained) × precision over the cuts, as scikit-learn has it.

        Args:
            weights: shape (drawings, speeches): how often each speech was drawn.

        Returns: shape (drawings,), in [0, 1]; NaN where no gold segment was drawn.
        """
        gained, rows = weights @ self.positives, np.cumsum(weights @ self.rows, axis=1)
        precision = np.cumsum(gained, axis=1) / np.maximum(rows, 1)
        total = gained.sum(axis=1)
        values = np.full(len(weights), np.nan)
        np.divide((gained * precision).sum(axis=1), total, out=values, where=total > 0)
        return values

    @property
    def cost(self) -> int:
        """Multiplications for one drawing."""
        return self.positives.size


def rankings(outcomes: Outcomes) -> tuple[Ranking, list[Ranking]]:
    """The ranking of all pairs of segment and label together, and one for each label.

    Raises:
        ValueError: the outcomes have no scores.
    """
    if outcomes.scores is None:
        raise ValueError("no scores")
    gold, scores, n_docs = outcomes.gold, outcomes.scores, len(outcomes.docs)
    n_labels = gold.shape[1]
    together = Ranking.of(gold.ravel(), scores.ravel(), np.repeat(outcomes.doc, n_labels), n_docs)
    return together, [
        Ranking.of(gold[:, n], scores[:, n], outcomes.doc, n_docs) for n in range(n_labels)
    ]


def average_precisions(by_label: Sequence[Ranking], weights: np.ndarray) -> np.ndarray:
    """Of each label, shape (drawings, labels); NaN for a label without gold segments."""
    return np.stack([ranking.average_precision(weights) for ranking in by_label], axis=1)
