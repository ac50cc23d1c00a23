"""The project's JSON Lines: one segment a line, one key a facet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from safetynlp.labelled.record import (
    FLAT,
    Item,
    Record,
    attempt,
    check_columns,
    label_names,
    numbered_lines,
    parse_json,
    rest,
)
from safetynlp.labelled.row import ReadOptions
from safetynlp.labelled.vocabulary import Vocabulary

__all__ = ["read_jsonl"]


def read_jsonl(
    text: str, name: str, vocabulary: Vocabulary, options: ReadOptions
) -> Iterator[Item]:
    """The rows of one file; a key that is missing or null is unlabelled, ``[]`` is none."""
    for where, line in numbered_lines(text, name):
        yield attempt(where, line, partial(_record, line, where, vocabulary, options))


def _record(line: str, where: str, vocabulary: Vocabulary, options: ReadOptions) -> Record:
    data = parse_json(line)
    check_columns(data, vocabulary)
    facets = [key for key in data if vocabulary.facet(key)]
    labels = {key: label_names(data[key], key) for key in facets if data[key] is not None}
    if not facets and options.facet in data:  # a schema is being inferred
        facets, labels = [options.facet], {FLAT: label_names(data[options.facet], options.facet)}
    own = {options.text_column, options.doc_column, "i", "para", "annotator"}
    return Record(
        where,
        line,
        data.get(options.text_column),
        data.get(options.doc_column),
        labels,
        "stated",
        data.get("i"),
        data.get("para"),
        str(data.get("annotator") or ""),
        rest(data, own | set(facets)),
    )
