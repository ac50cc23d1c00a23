"""Why a topic has its level, as text and as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from safetynlp.analyzer import Analysis
from safetynlp.explanation import EvidenceSegment, Explanation, NearMiss, Reason
from safetynlp.report.cells import wrap
from safetynlp.report.records import DIGITS, topic_record
from safetynlp.report.visible import visible
from safetynlp.report.words import words

__all__ = ["explanation_record", "explanation_text"]

_MIN_WIDTH = 60


def explanation_text(
    analysis: Analysis, explanation: Explanation, lang: str = "zh", *, width: int = 96
) -> str:
    """Every evidence segment with what was found in it, near misses, and how to reach more.

    Args:
        analysis: the labelled speech.
        explanation: of one of its topics.
        lang: ``"zh"`` or ``"en"``.
        width: cells of a line, a Chinese character taking two; at least 60.

    Returns: lines without colour codes, each ended by a line feed.

    Raises:
        UsageError: another language.
    """
    text = _Text(analysis, explanation, lang, max(width, _MIN_WIDTH))
    return "".join(f"{line}\n" for line in text.lines())


class _Text:
    """Writes one explanation in one language."""

    def __init__(self, analysis: Analysis, explanation: Explanation, lang: str, width: int) -> None:
        self._schema = analysis.schema
        self._source = analysis.document.source
        self._explanation = explanation
        self._lang = lang
        self._words = words(lang)
        self._width = width

    def lines(self) -> Iterator[str]:
        say, found = self._words, self._explanation
        topic = found.topic
        yield visible(self._source)
        name, level = visible(topic.name[self._lang]), say["level"].format(topic.level)
        yield from wrap(
            f"{topic.id} {name}{say['colon']}{level}, {say['score']} {topic.score:.2f} · "
            f"{found.rubric_id} {say['version'].format(found.rubric_version)}",
            self._width,
        )
        status = say[f"source_{found.source.status}"]
        yield from self._wrapped(0, say["source"], f"{found.source.clause} ({status})")
        yield from ("", f"{say['evidence']} ({len(found.evidence)})")
        if not found.evidence:
            yield f"  {say['no_quote']}"
        for segment in found.evidence:
            yield from self._evidence(segment)
        if found.near_misses:
            yield from ("", f"{say['near_misses']} ({len(found.near_misses)})")
        for miss in found.near_misses:
            yield from self._place(miss)
            title = say[f"missed_{miss.why}"]
            if miss.reasons:
                yield from self._wrapped(6, title, self._listed(miss.reasons))
            else:
                yield from wrap(title, self._width, " " * 6)
        yield from ("", say["steps"])
        if not found.steps:
            yield f"  {say['complete']}"
        for step in found.steps:
            gain = f"{say['level'].format(step.level)} +{100 * step.gain:.1f}"
            advice = visible(step.advice[self._lang])
            yield from self._wrapped(2, gain, advice)

    def _evidence(self, segment: EvidenceSegment) -> Iterator[str]:
        yield from self._place(segment)
        for element, reasons in segment.elements.items():
            yield from self._wrapped(6, self._words[element], self._listed(reasons))
        for lack in segment.lacks:
            yield from self._wrapped(6, self._words["lacks"], self._words[f"lacks_{lack}"])

    def _place(self, segment: EvidenceSegment | NearMiss) -> Iterator[str]:
        say = self._words
        where = say["where"].format(segment.paragraph, segment.start, segment.end)
        quote = f"{say['open_quote']}{visible(segment.text)}{say['close_quote']}"
        yield from wrap(f"{where} {quote}", self._width, "  ")

    def _wrapped(self, indent: int, title: str, text: str) -> Iterable[str]:
        return wrap(f"{title}{self._words['colon']}{text}", self._width, " " * indent)

    def _listed(self, reasons: Sequence[Reason]) -> str:
        """Labels with their probabilities, then wordings by kind, each once."""
        say = self._words
        listed = [self._label(reason) for reason in reasons if reason.facet is not None]
        wordings: dict[str, dict[str, None]] = {}
        for reason in reasons:
            if reason.wording is not None:
                wordings.setdefault(reason.kind, {})[visible(reason.wording)] = None
        for kind, found in wordings.items():
            quoted = (f"{say['open_quote']}{wording}{say['close_quote']}" for wording in found)
            listed.append(f"{say[f'reason_{kind}']} {' '.join(quoted)}")
        return say["semicolon"].join(listed)

    def _label(self, reason: Reason) -> str:
        facet = self._schema.facet(str(reason.facet))
        label = facet.label(str(reason.label)).name.get(self._lang)
        name = f"{facet.name.get(self._lang)} “{label}”"
        return name if reason.probability is None else f"{name} {reason.probability:.2f}"


def explanation_record(analysis: Analysis, explanation: Explanation) -> dict[str, Any]:
    """The object that ``explain --format json`` gives, as plain JSON data.

    Keys: ``doc``; ``rubric``, ``rubric_version``; ``topic`` as in ``score --format json``;
    ``source`` (``clause``, ``status``); ``evidence``, ``near_misses`` and ``steps`` with the
    fields of :class:`~safetynlp.EvidenceSegment`, :class:`~safetynlp.NearMiss` and
    :class:`~safetynlp.Step`. Numbers are rounded to 4 digits.
    """
    return {
        "doc": analysis.document.source,
        "rubric": explanation.rubric_id,
        "rubric_version": explanation.rubric_version,
        "topic": topic_record(explanation.topic),
        "source": explanation.source.model_dump(),
        "evidence": [_rounded(asdict(segment)) for segment in explanation.evidence],
        "near_misses": [_rounded(asdict(miss)) for miss in explanation.near_misses],
        "steps": [_rounded(asdict(step)) for step in explanation.steps],
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list | tuple) else value
