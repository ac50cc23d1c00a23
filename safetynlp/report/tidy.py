"""Tidy tables for statistics: one row per topic, one row per segment, as CSV or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from safetynlp.analyzer import Analysis
from safetynlp.coverage import ELEMENTS, Coverage
from safetynlp.parquet import to_parquet
from safetynlp.report.csv import defused
from safetynlp.report.phrases import doubts_of
from safetynlp.report.ranking import telling_quotes
from safetynlp.report.records import DIGITS

__all__ = ["segments_parquet", "topic_rows", "topics_csv", "topics_parquet"]

# Column → type in Parquet.
_TOPIC_COLUMNS = {
    "doc": "string",
    "rubric": "string",
    "rubric_version": "string",
    "total": "double",
    "group": "string",
    "topic": "string",
    "name_zh": "string",
    "name_en": "string",
    "vital": "bool",
    "weight": "double",
    "level": "int8",
    "score": "double",
    **dict.fromkeys(ELEMENTS, "bool"),
    "gain": "double",
    "doubtful": "bool",
    "n_quotes": "int32",
    "quote_start": "int32",
    "quote_end": "int32",
    "quote": "string",
}


def topic_rows(pairs: Iterable[tuple[Analysis, Coverage]]) -> list[dict[str, Any]]:
    """One row per speech and topic that applies, in the order of the rubric.

    ============================= =====================================================
    doc, rubric, rubric_version   the speech, and what it was scored by
    total                         of the speech, 0–1
    group, topic                  ids; ``name_zh``, ``name_en`` of the topic
    vital, weight                 as the rubric has them
    level, score                  0–4; 0–1
    mentioned … specified         whether the element was reached
    gain                          rise of the total if the topic reached level 4
    doubtful                      whether the level hangs on an unsure label; None if not known
    n_quotes                      evidence segments
    quote_start, quote_end, quote the most telling one, characters of ``Document.text``; or None
    ============================= =====================================================
    """
    rows = []
    for analysis, coverage in pairs:
        quotes = telling_quotes(coverage)
        for topic in coverage.topics:
            best = next(iter(quotes[topic.id]), None)
            values = (
                analysis.document.source,
                coverage.rubric_id,
                coverage.rubric_version,
                round(coverage.total, DIGITS),
                topic.group,
                topic.id,
                topic.name["zh"],
                topic.name["en"],
                topic.vital,
                topic.weight,
                topic.level,
                round(topic.score, DIGITS),
                *(topic.elements[element] for element in ELEMENTS),
                round(topic.gain, DIGITS),
                bool(doubts_of(coverage, topic)) if coverage.uncertainty else None,
                len(topic.quotes),
                best and best.start,
                best and best.end,
                best and best.text,
            )
            rows.append(dict(zip(_TOPIC_COLUMNS, values, strict=True)))
    return rows


def topics_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """:func:`topic_rows` as CSV with a header line; truth values are 0 and 1, None is empty.

    Cells that a spreadsheet would take for a formula are defused as by
    :func:`~safetynlp.report.csv.to_csv`.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_TOPIC_COLUMNS)
    for row in rows:
        cells = [int(cell) if isinstance(cell, bool) else cell for cell in row.values()]
        writer.writerow(map(defused, cells))
    return out.getvalue()


def topics_parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """:func:`topic_rows` as the bytes of a Parquet file.

    Raises:
        UsageError: pyarrow is not installed.
    """
    return to_parquet(rows, _TOPIC_COLUMNS)


def segments_parquet(records: Sequence[Mapping[str, Any]], facets: Sequence[str]) -> bytes:
    """Rows of :func:`~safetynlp.report.segment_record` as the bytes of a Parquet file.

    Columns: ``doc``, ``i``, ``start``, ``end``, ``text``, ``heading_path`` (list), one list of label
    ids per facet, and one column ``facet.label`` per probability.

    Raises:
        UsageError: pyarrow is not installed.
    """
    columns = {"doc": "string", "i": "int32", "start": "int32", "end": "int32", "text": "string"}
    columns |= dict.fromkeys(("heading_path", *facets), "list")
    rows = []
    for record in records:
        row = {name: record[name] for name in columns}
        row |= {f: [row[f]] if isinstance(row[f], str) else row[f] for f in facets}
        for facet in facets:
            row |= {f"{facet}.{label}": p for label, p in record["scores"][facet].items()}
        rows.append(row)
    columns |= {name: "float" for row in rows[:1] for name in row if name not in columns}
    return to_parquet(rows, columns)
