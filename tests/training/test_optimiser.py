# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from safetynlp.errors import UsageError
from safetynlp.schema import Schema
from safetynlp.training.fit import FitConfig
from safetynlp.training.model import MultiFacetModel
from safetynlp.training.optimiser import make_optimiser, rate_at, set_rate


def test_rates_by_depth(base: Path) -> None:
    model = MultiFacetModel.from_encoder(base, Schema.default())
    config = FitConfig(learning_rate=1.0, head_rate=3.0, layer_decay=0.5, weight_decay=0.1)
    optimiser = make_optimiser(model, config)
    settings = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in optimiser.param_groups
        for parameter in group["params"]
    }
    found = {name: settings[id(p)] for name, p in model.named_parameters()}
    assert len(found) == len(list(model.parameters()))
    assert found["query"] == (3.0, 0.0)
    assert found["encoder.encoder.layer.1.output.dense.weight"] == (1.0, 0.1)
    assert found["encoder.encoder.layer.1.output.dense.bias"] == (1.0, 0.0)
    assert found["encoder.encoder.layer.0.output.dense.weight"] == (0.5, 0.1)
    assert found["encoder.embeddings.word_embeddings.weight"] == (0.25, 0.1)
    set_rate(optimiser, 0.1)
    assert {group["lr"] for group in optimiser.param_groups} == {
        0.30000000000000004,
        0.1,
        0.05,
        0.025,
    }


def test_schedule() -> None:
    rates = [rate_at(step, 10, 0.2) for step in range(11)]
    assert rates == [0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0]


def test_kept_layers(base: Path) -> None:
    model = MultiFacetModel.from_encoder(base, Schema.default())
    last = model.encoder.encoder.layer[1]
    with pytest.raises(UsageError, match="layers is 3, but the encoder has 2"):
        model.keep_layers(3)
    model.keep_layers(1)
    assert list(model.encoder.encoder.layer) == [last]
    assert model.encoder.config.num_hidden_layers == 1
