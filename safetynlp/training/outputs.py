"""What a network says of rows, without training it."""

from __future__ import annotations

import numpy as np
import torch

from safetynlp.training.model import MultiFacetModel
from safetynlp.training.rows import Rows, batches_of
from safetynlp.training.workers import Workers

__all__ = ["embeddings_of", "logits_of"]


@torch.no_grad()
def logits_of(model: MultiFacetModel, rows: Rows, max_tokens: int = 256) -> np.ndarray:
    """Logits of all rows in full precision: float32, shape (rows, labels).

    The network is left in evaluation mode, on the device it is on.

    Args:
        max_tokens: longer rows are cut to that many, with the end marks.
    """
    model.eval()
    device = model.bias.device
    out = np.zeros(rows.y.shape, dtype=np.float32)
    for batch, arguments in batches_of(rows, model.encoder.config.pad_token_id, max_tokens):
        out[batch] = model(*(tensor.to(device) for tensor in arguments)).cpu().numpy()
    return out


@torch.no_grad()
def embeddings_of(
    model: MultiFacetModel, rows: Rows, max_tokens: int, team: Workers, *, mixed: bool
) -> np.ndarray:
    """Mean-pooled hidden states: float32, shape (rows, width).

    Args:
        team: whose device the network is on. mixed: whether to compute in 16 bits.
    """
    model.eval()
    out = np.zeros((len(rows), model.query.shape[1]), dtype=np.float32)
    for batch, arguments in batches_of(rows, model.encoder.config.pad_token_id, max_tokens):
        input_ids, mask = (tensor.to(team.device) for tensor in arguments[:2])
        with team.autocast(mixed):
            hidden = model.hidden(input_ids, mask)
        weights = mask.unsqueeze(-1).float()
        mean = (hidden.float() * weights).sum(dim=1) / weights.sum(dim=1)
        out[batch] = mean.cpu().numpy()
    return out
