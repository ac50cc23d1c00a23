"""Weights back from a ``model.onnx`` that :mod:`safetynlp.training.export` wrote.

A wheel carries the int8 network alone. Its matrices, widened again, differ from those that were
trained by the rounding, and are good enough to train further from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from safetynlp.errors import ModelError

__all__ = ["weights_of"]

# The products outside every layer, in the order of MultiFacetModel.forward.
_HEADS = {"/MatMul": "query", "/MatMul_1": "weight", "/MatMul_2": "lexicon_weight"}


def weights_of(path: Path, names: Iterable[str]) -> dict[str, Tensor]:
    """The weights of a network as float32.

    An initialiser either has the name of the weight, or is found by the node that uses it: the
    exporter transposes and renames matrices, and keeps one of several equal vectors.

    Args:
        path: ``model.onnx``. names: of the weights wanted, as in the state of a
            :class:`safetynlp.training.model.MultiFacetModel`.

    Raises:
        ModelError: it is no such file, or a weight is not in it.
    """
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # protobuf's own class, which its stubs do not tell of
        raise _unusable(path, str(error)) from error
    stored = _stored({t.name: numpy_helper.to_array(t) for t in graph.initializer})
    used = _by_layer(graph.node, stored)
    found: dict[str, Tensor] = {}
    for name in names:
        array = stored.get(name, used.get(name))
        if array is None:
            raise _unusable(path, f"it has no {name}")
        found[name] = torch.from_numpy(np.array(array, dtype=np.float32))
    return found


def _stored(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays by name, those in int8 widened to the shape they had."""
    plain = {}
    for name, array in arrays.items():
        whole = name.removesuffix(".int8")
        if whole == name:
            plain[name] = array
            continue
        blocks = array.astype(np.float32) * arrays[f"{whole}.scale"]
        # A matrix has (blocks, 32, outputs), a table (rows, blocks, 32): see export.quantise.
        is_table = len(arrays[f"{whole}.shape"]) == 3
        plain[whole] = blocks.reshape((blocks.shape[0], -1) if is_table else (-1, blocks.shape[2]))
    return plain


def _by_layer(
    nodes: Iterable[onnx.NodeProto], stored: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Weights by the names that they have in the layer whose node uses them."""
    found: dict[str, np.ndarray] = {}
    known = dict(stored)
    for node in nodes:
        constants = [known[name] for name in node.input if name in known]
        layer = node.name.rpartition("/")[0].strip("/").replace("/", ".")
        if not constants:
            continue
        if node.op_type == "Identity":  # how one of several equal vectors stands for another
            known[node.output[0]] = constants[0]
        elif node.name in _HEADS:
            found[_HEADS[node.name]] = constants[0].T
        elif node.op_type == "MatMul":
            found[f"{layer}.weight"] = constants[0].T
        elif node.op_type == "Add":
            found[f"{layer}.bias" if layer else "bias"] = constants[0]
        elif node.op_type == "Gather":
            found[f"{layer}.weight"] = constants[0]
        elif node.op_type == "LayerNormalization":
            found[f"{layer}.weight"], found[f"{layer}.bias"] = constants
    return found


def _unusable(path: Path, reason: str) -> ModelError:
    reason = " ".join(reason.split())[:300]
    return ModelError(
        f"{path}: no weights can be read back from it: {reason}. Expected a model.onnx of "
        "`safetynlp train`; copy the folder again.",
        f"{path}：无法从中读回权重：{reason}。应为 `safetynlp train` 写出的 model.onnx，请重新复制。",
    )
