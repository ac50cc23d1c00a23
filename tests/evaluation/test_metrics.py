from __future__ import annotations

import json

import numpy as np
import pytest

from safetynlp.errors import DataError, UsageError
from safetynlp.evaluation.bootstrap import Bootstrap
from safetynlp.evaluation.metrics import FacetMetrics, Figure, evaluate, facet_metrics
from safetynlp.evaluation.outcomes import outcomes_of_facet
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
    assert topic.figures["f1_macro_all"].value == pytest.approx((1 + 2 / 3) / 4)
    assert topic.figures["subset_accuracy"].value == pytest.approx(2 / 5)
    # by segment: 2/3, 2/3, 1 (rightly empty), 1, 0
    assert topic.figures["f1_samples"].value == pytest.approx((2 / 3 + 2 / 3 + 2) / 5)
    assert topic.segments == 5
    assert topic.confusion is None
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
    assert tuple(tone.figures)[:2] == ("accuracy", "f1_macro")
    # rows gold x, y, z; columns found
    assert tone.confusion == ((2, 1, 0), (1, 1, 0), (0, 0, 0))
    assert tone.figures["f1_macro_all"].value == pytest.approx((2 / 3 + 1 / 2) / 3)
    assert "f1_micro" not in tone.figures  # it would be the accuracy once more
    assert "brier_score" not in tone.figures  # nothing had a probability


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
        for name, figure in metrics.figures.items():
            if name != "f1_macro_all":  # some labels are not gold
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


def test_one_speech_has_no_interval() -> None:
    figure = evaluated(TABLE[:2])["topic"].figures["f1_micro"]
    assert not figure.has_interval
    assert str(figure) == "0.667"
    assert figure.to_dict() == {"value": 0.6667}


SCORED = [  # doc, gold topic, probabilities of a b c d
    ("s1", "a", (0.9, 0.2, 0.0, 0.0)),
    ("s1", "b", (0.9, 0.8, 0.0, 0.0)),
    ("s2", "", (0.1, 0.7, 0.0, 0.0)),
    ("s2", "ab", (0.6, 0.6, 0.0, 0.0)),
]


def scored(table: list[tuple[str, str, tuple[float, ...]]]) -> FacetMetrics:
    rows, predictions = [], []
    for doc, gold, values in table:
        rows.append(LabelledRow(doc, "-", {"topic": tuple(gold)}))
        scores = {"topic": dict(zip("abcd", values, strict=True))}
        labels = {"topic": tuple(id for id, p in scores["topic"].items() if p >= 0.5)}
        predictions.append(Prediction({**labels, "tone": ("x",)}, scores))
    return evaluate(predictions, rows, SCHEMA, thresholds={"topic": {"a": 0.5}})["topic"]


def test_average_precision_by_hand() -> None:
    topic = scored(SCORED)
    # a: 0.9 stands for one gold and one other, then 0.6 is gold: 1/2 · 1/2 + 1/2 · 2/3
    assert topic.labels["a"].average_precision == pytest.approx(7 / 12)
    # b: 0.8 gold, 0.7 not, 0.6 gold: 1/2 · 1 + 1/2 · 2/3
    assert topic.labels["b"].average_precision == pytest.approx(5 / 6)
    assert topic.labels["c"].average_precision is None  # never gold
    figure = topic.figures["average_precision_macro"]
    assert figure.value == pytest.approx((7 / 12 + 5 / 6) / 2)
    assert figure.low <= figure.value <= figure.high
    assert (topic.labels["a"].threshold, topic.labels["b"].threshold) == (0.5, None)


def test_brier_score_and_calibration_error_by_hand() -> None:
    topic = scored([("s1", "a", (0.75, 0.25, 0.0, 0.0)), ("s2", "", (0.75, 0.05, 0.0, 0.0))])
    squares = (0.25**2 + 0.25**2) + (0.75**2 + 0.05**2)
    assert topic.figures["brier_score"].value == pytest.approx(squares / 8)
    # bins: [0, .1) five of mean .01, none right; [.2, .3) one, not right; [.7, .8) two, one right
    assert topic.figures["expected_calibration_error"].value == pytest.approx(
        (0.05 + 0.25 + abs(1.5 - 1)) / 8
    )


def test_figures_keep_their_order_whatever_the_data_hold() -> None:
    assert tuple(scored(SCORED).figures) == (
        *("f1_micro", "f1_macro", "precision_micro", "recall_micro"),
        *("precision_macro", "recall_macro", "f1_macro_all"),
        *("precision_weighted", "recall_weighted", "f1_weighted"),
        *("precision_samples", "recall_samples", "f1_samples", "subset_accuracy"),
        *("brier_score", "expected_calibration_error"),
        *("average_precision_micro", "average_precision_macro"),
    )


def test_intervals_are_those_of_drawing_rows_one_by_one() -> None:
    """The counts of speeches are resampled; copying the rows of each draw gives the same."""
    bootstrap = Bootstrap(n_resamples=20, random_state=3)
    table = [(f"s{n % 3}", *row[1:]) for n, row in enumerate(SCORED * 2)]
    by_doc: dict[str, list[tuple[str, str, tuple[float, ...]]]] = {}
    for row in table:
        by_doc.setdefault(row[0], []).append(row)
    drawn: dict[str, list[float]] = {}
    (weights,) = bootstrap.draws(3)
    for times in weights.astype(int):
        copies = [
            row for doc, n in zip(sorted(by_doc), times, strict=True) for row in by_doc[doc] * n
        ]
        for name, figure in scored(copies).figures.items():
            drawn.setdefault(name, []).append(figure.value)
    rows = [LabelledRow(doc, "-", {"topic": tuple(gold)}) for doc, gold, _ in table]
    predictions = [
        Prediction(
            {"topic": tuple(id for id, p in zip("abcd", values, strict=True) if p >= 0.5)},
            {"topic": dict(zip("abcd", values, strict=True))},
        )
        for *_, values in table
    ]
    found = outcomes_of_facet(predictions, rows, SCHEMA.facet("topic"), sorted(by_doc))
    for name, figure in facet_metrics(found, bootstrap).figures.items():
        low, high = np.quantile(drawn[name], [0.025, 0.975])
        assert (figure.low, figure.high) == (pytest.approx(low), pytest.approx(high)), name
