"""Labelled rows as the network takes them, and batches of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from safetynlp.errors import ModelError
from safetynlp.labelled import LabelledRow, targets
from safetynlp.lexicon import Lexicon
from safetynlp.schema import Schema
from safetynlp.training.fit_config import FitConfig

__all__ = ["Rows", "Sample", "batches_of", "epoch_batches", "load_tokenizer", "pad"]

_POOL = 20  # batches among which samples are sorted by length


@dataclass(frozen=True)
class Rows:
    """Labelled rows as the network takes them; index n is the same row everywhere."""

    ids: list[list[int]]  # token ids with <s> and </s>
    lexicon: np.ndarray  # float32, (rows, labels)
    y: np.ndarray  # float32, (rows, labels)
    known: np.ndarray  # bool, (rows, facets)
    soft: np.ndarray | None = None  # float32, (rows, labels): a teacher's probabilities

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, indices: Sequence[int]) -> Rows:
        """These rows alone, in this order."""
        chosen = list(indices)
        soft = None if self.soft is None else self.soft[chosen]
        ids = [self.ids[n] for n in chosen]
        return Rows(ids, self.lexicon[chosen], self.y[chosen], self.known[chosen], soft)

    def taught(self, probabilities: np.ndarray) -> Rows:
        """These rows with a teacher's probabilities, float, shape (rows, labels)."""
        return replace(self, soft=np.asarray(probabilities, dtype=np.float32))

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


@dataclass(frozen=True, slots=True)
class Sample:
    """One row, or two or three joined."""

    ids: list[int]
    lexicon: np.ndarray  # (labels,)
    y: np.ndarray  # (labels,)
    known: np.ndarray  # (facets,)
    soft: np.ndarray | None  # (labels,); NaN: not to be learned


def epoch_batches(rows: Rows, schema: Schema, config: FitConfig, epoch: int) -> list[list[Sample]]:
    """Shuffled batches of samples of like length, so that little is padded.

    They depend on nothing but the arguments, so an epoch can be taken up anywhere.
    """
    rng = random.Random(f"{config.seed}/{epoch}")
    samples = _samples(rows, schema, config, rng)
    rng.shuffle(samples)
    pool = config.batch_size * _POOL
    batches = []
    for start in range(0, len(samples), pool):
        part = sorted(samples[start : start + pool], key=lambda sample: len(sample.ids))
        for i in range(0, len(part), config.batch_size):
            batches.append(part[i : i + config.batch_size])
    rng.shuffle(batches)
    return batches


def _samples(rows: Rows, schema: Schema, config: FitConfig, rng: random.Random) -> list[Sample]:
    """One epoch's samples: every row once, some joined with one or two others.

    Joined rows carry the union of their multi-label labels, which teaches the attention to find
    every item of a long enumeration; they teach nothing about single-label facets.
    """
    single = np.array([facet.kind == "single" for facet in schema.facets])
    single_labels = np.repeat(single, [len(facet.label_ids) for facet in schema.facets])
    samples = []
    for n in range(len(rows)):
        members, ids = _joined(rows, n, config, rng)
        known = np.asarray(rows.known[members].all(axis=0))
        soft = None if rows.soft is None else rows.soft[members].max(axis=0)
        if len(members) > 1:
            known &= ~single
            soft = None if soft is None else np.where(single_labels, np.float32(np.nan), soft)
        lexicon = rows.lexicon[members].max(axis=0)
        if rng.random() < config.lexicon_dropout:
            lexicon = np.zeros_like(lexicon)
        samples.append(Sample(ids, lexicon, rows.y[members].max(axis=0), known, soft))
    return samples


def _joined(
    rows: Rows, n: int, config: FitConfig, rng: random.Random
) -> tuple[list[int], list[int]]:
    """Row n, perhaps with others: the rows' numbers, and their token ids as one text."""
    members = [n]
    if rng.random() < config.concat:
        members += [rng.randrange(len(rows)) for _ in range(rng.choice((1, 1, 2)))]
    ids = rows.ids[n]
    for other in members[1:]:
        ids = ids[:-1] + rows.ids[other][1:]
    if len(ids) > config.max_tokens:
        return [n], _clip(rows.ids[n], config.max_tokens)
    return members, ids


def _clip(ids: list[int], max_tokens: int) -> list[int]:
    """The first ids and the end mark, for inference never shows the network a text without."""
    return ids if len(ids) <= max_tokens else [*ids[: max_tokens - 1], ids[-1]]


def pad(ids: Sequence[list[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask: int64, shape (rows, longest row)."""
    width = max(map(len, ids))
    input_ids = torch.full((len(ids), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(ids), width), dtype=torch.long)
    for n, row in enumerate(ids):
        input_ids[n, : len(row)] = torch.tensor(row)
        mask[n, : len(row)] = 1
    return input_ids, mask


def batches_of(
    rows: Rows, pad_id: int, max_tokens: int, batch_size: int = 64
) -> Iterator[tuple[list[int], tuple[Tensor, Tensor, Tensor]]]:
    """Batches of rows of like length: their indices, and the network's arguments."""
    clipped = [_clip(ids, max_tokens) for ids in rows.ids]
    order = sorted(range(len(clipped)), key=lambda n: len(clipped[n]))
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        input_ids, mask = pad([clipped[n] for n in batch], pad_id)
        yield batch, (input_ids, mask, torch.from_numpy(rows.lexicon[batch]))
