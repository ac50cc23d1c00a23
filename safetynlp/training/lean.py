"""BERT's forward pass for training on a processor: the same function, fewer trips to memory.

There the passes over large arrays take longer than the matrix products: transformers' own forward
casts the attention to float32 and back, makes three products where one does, and draws each
dropout mask number by number. This one gives the same hidden states and gradients; its dropout has
the same distribution, with a rate rounded to a 256th.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

__all__ = ["LeanEncoder", "lean_encoder"]

_LEVELS = 256  # values of the byte that decides whether a number is dropped


class LeanEncoder:
    """Hidden states of a ``BertModel``, with its dropout.

    Args:
        encoder: whose parameters it uses, as they are at each call.
    """

    def __init__(self, encoder: PreTrainedModel) -> None:
        self._encoder = encoder
        self._heads = encoder.config.num_attention_heads
        self._rate = encoder.embeddings.dropout.p
        self._attention_rate = encoder.encoder.layer[0].attention.self.dropout.p
        self.seed(0)

    def seed(self, seed: int) -> None:
        """Begin a sequence of dropout masks; equal ones for equal seeds."""
        self._random = np.random.Generator(np.random.SFC64(seed))

    def __call__(self, input_ids: Tensor, attention_mask: Tensor, *, drop: bool = True) -> Tensor:
        """Hidden states of the last layer: float, shape (batch, tokens, width).

        Args:
            input_ids, attention_mask: as :meth:`MultiFacetModel.forward` takes them.
            drop: False: without dropout.
        """
        embeddings = self._encoder.embeddings
        words = embeddings.word_embeddings(input_ids) + embeddings.token_type_embeddings.weight[0]
        states = words + embeddings.position_embeddings.weight[: input_ids.shape[1]]
        states = self._dropped(embeddings.LayerNorm(states), self._rate, drop)
        padding = ((1 - attention_mask) * -1e4)[:, None, None, :]
        for layer in self._encoder.encoder.layer:
            attended = self._attended(layer.attention.self, states, padding, drop)
            states = self._joined(layer.attention.output, attended, states, drop)
            inner = functional.gelu(layer.intermediate.dense(states))
            states = self._joined(layer.output, inner, states, drop)
        return states

    def _attended(self, layer: Any, states: Tensor, padding: Tensor, drop: bool) -> Tensor:
        parts = (layer.query, layer.key, layer.value)
        weight = torch.cat([part.weight for part in parts])
        bias = torch.cat([part.bias for part in parts])
        batch, tokens, width = states.shape
        projected = functional.linear(states, weight, bias)
        query, key, value = projected.view(batch, tokens, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
        scores = torch.matmul(query * query.shape[-1] ** -0.5, key.transpose(-1, -2))
        attention = torch.softmax(scores + padding.to(scores.dtype), dim=-1)
        attention = self._dropped(attention, self._attention_rate, drop)
        return torch.matmul(attention, value).transpose(1, 2).reshape(batch, tokens, width)

    def _joined(self, layer: Any, states: Tensor, residual: Tensor, drop: bool) -> Tensor:
        out = self._dropped(layer.dense(states), self._rate, drop)
        return cast("Tensor", layer.LayerNorm(residual + out))

    def _dropped(self, states: Tensor, rate: float, drop: bool) -> Tensor:
        dropped = round(rate * _LEVELS)
        if not drop or not dropped:
            return states
        count = states.numel()
        words = self._random.integers(2**64, size=count // 8 + 1, dtype=np.uint64)
        kept = torch.from_numpy(words.view(np.uint8)[:count]).view(states.shape) >= dropped
        # Multiplied in the forward and the backward pass: the dtype of the states is the fastest.
        return states * kept.to(states.dtype).mul_(_LEVELS / (_LEVELS - dropped))


def lean_encoder(encoder: PreTrainedModel) -> LeanEncoder | None:
    """A lean forward pass for ``encoder``; None where it would not compute the same.

    That is found out by trying: architectures differ in more than their names tell.
    """
    config = encoder.config
    width = min(16, config.max_position_embeddings)
    ids = torch.arange(2 * width).view(2, width) % config.vocab_size
    mask = torch.ones_like(ids)
    mask[1, width // 2 :] = 0
    training = encoder.training
    try:
        lean = LeanEncoder(encoder)
        with torch.no_grad():
            encoder.eval()
            expected = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
            found = lean(ids, mask, drop=False)
    except (AttributeError, RuntimeError, TypeError):
        return None
    finally:
        encoder.train(training)
    same = torch.allclose(found[mask > 0], expected[mask > 0], rtol=1e-3, atol=1e-4)
    return lean if same else None
