# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

import torch
from transformers import BertConfig, BertModel

from safetynlp.training.lean import LeanEncoder, lean_encoder
from safetynlp.training.model import MultiFacetModel

IDS = torch.tensor([[0, 5, 6, 7, 8, 2], [0, 9, 10, 2, 1, 1]])
MASK = (IDS != 1).long()


@pytest.fixture
def encoder(base: Path, new_model: Callable[[Path], MultiFacetModel]) -> BertModel:
    return new_model(base).encoder  # type: ignore[return-value]


def test_same_states_and_gradients(encoder: BertModel) -> None:
    lean = lean_encoder(encoder)
    assert lean is not None
    found = []
    for states in (
        lean(IDS, MASK, drop=False),
        encoder(input_ids=IDS, attention_mask=MASK).last_hidden_state,
    ):
        encoder.zero_grad()
        (states[MASK > 0] ** 3).sum().backward()
        gradients = [p.grad.clone() for p in encoder.parameters() if p.grad is not None]
        found.append((states.detach()[MASK > 0], gradients))
    (states, gradients), (expected, expected_gradients) = found
    assert torch.allclose(states, expected, atol=1e-5)
    assert len(gradients) == len(expected_gradients) == len(list(encoder.parameters()))
    for one, other in zip(gradients, expected_gradients, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-3)


def test_dropout_keeps_the_mean_and_follows_the_seed(encoder: BertModel) -> None:
    lean = LeanEncoder(encoder)
    ones = torch.ones(1000, 1000)
    dropped = lean._dropped(ones, 0.1, True)
    assert (dropped == 0).float().mean().item() == pytest.approx(26 / 256, abs=2e-3)
    assert dropped.mean().item() == pytest.approx(1, abs=2e-3)
    lean.seed(0)
    assert torch.equal(lean._dropped(ones, 0.1, True), dropped)
    assert not torch.equal(lean._dropped(ones, 0.1, True), dropped)
    assert lean._dropped(ones, 0.0, True) is ones


def test_another_architecture_is_left_alone() -> None:
    config = BertConfig(
        vocab_size=40,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        hidden_act="relu",
        initializer_range=0.5,
    )
    assert lean_encoder(BertModel(config, add_pooling_layer=False)) is None
    config.hidden_act = "gelu"
    assert lean_encoder(BertModel(config, add_pooling_layer=False)) is not None
