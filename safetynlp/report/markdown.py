"""A coverage as Markdown (CommonMark with tables), for notes and issue trackers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from safetynlp.analyzer import Analysis
from safetynlp.coverage import Coverage
from safetynlp.report.brief import Block, Heading, Paragraph, brief

__all__ = ["report_markdown"]

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~&!$])")


def report_markdown(
    pairs: Sequence[tuple[Analysis, Coverage]], lang: str = "zh", *, pmc: bool = False
) -> str:
    """The report of one or several speeches; everything that could act as markup is escaped.

    Args:
        pairs: speeches with their coverage, in the order in which they appear.
        lang: ``"zh"`` or ``"en"``, of everything but the speeches.
        pmc: also give the PMC index.

    Raises:
        UsageError: another language.
    """
    blocks = (block for pair in pairs for block in brief(*pair, lang, pmc=pmc))
    return "\n".join(line for block in blocks for line in _lines(block))


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"{'#' * (block.level + 1)} {_escaped(block.text)}"
    elif isinstance(block, Paragraph):
        text = _paragraph(block.text)
        yield {"strong": f"**{text}**", "quote": f"- {text}"}.get(block.style, text)
    else:
        yield _row(block.header)
        yield _row(["---"] * len(block.header))
        yield from map(_row, block.rows)
    yield ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell if cell == '---' else _escaped(cell) for cell in cells)} |"


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)


def _paragraph(text: str) -> str:
    """A paragraph that does not begin like a list or a line."""
    return re.sub(r"^(\d+)?([.)+=-])", r"\1\\\2", _escaped(text))
