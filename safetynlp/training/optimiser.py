"""Who learns how fast: parameter groups, and the schedule of the learning rate."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import torch

from safetynlp.training.fit_config import FitConfig
from safetynlp.training.model import MultiFacetModel

__all__ = ["make_optimiser", "rate_at", "set_rate"]


def make_optimiser(model: MultiFacetModel, config: FitConfig) -> torch.optim.Optimizer:
    """AdamW with a group for each learning rate and weight decay.

    The heads learn ``head_rate`` times faster than the last layer of the encoder; each layer
    below learns ``layer_decay`` times as fast as the one above it, and the embeddings, at the
    bottom, once more so (Howard & Ruder 2018, arXiv:1801.06146). Weight decay is for the matrices
    of the encoder. ``group["peak"]`` is the rate at the top of the schedule.
    """
    depth = model.encoder.config.num_hidden_layers
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = defaultdict(list)
    for name, parameter in model.named_parameters():
        if not name.startswith("encoder."):
            rate, decay = config.learning_rate * config.head_rate, 0.0
        else:
            rate = config.learning_rate * config.layer_decay ** (depth - _level(name))
            decay = config.weight_decay if parameter.ndim >= 2 else 0.0
        groups[rate, decay].append(parameter)
    arguments: list[dict[str, Any]] = [
        {"params": parameters, "lr": rate, "peak": rate, "weight_decay": decay}
        for (rate, decay), parameters in groups.items()
    ]
    return torch.optim.AdamW(arguments, fused=True)


def _level(name: str) -> int:
    """0 for the embeddings, n for the n-th layer."""
    found = re.search(r"\.layer\.(\d+)\.", name)
    return int(found[1]) + 1 if found else 0


def set_rate(optimiser: torch.optim.Optimizer, share: float) -> None:
    """Set each group's learning rate to this share of its peak."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * share


def rate_at(step: int, steps: int, warmup: float) -> float:
    """Share of the peak rate at ``step`` (from 0): linear warm-up, then linear decay to zero."""
    rise = max(1, round(steps * warmup))
    return min((step + 1) / rise, max(0.0, (steps - step) / max(1, steps - rise)))
