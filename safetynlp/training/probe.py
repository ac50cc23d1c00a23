"""Start values of the heads: a linear probe on the frozen encoder.

Fine-tuning from random heads collapses here: every multi-label probability stays at its base rate
for epochs. Heads that start from a probe on the mean-pooled, standardised embedding train at once.
"""

from __future__ import annotations

import numpy as np
import torch

from safetynlp.schema import Schema
from safetynlp.training.loss import facet_loss
from safetynlp.training.model import MultiFacetModel

__all__ = ["init_heads"]


def init_heads(
    model: MultiFacetModel,
    embeddings: np.ndarray,
    lexicon: np.ndarray,
    y: np.ndarray,
    known: np.ndarray,
    schema: Schema,
    *,
    l2: float = 1e-3,
    steps: int = 60,
) -> float:
    """Fit a linear probe by L-BFGS and write it into the model's heads; returns its loss.

    Args:
        embeddings: float32, shape (rows, width): mean-pooled hidden states.
        lexicon: float32, shape (rows, labels).
        y, known: as :func:`safetynlp.labelled.targets` gives them.
        l2: weight of the squared norm of the weights.
        steps: of L-BFGS.
    """
    x = torch.from_numpy(embeddings)
    mean, std = x.mean(dim=0), x.std(dim=0) + 1e-6
    z = (x - mean) / std
    wide, target, mask = map(torch.from_numpy, (lexicon, y, known))
    weight = torch.zeros(y.shape[1], z.shape[1], requires_grad=True)
    wide_weight = torch.zeros(y.shape[1], y.shape[1], requires_grad=True)
    bias = torch.zeros(y.shape[1], requires_grad=True)
    parameters = [weight, wide_weight, bias]
    optimiser = torch.optim.LBFGS(parameters, max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimiser.zero_grad()
        logits = z @ weight.T + wide @ wide_weight.T + bias
        loss = facet_loss(logits, target, mask, schema)
        loss = loss + l2 * (weight.square().sum() + wide_weight.square().sum())
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item()

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():  # fold the standardisation into the heads
        model.weight.copy_(weight / std)
        model.bias.copy_(bias - (weight / std) @ mean)
        model.lexicon_weight.copy_(wide_weight)
    return closure()
