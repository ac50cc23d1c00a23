"""Which speeches are learned from, which stop training, which are held out, which are tested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from safetynlp.errors import DataError
from safetynlp.labelled import LabelledRow, folds, near_duplicate_groups, split
from safetynlp.training.recipe import Recipe

__all__ = ["Fold", "Plan", "make_plan", "speeches_of"]

_SMALL = 60  # speeches; fewer are cross-validated unless told not to
_FOLDS = 5
_DEFAULT_SHARES = {"train": 0.84, "validation": 0.08, "test": 0.08}
_STOP_SHARE = 0.1  # of a fold's training speeches
_FEWEST_TO_STOP = 20  # segments: on fewer, the best epoch is chance


@dataclass(frozen=True, slots=True)
class Fold:
    """One round of cross-validation: no speech, and no copy of one, stands in two parts."""

    learn: tuple[LabelledRow, ...]
    stop: tuple[LabelledRow, ...]  # decides when to stop; empty where speeches are too few
    held_out: tuple[LabelledRow, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of a run.

    Without folds the model learns from ``learn``; ``validation`` stops it and sets calibration and
    thresholds. With folds it learns from ``learn`` for as long as the folds needed, and
    ``validation`` is empty: calibration and thresholds come from what each fold held out, and
    every row of ``learn`` is held out once. ``test`` is only measured.
    """

    learn: tuple[LabelledRow, ...]
    validation: tuple[LabelledRow, ...]
    test: tuple[LabelledRow, ...]
    folds: tuple[Fold, ...]
    alike: tuple[tuple[str, ...], ...]  # speeches that are copies of one another
    left_out: tuple[str, ...]  # speeches that are copies of given test speeches


def speeches_of(rows: Sequence[LabelledRow]) -> tuple[str, ...]:
    """The speeches that the rows belong to, sorted."""
    return tuple(sorted({row.doc for row in rows}))


def make_plan(
    rows: Sequence[LabelledRow], recipe: Recipe, test: Sequence[LabelledRow] = ()
) -> Plan:
    """Divide the speeches.

    Args:
        rows: labelled rows. test: rows of a test set of its own; speeches of ``rows`` that are
            copies of one of its speeches are left out.

    Raises:
        DataError: a speech stands in both, or there are too few.
    """
    _refuse_shared(rows, test)
    groups = near_duplicate_groups([*rows, *test])
    tested = {groups[row.doc] for row in test}
    left_out = tuple(doc for doc in speeches_of(rows) if groups[doc] in tested)
    rows = [row for row in rows if row.doc not in left_out]
    if not rows:
        raise DataError(
            "every speech is a copy of a test speech, so none is left to train on. Give other "
            "speeches.",
            "所有讲话都与测试讲话雷同，没有可供训练的讲话。请另给讲话。",
        )
    n_groups = len({groups[row.doc] for row in rows})
    n_folds = _n_folds(recipe, n_groups)
    shares = _shares(recipe, bool(test), bool(n_folds))
    parts = split(rows, shares, recipe.split_seed, groups)
    learn, validation = parts["train"], parts["validation"]
    if n_folds:
        tested_here = {row.doc for row in parts["test"]}
        learn, validation = [row for row in rows if row.doc not in tested_here], []
    _check(parts, shares, n_folds, n_groups)
    return Plan(
        learn=tuple(learn),
        validation=tuple(validation),
        test=tuple(test) or tuple(parts["test"]),
        folds=_make_folds(learn, n_folds, recipe, groups),
        alike=_alike(groups),
        left_out=left_out,
    )


def _refuse_shared(rows: Sequence[LabelledRow], test: Sequence[LabelledRow]) -> None:
    if shared := sorted({row.doc for row in rows} & {row.doc for row in test}):
        names = ", ".join(shared[:5])
        raise DataError(
            f"speeches are in the training data and in the test data: {names}. Give each speech "
            "once, or a name of its own.",
            f"训练数据与测试数据含有同名讲话：{names}。请勿重复给出；若非同一篇，请改名。",
        )


def _n_folds(recipe: Recipe, n_groups: int) -> int:
    """Folds to make: as many as asked for, or by the amount of data; at most one per speech."""
    wanted = recipe.folds
    if wanted is None:
        wanted = _FOLDS if n_groups < _SMALL else 0
    return min(wanted, n_groups)


def _shares(recipe: Recipe, has_test: bool, has_folds: bool) -> dict[str, float]:
    """Shares of the rows at hand; a test set of its own leaves its share to the others."""
    if recipe.shares is None:
        shares = {"train": 1.0, "validation": 0.0, "test": 0.0} if has_folds else _DEFAULT_SHARES
    else:
        shares = dict(recipe.shares)
    if not has_test:
        return dict(shares)
    rest = 1 - shares["test"]
    return {"train": shares["train"] / rest, "validation": shares["validation"] / rest, "test": 0.0}


def _check(
    parts: Mapping[str, Sequence[LabelledRow]],
    shares: Mapping[str, float],
    n_folds: int,
    n_groups: int,
) -> None:
    """Refuse before hours of training what could not be measured after it."""
    empty = [name for name, rows in parts.items() if shares[name] and not rows]
    no_thresholds = not n_folds and not shares["validation"]
    if empty or no_thresholds or n_folds == 1:
        missing = ", ".join(empty) or "validation"
        raise DataError(
            f"{n_groups} different speeches are too few: none is left for {missing}. Add speeches, "
            "let them be cross-validated (--folds 5 needs at least 2), or give these parts larger "
            "shares.",
            f"互不雷同的讲话只有 {n_groups} 篇，{missing} 部分为空。请增加讲话，或改用交叉验证"
            "（--folds 5，至少 2 篇），或调大其比例。",
        )


def _make_folds(
    rows: Sequence[LabelledRow], n_folds: int, recipe: Recipe, groups: Mapping[str, int]
) -> tuple[Fold, ...]:
    if not n_folds:
        return ()
    made = []
    for others, held_out in folds(rows, n_folds, recipe.split_seed, groups):
        learn, stop = _without_some(others, recipe, groups)
        made.append(Fold(tuple(learn), tuple(stop), tuple(held_out)))
    return tuple(made)


def _without_some(
    rows: Sequence[LabelledRow], recipe: Recipe, groups: Mapping[str, int]
) -> tuple[list[LabelledRow], list[LabelledRow]]:
    """Rows to learn from, and rows to stop by: at least one speech where three or more are left,
    or none if that would be a handful of segments.
    """
    n_groups = len({groups[row.doc] for row in rows})
    if n_groups < 3:
        return list(rows), []
    share = recipe.shares["validation"] if recipe.shares else _STOP_SHARE
    share = max(share, 1 / n_groups)
    parts = split(rows, {"learn": 1 - share, "stop": share}, recipe.split_seed, groups)
    if len(parts["stop"]) < _FEWEST_TO_STOP:
        return list(rows), []
    return parts["learn"], parts["stop"]


def _alike(groups: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
    members: dict[int, list[str]] = defaultdict(list)
    for doc in sorted(groups):
        members[groups[doc]].append(doc)
    return tuple(sorted(tuple(docs) for docs in members.values() if len(docs) > 1))
