"""Divide labelled rows by speech: no speech, and no copy of one, stands in two parts."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from safetynlp.errors import UsageError
from safetynlp.labelled.row import LabelledRow

__all__ = ["folds", "split"]

_Part = TypeVar("_Part", str, int)


def split(
    rows: Sequence[LabelledRow],
    shares: Mapping[str, float],
    seed: int,
    groups: Mapping[str, int] | None = None,
) -> dict[str, list[LabelledRow]]:
    """Split by speech into named parts.

    Speeches are drawn within families (``doc`` without its trailing number), so that every part
    has every kind of speech as far as there are enough.

    Args:
        rows: labelled segments.
        shares: name of the part → share of the speeches, each at least 0; they sum to 1.
        seed: of the draw.
        groups: speech → number of its group, as :func:`near_duplicate_groups` gives it; speeches
            of one group land together, a speech that is missing stands alone.

    Returns: name of the part → its rows in their given order; a part may be empty.

    Raises:
        UsageError: the shares are negative or do not sum to 1.
    """
    if not all(share >= 0 for share in shares.values()) or not math.isclose(
        math.fsum(shares.values()), 1.0, abs_tol=1e-6
    ):
        raise UsageError(
            f"shares are {dict(shares)}, expected numbers from 0 that sum to 1.",
            f"各部分比例为 {dict(shares)}，应为非负数且合计为 1。",
        )
    part_of = _deal(_units(rows, groups), shares, seed)
    parts: dict[str, list[LabelledRow]] = {name: [] for name in shares}
    for row in rows:
        parts[part_of[row.doc]].append(row)
    return parts


def folds(
    rows: Sequence[LabelledRow],
    k: int,
    seed: int,
    groups: Mapping[str, int] | None = None,
) -> list[tuple[list[LabelledRow], list[LabelledRow]]]:
    """Divide the speeches into ``k`` folds, drawn as :func:`split` draws its parts.

    Args:
        rows: labelled segments.
        k: number of folds, from 2 to the number of speeches (or groups of them).
        seed: of the draw.
        groups: as for :func:`split`.

    Returns: for each fold ``(other rows, rows of the fold)``, both in their given order; every row
    is held out once, no fold is empty.

    Raises:
        UsageError: ``k`` is less than 2 or more than the speeches or groups.
    """
    units = _units(rows, groups)
    if not 2 <= k <= len(units):
        raise UsageError(
            f"{k} folds of {len(units)} speeches (near-copies counted as one), expected 2 to "
            f"{len(units)}. Ask for fewer folds, or label more speeches.",
            f"要求 {k} 折，而讲话（近似重复的算一篇）共 {len(units)} 篇，折数应为 2 至 {len(units)}。"
            f"请减少折数，或标注更多讲话。",
        )
    fold_of = _deal(units, dict.fromkeys(range(k), 1 / k), seed)
    return [
        (
            [row for row in rows if fold_of[row.doc] != fold],
            [row for row in rows if fold_of[row.doc] == fold],
        )
        for fold in range(k)
    ]


def _units(rows: Iterable[LabelledRow], groups: Mapping[str, int] | None) -> list[tuple[str, ...]]:
    """Speeches that must stay together, by name of the first."""
    members: dict[tuple[str, int | str], list[str]] = defaultdict(list)
    for doc in sorted({row.doc for row in rows}):
        in_group = groups is not None and doc in groups
        members[("group", groups[doc]) if groups and in_group else ("doc", doc)].append(doc)
    return sorted(tuple(docs) for docs in members.values())


def _deal(
    units: Iterable[tuple[str, ...]], shares: Mapping[_Part, float], seed: int
) -> dict[str, _Part]:
    """Speech → its part."""
    families: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for docs in units:
        families[docs[0].rstrip("0123456789")].append(docs)
    random_order = random.Random(seed)
    queue: list[tuple[str, ...]] = []
    for family in sorted(families):
        random_order.shuffle(families[family])
        queue += families[family]
    # Walking through the families with a running quota spreads every part over all of them.
    part_of: dict[str, _Part] = {}
    taken = dict.fromkeys(shares, 0)
    dealt = 0
    for docs in queue:
        dealt += len(docs)
        part = max(shares, key=lambda name: shares[name] * dealt - taken[name])
        part_of |= dict.fromkeys(docs, part)
        taken[part] += len(docs)
    return part_of
