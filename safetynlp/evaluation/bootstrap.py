"""Drawing speeches again: percentile intervals for any figure (Efron & Tibshirani 1993).

Segments of one speech are alike, so speeches are drawn, not segments. With few speeches the
intervals are wide, and too narrow at that: there is little to draw from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from safetynlp.errors import UsageError

__all__ = ["FEW_SPEECHES", "Bootstrap"]

FEW_SPEECHES = 10  # fewer, and an interval is said to be rough
_CELLS = 5_000_000  # of a block of drawings, which bounds the memory


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How intervals are computed; checked at birth.

    Attributes:
        confidence_level: in (0, 1).
        n_resamples: drawings, at least 1.
        random_state: seed of the drawings; the same seed draws the same speeches.

    Raises:
        UsageError: a value outside these.
    """

    confidence_level: float = 0.95
    n_resamples: int = 1000
    random_state: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.confidence_level < 1 or self.n_resamples < 1 or self.random_state < 0:
            found = (self.confidence_level, self.n_resamples, self.random_state)
            raise UsageError(
                f"confidence_level, n_resamples and random_state are {found}, expected a number "
                "between 0 and 1, at least 1, and at least 0.",
                f"confidence_level、n_resamples、random_state 为 {found}，"
                "应分别在 0 与 1 之间、不小于 1、不小于 0。",
            )

    def draws(self, n_docs: int) -> Iterator[np.ndarray]:
        """How often each speech is drawn, in blocks of float64, shape (drawings, n_docs)."""
        rng = np.random.default_rng(self.random_state)
        share = np.full(n_docs, 1 / n_docs)
        block = max(1, _CELLS // n_docs)
        for start in range(0, self.n_resamples, block):
            size = min(block, self.n_resamples - start)
            yield rng.multinomial(n_docs, share, size=size).astype(float)

    def interval(self, values: np.ndarray) -> tuple[float, float]:
        """Lower and upper end for the values of all drawings."""
        tail = (1 - self.confidence_level) / 2
        low, high = np.quantile(values, [tail, 1 - tail])
        return float(low), float(high)
