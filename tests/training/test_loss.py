# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

import torch
from torch.distributions import Bernoulli, Categorical, kl_divergence
from torch.nn import functional

from safetynlp.schema import Schema
from safetynlp.training.loss import divergence, facet_loss, positive_weights, soft_loss

SCHEMA = Schema.default()
PARTS = {facet.id: part for facet, part in SCHEMA.columns()}
FUNCTION = PARTS["function"]
ALL = torch.ones(3, 4, dtype=torch.bool)


def logits(seed: int) -> torch.Tensor:
    return torch.randn(3, 51, generator=torch.Generator().manual_seed(seed))


def test_weights_of_positives_by_hand() -> None:
    y, known = np.zeros((100, 51), dtype=np.float32), np.ones((100, 4), dtype=bool)
    y[:4, 0] = 1  # √(96 / 4) = 4.9
    y[:1, 1] = 1  # √99 = 9.9, capped
    y[:80, 2] = 1  # more positives than negatives
    y[:1, FUNCTION.start] = 1
    weights = positive_weights(y, known, SCHEMA, cap=6)
    assert weights[:4].tolist() == pytest.approx([24**0.5, 6, 1, 1])
    assert weights[FUNCTION].tolist() == [1] * 6
    known[50:, 0] = False  # rows that nobody labelled are no negatives
    assert positive_weights(y, known, SCHEMA, cap=6)[0] == pytest.approx((46 / 4) ** 0.5)


def test_positives_weigh_more_and_negatives_do_not() -> None:
    y, weights = torch.zeros(3, 51), torch.ones(51)
    weights[0] = 5
    z = logits(0)
    assert facet_loss(z, y, ALL, SCHEMA, positive=weights) == facet_loss(z, y, ALL, SCHEMA)
    y[1, 0] = 1
    more = facet_loss(z, y, ALL, SCHEMA, positive=weights) - facet_loss(z, y, ALL, SCHEMA)
    assert more.item() == pytest.approx(4 * functional.softplus(-z[1, 0]).item() / 3, rel=1e-4)


def test_soft_targets_of_0_and_1_are_labels() -> None:
    y = (logits(1) > 1).float()
    y[:, FUNCTION] = functional.one_hot(torch.tensor([0, 3, 5]), 6).float()
    hard, soft = facet_loss(logits(0), y, ALL, SCHEMA), soft_loss(logits(0), y, SCHEMA)
    assert soft.item() == pytest.approx(hard.item(), rel=1e-5)


def test_soft_targets_that_are_missing_teach_nothing() -> None:
    z, soft = logits(0).requires_grad_(), torch.full((3, 51), 0.5)
    soft[1, FUNCTION] = torch.nan
    loss = soft_loss(z, soft, SCHEMA)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.isfinite()
    assert z.grad is not None
    assert (z.grad[1, FUNCTION] == 0).all()
    assert (z.grad[0, FUNCTION] != 0).any()


def test_divergence_against_torch() -> None:
    a, b = logits(0), logits(1)
    known = ALL.clone()
    known[2] = False
    expected = 0.0
    for n in (0, 1):
        for facet, part in SCHEMA.columns():
            kind = Bernoulli if facet.kind == "multi" else Categorical
            p, q = kind(logits=a[n, part]), kind(logits=b[n, part])  # type: ignore[no-untyped-call]
            expected += float((kl_divergence(p, q) + kl_divergence(q, p)).sum()) / 2
    assert divergence(a, b, known, SCHEMA).item() == pytest.approx(expected / 3, rel=1e-4)
    assert divergence(a, a, known, SCHEMA).item() == 0
