"""Why a topic has its level: what was found in each sentence, what nearly counted, what is missing."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from safetynlp.applicability import occasion
from safetynlp.coverage import TopicCoverage, cover
from safetynlp.cues import find_bodies, find_measures, find_places
from safetynlp.doubt import Flip, doubtful
from safetynlp.errors import RubricError, UsageError
from safetynlp.evidence import Evidence, View, elements_of, find_evidence, is_evidence, view
from safetynlp.formula import ELEMENTS
from safetynlp.gaps import gap
from safetynlp.prediction import LabelledSegment
from safetynlp.rubric import Rubric, Source, Topic
from safetynlp.rule import Rule, Sentence, compile_terms
from safetynlp.schema import Schema

__all__ = ["EvidenceSegment", "Explanation", "NearMiss", "Reason", "Step", "explain"]

# What an evidence segment may lack for its next element, in the order in which it is looked for.
LACKS = ("sectors", "list", "function", "action", "bearer", "measure")


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that was found.

    ========= =========================================================================
    kind      what it is
    ========= =========================================================================
    label     a label of the segment: ``facet``, ``label`` and its ``probability``
    cue       wording in the segment that a rule asks for
    heading   the same in a heading above it
    month     the month of the speech, which a rule asks for
    body      a body that is named
    place     a place that facts concern
    others    a measure, of ``safetynlp.cues.MEASURE_KINDS``
    ========= =========================================================================

    ``wording`` stands at ``start``–``end`` (characters of ``Document.text``) unless it is that of
    a heading or month. What a kind does not have is None.
    """

    kind: str
    facet: str | None = None
    label: str | None = None
    probability: float | None = None  # 0.0–1.0; None if the classifier gave none
    wording: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class EvidenceSegment:
    """A segment that is evidence, and why.

    ``elements`` maps each element that it supports to what was found for it; the first,
    ``mentioned``, has the parts of the match rule that held. ``lacks`` tells what it would need
    for more, of LACKS.
    """

    start: int
    end: int
    text: str
    paragraph: int  # from 1
    elements: dict[str, tuple[Reason, ...]]
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A segment that nearly was evidence.

    ``why`` is ``"document"`` (it only names a document), ``"excluded"`` (the rule of exclusion,
    whose parts are ``reasons``), ``"label"`` (the label in ``reasons`` is likely but was not
    given, or was given in place of a likely one), or ``"sectors"`` (the speech names too few).
    """

    start: int
    end: int
    text: str
    paragraph: int  # from 1
    why: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """How to reach a higher level: the element that is missing, how to add it, what it is worth."""

    level: int
    element: str
    gain: float  # rise of the total from the present level to this one, 0.0–1.0
    advice: dict[str, str]  # {"zh": …, "en": …}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a topic has its level. ``evidence`` and ``near_misses`` are in the order of the speech."""

    rubric_id: str
    rubric_version: str
    topic: TopicCoverage
    source: Source
    evidence: tuple[EvidenceSegment, ...]
    near_misses: tuple[NearMiss, ...]
    steps: tuple[Step, ...]


def explain(
    segments: Sequence[LabelledSegment],
    rubric: Rubric,
    topic: str,
    *,
    date: str | None = None,
    audience: str | None = None,
    level: str | None = None,
    schema: Schema | None = None,
) -> Explanation:
    """Explain the level of one topic.

    Args:
        segments: of one speech.
        rubric: what must be covered.
        topic: id of a topic of it.
        date: as of :func:`~safetynlp.cover`, and so are audience and level.
        audience: ``"government"`` or ``"enterprise"``.
        level: who speaks, of ``safetynlp.rubric.LEVELS``.
        schema: of the labels; default: the package's.

    Raises:
        RubricError: the rubric has no such topic; names the nearest ones.
        UsageError: the topic does not apply to the speech, or a value that cannot be used.
    """
    chosen = _topic(rubric, topic)
    coverage = cover(segments, rubric, date=date, audience=audience, level=level)
    for left_out in coverage.not_applicable:
        if left_out.id == topic:
            raise UsageError(
                f'topic "{topic}" does not apply to this speech: {left_out.reason["en"]}. Choose '
                "another topic, or leave out what rules it out.",
                f"要点“{topic}”不适用于这篇讲话：{left_out.reason['zh']}。请换一个要点，或去掉相应选项。",
            )
    (found,) = (covered for covered in coverage.topics if covered.id == topic)
    month = occasion(date, audience, level).month
    views = [view(segment, rubric, month) for segment in segments]
    evidence = find_evidence(views, chosen)
    return Explanation(
        rubric_id=rubric.id,
        rubric_version=rubric.version,
        topic=found,
        source=chosen.source,
        evidence=tuple(_explained(one, chosen) for one in evidence),
        near_misses=tuple(_near_misses(views, evidence, chosen, rubric, schema)),
        steps=tuple(_steps(chosen, found)),
    )


def _topic(rubric: Rubric, id: str) -> Topic:
    for topic in rubric.topics:
        if topic.id == id:
            return topic
    known = [topic.id for topic in rubric.topics]
    near = difflib.get_close_matches(id, known, n=2)
    hint_en = f" Did you mean {' or '.join(near)}?" if near else ""
    hint_zh = f"是否想写 {'、'.join(near)}？" if near else ""
    raise RubricError(
        f'rubric "{rubric.id}" has no topic "{id}".{hint_en} Topics: {", ".join(known)}.',
        f"要点表“{rubric.id}”没有要点“{id}”。{hint_zh}全部要点：{'、'.join(known)}。",
    )


def _explained(evidence: Evidence, topic: Topic) -> EvidenceSegment:
    seen = evidence.view
    segment = seen.segment
    sentence = seen.full if topic.meta else seen.plain
    because = {
        "mentioned": _held(topic.match, sentence, segment),
        "deployed": _deployed(seen, topic),
        "assigned": _assigned(seen, topic),
        "specified": _specified(seen, topic),
    }
    return EvidenceSegment(
        segment.start,
        segment.end,
        segment.text,
        segment.segment.paragraph + 1,
        {element: tuple(_unique(because[element])) for element in evidence.elements},
        tuple(_lacks(evidence, topic)),
    )


def _unique(reasons: Iterator[Reason]) -> Iterator[Reason]:
    yield from dict.fromkeys(reasons)


def _held(rule: Rule, sentence: Sentence, segment: LabelledSegment) -> Iterator[Reason]:
    """What made a rule hold that holds: its labels and wordings; absences are not listed."""
    for facet, wanted in (rule.labels or {}).items():
        given = sentence.labels.get(facet, ())
        yield from (_label(segment, facet, id) for id in wanted if id in given)
    if rule.sectors is not None:
        yield from (_label(segment, "sector", id) for id in sentence.labels.get("sector", ()))
    for pattern in compile_terms(rule.cues or ()):
        yield from (
            _words(segment, "cue", match.start(), match.end())
            for match in pattern.finditer(sentence.text)
        )
    for pattern in compile_terms(rule.heading or ()):
        for heading in sentence.headings:
            yield from (Reason("heading", wording=m.group()) for m in pattern.finditer(heading))
    if rule.months is not None and sentence.month is not None:
        yield Reason("month", wording=str(sentence.month))
    for inner in (*(rule.all_ or ()), *(rule.any_ or ())):
        if inner.holds(sentence):
            yield from _held(inner, sentence, segment)


def _label(segment: LabelledSegment, facet: str, id: str) -> Reason:
    probability = segment.scores.get(facet, {}).get(id)
    return Reason("label", facet=facet, label=id, probability=probability)


def _words(segment: LabelledSegment, kind: str, start: int, end: int) -> Reason:
    at = segment.start
    return Reason(kind, wording=segment.text[start:end], start=at + start, end=at + end)


def _labels(seen: View, facet: str) -> Iterator[Reason]:
    ids = seen.plain.labels.get(facet, ())
    return (_label(seen.segment, facet, id) for id in ids)


def _deployed(seen: View, topic: Topic) -> Iterator[Reason]:
    yield from _labels(seen, "function")
    if topic.kind == "demand":
        yield from _labels(seen, "action")


def _assigned(seen: View, topic: Topic) -> Iterator[Reason]:
    yield from _labels(seen, "responsibility")
    for cue in find_bodies(seen.plain.text):
        yield _words(seen.segment, "body", cue.start, cue.end)
    if topic.kind == "state":  # facts concern a sector or a place, where nobody bears a duty
        yield from _labels(seen, "sector")
        for cue in find_places(seen.plain.text):
            yield _words(seen.segment, "place", cue.start, cue.end)
    elif topic.bearer is not None:
        yield from _held(topic.bearer, seen.plain, seen.segment)


def _specified(seen: View, topic: Topic) -> Iterator[Reason]:
    for cue in find_measures(seen.plain.text, topic.measures):
        yield _words(seen.segment, cue.kind, cue.start, cue.end)


def _lacks(evidence: Evidence, topic: Topic) -> Iterator[str]:
    seen = evidence.view
    if "deployed" in evidence.elements:
        yield from ("bearer",) if "assigned" not in evidence.elements else ()
        yield from ("measure",) if "specified" not in evidence.elements else ()
    elif "deployed" in elements_of(seen, topic):
        yield "sectors"  # by itself it is, but the speech as a whole names too few
    elif seen.lists_words:
        yield "list"
    elif topic.kind == "demand" and seen.function == "directive":
        yield "action"
    else:
        yield "function"


def _near_misses(
    views: Sequence[View],
    evidence: Sequence[Evidence],
    topic: Topic,
    rubric: Rubric,
    schema: Schema | None,
) -> Iterator[NearMiss]:
    places = {one.view.segment.start for one in evidence}
    for seen in views:
        if seen.segment.start not in places and (missed := _missed(seen, topic, rubric, schema)):
            why, reasons = missed
            segment = seen.segment
            yield NearMiss(
                segment.start,
                segment.end,
                segment.text,
                segment.segment.paragraph + 1,
                why,
                tuple(_unique(iter(reasons))),
            )


def _missed(
    seen: View, topic: Topic, rubric: Rubric, schema: Schema | None
) -> tuple[str, list[Reason]] | None:
    """Why a segment that is no evidence nearly was, and what tells so; None if it is far from it."""
    if is_evidence(seen, topic):
        return "sectors", list(_labels(seen, "sector"))
    sentence = seen.full if topic.meta else seen.plain
    if topic.match.holds(sentence):
        if topic.exclude is not None and topic.exclude.holds(sentence):
            return "excluded", list(_held(topic.exclude, sentence, seen.segment))
        return "document", []
    for flip in doubtful(seen.segment.prediction, schema or Schema.default()):
        other = view(_flipped(seen.segment, flip), rubric, sentence.month)
        if is_evidence(other, topic):
            return "label", [_label(seen.segment, flip.facet, flip.instead or flip.label)]
    return None


def _flipped(segment: LabelledSegment, flip: Flip) -> LabelledSegment:
    given = segment.labels[flip.facet]
    changed = {flip.label, flip.instead} - {None}
    kept = tuple(id for id in given if id not in changed)
    added = tuple(id for id in changed if id is not None and id not in given)
    labels: Mapping[str, tuple[str, ...]] = {**segment.labels, flip.facet: (*kept, *added)}
    return replace(segment, prediction=replace(segment.prediction, labels=labels))


def _steps(topic: Topic, found: TopicCoverage) -> Iterator[Step]:
    elements = dict(found.elements)
    missing = [element for element in ELEMENTS if not elements[element]]
    for element, (level, gain) in zip(missing, found.gains.items(), strict=True):
        yield Step(level, element, gain, gap(topic, elements))
        elements[element] = True
