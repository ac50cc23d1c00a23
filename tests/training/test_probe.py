# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

import torch
from torch.nn import functional

from safetynlp.schema import Schema
from safetynlp.training.fit import Rows
from safetynlp.training.loss import facet_loss
from safetynlp.training.model import MultiFacetModel
from safetynlp.training.probe import init_heads

SCHEMA = Schema.default()
FUNCTION = next(part for facet, part in SCHEMA.columns() if facet.id == "function")
L2 = 1e-3


@pytest.fixture
def model(base: Path, new_model: Callable[[Path], MultiFacetModel]) -> MultiFacetModel:
    return new_model(base)


@pytest.fixture(scope="module")
def embeddings(rows: Rows) -> np.ndarray:
    """Far from standardised; the texts can be told apart by them."""
    rng = np.random.default_rng(0)
    spread = rng.uniform(0.1, 5.0, 32)
    return (rng.normal(size=(len(rows), 32)) * spread + 10.0).astype(np.float32)


def logits_of_heads(model: MultiFacetModel, embeddings: np.ndarray, rows: Rows) -> torch.Tensor:
    pooled = torch.from_numpy(embeddings) @ model.weight.T
    return pooled + model.bias + torch.from_numpy(rows.lexicon) @ model.lexicon_weight.T


def loss_of(logits: torch.Tensor, rows: Rows) -> float:
    y, known = torch.from_numpy(rows.y), torch.from_numpy(rows.known)
    return facet_loss(logits, y, known, SCHEMA).item()


@torch.no_grad()
def test_loss_falls(model: MultiFacetModel, embeddings: np.ndarray, rows: Rows) -> None:
    untrained = loss_of(torch.zeros(len(rows), 51), rows)

    def fitted(steps: int) -> float:
        with torch.enable_grad():
            init_heads(model, embeddings, rows.lexicon, rows.y, rows.known, SCHEMA, steps=steps)
        return loss_of(logits_of_heads(model, embeddings, rows), rows)

    few, many = fitted(3), fitted(60)
    assert many < few < untrained
    assert many < 0.1 * untrained


def test_standardisation_is_folded_into_the_heads(
    model: MultiFacetModel, embeddings: np.ndarray, rows: Rows
) -> None:
    loss = init_heads(model, embeddings, rows.lexicon, rows.y, rows.known, SCHEMA, l2=L2)
    with torch.no_grad():
        plain = loss_of(logits_of_heads(model, embeddings, rows), rows)
        # The penalty is on the weights of the standardised embedding.
        weight = model.weight * torch.from_numpy(embeddings.std(axis=0, ddof=1) + 1e-6)
        penalty = L2 * (weight.square().sum() + model.lexicon_weight.square().sum()).item()
    assert loss == pytest.approx(plain + penalty, rel=1e-3)
    assert penalty > 0.01


def test_loss_by_hand() -> None:
    y = torch.zeros(2, 51)
    y[0, [0, FUNCTION.start + 2]] = 1.0
    y[1, FUNCTION.start] = 1.0
    logits = torch.linspace(-2, 2, 102).reshape(2, 51)
    known = torch.tensor([[True, False, False, True], [False, False, False, True]])
    sectors = functional.binary_cross_entropy_with_logits(logits[0, :21], y[0, :21]) * 21
    functions = functional.cross_entropy(logits[:, FUNCTION], torch.tensor([2, 0])) * 2
    expected = (sectors + functions).item() / 2
    assert facet_loss(logits, y, known, SCHEMA).item() == pytest.approx(expected, rel=1e-5)


def test_facets_a_row_lacks_contribute_nothing() -> None:
    logits = torch.randn(3, 51, generator=torch.manual_seed(0)).requires_grad_()
    y = torch.zeros(3, 51)
    y[:, FUNCTION.start] = 1.0
    known = torch.tensor(
        [[True, True, True, True], [False, False, False, False], [True, False, True, False]]
    )
    facet_loss(logits, y, known, SCHEMA).backward()  # type: ignore[no-untyped-call]
    gradient = logits.grad
    assert gradient is not None
    for n, (_, part) in enumerate(SCHEMA.columns()):
        assert (gradient[known[:, n], part] != 0).all()
        assert (gradient[~known[:, n], part] == 0).all()


def test_nothing_is_known() -> None:
    known = torch.zeros(2, 4, dtype=torch.bool)
    assert facet_loss(torch.ones(2, 51), torch.ones(2, 51), known, SCHEMA).item() == 0.0


def test_rows_without_a_facet_do_not_move_its_head(
    model: MultiFacetModel, embeddings: np.ndarray, rows: Rows
) -> None:
    known = rows.known.copy()
    known[:, 0] = False  # sector
    init_heads(model, embeddings, rows.lexicon, rows.y, known, SCHEMA)
    assert (model.weight[:21] == 0).all()
    assert (model.bias[:21] == 0).all()
    assert (model.weight[21:] != 0).any()
