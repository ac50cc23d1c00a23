from __future__ import annotations

import json

import pytest

from safetynlp.errors import DataError, UsageError
from safetynlp.evaluation.metrics import FacetMetrics, Figure, evaluate
from safetynlp.labelled import LabelledRow
from safetynlp.prediction import Prediction
from safetynlp.schema import Schema


def facet(id: str, kind: str, labels: str) -> dict[str, object]:
    names = [{"id": label, "name": {"zh": label, "en": label}} for label in labels]
    return {"id": id, "name": {"zh": id, "en": id}, "kind": kind, "labels": names}


SCHEMA = Schema.from_dict(
    {
        "id": "small",
        "version": "1",
        "name": {"zh": "小", "en": "Small"},
        "facets": [facet("topic", "multi", "abcd"), facet("tone", "single", "xyz")],
    }
)
# doc, gold topic, predicted topic, gold tone, predicted tone; "-" is not labelled
TABLE = [
    ("s1", "ab", "a", "x", "x"),
    ("s1", "a", "ac", "x", "y"),
    ("s2", "", "", "y", "y"),
    ("s2", "b", "b", "y", "x"),
    ("s3", "", "c", "x", "x"),
    ("s3", "-", "abcd", "-", "z"),
]


def evaluated(table: list[tuple[str, ...]], **options: float) -> dict[str, FacetMetrics]:
    rows, predictions = [], []
    for doc, gold_topic, topic, gold_tone, tone in table:
        gold = {"topic": gold_topic, "tone": gold_tone}
        labels = {name: tuple(ids) for name, ids in gold.items() if ids != "-"}
        rows.append(LabelledRow(doc, "-", labels))
        predictions.append(Prediction({"topic": tuple(topic), "tone": (tone,)}, {}))
    return evaluate(predictions, rows, SCHEMA, **options)  # type: ignore[arg-type]


def test_multi_label_figures_by_hand() -> None:
    topic = evaluated(TABLE)["topic"]
    # a: tp 2; b: tp 1, fn 1; c: fp 2, never gold; d: nothing. tp 3, fp 2, fn 1 in all.
    assert topic.figures["f1_micro"].value == pytest.approx(6 / 9)
    assert topic.figures["f1_macro"].value == pytest.approx((1 + 2 / 3) / 2)
    assert topic.segments == 5
    a, b, c, d = (topic.labels[id] for id in "abcd")
    assert (a.precision, a.recall, a.f1, a.support) == (1, 1, 1, 2)
    assert (b.precision, b.recall, b.f1, b.support) == (1, 0.5, pytest.approx(2 / 3), 2)
    assert (c.precision, c.recall, c.f1, c.support) == (0, 0, 0, 0)
    assert (d.precision, d.recall, d.f1, d.support) == (0, 0, 0, 0)


def test_single_label_figures_by_hand() -> None:
    tone = evaluated(TABLE)["tone"]
    assert tone.figures["accuracy"].value == pytest.approx(3 / 5)
    # x: tp 2, fp 1, fn 1; y: tp 1, fp 1, fn 1
    assert tone.figures["f1_macro"].value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert tone.segments == 5
    assert tuple(tone.figures) == ("accuracy", "f1_macro")


def test_a_label_never_gold_costs_precision() -> None:
    with_c = evaluated([("s1", "a", "ac", "x", "x")])["topic"].figures
    without = evaluated([("s1", "a", "a", "x", "x")])["topic"].figures
    assert with_c["f1_micro"].value == pytest.approx(2 / 3)
    assert without["f1_micro"].value == 1.0


def test_unlabelled_rows_count_for_nothing() -> None:
    assert evaluated(TABLE[:5])["topic"].labels == evaluated(TABLE)["topic"].labels
    nothing = evaluated([("s1", "-", "a", "-", "x")])
    assert nothing["topic"].segments == 0
    assert nothing["topic"].figures["f1_micro"].value == 0.0
    assert nothing["tone"].figures["accuracy"].value == 0.0


def test_perfect_predictions() -> None:
    result = evaluated([("s1", "ab", "ab", "x", "x"), ("s2", "c", "c", "z", "z")])
    for metrics in result.values():
        for figure in metrics.figures.values():
            assert (figure.value, figure.low, figure.high) == (1, 1, 1)


def test_intervals_are_deterministic_and_hold_the_value() -> None:
    once, again = evaluated(TABLE), evaluated(TABLE)
    assert once == again
    for metrics in once.values():
        for figure in metrics.figures.values():
            assert 0 <= figure.low <= figure.value <= figure.high <= 1
            assert figure.low < figure.high
    other_seed = evaluated(TABLE, random_state=1, n_resamples=50)
    assert other_seed["topic"].figures["f1_micro"].value == pytest.approx(6 / 9)
    assert other_seed != once


def test_intervals_resample_speeches_not_segments() -> None:
    # Each speech has one right and one wrong row: every draw of speeches is half right.
    table = [(f"s{n}", "a", "a", "x", tone) for n in range(4) for tone in "xy"]
    figure = evaluated(table)["tone"].figures["accuracy"]
    assert (figure.value, figure.low, figure.high) == (0.5, 0.5, 0.5)


def test_interval_narrows_with_a_lower_level() -> None:
    wide = evaluated(TABLE, confidence_level=0.99)["topic"].figures["f1_micro"]
    narrow = evaluated(TABLE, confidence_level=0.5)["topic"].figures["f1_micro"]
    assert wide.low < narrow.low <= narrow.high
    assert wide.high >= narrow.high


def test_order_of_rows_does_not_matter() -> None:
    assert evaluated(TABLE[::-1]) == evaluated(TABLE)


def test_plain_data() -> None:
    data = evaluated(TABLE)["topic"].to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["f1_micro"]["value"] == 0.6667
    assert len(data["f1_micro"]["interval"]) == 2
    assert data["labels"]["b"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "support": 2}
    assert data["segments"] == 5
    assert str(Figure(0.87654, 0.8, 0.9)) == "0.877 [0.800, 0.900]"


def test_lengths_differ_or_no_rows() -> None:
    row = LabelledRow("s1", "-", {})
    with pytest.raises(DataError, match="0 predictions for 1 rows"):
        evaluate([], [row], SCHEMA)
    with pytest.raises(DataError, match="at least one"):
        evaluate([], [], SCHEMA)


@pytest.mark.parametrize("options", [{"confidence_level": 1.0}, {"n_resamples": 0}])
def test_faulty_options(options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="confidence_level"):
        evaluated(TABLE, **options)
