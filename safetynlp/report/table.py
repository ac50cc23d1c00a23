"""Columns of text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from safetynlp.report.cells import cell_width

__all__ = ["table"]

_GAP = "  "


def table(rows: Sequence[Sequence[str]], indent: str = "") -> Iterator[str]:
    """Lines of a table whose first row is its head; the first column stands left, others right.

    >>> list(table([("label", "f1"), ("安全", "0.9")]))
    ['label   f1', '安全   0.9']
    """
    widths = [max(map(cell_width, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [first + " " * (widths[0] - cell_width(first))]
        for cell, width in zip(others, widths[1:], strict=True):
            cells.append(" " * (width - cell_width(cell)) + cell)
        yield (indent + _GAP.join(cells)).rstrip()
