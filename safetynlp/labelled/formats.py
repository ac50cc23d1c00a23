"""Which format a file has, and its reader."""

from __future__ import annotations

from collections.abc import Iterator

from safetynlp.labelled.jsonl import read_jsonl
from safetynlp.labelled.record import Item
from safetynlp.labelled.row import ReadOptions
from safetynlp.labelled.sources import Source, decoded
from safetynlp.labelled.vocabulary import Vocabulary

__all__ = ["items"]


def items(source: Source, vocabulary: Vocabulary, options: ReadOptions) -> Iterator[Item]:
    """Everything that one file holds."""
    name = str(source.path)
    yield from read_jsonl(decoded(source.data, name), name, vocabulary, options)
