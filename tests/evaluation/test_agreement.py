"""Agreement against examples that were worked by hand or stand in the literature."""

from __future__ import annotations

import math

import pytest

from safetynlp.evaluation.agreement import (
    agreement,
    by_main_annotator,
    cohen_kappa,
    krippendorff_alpha,
    masi_distance,
)
from safetynlp.labelled import LabelledRow
from safetynlp.schema import Schema


def test_kappa_by_hand() -> None:
    # 20 yes/yes, 15 no/no, 5 + 10 apart: observed 0.7; chance 0.5·0.6 + 0.5·0.4 = 0.5
    first = [True] * 20 + [True] * 5 + [False] * 10 + [False] * 15
    second = [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15
    assert cohen_kappa(first, second) == pytest.approx((0.7 - 0.5) / 0.5)
    assert cohen_kappa(first, first) == 1
    assert cohen_kappa("ab", "ba") == pytest.approx(-1)
    assert math.isnan(cohen_kappa([1, 1], [1, 1]))
    assert math.isnan(cohen_kappa([], []))


def test_alpha_of_krippendorffs_own_example() -> None:
    # Krippendorff 2011, section C: four observers, twelve units, values missing: nominal 0.743.
    observers = (
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    )
    units = [
        [value for value in unit if value != "."]
        for unit in zip(*(line.split() for line in observers), strict=True)
    ]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_two_observers_by_hand() -> None:
    # Values a a | a b | b b: n 6, observed pairs apart 2; expected 2 · 3 · 3 = 18
    assert krippendorff_alpha(["aa", "ab", "bb"]) == pytest.approx(1 - 5 * 2 / 18)
    assert krippendorff_alpha(["aa", "bb"]) == 1
    assert math.isnan(krippendorff_alpha(["aa", "aa"]))
    assert math.isnan(krippendorff_alpha(["a", "b"]))


def test_masi_distance_by_hand() -> None:
    def distance(a: str, b: str) -> float:
        return masi_distance(frozenset(a), frozenset(b))

    assert distance("ab", "ab") == 0
    assert distance("a", "ab") == pytest.approx(1 - 1 / 2 * 2 / 3)  # one holds the other
    assert distance("ab", "bc") == pytest.approx(1 - 1 / 3 * 1 / 3)  # they overlap
    assert distance("ab", "cd") == 1
    assert distance("", "a") == distance("a", "") == 1
    assert distance("", "") == 0


def test_alpha_with_masi_distance_by_hand() -> None:
    a, ab, none = frozenset("a"), frozenset("ab"), frozenset("")
    # Observed: 2 · 2/3. Values a ×2, ab ×1, none ×1 and the pair of equal ones:
    # expected 2 · (2·1·2/3 [a, ab] + 2·1·1 [a, none] … with none ×3 from the second unit.
    units = [(a, ab), (none, none), (a, a)]
    observed = 2 * (2 / 3)
    expected = 2 * (3 * 1 * 2 / 3 + 3 * 2 * 1 + 1 * 2 * 1)
    assert krippendorff_alpha(units, masi_distance) == pytest.approx(1 - 5 * observed / expected)


def facet(id: str, kind: str, labels: str) -> dict[str, object]:
    names = [{"id": label, "name": {"zh": label, "en": label}} for label in labels]
    return {"id": id, "name": {"zh": id, "en": id}, "kind": kind, "labels": names}


SCHEMA = Schema.from_dict(
    {
        "id": "small",
        "version": "1",
        "name": {"zh": "小", "en": "Small"},
        "facets": [facet("topic", "multi", "abc"), facet("tone", "single", "xy")],
    }
)


def row(text: str, who: str, topic: str, tone: str | None = None) -> LabelledRow:
    labels = {"topic": tuple(topic)} | ({"tone": (tone,)} if tone else {})
    return LabelledRow("s1", text, labels, annotator=who)


ROWS = [
    row("一", "wang", "a", "x"),
    row("二", "wang", "ab", "x"),
    row("三", "wang", "", "y"),
    row("二", "li", "a", "y"),
    row("三", "li", "", "y"),
    row("四", "li", "b"),
]


def test_agreement_by_facet() -> None:
    found = agreement(ROWS, SCHEMA)
    topic, tone = found["topic"], found["tone"]
    assert (topic.annotators, topic.segments) == (("wang", "li"), 2)
    assert topic.kappa["a"] == 1  # 二 has it for both, 三 for none
    assert topic.kappa["b"] == 0  # one of two, against never
    assert math.isnan(topic.kappa["c"])
    assert topic.support == {"a": 1, "b": 1, "c": 0}
    assert topic.alpha == krippendorff_alpha(
        [(frozenset("ab"), frozenset("a")), (frozenset(), frozenset())], masi_distance
    )
    assert tone.alpha == krippendorff_alpha(["xy", "yy"])
    data = topic.to_dict()
    assert data["labels"]["c"] == {"cohen_kappa": None, "segments": 0}


def test_one_annotator_has_nobody_to_agree_with() -> None:
    assert agreement(ROWS[:3], SCHEMA) == {}
    assert by_main_annotator(ROWS[:3]) == ROWS[:3]


def test_the_first_annotator_is_gold_and_others_fill_gaps() -> None:
    kept = by_main_annotator(ROWS)
    assert [(r.text, r.annotator) for r in kept] == [
        ("一", "wang"),
        ("二", "wang"),
        ("三", "wang"),
        ("四", "li"),
    ]


def test_the_same_text_twice_in_a_speech_is_two_segments() -> None:
    rows = [
        row("好！", "wang", "a"),
        row("好！", "wang", "b"),
        row("好！", "li", "a"),
        row("好！", "li", ""),
    ]
    assert agreement(rows, SCHEMA)["topic"].segments == 2
    assert by_main_annotator(rows) == rows[:2]
