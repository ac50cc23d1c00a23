# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

import torch
from safetensors.torch import save_file

from safetynlp.errors import ModelError
from safetynlp.schema import Schema
from safetynlp.training.model import MultiFacetModel

SCHEMA = Schema.default()
NewModel = Callable[[Path], MultiFacetModel]


def batch(*lengths: int, width: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Arguments of the network: row n has ``lengths[n]`` tokens, padded to ``width``."""
    width = width or max(lengths)
    ids, mask = torch.ones(len(lengths), width, dtype=torch.long), torch.zeros(len(lengths), width)
    for n, length in enumerate(lengths):
        ids[n, :length] = torch.arange(4, 4 + length)
        mask[n, :length] = 1
    hits = torch.zeros(len(lengths), SCHEMA.n_labels)
    hits[0, 3] = 1.0
    return ids, mask.long(), hits


@torch.no_grad()
def test_shape_of_logits(base: Path, new_model: NewModel) -> None:
    logits = new_model(base)(*batch(5, 3, 9))
    assert logits.shape == (3, 51)
    assert logits.std() > 0.1


@torch.no_grad()
def test_padding_changes_nothing(base: Path, new_model: NewModel) -> None:
    model = new_model(base)
    alone, padded = model(*batch(7)), model(*batch(7, width=40))
    assert torch.allclose(alone, padded, atol=1e-5)
    ids, mask, hits = batch(7, width=40)
    ids[0, 7:] = 50  # whatever stands there
    assert torch.allclose(alone, model(ids, mask, hits), atol=1e-5)


@torch.no_grad()
def test_zero_queries_pool_the_mean(base: Path, new_model: NewModel) -> None:
    model = new_model(base)
    ids, mask, hits = batch(7, 4)
    attended = model(ids, mask, hits)
    model.query.zero_()
    states = model.hidden(ids, mask)
    means = torch.stack([states[0].mean(dim=0), states[1, :4].mean(dim=0)])
    expected = means @ model.weight.T + model.bias + hits @ model.lexicon_weight.T
    assert torch.allclose(model(ids, mask, hits), expected, atol=1e-5)
    assert not torch.allclose(attended, expected, atol=1e-2)


@torch.no_grad()
def test_queries_attend_by_hand(base: Path, new_model: NewModel) -> None:
    model = new_model(base)
    ids, mask, hits = batch(6)
    states, label = model.hidden(ids, mask)[0], 20
    attention = torch.softmax(states @ model.query[label] / 32**0.5, dim=0)
    value = (attention.unsqueeze(1) * states).sum(dim=0) @ model.weight[label] + model.bias[label]
    value += model.lexicon_weight[label, 3]  # the one cue that stands in the text
    assert model(ids, mask, hits)[0, label].item() == pytest.approx(value.item(), abs=1e-5)


@torch.no_grad()
def test_weights_come_back_in_half_precision(
    base: Path, new_model: NewModel, tmp_path: Path
) -> None:
    model = new_model(base)
    state = {name: tensor.half() for name, tensor in model.state_dict().items()}
    save_file(state, tmp_path / "model.safetensors")
    again = MultiFacetModel.from_config(base / "config.json", SCHEMA).eval()
    again.load_weights(tmp_path / "model.safetensors")
    assert all(parameter.dtype == torch.float32 for parameter in again.parameters())
    assert torch.allclose(again(*batch(5, 9)), model(*batch(5, 9)), atol=0.05)
    assert torch.equal(again.weight, model.weight.half().float())


def test_weights_of_another_network(base: Path, new_model: NewModel, tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(51, 8)}, tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match=r"model\.safetensors: not the weights") as caught:
        new_model(base).load_weights(tmp_path / "model.safetensors")
    assert "\n" not in str(caught.value)


def test_weights_are_missing_or_broken(base: Path, new_model: NewModel, tmp_path: Path) -> None:
    model = new_model(base)
    with pytest.raises(ModelError, match="not the weights"):
        model.load_weights(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="not the weights"):
        model.load_weights(tmp_path / "model.safetensors")


def test_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a BERT checkpoint"):
        MultiFacetModel.from_encoder(tmp_path, SCHEMA)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "toy"}), "utf-8")
    with pytest.raises(ModelError, match="not the shape of a BERT"):
        MultiFacetModel.from_config(tmp_path / "config.json", SCHEMA)
