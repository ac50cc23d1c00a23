"""How well segments are cut: boundary F1 against gold spans."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from safetynlp.errors import DataError

__all__ = ["Boundaries", "boundary_f1"]


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Agreement of two segmentations. ``f1`` is in [0, 1]; counts are boundaries."""

    f1: float
    missed: tuple[int, ...]  # gold boundaries that were not found, as characters of the text
    extra: tuple[int, ...]  # found boundaries that are not gold


def boundary_f1(found: Iterable[tuple[int, int]], gold: Iterable[tuple[int, int]]) -> Boundaries:
    """F1 of segment boundaries: the set of all starts and the set of all ends together.

    Args:
        found, gold: (start, end) of every segment, in characters of the same text.

    Raises:
        DataError: no gold segment.
    """
    ours, theirs = set(_marks(found)), set(_marks(gold))
    if not theirs:
        raise DataError(
            "no gold segment to compare with. Check the gold file.",
            "没有可比对的人工分句。请检查人工标注文件。",
        )
    return Boundaries(
        f1=2 * len(ours & theirs) / (len(ours) + len(theirs)),
        missed=tuple(sorted({place for place, _ in theirs - ours})),
        extra=tuple(sorted({place for place, _ in ours - theirs})),
    )


def _marks(spans: Iterable[tuple[int, int]]) -> Iterable[tuple[int, str]]:
    for start, end in spans:
        yield start, "start"
        yield end, "end"
