from __future__ import annotations

import json
import math

import pytest

from safetynlp.errors import DataError
from safetynlp.evaluation.bootstrap import Bootstrap
from safetynlp.evaluation.compare import FacetComparison, compare, mcnemar
from safetynlp.labelled import LabelledRow
from safetynlp.prediction import Prediction
from safetynlp.schema import Schema

NAMES = [{"id": id, "name": {"zh": id, "en": id}} for id in "ab"]
FACET = {"id": "tone", "name": {"zh": "t", "en": "t"}, "kind": "single", "labels": NAMES}
SCHEMA = Schema.from_dict(
    {"id": "s", "version": "1", "name": {"zh": "s", "en": "s"}, "facets": [FACET]}
)


def compared(n_docs: int, first: str, second: str) -> FacetComparison:
    """Every speech has the gold labels ``a`` and gets these of the two."""
    rows = [LabelledRow(f"s{n}", "-", {"tone": ("a",)}) for n in range(n_docs) for _ in first]
    given = [[Prediction({"tone": (id,)}, {}) for id in ids * n_docs] for ids in (first, second)]
    return compare(*given, rows, SCHEMA.facets)["tone"]


def test_mcnemar_by_hand() -> None:
    # (C(5,0) + C(5,1)) · 2 / 2⁵ = 12/32
    assert mcnemar(1, 4).p_value == 12 / 32
    assert mcnemar(4, 1).p_value == 12 / 32
    assert mcnemar(0, 0).p_value == 1
    assert mcnemar(3, 3).p_value == 1
    assert mcnemar(0, 3000).p_value < 1e-300


def test_a_clear_difference() -> None:
    found = compared(12, "aabb", "aaab")
    accuracy = found.figures["accuracy"]
    assert (accuracy.a, accuracy.b, accuracy.value) == (0.5, 0.75, 0.25)
    # The speeches are alike, so every drawing gives the same difference.
    assert (accuracy.low, accuracy.high, accuracy.better) == (0.25, 0.25, "B")
    assert (found.mcnemar.only_a, found.mcnemar.only_b) == (0, 12)
    assert found.sentence("en") == "B is better in tone accuracy by 0.250 [0.250, 0.250]."
    assert found.sentence("zh", ("旧", "新")) == "tone accuracy：新 更好，高 0.250 [0.250, 0.250]。"


def test_the_first_may_be_better() -> None:
    found = compared(12, "aaab", "aabb")
    assert found.figures["accuracy"].better == "A"
    assert found.sentence("en") == "A is better in tone accuracy by 0.250 [0.250, 0.250]."


def test_the_same_labels_are_no_difference() -> None:
    found = compared(12, "ab", "ba")
    assert found.figures["accuracy"].better is None
    assert found.mcnemar.p_value == 1
    assert found.sentence("en") == (
        "No difference can be told in tone accuracy: B less A is +0.000 [+0.000, +0.000]."
    )


def test_intervals_are_paired() -> None:
    """Speeches of very different difficulty, the same gain in each: the gain is certain."""
    rows, first, second = [], [], []
    for n in range(10):
        for k in range(10):
            rows.append(LabelledRow(f"s{n}", "-", {"tone": ("a",)}))
            first.append(Prediction({"tone": ("a" if k < n else "b",)}, {}))
            second.append(Prediction({"tone": ("a" if k <= n else "b",)}, {}))
    accuracy = compare(first, second, rows, SCHEMA.facets)["tone"].figures["accuracy"]
    assert accuracy.low == pytest.approx(0.1)
    assert accuracy.high == pytest.approx(0.1)


def test_few_speeches_are_said_to_be_few() -> None:
    assert "fewer than 10 speeches" in compared(9, "ab", "aa").sentence("en")
    assert "不足 10 篇" in compared(2, "ab", "ba").sentence("zh")


def test_one_speech_tells_nothing() -> None:
    found = compared(1, "ab", "aa")
    assert math.isnan(found.figures["accuracy"].low)
    assert found.figures["accuracy"].better is None
    assert "but one speech" in found.sentence("en")
    assert "interval" not in found.to_dict()["figures"]["accuracy"]


def test_plain_data() -> None:
    data = compared(12, "aabb", "aaab").to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["figures"]["accuracy"] == {
        **{"a": 0.5, "b": 0.75, "difference": 0.25},
        **{"interval": [0.25, 0.25], "better": "B"},
    }
    assert data["mcnemar"] == {"only_a_right": 0, "only_b_right": 12, "p_value": 0.0004883}


def test_an_unlabelled_facet() -> None:
    rows = [LabelledRow("s1", "-", {}), LabelledRow("s2", "-", {})]
    given = [Prediction({"tone": ("a",)}, {})] * 2
    found = compare(given, given, rows, SCHEMA.facets, bootstrap=Bootstrap(n_resamples=2))["tone"]
    assert found.sentence("en") == "tone: not labelled in the data."


def test_lengths_differ() -> None:
    with pytest.raises(DataError, match="0 predictions for 1 rows"):
        compare([], [], [LabelledRow("s1", "-", {})], SCHEMA.facets)


def test_of_an_error_the_lower_is_the_better() -> None:
    rows = [LabelledRow(f"s{n}", "-", {"tone": ("a",)}) for n in range(12)]
    unsure, sure = (
        [Prediction({"tone": ("a",)}, {"tone": {"a": p, "b": 1 - p}})] * 12 for p in (0.6, 0.9)
    )
    brier = compare(unsure, sure, rows, SCHEMA.facets)["tone"].figures["brier_score"]
    assert brier.value == pytest.approx(2 * (0.1**2 - 0.4**2))
    assert brier.better == "B"
