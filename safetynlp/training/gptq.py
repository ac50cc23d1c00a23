"""Round weights to int8 so that the outputs of their layer change least.

GPTQ (Frantar et al. 2022, arXiv:2210.17323): weights are rounded one input after the other, and
what a rounding changes in the output is made up for by the weights not yet rounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["input_moments", "round_to_int8"]

_DAMPING = 0.01  # share of the mean diagonal added to the moments, as in the paper


@torch.no_grad()
def input_moments(
    model: nn.Module, batches: Sequence[tuple[Tensor, ...]], min_elements: int
) -> dict[str, np.ndarray]:
    """Second moments XᵀX of what goes into every linear layer.

    Args:
        model: run once on each of the ``batches`` of arguments.
        min_elements: layers with fewer weights are left out.

    Returns: name of the layer → float64, shape (inputs, inputs).
    """
    moments: dict[str, np.ndarray] = {}
    layers = {
        name: layer
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear) and layer.weight.numel() >= min_elements
    }
    model.eval()
    with _watched(layers, moments):
        for batch in batches:
            model(*batch)
    return moments


@contextmanager
def _watched(layers: dict[str, nn.Linear], moments: dict[str, np.ndarray]) -> Iterator[None]:
    def add(name: str, x: Tensor) -> None:
        flat = x.reshape(-1, x.shape[-1])
        moments[name] = moments.get(name, 0.0) + (flat.T @ flat).double().numpy()

    handles = [
        layer.register_forward_pre_hook(lambda _, args, name=name: add(name, args[0]))
        for name, layer in layers.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def round_to_int8(
    matrix: np.ndarray, moments: np.ndarray, block: int
) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric int8 with one scale for every ``block`` inputs of an output.

    Args:
        matrix: float32, shape (inputs, outputs); ``inputs`` is a multiple of ``block``.
        moments: second moments of the inputs, shape (inputs, inputs).

    Returns: int8, shape (inputs / block, block, outputs), and float32 scales, shape
    (inputs / block, 1, outputs).
    """
    n_inputs, n_outputs = matrix.shape
    damped = moments + _DAMPING * np.mean(np.diag(moments)) * np.eye(n_inputs)
    upper = np.linalg.cholesky(np.linalg.inv(damped)).T
    left = matrix.astype(np.float64)
    rounded = np.zeros((n_inputs, n_outputs), dtype=np.int8)
    scales = np.zeros((n_inputs // block, n_outputs))
    for i in range(n_inputs):
        if i % block == 0:
            scales[i // block] = np.maximum(np.abs(left[i : i + block]).max(axis=0), 1e-12) / 127
        scale = scales[i // block]
        rounded[i] = np.clip(np.round(left[i] / scale), -127, 127)
        error = (left[i] - rounded[i] * scale) / upper[i, i]
        left[i + 1 :] -= np.outer(upper[i, i + 1 :], error)
    return rounded.reshape(-1, block, n_outputs), scales[:, None].astype(np.float32)
