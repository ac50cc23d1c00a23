# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

import torch
from torch import nn

from safetynlp.training.gptq import input_moments, round_to_int8

BLOCK = 32


def widened(int8: np.ndarray, scale: np.ndarray) -> np.ndarray:
    matrix: np.ndarray = (int8.astype(np.float64) * scale).reshape(-1, int8.shape[2])
    return matrix


@pytest.fixture(scope="module")
def inputs() -> np.ndarray:
    """Inputs that go together, as those of a network do."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(500, 8)) @ rng.normal(size=(8, 64)) + 0.1 * rng.normal(size=(500, 64))


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(64, 20)).astype(np.float32)


def test_shapes_and_range(inputs: np.ndarray, matrix: np.ndarray) -> None:
    int8, scale = round_to_int8(matrix, inputs.T @ inputs, BLOCK)
    assert int8.shape == (2, BLOCK, 20)
    assert scale.shape == (2, 1, 20)
    assert (int8.dtype, scale.dtype) == (np.dtype("int8"), np.dtype("float32"))
    assert int8.min() >= -127  # symmetric
    assert np.abs(widened(int8, scale) - matrix).max() < 0.2


def test_outputs_change_less_than_by_plain_rounding(inputs: np.ndarray, matrix: np.ndarray) -> None:
    blocks = matrix.reshape(2, BLOCK, 20)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / 127
    plain = (np.round(blocks / scale) * scale).reshape(64, 20)
    found = widened(*round_to_int8(matrix, inputs.T @ inputs, BLOCK))

    def error(rounded: np.ndarray) -> float:
        return float(np.square(inputs @ (rounded - matrix)).mean())

    assert error(found) < 0.5 * error(plain)


def test_unrelated_inputs_are_rounded_plainly(matrix: np.ndarray) -> None:
    int8, scale = round_to_int8(matrix, np.eye(64), BLOCK)
    assert np.abs(widened(int8, scale) - matrix).max() <= scale.max() / 2 + 1e-6


def test_a_column_of_zeros(inputs: np.ndarray) -> None:
    int8, scale = round_to_int8(np.zeros((64, 1), np.float32), inputs.T @ inputs, BLOCK)
    assert not int8.any()
    assert np.isfinite(scale).all()


def test_moments_of_what_goes_in() -> None:
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    batches = [(torch.randn(5, 3),), (torch.randn(2, 7, 3),)]
    moments = input_moments(network, batches, min_elements=9)
    rows = torch.cat([batches[0][0], batches[1][0].reshape(-1, 3)]).double()
    assert set(moments) == {"0"}  # the other has 8 weights
    np.testing.assert_allclose(moments["0"], rows.T @ rows, rtol=1e-5)
    network(torch.full((1, 3), 1e6))
    np.testing.assert_allclose(moments["0"], rows.T @ rows, rtol=1e-5)  # nothing listens on
