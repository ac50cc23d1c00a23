# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from safetynlp.prediction import calibrated
from safetynlp.schema import Schema
from safetynlp.training.calibrate import fit_calibration, fit_thresholds


def facet(id: str, kind: str, labels: str) -> dict[str, object]:
    names = [{"id": label, "name": {"zh": label, "en": label}} for label in labels]
    return {"id": id, "name": {"zh": id, "en": id}, "kind": kind, "labels": names}


SCHEMA = Schema.from_dict(
    {
        "id": "small",
        "version": "1",
        "name": {"zh": "小", "en": "Small"},
        "facets": [facet("topic", "multi", "ab"), facet("tone", "single", "xyz")],
    }
)
N = 20_000


def sampled(slope: float, offset: float, tone_slope: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn from the probabilities that they have by these figures."""
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=2.0, size=(N, 5)).astype(np.float32)
    probabilities = calibrated(
        logits, {"topic": (slope, offset), "tone": (tone_slope, 0.0)}, SCHEMA
    )
    y = np.zeros((N, 5), dtype=np.float32)
    y[:, :2] = rng.random((N, 2)) < probabilities[:, :2]
    drawn = (rng.random((N, 1)) > probabilities[:, 2:].cumsum(axis=1)).sum(axis=1)
    y[np.arange(N), 2 + np.minimum(drawn, 2)] = 1.0
    return logits, y


@pytest.mark.parametrize("truth", [(2.0, -1.0, 0.5), (0.4, 0.7, 1.8)])
def test_recovers_the_slopes(truth: tuple[float, float, float]) -> None:
    logits, y = sampled(*truth)
    found = fit_calibration(logits, y, np.ones((N, 2), dtype=bool), SCHEMA)
    assert found["topic"] == pytest.approx(truth[:2], abs=0.06)
    assert found["tone"] == pytest.approx((truth[2], 0.0), abs=0.06)
    assert found["tone"][1] == 0.0


def test_rows_without_labels_do_not_count() -> None:
    logits, y = sampled(2.0, -1.0, 0.5)
    known = np.random.default_rng(1).random((N, 2)) < 0.5
    disturbed = y.copy()
    disturbed[~known[:, 0], :2] = 1.0
    disturbed[~known[:, 1], 2:] = 0.0
    assert fit_calibration(logits, y, known, SCHEMA) == fit_calibration(
        logits, disturbed, known, SCHEMA
    )


def test_a_facet_without_rows_is_left_as_it_is() -> None:
    logits, y = sampled(2.0, -1.0, 0.5)
    known = np.zeros((N, 2), dtype=bool)
    known[:, 1] = True
    found = fit_calibration(logits, y, known, SCHEMA)
    assert found["topic"] == (1.0, 0.0)
    assert found["tone"][0] == pytest.approx(0.5, abs=0.06)
    thresholds = fit_thresholds(calibrated(logits, found, SCHEMA), y, known, SCHEMA)
    assert thresholds == {"topic": {"a": 0.5, "b": 0.5}}


# probability of a, is it a, probability of b, is it b
EXAMPLE = [(0.15, 0, 0.55, 0), (0.15, 0, 0.55, 0), (0.35, 1, 0.85, 1), (0.35, 1, 0.85, 1)]
SHARED = 0.255  # f1_micro is 0.8 from 0.16 to 0.35, and at most 2/3 elsewhere
OWN = {"a": 0.255, "b": 0.705}  # the middle of where F1 of the label is 1


def thresholds_of(table: list[tuple[float, int, float, int]]) -> dict[str, float]:
    probabilities, y = (np.zeros((len(table), 5), dtype=np.float32) for _ in range(2))
    for n, (a, is_a, b, is_b) in enumerate(table):
        probabilities[n, :2], y[n, :2] = (a, b), (is_a, is_b)
    known = np.array([[True, False]] * len(table))
    return fit_thresholds(probabilities, y, known, SCHEMA)["topic"]


def test_frequent_labels_get_their_own_best_threshold() -> None:
    assert thresholds_of(EXAMPLE * 2000) == pytest.approx(OWN, abs=0.02)


def test_rare_labels_get_nearly_that_of_the_facet() -> None:
    found = thresholds_of(EXAMPLE)
    assert found["a"] == pytest.approx(SHARED, abs=0.006)
    assert SHARED < found["b"] < SHARED + 0.25 * (OWN["b"] - SHARED)


def test_shrinkage_grows_weaker_with_support() -> None:
    b = [thresholds_of(EXAMPLE * times)["b"] for times in (1, 5, 50, 500)]
    assert b == sorted(set(b))


def test_a_label_never_seen_gets_that_of_the_facet() -> None:
    found = thresholds_of([(a, is_a, 0.05, 0) for a, is_a, *_ in EXAMPLE])
    assert found["a"] == found["b"] == pytest.approx(SHARED, abs=0.006)


def test_threshold_maximises_f1() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(N).round(3)
    y = rng.random(N) < p**2

    def f1(threshold: float) -> float:
        found = p >= threshold
        return float(2 * (found & y).sum() / (found.sum() + y.sum()))

    found = thresholds_of([(a, int(is_a), a, int(is_a)) for a, is_a in zip(p, y, strict=True)])
    assert f1(found["a"]) > max(map(f1, np.arange(0.1, 0.9, 0.01))) - 0.003
    assert f1(found["a"]) > f1(0.9) + 0.1
