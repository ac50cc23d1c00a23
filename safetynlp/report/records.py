"""Results as plain data: the rows of ``classify`` and ``segment``, the object of ``score``.

The object of ``score`` is described by ``score.schema.json`` beside this file (JSON Schema,
draft 2020-12).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from safetynlp.analyzer import Analysis
from safetynlp.coverage import Coverage, Quote, TopicCoverage
from safetynlp.doubt import Uncertainty
from safetynlp.errors import SchemaError
from safetynlp.pmc_index import PMCIndex
from safetynlp.pmc_index import pmc as pmc_index
from safetynlp.prediction import LabelledSegment
from safetynlp.report.counts import label_counts
from safetynlp.schema import Schema
from safetynlp.segment import Segment

__all__ = [
    "DIGITS",
    "quote_record",
    "score_record",
    "segment_only_record",
    "segment_record",
    "to_jsonl",
    "topic_record",
]

DIGITS = 4  # further digits of a probability or score mean nothing


def segment_record(
    doc: str,
    index: int,
    segment: LabelledSegment,
    facets: Sequence[str] | None = None,
    *,
    schema: Schema | None = None,
) -> dict[str, Any]:
    """One labelled segment: a row of ``classify --format jsonl``.

    Keys, in order: ``doc`` (name of the document), ``i`` (number of the segment, from 0),
    ``start``, ``end`` (characters of ``Document.text``), ``text``, ``heading_path``, one key per
    facet, ``scores``. A multi-label facet has a list of label ids, a single-label facet a bare
    id. ``scores`` maps facet and label to the calibrated probability, rounded to 4 digits.

    Args:
        doc: name of the document.
        index: number of the segment in it.
        segment: what is written.
        facets: ids of the facets to write, in this order; None writes all.
        schema: tells which facets are single-label (``Analysis.schema``); None takes the
            package's schema, in which case facets that it does not know are written as lists.

    Raises:
        SchemaError: the segment has no facet of that id.
    """
    kinds = {facet.id: facet.kind for facet in (schema or Schema.default()).facets}
    chosen = tuple(segment.labels if facets is None else facets)
    record = _place(doc, index, segment.segment)
    for facet in chosen:
        labels = _labels(segment, facet)
        record[facet] = labels[0] if kinds.get(facet) == "single" else list(labels)
    record["scores"] = {
        facet: {label: round(float(p), DIGITS) for label, p in segment.scores[facet].items()}
        for facet in chosen
    }
    return record


def _labels(segment: LabelledSegment, facet: str) -> tuple[str, ...]:
    if facet not in segment.labels:
        known = ", ".join(segment.labels)
        raise SchemaError(
            f'no facet "{facet}" was labelled. Choose from: {known}.',
            f"没有标注分面“{facet}”，可选：{known}。",
        )
    return segment.labels[facet]


def segment_only_record(doc: str, index: int, segment: Segment) -> dict[str, Any]:
    """One segment without labels: a row of ``segment --format jsonl``.

    Keys, in order: ``doc``, ``i``, ``start``, ``end``, ``text``, ``heading_path`` as in
    :func:`segment_record`, ``paragraph`` (number of its non-empty line, from 0), ``is_heading``.
    """
    return {
        **_place(doc, index, segment),
        "paragraph": segment.paragraph,
        "is_heading": segment.is_heading,
    }


def _place(doc: str, index: int, segment: Segment) -> dict[str, Any]:
    return {
        "doc": doc,
        "i": index,
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "heading_path": list(segment.heading_path),
    }


def to_jsonl(records: Iterable[Mapping[str, Any]]) -> str:
    r"""JSON Lines: one record a line, Chinese as it is, a line feed after each.

    >>> to_jsonl([{"text": "散会"}])
    '{"text": "散会"}\n'
    """
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def score_record(analysis: Analysis, coverage: Coverage, *, pmc: bool = False) -> dict[str, Any]:
    """The object that ``score --format json`` gives for one file, as plain JSON data.

    ``uncertainty`` is None (null) if the coverage does not have it. ``pmc`` adds a key of this
    name with the PMC index (:func:`~safetynlp.pmc`).

    Its keys, types and ranges are those of ``score.schema.json``. Scores are in [0, 1], rounded
    to 4 digits, and None (null) for a group none of whose topics applies. ``name``, ``gap`` and
    ``reason`` are ``{"zh": …, "en": …}``. Offsets count characters of ``Document.text``.
    """
    audit = analysis.audit
    index = {"pmc": _pmc(pmc_index(coverage))} if pmc else {}
    return {
        "doc": analysis.document.source,
        "rubric": coverage.rubric_id,
        "rubric_name": dict(coverage.rubric_name),
        "total": round(coverage.total, DIGITS),
        "breadth": round(coverage.breadth, DIGITS),
        "depth": round(coverage.depth, DIGITS),
        "balance": round(coverage.balance, DIGITS),
        "density": round(coverage.density, DIGITS),
        "groups": [
            {
                "id": group.id,
                "name": dict(group.name),
                "score": None if group.score is None else round(group.score, DIGITS),
                "weight": group.weight,
            }
            for group in coverage.groups
        ],
        "topics": [topic_record(topic) for topic in coverage.topics],
        "gaps": [{"id": topic.id, "gain": round(topic.gain, DIGITS)} for topic in coverage.gaps],
        "uncertainty": coverage.uncertainty and _uncertainty(coverage.uncertainty),
        **index,
        "not_applicable": [
            {"id": topic.id, "name": dict(topic.name), "reason": dict(topic.reason)}
            for topic in coverage.not_applicable
        ],
        "segments": len(analysis.segments),
        "labels": label_counts(analysis),
        "audit": {
            "model": audit.model,
            "model_sha256": audit.model_sha256,
            "schema": analysis.schema.id,
            "schema_version": analysis.schema.version,
            "rubric_version": coverage.rubric_version,
            "safetynlp_version": audit.safetynlp_version,
        },
    }


def topic_record(topic: TopicCoverage) -> dict[str, Any]:
    """One topic of :func:`score_record`."""
    return {
        "id": topic.id,
        "name": dict(topic.name),
        "group": topic.group,
        "vital": topic.vital,
        "weight": topic.weight,
        "level": topic.level,
        "score": round(topic.score, DIGITS),
        "elements": dict(topic.elements),
        "quotes": [quote_record(quote) for quote in topic.quotes],
        "gap": dict(topic.gap),
        "gains": {str(level): round(gain, DIGITS) for level, gain in topic.gains.items()},
    }


def quote_record(quote: Quote) -> dict[str, Any]:
    """One quote of :func:`score_record`."""
    return {
        "start": quote.start,
        "end": quote.end,
        "text": quote.text,
        "elements": list(quote.elements),
    }


def _uncertainty(found: Uncertainty) -> dict[str, Any]:
    return {
        "low": round(found.low, DIGITS),
        "high": round(found.high, DIGITS),
        "groups": {
            id: None if ends is None else [round(end, DIGITS) for end in ends]
            for id, ends in found.groups.items()
        },
        "topics": {
            id: {
                "level_shares": [round(share, DIGITS) for share in topic.level_shares],
                "doubts": [
                    asdict(doubt) | {"probability": round(doubt.probability, DIGITS)}
                    for doubt in topic.doubts
                ],
            }
            for id, topic in found.topics.items()
        },
        "draws": found.n_draws,
        "seed": found.seed,
    }


def _pmc(found: PMCIndex) -> dict[str, Any]:
    return {
        "index": round(found.index, DIGITS),
        "maximum": found.maximum,
        "band": found.band,
        "primary": [
            {
                "id": variable.id,
                "name": dict(variable.name),
                "value": round(variable.value, DIGITS),
                "secondary": dict(variable.secondary),
            }
            for variable in found.primary
        ],
        "surface": [
            [None if value is None else round(value, DIGITS) for value in row]
            for row in found.surface
        ],
    }
