"""Settings of one training run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch

from safetynlp.errors import UsageError

__all__ = ["FitConfig", "check_types"]

MIN_TOKENS = 8  # a model folder may not ask for fewer

_KINDS: Mapping[Any, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "bool | None": (bool, type(None)),
    "int | None": (int, type(None)),
}


@dataclass(frozen=True, slots=True)
class FitConfig:
    """Settings of one training run, checked at birth.

    Raises:
        UsageError: a value out of range.
    """

    epochs: int = 4
    batch_size: int = 32  # segments of one step, over all processes together
    learning_rate: float = 1e-4  # of the encoder
    head_rate: float = 3.0  # the heads learn this many times faster
    weight_decay: float = 0.01
    warmup: float = 0.06  # share of the steps
    max_grad_norm: float = 1.0
    dropout: float = 0.1
    concat: float = 0.3  # share of samples that are two or three segments in one
    lexicon_dropout: float = 0.3  # share of samples that do not see the lexicon
    max_tokens: int = 256
    seed: int = 0
    probe: bool = True  # start the heads from a linear probe; else go on from what they are
    bf16: bool | None = None  # mixed precision; None: where the machine computes in 16 bits
    patience: int = 0  # stop after so many epochs without a better validation figure; 0: never
    average: int = 1  # the weights are the mean of those after this many last epochs
    layers: int | None = None  # keep so many of the encoder's layers, evenly spread; None: all
    layer_decay: float = 1.0  # each layer learns this many times slower than the one above it
    positive_weight: float = 0.0  # cap of the weight of rare labels' positives, from 1; 0: off
    label_smoothing: float = 0.0  # of single-label facets
    rdrop: float = 0.0  # weight of the divergence between two dropouts (R-Drop); 0: off
    distill: float = 0.0  # share of the loss that is against a teacher's probabilities

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("warmup", "dropout", "concat", "lexicon_dropout", "label_smoothing"):
            self._check(name, "a share in [0, 1)", "应在 [0, 1) 之间", lambda x: 0 <= x < 1)
        for name in ("epochs", "batch_size", "learning_rate", "head_rate", "max_grad_norm"):
            self._check(name, "a number above 0", "应为大于 0 的数", lambda x: 0 < x < math.inf)
        for name in ("weight_decay", "patience", "rdrop"):
            self._check(name, "a number from 0", "应为非负数", lambda x: 0 <= x < math.inf)
        for name in ("average", *(["layers"] if self.layers is not None else [])):
            self._check(name, "at least 1", "应不小于 1", lambda x: x >= 1)
        self._check(
            "max_tokens",
            f"at least {MIN_TOKENS}",
            f"应不小于 {MIN_TOKENS}",
            lambda x: x >= MIN_TOKENS,
        )
        self._check("layer_decay", "a factor in (0, 1]", "应在 (0, 1] 之间", lambda x: 0 < x <= 1)
        self._check("distill", "a share in [0, 1]", "应在 [0, 1] 之间", lambda x: 0 <= x <= 1)
        self._check(
            "positive_weight",
            "0 (off) or a number from 1",
            "应为 0（关闭）或不小于 1 的数",
            lambda x: x == 0 or 1 <= x < math.inf,
        )

    def _check(self, name: str, en: str, zh: str, holds: Any) -> None:
        value = getattr(self, name)
        if not holds(value):
            raise UsageError(f"{name} is {value}, expected {en}.", f"{name} 为 {value}，{zh}。")

    @property
    def mixed_precision(self) -> bool:
        """Whether to train in bfloat16: emulated, without the instructions, it is 20 times slower."""
        return bfloat16_is_native() if self.bf16 is None else self.bf16


def check_types(settings: Any) -> None:
    """Refuse settings whose values are not of the declared types, as a file may give them.

    Args:
        settings: a dataclass instance; fields of other types than ``str``, ``int``, ``float``,
            ``bool`` and the like ``| None`` are not looked at. An ``int`` is a ``float`` too, a
            ``bool`` neither.

    Raises:
        UsageError: names the first such field.
    """
    for entry in fields(settings):
        if entry.type not in _KINDS:
            continue
        value, kinds = getattr(settings, entry.name), _KINDS[entry.type]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise UsageError(
                f"{entry.name} is {value!r}, expected {entry.type}.",
                f"{entry.name} 为 {value!r}，类型应为 {entry.type}。",
            )


def bfloat16_is_native() -> bool:
    """Whether this processor multiplies bfloat16 matrices itself."""
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, probe, lambda: False)() for probe in probes)
