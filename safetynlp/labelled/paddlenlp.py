"""PaddleNLP's text classification files: ``text<TAB>label,label``, no header."""

from __future__ import annotations

from collections.abc import Iterator

from safetynlp.labelled.record import FLAT, Item, Record, numbered_lines
from safetynlp.labelled.row import ReadOptions, Skipped
from safetynlp.labelled.vocabulary import Vocabulary

__all__ = ["read_paddlenlp"]


def read_paddlenlp(
    text: str, name: str, vocabulary: Vocabulary, options: ReadOptions
) -> Iterator[Item]:
    """The rows of one file; labels are separated by commas, facets are written ``facet##label``."""
    for where, line in numbered_lines(text, name):
        cells = line.split("\t")
        if len(cells) != 2:
            yield Skipped(
                where,
                f"{len(cells) - 1} tabs, expected one: text<TAB>label,label. If this is a table, "
                f'give it a header with a column "{options.text_column}".',
                f"本行有 {len(cells) - 1} 个制表符，应恰有一个：正文<TAB>标签,标签。"
                f"如为表格，请加上含 {options.text_column} 列的表头。",
                line,
            )
        else:
            yield Record(where, line, cells[0], None, {FLAT: vocabulary.split(cells[1])}, "none")
