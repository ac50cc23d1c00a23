"""Coverage: how thoroughly a speech treats the topics of a rubric, each point with its quote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from safetynlp.applicability import is_vital, occasion, reason_not_applicable, weighting
from safetynlp.doubt import Uncertainty
from safetynlp.evidence import Evidence, find_evidence, view
from safetynlp.formula import ELEMENTS, LEVEL_SCORES, POINTS, Weighting
from safetynlp.gaps import gap
from safetynlp.prediction import LabelledSegment
from safetynlp.rubric import Rubric, Topic

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
    and what would close it; empty at level 4. ``gains`` maps every level above the one reached
    to how much the total would rise if this topic alone reached it: ``gains[4]`` is what closing
    the gap is worth. Exact by the formula of the total; empty at level 4.
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
    gains: dict[int, float]  # level → rise of the total, 0.0–1.0; keys: levels above ``level``

    @property
    def gain(self) -> float:
        """How much the total would rise if this topic alone reached level 4; 0.0 if it has."""
        return self.gains.get(len(ELEMENTS), 0.0)


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
    highest), ``density`` (evidence segments per 1,000 characters of speech). ``uncertainty`` is
    how far the total may be off because labels may be; None if it was not asked for.
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
    uncertainty: Uncertainty | None = None

    @property
    def gaps(self) -> tuple[TopicCoverage, ...]:
        """Topics below level 4, the one with the largest ``gain`` first."""
        open_topics = (topic for topic in self.topics if topic.level < len(ELEMENTS))
        return tuple(sorted(open_topics, key=lambda topic: -topic.gain))


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
    applicable: list[Topic] = []
    left_out: list[NotApplicable] = []
    for topic in rubric.topics:
        if reason := reason_not_applicable(rubric, topic, known):
            left_out.append(NotApplicable(topic.id, topic.name.model_dump(), reason))
        else:
            applicable.append(topic)
    found = {topic.id: find_evidence(views, topic) for topic in applicable}
    weights = weighting(rubric, applicable, known)
    scores = {id: LEVEL_SCORES[len(_reached(evidence))] for id, evidence in found.items()}
    group_scores = weights.group_scores(scores)
    topics = tuple(
        _topic_coverage(topic, found[topic.id], weights, scores, vital=is_vital(topic, known))
        for topic in applicable
    )
    groups = tuple(
        GroupCoverage(group.id, group.name.model_dump(), group.weight, group_scores[group.id])
        for group in rubric.groups
    )
    treated = [topic.score for topic in topics if topic.level]
    evidence_at = {(e.view.segment.start, e.view.segment.end) for es in found.values() for e in es}
    characters = sum(segment.end - segment.start for segment in segments)
    return Coverage(
        rubric_id=rubric.id,
        rubric_version=rubric.version,
        rubric_name=rubric.name.model_dump(),
        total=weights.total(group_scores),
        groups=groups,
        topics=topics,
        not_applicable=tuple(left_out),
        breadth=len(treated) / len(topics) if topics else 0.0,
        depth=sum(treated) / len(treated) if treated else 0.0,
        balance=_balance(groups),
        density=1000 * len(evidence_at) / characters if characters else 0.0,
    )


def _reached(found: Sequence[Evidence]) -> set[str]:
    return {element for evidence in found for element in evidence.elements}


def _topic_coverage(
    topic: Topic,
    found: Sequence[Evidence],
    weights: Weighting,
    scores: Mapping[str, float],
    *,
    vital: bool,
) -> TopicCoverage:
    reached = _reached(found)
    elements = {element: element in reached for element in ELEMENTS}
    return TopicCoverage(
        id=topic.id,
        name=topic.name.model_dump(),
        group=topic.group,
        weight=weights.topics[topic.id][1],
        vital=vital,
        level=len(reached),
        score=scores[topic.id],
        elements=elements,
        quotes=tuple(map(_quote, sorted(found, key=_best_first))),
        gap=gap(topic, elements),
        gains=weights.gains(scores, topic.id, len(reached)),
    )


def _best_first(evidence: Evidence) -> tuple[int, int]:
    return -len(evidence.elements), evidence.view.segment.start


def _quote(evidence: Evidence) -> Quote:
    segment = evidence.view.segment
    return Quote(segment.start, segment.end, segment.text, evidence.elements)


def _balance(groups: Sequence[GroupCoverage]) -> float:
    scores = [group.score for group in groups if group.score is not None]
    highest = max(scores, default=0.0)
    return min(scores) / highest if highest else 0.0
