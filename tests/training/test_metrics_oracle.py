# ruff: noqa: E402 (scikit-learn may be missing)
"""Every figure against scikit-learn's, on random labels and probabilities."""

from __future__ import annotations

import numpy as np
import pytest

metrics = pytest.importorskip("sklearn.metrics")
pytestmark = pytest.mark.slow

from safetynlp.evaluation.metrics import FacetMetrics, evaluate
from safetynlp.labelled import LabelledRow
from safetynlp.prediction import Prediction
from safetynlp.schema import Schema

IDS = ["a", "b", "c", "d", "e", "f"]


def schema(kind: str) -> Schema:
    names = [{"id": id, "name": {"zh": id, "en": id}} for id in IDS]
    facet = {"id": "x", "name": {"zh": "x", "en": "x"}, "kind": kind, "labels": names}
    text = {"zh": "x", "en": "x"}
    return Schema.from_dict({"id": "x", "version": "1", "name": text, "facets": [facet]})


def measured(gold: np.ndarray, found: np.ndarray, scores: np.ndarray, kind: str) -> FacetMetrics:
    def marked(row: np.ndarray) -> tuple[str, ...]:
        return tuple(id for id, mark in zip(IDS, row, strict=True) if mark)

    rows = [LabelledRow(f"s{n % 7}", "-", {"x": marked(row)}) for n, row in enumerate(gold)]
    predictions = [
        Prediction({"x": marked(row)}, {"x": dict(zip(IDS, p.tolist(), strict=True))})
        for row, p in zip(found, scores, strict=True)
    ]
    return evaluate(predictions, rows, schema(kind), n_resamples=5)["x"]


def average_precision(gold: np.ndarray, scores: np.ndarray) -> list[float]:
    kept = gold.any(axis=0)
    return [
        metrics.average_precision_score(*pair)
        for pair in zip(gold[:, kept].T, scores[:, kept].T, strict=True)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_multi_label(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gold = rng.random((120, 6)) < [0.4, 0.3, 0.1, 0.05, 0.2, 0]  # the last is never gold
    scores = np.round(np.clip(gold * 0.3 + rng.random((120, 6)) * 0.7, 0, 1), 1)  # with ties
    found = scores >= 0.5
    facet = measured(gold, found, scores, "multi")
    expected: dict[str, float] = {}
    supported = np.flatnonzero(gold.any(axis=0))
    for average, labels, default in (
        ("micro", None, 0),
        ("macro", supported, 0),
        ("weighted", None, 0),
        ("samples", None, 1),
    ):
        values = metrics.precision_recall_fscore_support(
            gold, found, average=average, labels=labels, zero_division=default
        )
        for name, value in zip(("precision", "recall", "f1"), values, strict=False):
            expected[f"{name}_{average}"] = value
    expected["f1_macro_all"] = metrics.f1_score(gold, found, average="macro", zero_division=0)
    expected["subset_accuracy"] = metrics.accuracy_score(gold, found)
    expected["brier_score"] = metrics.brier_score_loss(gold.ravel(), scores.ravel())
    expected["average_precision_micro"] = metrics.average_precision_score(
        gold, scores, average="micro"
    )
    expected["average_precision_macro"] = np.mean(average_precision(gold, scores))
    assert set(facet.figures) == {*expected, "expected_calibration_error"}
    for name, value in expected.items():
        assert facet.figures[name].value == pytest.approx(value), name
    by_label = metrics.precision_recall_fscore_support(gold, found, zero_division=0)
    for n, label in enumerate(facet.labels.values()):
        assert (label.precision, label.recall, label.f1, label.support) == pytest.approx(
            tuple(column[n] for column in by_label)
        )
    given = [m.average_precision for m in facet.labels.values() if m.average_precision is not None]
    assert given == pytest.approx(average_precision(gold, scores))


@pytest.mark.parametrize("seed", range(5))
def test_single_label(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gold = rng.choice(6, 150, p=[0.4, 0.3, 0.1, 0.1, 0.1, 0])
    scores = rng.dirichlet(np.ones(6), 150)
    scores[np.arange(150), gold] += 0.4
    scores /= scores.sum(axis=1, keepdims=True)
    found = scores.argmax(axis=1)
    one_hot = np.eye(6, dtype=bool)
    facet = measured(one_hot[gold], one_hot[found], scores, "single")
    expected = {"accuracy": metrics.accuracy_score(gold, found)}
    for average, labels in (("macro", range(5)), ("weighted", range(6))):
        values = metrics.precision_recall_fscore_support(
            gold, found, average=average, labels=list(labels), zero_division=0
        )
        for name, value in zip(("precision", "recall", "f1"), values, strict=False):
            expected[f"{name}_{average}"] = value
    expected["f1_macro_all"] = metrics.f1_score(
        gold, found, average="macro", labels=range(6), zero_division=0
    )
    expected["brier_score"] = ((scores - one_hot[gold]) ** 2).sum(axis=1).mean()
    expected["average_precision_micro"] = metrics.average_precision_score(
        one_hot[gold].ravel(), scores.ravel()
    )
    expected["average_precision_macro"] = np.mean(average_precision(one_hot[gold], scores))
    assert set(facet.figures) == {*expected, "expected_calibration_error"}
    for name, value in expected.items():
        assert facet.figures[name].value == pytest.approx(value), name
    confusion = metrics.confusion_matrix(gold, found, labels=range(6))
    assert np.array_equal(facet.confusion, confusion)


def test_calibration_error_is_the_distance_from_the_calibration_curve() -> None:
    calibration = pytest.importorskip("sklearn.calibration")
    rng = np.random.default_rng(0)
    scores = rng.random((500, 6)) * 0.999
    gold = rng.random((500, 6)) < scores**2
    facet = measured(gold, scores >= 0.5, scores, "multi")
    right, mean = calibration.calibration_curve(gold.ravel(), scores.ravel(), n_bins=10)
    weights = np.bincount((scores.ravel() * 10).astype(int), minlength=10) / scores.size
    expected = (np.abs(right - mean) * weights).sum()
    assert facet.figures["expected_calibration_error"].value == pytest.approx(expected)
