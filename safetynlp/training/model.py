"""The network: a BERT encoder, label-wise attention over its tokens, lexicon hits beside it."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedModel

from safetynlp.errors import ModelError, UsageError
from safetynlp.schema import Schema
from safetynlp.training.lean import LeanEncoder

__all__ = ["MultiFacetModel"]


class MultiFacetModel(nn.Module):
    """One logit per label of all facets.

    For label l with query q_l the tokens' hidden states H (tokens, width) are pooled by
    a_l = softmax(H q_l / √width), v_l = a_lᵀ H, and its logit is w_l · v_l + b_l + u_l · x, with x
    the lexicon features of the segment (label-wise attention: Mullenbach et al. 2018,
    arXiv:1802.05695; wide and deep: Cheng et al. 2016, arXiv:1606.07792). Queries start at zero,
    where the pooling is the mean.
    """

    def __init__(self, encoder: PreTrainedModel, schema: Schema, dropout: float = 0.1) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        n_labels = schema.n_labels
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.query = nn.Parameter(torch.zeros(n_labels, width))
        self.weight = nn.Parameter(torch.zeros(n_labels, width))
        self.bias = nn.Parameter(torch.zeros(n_labels))
        self.lexicon_weight = nn.Parameter(torch.zeros(n_labels, n_labels))
        self.lean: LeanEncoder | None = None  # computes the hidden states in training

    def hidden(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Hidden states of the last layer: float, shape (batch, tokens, width)."""
        if self.training and self.lean is not None:
            return self.lean(input_ids, attention_mask)
        out = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        states: Tensor = out.last_hidden_state
        return states

    def forward(self, input_ids: Tensor, attention_mask: Tensor, lexicon: Tensor) -> Tensor:
        """Logits: float, shape (batch, labels), in schema order.

        Args:
            input_ids: int64, shape (batch, tokens).
            attention_mask: int64, shape (batch, tokens), 1 for a token and 0 for padding.
            lexicon: float, shape (batch, labels), 0.0 or 1.0.
        """
        states = self.dropout(self.hidden(input_ids, attention_mask))
        scores = states @ self.query.T / states.shape[-1] ** 0.5
        padding = (1 - attention_mask).unsqueeze(-1).to(scores.dtype) * -1e4
        attention = torch.softmax(scores + padding, dim=1)  # (batch, tokens, labels)
        # w_l · Σ_t a_tl h_t = Σ_t a_tl (w_l · h_t): no (batch, labels, width) is ever built.
        pooled = (attention * (states @ self.weight.T)).sum(dim=1)
        logits: Tensor = pooled + self.bias + lexicon @ self.lexicon_weight.T
        return logits

    def keep_layers(self, count: int) -> None:
        """Keep ``count`` of the encoder's layers, evenly spread and with the last one.

        Raises:
            UsageError: it has fewer, or its layers are not laid out as BERT's.
        """
        layers = getattr(getattr(self.encoder, "encoder", None), "layer", ())
        if not 1 <= count <= len(layers):
            raise UsageError(
                f"layers is {count}, but the encoder has {len(layers)} that can be chosen from.",
                f"layers 为 {count}，而编码器可供选取的只有 {len(layers)} 层。",
            )
        chosen = [layers[(n + 1) * len(layers) // count - 1] for n in range(count)]
        self.encoder.encoder.layer = nn.ModuleList(chosen)
        self.encoder.config.num_hidden_layers = count

    @classmethod
    def from_encoder(
        cls, path: str | Path, schema: Schema, dropout: float = 0.1
    ) -> MultiFacetModel:
        """A new model on the encoder in a Hugging Face folder (or of a hub id).

        Raises:
            ModelError: it holds no encoder.
        """
        try:
            encoder = AutoModel.from_pretrained(str(path), add_pooling_layer=False)
        except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
            raise _unusable(path, "a BERT checkpoint", "BERT 检查点", error) from error
        return cls(encoder, schema, dropout)

    @classmethod
    def from_config(cls, path: str | Path, schema: Schema) -> MultiFacetModel:
        """A network of the shape in ``config.json`` of a model folder, without its weights.

        Raises:
            ModelError: it describes no encoder.
        """
        try:
            config = AutoConfig.from_pretrained(str(path))
            encoder = AutoModel.from_config(config, add_pooling_layer=False)
        except (OSError, ValueError, TypeError) as error:
            raise _unusable(path, "the shape of a BERT", "BERT 的结构", error) from error
        return cls(encoder, schema)

    def load_weights(self, path: Path) -> None:
        """Load ``model.safetensors`` of a model folder (half precision is widened).

        Raises:
            ModelError: the file is missing or broken, or belongs to a network of another shape.
        """
        try:
            state = {name: tensor.float() for name, tensor in load_file(path).items()}
            self.load_state_dict(state, strict=True)
        except (OSError, SafetensorError, RuntimeError) as error:
            raise _unusable(path, "the weights of this network", "此网络的权重", error) from error


def _unusable(path: str | Path, en: str, zh: str, error: Exception) -> ModelError:
    reason = " ".join(str(error).split())[:300]  # torch explains itself on many lines
    return ModelError(
        f"{path}: not {en}: {reason}. Copy or make it again.",
        f"{path}：不是{zh}：{reason}。请重新复制或制作。",
    )
