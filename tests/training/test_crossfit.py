# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from test_calibrate import SCHEMA

from safetynlp.prediction import calibrated, decide
from safetynlp.training.crossfit import HeldOut, cross_fitted, fit_decision

N = 400


def held_out(seed: int = 0) -> HeldOut:
    """Rows of four folds; labels follow the logits, with noise."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2, size=(N, 5)).astype(np.float32)
    y = np.zeros((N, 5), dtype=np.float32)
    y[:, :2] = logits[:, :2] + rng.normal(size=(N, 2)) > 1
    y[np.arange(N), 2 + logits[:, 2:].argmax(axis=1)] = 1
    return HeldOut(logits, y, np.ones((N, 2), dtype=bool), np.arange(N) % 4)


def test_a_fold_is_decided_by_the_others() -> None:
    rows = held_out()
    probabilities, predictions = cross_fitted(rows, SCHEMA)
    for fold in range(4):
        decision = fit_decision(rows.where(rows.fold != fold), SCHEMA)
        own = rows.where(rows.fold == fold)
        expected = calibrated(own.logits, decision.calibration, SCHEMA)
        np.testing.assert_array_equal(probabilities[rows.fold == fold], expected)
        decided = decide(expected, SCHEMA, decision.thresholds)
        found = [predictions[n] for n in np.flatnonzero(rows.fold == fold)]
        assert found == decided


def test_labels_of_a_fold_do_not_reach_its_own_figures() -> None:
    rows = held_out()
    spoiled = rows.y.copy()
    spoiled[rows.fold == 2] = 1 - spoiled[rows.fold == 2]
    before, _ = cross_fitted(rows, SCHEMA)
    after, _ = cross_fitted(replace(rows, y=spoiled), SCHEMA)
    own = rows.fold == 2
    np.testing.assert_array_equal(before[own], after[own])
    assert not np.array_equal(before[~own], after[~own])


def test_rows_beside_take_part_in_fitting_alone() -> None:
    rows, beside = held_out(), held_out(1)
    probabilities, predictions = cross_fitted(rows, SCHEMA, beside)
    assert len(predictions) == N
    joined = HeldOut.joined([rows.where(rows.fold != 0), beside.where(beside.fold != 0)])
    expected = calibrated(
        rows.where(rows.fold == 0).logits, fit_decision(joined, SCHEMA).calibration, SCHEMA
    )
    np.testing.assert_array_equal(probabilities[rows.fold == 0], expected)
