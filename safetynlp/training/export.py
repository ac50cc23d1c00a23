"""Write a trained network as a model folder: ONNX in int8, half-precision weights, settings."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file

from safetynlp.classifier import ModelSettings
from safetynlp.training.model import MultiFacetModel

__all__ = ["export_onnx", "quantise", "write_model_folder"]

_OPSET = 17


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
    with torch.no_grad(), _EagerAttention(model):
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


def quantise(source: Path, target: Path, *, heads: int, width: int) -> None:
    """Fuse the transformer's operators and store its matrices in int8.

    Activations are quantised as the model runs (dynamic quantisation). Weights take 7 of the 8
    bits: processors without VNNI add pairs of products in 16 bits, and full-range weights
    overflow there, differently from machine to machine.

    Args:
        source: full-precision ONNX. target: file to write.
        heads, width: attention heads and hidden size of the encoder.
    """
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers.optimizer import optimize_model

    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        fused = Path(scratch) / "fused.onnx"
        optimised = optimize_model(
            str(source), model_type="bert", num_heads=heads, hidden_size=width, opt_level=0
        )
        optimised.save_model_to_file(str(fused))
        quantize_dynamic(
            fused,
            target,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            # Fused operators are unknown to shape inference: say what flows between them.
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
        )


def write_model_folder(
    out: Path, model: MultiFacetModel, tokenizer_file: Path, settings: ModelSettings
) -> None:
    """Write the model folder; it appears whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as scratch:
        folder = Path(scratch) / out.name
        folder.mkdir()
        config = model.encoder.config.to_dict()
        config["architectures"] = ["MultiFacetModel"]
        (folder / "config.json").write_text(json.dumps(config, indent=1), "utf-8")
        shutil.copy(tokenizer_file, folder / "tokenizer.json")
        (folder / "safetynlp.json").write_text(settings.to_json(), "utf-8")
        state = {k: v.detach().half().contiguous() for k, v in model.state_dict().items()}
        save_file(state, folder / "model.safetensors")
        full = Path(scratch) / "full.onnx"
        export_onnx(model, full)
        quantise(
            full,
            folder / "model.onnx",
            heads=config["num_attention_heads"],
            width=config["hidden_size"],
        )
        if out.exists():
            shutil.rmtree(out)
        folder.rename(out)
