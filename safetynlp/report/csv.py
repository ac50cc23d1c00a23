"""Labelled segments as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["defused", "to_csv"]

_PLACE = ("doc", "i", "start", "end", "text", "heading_path")
# What makes a spreadsheet take a cell for a formula; full-width signs do so in East Asian Excel.
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


def to_csv(
    records: Iterable[Mapping[str, Any]], facets: Sequence[str], *, scores: bool = False
) -> str:
    """Rows of :func:`~safetynlp.report.segment_record` as CSV, with a header line.

    Columns: ``doc, i, start, end, text, heading_path``, then one per facet with its label ids
    joined by ``;``, then with ``scores`` one column ``facet.label`` per probability. Headings of
    a path are joined by `` > ``. Lines end in a line feed. The byte order mark by which Excel
    knows UTF-8 is not part of the text: ``write_output(…, bom=True)`` adds it.

    Text of the document could act as a formula once the file is opened in a spreadsheet. A cell
    that starts with ``= + - @``, one of their full-width forms, a tab or a line break therefore
    gets an apostrophe before it; remove it to have the text verbatim. A NUL, which many readers
    of CSV refuse, is written as ``␀``.

    Args:
        records: the rows.
        facets: ids of the facets to write, in this order.
        scores: whether to write the probabilities too.
    """
    rows = list(records)
    columns = _score_columns(rows, facets) if scores else []
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_PLACE, *facets, *(f"{facet}.{label}" for facet, label in columns)])
    for row in rows:
        cells = [row[key] for key in _PLACE[:-1]]
        cells.append(" > ".join(row["heading_path"]))
        cells += [_joined(row.get(facet, ())) for facet in facets]
        cells += [row["scores"].get(facet, {}).get(label, "") for facet, label in columns]
        writer.writerow(map(defused, cells))
    return out.getvalue()


def _score_columns(
    rows: Sequence[Mapping[str, Any]], facets: Sequence[str]
) -> list[tuple[str, str]]:
    """Every (facet, label) that some row has a probability of, as a sorted-by-facet list."""
    return [
        (facet, label)
        for facet in facets
        for label in dict.fromkeys(id for row in rows for id in row["scores"].get(facet, ()))
    ]


def _joined(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else ";".join(value)


def defused(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    if not isinstance(cell, str):
        return cell
    cell = cell.replace("\0", "␀")
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
