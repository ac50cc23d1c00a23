"""Labelled speeches by their old names; :mod:`safetynlp.labelled` has them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from safetynlp.labelled import LabelledRow, labelled_files, read_labelled, targets
from safetynlp.labelled import split as split_by_doc
from safetynlp.schema import Schema

__all__ = ["LabelledRow", "labelled_files", "read_jsonl", "split_by_doc", "targets"]


def read_jsonl(paths: Iterable[str | Path], schema: Schema) -> list[LabelledRow]:
    """The rows of :func:`safetynlp.labelled.read_labelled`."""
    return list(read_labelled(paths, schema).rows)
