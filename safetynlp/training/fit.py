"""Train the network: linear probe, then fine-tuning."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from safetynlp.errors import ModelError, UsageError
from safetynlp.labelled import LabelledRow, targets
from safetynlp.lexicon import Lexicon
from safetynlp.schema import Schema
from safetynlp.training.model import MultiFacetModel
from safetynlp.training.probe import facet_loss, init_heads

__all__ = [
    "FitConfig",
    "Rows",
    "batches_of",
    "check_types",
    "fit",
    "load_tokenizer",
    "logits_of",
]

MIN_TOKENS = 8  # a model folder may not ask for fewer

_KINDS: Mapping[Any, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "bool | None": (bool, type(None)),
}


@dataclass(frozen=True, slots=True)
class FitConfig:
    """Settings of one training run, checked at birth.

    Raises:
        UsageError: a value out of range.
    """

    epochs: int = 4
    batch_size: int = 32  # segments
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
    bf16: bool | None = None  # mixed precision; None: where the processor computes in bfloat16

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("warmup", "dropout", "concat", "lexicon_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(
                    f"{name} is {getattr(self, name)}, expected a share in [0, 1).",
                    f"{name} 为 {getattr(self, name)}，应在 [0, 1) 之间。",
                )
        for name in ("epochs", "batch_size", "learning_rate", "head_rate", "max_grad_norm"):
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(
                    f"{name} is {getattr(self, name)}, expected a number above 0.",
                    f"{name} 为 {getattr(self, name)}，应为大于 0 的数。",
                )
        if not 0 <= self.weight_decay < math.inf:
            raise UsageError(
                f"weight_decay is {self.weight_decay}, expected a number from 0.",
                f"weight_decay 为 {self.weight_decay}，应为非负数。",
            )
        if self.max_tokens < MIN_TOKENS:
            raise UsageError(
                f"max_tokens is {self.max_tokens}, expected at least {MIN_TOKENS}.",
                f"max_tokens 为 {self.max_tokens}，应不小于 {MIN_TOKENS}。",
            )

    @property
    def mixed_precision(self) -> bool:
        """Whether to train in bfloat16: emulated, without the instructions, it is 20 times slower."""
        return bfloat16_is_native() if self.bf16 is None else self.bf16


def check_types(settings: Any) -> None:
    """Refuse settings whose values are not of the declared types, as a file may give them.

    Args:
        settings: a dataclass instance; fields of other types than ``str``, ``int``, ``float`` and
            ``bool | None`` are not looked at. An ``int`` is a ``float`` too, a ``bool`` neither.

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


@dataclass(frozen=True)
class Rows:
    """Labelled rows as the network takes them; index n is the same row everywhere."""

    ids: list[list[int]]  # token ids with <s> and </s>
    lexicon: np.ndarray  # float32, (rows, labels)
    y: np.ndarray  # float32, (rows, labels)
    known: np.ndarray  # bool, (rows, facets)

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, indices: Sequence[int]) -> Rows:
        """These rows alone, in this order."""
        chosen = list(indices)
        return Rows(
            [self.ids[n] for n in chosen], self.lexicon[chosen], self.y[chosen], self.known[chosen]
        )

    @classmethod
    def encode(
        cls, rows: Sequence[LabelledRow], tokenizer: Tokenizer, lexicon: Lexicon, schema: Schema
    ) -> Rows:
        """Tokenise and look up the lexicon."""
        texts = [row.text for row in rows]
        y, known = targets(rows, schema)
        ids = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        return cls(ids, lexicon.features(texts), y, known)


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer in ``tokenizer.json``, as inference uses it: it neither pads nor cuts.

    Raises:
        ModelError: the file is missing or not a tokenizer.
    """
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception
        raise ModelError(
            f"{path}: not a tokenizer: {error}. Expected the tokenizer.json of a fast tokenizer.",
            f"{path}：不是分词器文件：{error}。应为快速分词器的 tokenizer.json。",
        ) from error
    tokenizer.no_padding()  # many published files ask for both
    tokenizer.no_truncation()
    return tokenizer


@dataclass(frozen=True)
class _Sample:
    ids: list[int]
    lexicon: np.ndarray
    y: np.ndarray
    known: np.ndarray


def _samples(rows: Rows, schema: Schema, config: FitConfig, rng: random.Random) -> list[_Sample]:
    """One epoch's samples: every row once, some joined with one or two others.

    Joined rows carry the union of their multi-label labels, which teaches the attention to find
    every item of a long enumeration; they teach nothing about single-label facets.
    """
    single = np.array([facet.kind == "single" for facet in schema.facets])
    samples = []
    for n in range(len(rows)):
        members = [n]
        if rng.random() < config.concat:
            members += [rng.randrange(len(rows)) for _ in range(rng.choice((1, 1, 2)))]
        ids = rows.ids[n]
        for other in members[1:]:
            ids = ids[:-1] + rows.ids[other][1:]
        if len(ids) > config.max_tokens:
            members, ids = [n], _clip(rows.ids[n], config.max_tokens)
        known = np.asarray(rows.known[members].all(axis=0))
        if len(members) > 1:
            known &= ~single
        lexicon = rows.lexicon[members].max(axis=0)
        if rng.random() < config.lexicon_dropout:
            lexicon = np.zeros_like(lexicon)
        samples.append(_Sample(ids, lexicon, rows.y[members].max(axis=0), known))
    return samples


def _batches(
    samples: list[_Sample], batch_size: int, rng: random.Random
) -> Iterator[list[_Sample]]:
    """Shuffled batches of samples of like length, so that little is padded."""
    rng.shuffle(samples)
    pool = batch_size * 20
    batches = []
    for start in range(0, len(samples), pool):
        part = sorted(samples[start : start + pool], key=lambda sample: len(sample.ids))
        batches += [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
    rng.shuffle(batches)
    yield from batches


def _clip(ids: list[int], max_tokens: int) -> list[int]:
    """The first ids and the end mark, for inference never shows the network a text without."""
    return ids if len(ids) <= max_tokens else [*ids[: max_tokens - 1], ids[-1]]


def _pad(ids: Sequence[list[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    width = max(map(len, ids))
    input_ids = torch.full((len(ids), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(ids), width), dtype=torch.long)
    for n, row in enumerate(ids):
        input_ids[n, : len(row)] = torch.tensor(row)
        mask[n, : len(row)] = 1
    return input_ids, mask


def _by_length(ids: list[list[int]], batch_size: int) -> Iterator[list[int]]:
    order = sorted(range(len(ids)), key=lambda n: len(ids[n]))
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


@torch.no_grad()
def _embeddings(model: MultiFacetModel, rows: Rows, config: FitConfig) -> np.ndarray:
    """Mean-pooled hidden states: float32, shape (rows, width)."""
    model.eval()
    pad_id = model.encoder.config.pad_token_id
    out = np.zeros((len(rows), model.query.shape[1]), dtype=np.float32)
    clipped = [_clip(ids, config.max_tokens) for ids in rows.ids]
    for batch in _by_length(clipped, 64):
        input_ids, mask = _pad([clipped[n] for n in batch], pad_id)
        with torch.autocast("cpu", torch.bfloat16, enabled=config.mixed_precision):
            hidden = model.hidden(input_ids, mask)
        weights = mask.unsqueeze(-1).float()
        mean = (hidden.float() * weights).sum(dim=1) / weights.sum(dim=1)
        out[batch] = mean.numpy()
    return out


def batches_of(
    rows: Rows, pad_id: int, max_tokens: int, batch_size: int = 64
) -> Iterator[tuple[list[int], tuple[Tensor, Tensor, Tensor]]]:
    """Batches of rows of like length: their indices, and the network's arguments."""
    clipped = [_clip(ids, max_tokens) for ids in rows.ids]
    for batch in _by_length(clipped, batch_size):
        input_ids, mask = _pad([clipped[n] for n in batch], pad_id)
        yield batch, (input_ids, mask, torch.from_numpy(rows.lexicon[batch]))


@torch.no_grad()
def logits_of(model: MultiFacetModel, rows: Rows, max_tokens: int = 256) -> np.ndarray:
    """Logits of all rows in full precision: float32, shape (rows, labels).

    Args:
        max_tokens: longer rows are cut to that many, with the end marks.
    """
    model.eval()
    out = np.zeros(rows.y.shape, dtype=np.float32)
    for batch, arguments in batches_of(rows, model.encoder.config.pad_token_id, max_tokens):
        out[batch] = model(*arguments).numpy()
    return out


def _optimiser(model: MultiFacetModel, config: FitConfig) -> torch.optim.Optimizer:
    encoder, plain, heads = [], [], []
    for name, parameter in model.named_parameters():
        if not name.startswith("encoder."):
            heads.append(parameter)
        elif parameter.ndim < 2:
            plain.append(parameter)
        else:
            encoder.append(parameter)
    head_rate = config.learning_rate * config.head_rate
    return torch.optim.AdamW(
        [
            {"params": encoder, "lr": config.learning_rate, "weight_decay": config.weight_decay},
            {"params": plain, "lr": config.learning_rate, "weight_decay": 0.0},
            {"params": heads, "lr": head_rate, "weight_decay": 0.0},
        ],
        fused=True,
    )


def fit(
    model: MultiFacetModel,
    rows: Rows,
    schema: Schema,
    config: FitConfig,
    *,
    after_epoch: Callable[[int], None] | None = None,
    log: Callable[[str], None] = print,
) -> None:
    """Train ``model`` in place.

    Args:
        rows: the training rows only.
        after_epoch: called with the number of the finished epoch, from 1.
        log: takes progress lines.
    """
    rng = random.Random(config.seed)
    torch.manual_seed(config.seed)
    if config.probe:
        probe_loss = init_heads(
            model, _embeddings(model, rows, config), rows.lexicon, rows.y, rows.known, schema
        )
        log(f"linear probe: loss {probe_loss:.3f}")
    optimiser = _optimiser(model, config)
    steps = config.epochs * math.ceil(len(rows) / config.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _schedule(steps, config.warmup))
    pad_id = model.encoder.config.pad_token_id
    step, started = 0, time.monotonic()
    for epoch in range(1, config.epochs + 1):
        model.train()
        running = 0.0
        for batch in _batches(_samples(rows, schema, config, rng), config.batch_size, rng):
            running += _step(model, batch, pad_id, schema, config)
            torch.nn.utils.clip_grad_norm_(model.parameters(), config.max_grad_norm)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad(set_to_none=True)
            step += 1
            if step % 50 == 0:
                left = (time.monotonic() - started) / step * (steps - step)
                log(
                    f"epoch {epoch}: step {step}/{steps}: loss {running / 50:.3f}, {left:.0f} s left"
                )
                running = 0.0
        if after_epoch is not None:
            after_epoch(epoch)


def _step(
    model: MultiFacetModel, batch: list[_Sample], pad_id: int, schema: Schema, config: FitConfig
) -> float:
    input_ids, mask = _pad([sample.ids for sample in batch], pad_id)
    lexicon, y = (
        torch.from_numpy(np.stack([getattr(sample, name) for sample in batch]))
        for name in ("lexicon", "y")
    )
    known = torch.from_numpy(np.stack([sample.known for sample in batch]))
    with torch.autocast("cpu", torch.bfloat16, enabled=config.mixed_precision):
        logits = model(input_ids, mask, lexicon)
    loss = facet_loss(logits.float(), y, known, schema)
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item()


def _schedule(steps: int, warmup: float) -> Callable[[int], float]:
    """Linear warm-up, then linear decay to zero."""
    rise = max(1, round(steps * warmup))

    def rate(step: int) -> float:
        return min((step + 1) / rise, max(0.0, (steps - step) / max(1, steps - rise)))

    return rate
