# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from mini import SPEECHES, labelled_rows

from safetynlp.errors import DataError
from safetynlp.labelled import LabelledRow
from safetynlp.training.plan import Plan, make_plan, speeches_of
from safetynlp.training.recipe import Recipe

ROWS = labelled_rows()
SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}
LONG = "各县区要对辖区内所有重点场所逐一排查，建立台账，限期整改，整改不到位的一律停业。" * 3


def distinct(n: int, n_rows: int = 1) -> list[LabelledRow]:
    """Speeches that have nothing in common."""
    return [
        LabelledRow(f"s{i}", chr(0x4E00 + 31 * i) * (12 + k), {"function": ("problem",)}, k)
        for i in range(n)
        for k in range(n_rows)
    ]


def parts(plan: Plan) -> tuple[set[str], set[str], set[str]]:
    return (
        set(speeches_of(plan.learn)),
        set(speeches_of(plan.validation)),
        set(speeches_of(plan.test)),
    )


def test_without_folds_three_parts() -> None:
    learn, validation, test = parts(make_plan(ROWS, Recipe(folds=0, shares=SHARES)))
    assert learn | validation | test == set(SPEECHES)
    assert len(learn) + len(validation) + len(test) == len(SPEECHES)


def test_few_speeches_are_cross_validated() -> None:
    plan = make_plan(distinct(12), Recipe())
    assert len(plan.folds) == 5
    assert parts(plan) == ({f"s{i}" for i in range(12)}, set(), set())


def test_many_are_not() -> None:
    plan = make_plan(distinct(60), Recipe())
    assert plan.folds == ()
    assert all(parts(plan))


def test_every_speech_is_held_out_once_and_never_learned_from() -> None:
    plan = make_plan(distinct(12, 20), Recipe(folds=4))
    held_out = [doc for fold in plan.folds for doc in speeches_of(fold.held_out)]
    assert sorted(held_out) == sorted(f"s{i}" for i in range(12))
    for fold in plan.folds:
        learn, stop, held = (
            set(speeches_of(rows)) for rows in (fold.learn, fold.stop, fold.held_out)
        )
        assert stop
        assert len(learn | stop | held) == len(learn) + len(stop) + len(held)


def test_a_handful_of_segments_does_not_stop_training() -> None:
    for fold in make_plan(distinct(12), Recipe(folds=4)).folds:
        assert not fold.stop
        assert len(fold.learn) == 9


def test_at_most_a_fold_for_each_speech() -> None:
    plan = make_plan(distinct(3), Recipe())
    assert [len(fold.held_out) for fold in plan.folds] == [1, 1, 1]
    assert all(not fold.stop for fold in plan.folds)  # two are left: both are learned from


def test_folds_beside_a_test_part() -> None:
    plan = make_plan(distinct(20), Recipe(folds=2, shares=SHARES))
    learn, validation, test = parts(plan)
    assert len(test) == 4
    assert not validation
    assert {doc for fold in plan.folds for doc in speeches_of(fold.held_out)} == learn


def test_copies_land_together() -> None:
    copies = [LabelledRow(f"copy-{i}", LONG + str(i), {"function": ("problem",)}) for i in range(4)]
    plan = make_plan([*distinct(8), *copies], Recipe(folds=5))
    assert plan.alike == (("copy-0", "copy-1", "copy-2", "copy-3"),)
    for fold in plan.folds:
        held = [row for row in fold.held_out if row.doc.startswith("copy")]
        assert len(held) in (0, 4)


def test_a_test_set_of_its_own() -> None:
    test = [LabelledRow("t", LONG, {"function": ("problem",)})]
    copy = LabelledRow("copy", LONG + "散会。", {"function": ("problem",)})
    plan = make_plan([*distinct(6), copy], Recipe(folds=3), test)
    assert plan.test == tuple(test)
    assert plan.left_out == ("copy",)
    assert "copy" not in speeches_of(plan.learn)


def test_a_test_set_takes_the_place_of_the_test_part() -> None:
    test = [LabelledRow("t", LONG, {"function": ("problem",)})]
    plan = make_plan(distinct(20), Recipe(folds=0, shares=SHARES), test)
    assert [len(rows) for rows in (plan.learn, plan.validation, plan.test)] == [15, 5, 1]


def test_the_same_speech_in_both() -> None:
    rows = distinct(4)
    with pytest.raises(DataError, match="in the training data and in the test data: s1"):
        make_plan(rows, Recipe(), [rows[1]])


def test_nothing_but_copies_of_the_test() -> None:
    rows, test = ([LabelledRow(doc, LONG, {})] for doc in ("a", "t"))
    with pytest.raises(DataError, match="every speech is a copy"):
        make_plan(rows, Recipe(), test)


@pytest.mark.parametrize(
    ("n", "recipe"),
    [
        (1, Recipe()),
        (2, Recipe(folds=0)),
        (4, Recipe(folds=0, shares={"train": 0.8, "validation": 0.0, "test": 0.2})),
    ],
)
def test_too_few(n: int, recipe: Recipe) -> None:
    with pytest.raises(DataError, match="too few") as caught:
        make_plan(distinct(n), recipe)
    assert "交叉验证" in caught.value.zh
