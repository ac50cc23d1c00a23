"""Write a trained network as a model folder: ONNX in int8, half-precision weights, settings."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from torch import Tensor

from safetynlp.classifier import ModelSettings
from safetynlp.errors import UsageError
from safetynlp.training.gptq import input_moments, round_to_int8
from safetynlp.training.model import MultiFacetModel

__all__ = ["check_target", "export_onnx", "quantise", "write_model_folder"]

_OPSET = 17
_BLOCK = 32  # weights that share a scale
_MIN_QUANTISED = 100_000  # elements: smaller matrices save nothing


class _EagerAttention:
    """Exports trace plain attention: the fused kernel's graph cannot be optimised or quantised."""

    def __init__(self, model: MultiFacetModel) -> None:
        self._config = model.encoder.config

    def __enter__(self) -> None:
        self._before = self._config._attn_implementation
        self._config._attn_implementation = "eager"

    def __exit__(self, *_: object) -> None:
        self._config._attn_implementation = self._before


def export_onnx(model: MultiFacetModel, path: Path) -> None:
    """Write the network in full precision to ``path``.

    Inputs: ``input_ids`` and ``attention_mask`` int64 (batch, tokens), ``lexicon`` float32
    (batch, labels). Output: ``logits`` float32 (batch, labels).
    """
    model.eval()
    n_labels = model.bias.shape[0]
    example = (
        torch.ones(2, 8, dtype=torch.long),
        torch.ones(2, 8, dtype=torch.long),
        torch.zeros(2, n_labels),
    )
    with torch.no_grad(), _EagerAttention(model), warnings.catch_warnings():
        # This exporter is told to be old; the new one writes graphs that cannot be quantised here.
        # The rest is about branches and negative indices, which this network has not.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            example,
            str(path),
            input_names=["input_ids", "attention_mask", "lexicon"],
            output_names=["logits"],
            dynamic_axes={
                "input_ids": {0: "batch", 1: "tokens"},
                "attention_mask": {0: "batch", 1: "tokens"},
                "lexicon": {0: "batch"},
                "logits": {0: "batch"},
            },
            opset_version=_OPSET,
            dynamo=False,
        )


def quantise(source: Path, target: Path, moments: Mapping[str, np.ndarray]) -> None:
    """Store the large matrices in int8, with a scale for every 32 weights.

    Only storage is quantised: the matrices of the layers are widened once as the model is loaded,
    rows of the embedding table as they are looked up, and all arithmetic is in float32. With
    activations in int8 too (dynamic quantisation) every fifth segment got other labels, and other
    labels again in other batches, for one scale served all tokens of a batch.

    Args:
        source: full-precision ONNX. target: file to write.
        moments: of the inputs of the linear layers, by name; see
            :func:`safetynlp.training.gptq.input_moments`. Layers without are rounded plainly.
    """
    model = onnx.load(str(source))
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    stored: dict[str, np.ndarray] = {}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        position = {"MatMul": 1, "Gather": 0}.get(node.op_type)
        name = node.input[position] if position is not None else ""
        if name not in weights or np.prod(weights[name].dims) < _MIN_QUANTISED:
            nodes.append(node)
            continue
        matrix = numpy_helper.to_array(weights.pop(name))
        if node.op_type == "MatMul":
            layer = node.name.removesuffix("/MatMul").strip("/").replace("/", ".")
            nodes += [*_widened(name, matrix, moments.get(layer), stored), node]
        else:
            nodes += _looked_up(node, matrix, stored)
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(weights.values())
    graph.initializer.extend(numpy_helper.from_array(v, name) for name, v in stored.items())
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


def _widened(
    name: str, matrix: np.ndarray, moments: np.ndarray | None, stored: dict[str, np.ndarray]
) -> list[onnx.NodeProto]:
    """Nodes that give float32 ``name`` from int8; they have constant inputs and run once."""
    int8, scale, shape = f"{name}.int8", f"{name}.scale", f"{name}.shape"
    rows, columns = matrix.shape
    if moments is None:
        stored[int8], stored[scale] = _int8(matrix.reshape(-1, _BLOCK, columns), axis=1)
    else:
        stored[int8], stored[scale] = round_to_int8(matrix, moments, _BLOCK)
    stored[shape] = np.array([rows, columns], dtype=np.int64)
    return [
        helper.make_node("Cast", [int8], [f"{name}.cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}.cast", scale], [f"{name}.blocks"]),
        helper.make_node("Reshape", [f"{name}.blocks", shape], [name]),
    ]


def _looked_up(
    node: onnx.NodeProto, matrix: np.ndarray, stored: dict[str, np.ndarray]
) -> list[onnx.NodeProto]:
    """Nodes that look up rows of an int8 table and widen just those."""
    name, indices = node.input
    int8, scale, shape, out = f"{name}.int8", f"{name}.scale", f"{name}.shape", node.output[0]
    rows, columns = matrix.shape
    stored[int8], stored[scale] = _int8(matrix.reshape(rows, -1, _BLOCK), axis=2)
    stored[shape] = np.array([0, 0, columns], dtype=np.int64)  # 0 keeps batch and tokens
    return [
        helper.make_node("Gather", [int8, indices], [f"{out}.int8"]),
        helper.make_node("Gather", [scale, indices], [f"{out}.scale"]),
        helper.make_node("Cast", [f"{out}.int8"], [f"{out}.cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{out}.cast", f"{out}.scale"], [f"{out}.blocks"]),
        helper.make_node("Reshape", [f"{out}.blocks", shape], [out]),
    ]


def _int8(blocks: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric int8 and its float32 scale, one per run of ``_BLOCK`` weights along ``axis``."""
    scale = np.maximum(np.abs(blocks).max(axis=axis, keepdims=True), 1e-12) / 127.0
    return np.round(blocks / scale).astype(np.int8), scale.astype(np.float32)


def write_model_folder(
    out: Path,
    model: MultiFacetModel,
    tokenizer_file: Path,
    settings: ModelSettings,
    samples: Sequence[tuple[Tensor, ...]],
    finish: Callable[[Path], None] | None = None,
) -> None:
    """Write the model folder; it appears whole or not at all.

    Args:
        out: a new folder, or a model folder that it takes the place of.
        samples: some batches of the network's arguments, which decide how weights are rounded.
        finish: called with the folder before it appears, to add files to it.

    Raises:
        UsageError: ``out`` cannot be written, or holds something else than a model.
    """
    check_target(out)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as scratch:
        folder = Path(scratch) / out.name
        folder.mkdir()
        config = model.encoder.config.to_dict()
        config["architectures"] = ["MultiFacetModel"]
        config.pop("_name_or_path", None)  # a path of this machine
        (folder / "config.json").write_text(json.dumps(config, indent=1), "utf-8")
        shutil.copy(tokenizer_file, folder / "tokenizer.json")
        (folder / "safetynlp.json").write_text(settings.to_json(), "utf-8")
        state = {k: v.detach().half().contiguous() for k, v in model.state_dict().items()}
        save_file(state, folder / "model.safetensors")
        # It is made readable by its owner alone, unlike the rest.
        shutil.copymode(folder / "config.json", folder / "model.safetensors")
        full = Path(scratch) / "full.onnx"
        export_onnx(model, full)
        quantise(full, folder / "model.onnx", input_moments(model, samples, _MIN_QUANTISED))
        if finish is not None:
            finish(folder)
        _put_in_place(folder, out, Path(scratch) / "old")


def check_target(out: Path) -> None:
    """Refuse a place for a model folder where something else would be lost.

    Raises:
        UsageError: ``out`` cannot be written, or holds something else than a model.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        foreign = out.exists() and not (out / "safetynlp.json").is_file() and any(out.iterdir())
    except OSError as error:
        raise UsageError(
            f"{out}: no model folder can be written here: {error}. Name another folder.",
            f"{out}：此处无法写入模型文件夹：{error}。请换一个文件夹。",
        ) from error
    if foreign:
        raise UsageError(
            f"{out}: holds other things than a model, which would be lost. Name a new folder.",
            f"{out}：其中有模型以外的内容，写入会使其丢失。请换一个新文件夹。",
        )


def _put_in_place(folder: Path, out: Path, aside: Path) -> None:
    """Rename ``folder`` to ``out``; the one that stood there goes ``aside``, and back on failure."""
    if out.exists():
        out.rename(aside)
    try:
        folder.rename(out)
    except OSError:
        if aside.exists():
            aside.rename(out)
        raise
