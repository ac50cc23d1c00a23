"""Labelled segments and small rubrics for tests of coverage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from safetynlp.prediction import LabelledSegment, Prediction
from safetynlp.rubric import Rubric
from safetynlp.segment import Segment

__all__ = ["Line", "rubric_of", "speech", "text_of", "topic_of"]

# text, function, and the labels of the multi-label facets by facet id
Line = tuple[str, str, dict[str, tuple[str, ...]]]


def speech(*lines: Line, heading_path: tuple[str, ...] = ()) -> list[LabelledSegment]:
    """The lines as segments of one document, in this order, one line break between two."""
    segments, start = [], 0
    for text, function, labels in lines:
        segment = Segment(text, start, start + len(text), heading_path)
        segments.append(LabelledSegment(segment, _prediction(function, labels)))
        start += len(text) + 1
    return segments


def text_of(lines: Iterable[Line]) -> str:
    """The document that :func:`speech` takes its offsets from."""
    return "\n".join(text for text, _, _ in lines)


def _prediction(function: str, labels: dict[str, tuple[str, ...]]) -> Prediction:
    every = {facet: labels.get(facet, ()) for facet in ("sector", "responsibility", "action")}
    return Prediction({**every, "function": (function,)}, {})


def topic_of(id: str, group: str = "g", **fields: Any) -> dict[str, Any]:
    """A topic that sentences with ``id`` in them are evidence for, changed by ``fields``."""
    return {
        "id": id,
        "name": {"zh": id, "en": id},
        "group": group,
        "source": {"clause": "-", "status": "memory"},
        "match": {"cues": id},
        "hints": {"task": {"zh": "做", "en": "do"}},
        **fields,
    }


def rubric_of(*topics: dict[str, Any], **fields: Any) -> Rubric:
    """A rubric of these topics; its groups, of weight 1 each, are those the topics name."""
    ids = dict.fromkeys(topic["group"] for topic in topics)
    groups = [{"id": id, "name": {"zh": id, "en": id}, "weight": 1} for id in ids]
    return Rubric.model_validate(
        {
            "id": "own",
            "version": "1",
            "name": {"zh": "自有", "en": "Own"},
            "source": {"clause": "-", "status": "memory"},
            "groups": groups,
            "topics": topics,
            **fields,
        }
    )
