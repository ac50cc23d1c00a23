"""Coverage: how thoroughly a speech treats the topics of a rubric, each point with its quote."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from safetynlp.applicability import occasion, reason_not_applicable
from safetynlp.evidence import Evidence, find_evidence, view
from safetynlp.gaps import gap
from safetynlp.prediction import LabelledSegment
from safetynlp.rubric import Group, Rubric, Topic

__all__ = [
    "ELEMENTS",
    "POINTS",
    "Coverage",
    "GroupCoverage",
    "NotApplicable",
    "Quote",
    "TopicCoverage",
    "cover",
]

ELEMENTS = ("mentioned", "deployed", "assigned", "specified")
POINTS = {"mentioned": 0.25, "deployed": 0.35, "assigned": 0.20, "specified": 0.20}


@dataclass(frozen=True, slots=True)
class Quote:
    """A segment that is evidence for a topic; ``document.text[start:end] == text``."""

    start: int
    end: int
    text: str
    elements: tuple[str, ...]  # of ELEMENTS, in that order: what this segment supports


@dataclass(frozen=True, slots=True)
class TopicCoverage:
    """How far one topic is treated.

    ``level`` is the number of elements reached, 0–4; ``score`` their points, 0.0–1.0.
    ``quotes`` holds every evidence segment, best first. ``gap`` says in words what is missing
    and what would close it; empty at level 4.
    """

    id: str
    name: dict[str, str]  # {"zh": …, "en": …}
    group: str
    weight: float
    vital: bool
    level: int
    score: float
    elements: dict[str, bool]  # keys: ELEMENTS
    quotes: tuple[Quote, ...]
    gap: dict[str, str]  # {"zh": …, "en": …}; empty strings at level 4


@dataclass(frozen=True, slots=True)
class GroupCoverage:
    """Weighted mean of the scores of a group's topics. ``score`` is None if none applies."""

    id: str
    name: dict[str, str]
    weight: float
    score: float | None


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A topic left out of the denominator, and why."""

    id: str
    name: dict[str, str]
    reason: dict[str, str]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The score of a speech against a rubric; ``total`` is in [0, 1].

    Beside the total, never inside it: ``breadth`` (share of topics at level ≥ 1), ``depth``
    (mean score of the topics at level ≥ 1), ``balance`` (lowest group score divided by the
    highest), ``density`` (evidence segments per 1,000 characters of speech).
    """

    rubric_id: str
    rubric_version: str
    rubric_name: dict[str, str]
    total: float
    groups: tuple[GroupCoverage, ...]
    topics: tuple[TopicCoverage, ...]
    not_applicable: tuple[NotApplicable, ...]
    breadth: float
    depth: float
    balance: float
    density: float


def cover(
    segments: Sequence[LabelledSegment],
    rubric: Rubric,
    *,
    date: str | None = None,
    audience: str | None = None,
    level: str | None = None,
) -> Coverage:
    """Score labelled segments against a rubric.

    A topic's score is the sum of the POINTS of its elements; a group's the weighted mean of its
    topics; the total ``(Σ W·√S)²`` over the groups that apply, with ΣW scaled to 1, so that a
    neglected group costs more than the mean would say.

    Args:
        segments: of one speech; their order does not matter, nor do repetitions (except to
            ``density``).
        rubric: what must be covered.
        date: when the speech was given, ``"YYYY-MM"`` or ``"YYYY-MM-DD"``.
        audience: ``"government"`` or ``"enterprise"``.
        level: who speaks, of ``safetynlp.rubric.LEVELS``.

    The last three decide which topics apply; what is not given rules nothing out.

    Raises:
        UsageError: ``date``, ``audience`` or ``level`` has a value that cannot be used.
    """
    known = occasion(date, audience, level)
    views = [view(segment, rubric, known.month) for segment in segments]
    topics: list[TopicCoverage] = []
    left_out: list[NotApplicable] = []
    evidence_at: set[tuple[int, int]] = set()
    for topic in rubric.topics:
        if reason := reason_not_applicable(rubric, topic, known):
            left_out.append(NotApplicable(topic.id, topic.name.model_dump(), reason))
            continue
        found = find_evidence(views, topic)
        evidence_at.update((e.view.segment.start, e.view.segment.end) for e in found)
        topics.append(_topic_coverage(rubric, topic, found, dated=known.month is not None))
    groups = tuple(_group_coverage(group, topics) for group in rubric.groups)
    treated = [topic.score for topic in topics if topic.level]
    characters = sum(segment.end - segment.start for segment in segments)
    return Coverage(
        rubric_id=rubric.id,
        rubric_version=rubric.version,
        rubric_name=rubric.name.model_dump(),
        total=_total(groups),
        groups=groups,
        topics=tuple(topics),
        not_applicable=tuple(left_out),
        breadth=len(treated) / len(topics) if topics else 0.0,
        depth=sum(treated) / len(treated) if treated else 0.0,
        balance=_balance(groups),
        density=1000 * len(evidence_at) / characters if characters else 0.0,
    )


def _topic_coverage(
    rubric: Rubric, topic: Topic, found: Sequence[Evidence], *, dated: bool
) -> TopicCoverage:
    reached = {element for evidence in found for element in evidence.elements}
    elements = {element: element in reached for element in ELEMENTS}
    # Whether a season calls for its topic cannot be known without a date: a bonus then.
    vital = topic.vital and (dated or topic.months is None)
    return TopicCoverage(
        id=topic.id,
        name=topic.name.model_dump(),
        group=topic.group,
        weight=rubric.weight(topic, vital=vital),
        vital=vital,
        level=len(reached),
        score=math.fsum(POINTS[element] for element in reached),
        elements=elements,
        quotes=tuple(map(_quote, sorted(found, key=_best_first))),
        gap=gap(topic, elements),
    )


def _best_first(evidence: Evidence) -> tuple[int, int]:
    return -len(evidence.elements), evidence.view.segment.start


def _quote(evidence: Evidence) -> Quote:
    segment = evidence.view.segment
    return Quote(segment.start, segment.end, segment.text, evidence.elements)


def _group_coverage(group: Group, topics: Sequence[TopicCoverage]) -> GroupCoverage:
    members = [topic for topic in topics if topic.group == group.id]
    score = None
    if members:
        weight = math.fsum(topic.weight for topic in members)
        score = min(1.0, math.fsum(topic.weight * topic.score for topic in members) / weight)
    return GroupCoverage(group.id, group.name.model_dump(), group.weight, score)


def _total(groups: Sequence[GroupCoverage]) -> float:
    scored = [(group.weight, group.score) for group in groups if group.score is not None]
    if not scored:
        return 0.0
    weight = math.fsum(weight for weight, _ in scored)
    return min(1.0, (math.fsum(w * math.sqrt(score) for w, score in scored) / weight) ** 2)


def _balance(groups: Sequence[GroupCoverage]) -> float:
    scores = [group.score for group in groups if group.score is not None]
    highest = max(scores, default=0.0)
    return min(scores) / highest if highest else 0.0
