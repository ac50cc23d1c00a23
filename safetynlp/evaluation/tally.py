"""Sums over segments, kept by speech, from which figures follow for any drawing of speeches."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from safetynlp.evaluation.outcomes import Outcomes

__all__ = ["N_BINS", "Tally", "tally_by_doc"]

N_BINS = 10  # of equal width, of the expected calibration error


@dataclass(frozen=True)
class Tally:
    """Sums over segments; each array has the same leading axes (speeches, drawings, or none).

    Attributes:
        labels: shape (…, labels, 3): true positives, false positives, false negatives.
        segments: shape (…,).
        exact: shape (…,): segments with just the gold labels.
        by_segment: shape (…, 3): precision, recall and F1 of each segment's label set, summed.
        squared: shape (…,): squared errors of the probabilities of all labels.
        bins: shape (…, N_BINS, 3): how many probabilities fall into each bin, their sum, and how
            many of them are right.
    """

    labels: np.ndarray
    segments: np.ndarray
    exact: np.ndarray
    by_segment: np.ndarray
    squared: np.ndarray
    bins: np.ndarray

    def drawn(self, weights: np.ndarray) -> Tally:
        """Sums over drawn speeches.

        Args:
            weights: float, shape (drawings, speeches): how often each speech was drawn.

        Returns: a tally whose leading axis is the drawings.
        """
        return Tally(*(np.tensordot(weights, getattr(self, f.name), axes=1) for f in fields(self)))

    def total(self) -> Tally:
        """Sums over all speeches: no leading axis."""
        return Tally(*(getattr(self, field.name).sum(axis=0) for field in fields(self)))


def tally_by_doc(outcomes: Outcomes) -> Tally:
    """The sums of each speech, in the order of ``outcomes.docs``."""
    gold, found = outcomes.gold, outcomes.found
    n_docs = len(outcomes.docs)

    def summed(values: np.ndarray) -> np.ndarray:
        out = np.zeros((n_docs, *values.shape[1:]))
        np.add.at(out, outcomes.doc, values)
        return out

    kinds = np.stack([gold & found, found & ~gold, gold & ~found], axis=-1)
    n_bins = (n_docs, N_BINS, 3)
    scored = outcomes.scores is not None
    return Tally(
        labels=summed(kinds),
        segments=np.bincount(outcomes.doc, minlength=n_docs).astype(float),
        exact=summed((gold == found).all(axis=1)),
        by_segment=summed(_by_segment(gold, found)),
        squared=summed(((outcomes.scores - gold) ** 2).sum(axis=1)) if scored else np.zeros(n_docs),
        bins=_bins(outcomes) if scored else np.zeros(n_bins),
    )


def _by_segment(gold: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Precision, recall and F1 of each segment, shape (segments, 3).

    What has nothing to be wrong about counts 1 (scikit-learn's ``zero_division=1``): most segments
    have no label in most facets, and leaving them empty is right.
    """
    hits, n_gold, n_found = (gold & found).sum(1), gold.sum(1), found.sum(1)
    parts = ((hits, n_found), (hits, n_gold), (2 * hits, n_gold + n_found))
    return np.stack([np.where(n, top / np.maximum(n, 1), 1.0) for top, n in parts], axis=1)


def _bins(outcomes: Outcomes) -> np.ndarray:
    """Bins of each speech, shape (speeches, N_BINS, 3).

    Multi-label: every probability counts, and is right as often as the label is gold.
    Single-label: only the highest of each segment does (Guo et al. 2017, arXiv:1706.04599).
    """
    assert outcomes.scores is not None
    scores, right, doc = outcomes.scores, outcomes.gold, outcomes.doc
    if outcomes.facet.kind == "single":
        best = scores.argmax(axis=1)[:, None]
        scores, right = (np.take_along_axis(values, best, axis=1) for values in (scores, right))
    doc = np.repeat(doc, scores.shape[1])
    scores, right = scores.ravel(), right.ravel()
    place = np.minimum((scores * N_BINS).astype(np.int64), N_BINS - 1)
    out = np.zeros((len(outcomes.docs), N_BINS, 3))
    np.add.at(out, (doc, place), np.stack([np.ones(len(scores)), scores, right], axis=1))
    return out
