"""The speech on the page: its sentences, their labels and topics, and what they are found by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from safetynlp.analyzer import Analysis
from safetynlp.coverage import Coverage
from safetynlp.report import charts
from safetynlp.schema import Facet, Schema

__all__ = ["TONES", "Chip", "SegmentView", "Sentences", "Support", "hues", "tone_facet"]

TONES = 8  # classes s0 … s7 of the style sheet
_HUES = 6  # classes f0 … f5
_Option = tuple[str, str, int]  # token, name, number of sentences


@dataclass(frozen=True, slots=True)
class Chip:
    """A label on a segment."""

    facet: str
    name: str
    probability: str
    hue: int


@dataclass(frozen=True, slots=True)
class Support:
    """A topic that a segment is evidence for, the address of it, and the elements it supports."""

    id: str
    href: str
    name: str
    elements: str


@dataclass(frozen=True, slots=True)
class SegmentView:
    """One segment. ``tone`` colours its rule, ``tokens`` are what the filter looks for."""

    anchor: str
    number: int
    text: str
    tone: int
    tags: list[Chip]
    chips: list[Chip]
    tokens: str
    topics: list[Support]


class Sentences:
    """What the page shows of the speech itself.

    Args:
        analysis: the labelled speech.
        coverage: its score.
        key: of the speech on the page, with which its anchors begin.
        lang: ``"zh"`` or ``"en"``.
        say: the wording of the page in that language.
    """

    def __init__(
        self, analysis: Analysis, coverage: Coverage, key: str, lang: str, say: Mapping[str, str]
    ) -> None:
        self._analysis, self._coverage = analysis, coverage
        self._key, self._lang, self._say = key, lang, say
        self._number_at = {segment.start: n for n, segment in enumerate(analysis.segments, 1)}
        self._tone_facet = tone_facet(analysis.schema)
        # Tokens are short and of digits, whatever a user's schema or rubric calls its parts.
        self._token = {topic.id: f"t.{n}" for n, topic in enumerate(coverage.topics)}

    def number(self, start: int) -> int:
        """Of the segment that begins at this character; counted from 1."""
        return self._number_at[start]

    def href(self, start: int) -> str:
        """Address on the page of the segment that begins at this character."""
        return f"#{self._anchor(self._number_at[start])}"

    def topic_anchor(self, id: str) -> str:
        """Anchor of a topic."""
        return f"{self._key}-t-{id}"

    def token(self, topic_id: str) -> str:
        """By which the segments that are evidence for a topic are found."""
        return self._token[topic_id]

    def _anchor(self, number: int) -> str:
        return f"{self._key}-s{number}"

    def segments(self) -> Iterator[SegmentView]:
        """Every segment, in order."""
        schema, topics_at = self._analysis.schema, self._supports()
        hue = hues(schema)
        for number, segment in enumerate(self._analysis.segments, 1):
            chips: dict[str, list[Chip]] = {"single": [], "multi": []}
            tokens = []
            for n, facet in enumerate(schema.facets):
                for id in segment.labels[facet.id]:
                    tokens.append(f"{n}.{facet.label_ids.index(id)}")
                    name = facet.label(id).name.get(self._lang)
                    score = f"{segment.scores[facet.id][id]:.2f}"
                    chip = Chip(facet.name.get(self._lang), name, score, hue[facet.id])
                    chips[facet.kind].append(chip)
            topics = topics_at.get(segment.start, ())
            yield SegmentView(
                anchor=self._anchor(number),
                number=number,
                text=segment.text,
                tone=self._tone(number),
                tags=chips["single"],
                chips=chips["multi"],
                tokens=" ".join([*tokens, *(self._token[topic.id] for topic in topics)]),
                topics=list(topics),
            )

    def _supports(self) -> dict[int, list[Support]]:
        """By the start of a segment: what it is evidence for, in the order of the rubric."""
        found: dict[int, list[Support]] = {}
        for topic in self._coverage.topics:
            href, name = f"#{self.topic_anchor(topic.id)}", topic.name[self._lang]
            for quote in topic.quotes:
                names = self._say["comma"].join(self._say[element] for element in quote.elements)
                found.setdefault(quote.start, []).append(Support(topic.id, href, name, names))
        return found

    def stripes(self) -> Markup | None:
        """One stripe per segment in its tone; None if there is nothing to tell apart."""
        count = len(self._analysis.segments)
        if self._tone_facet is None or not count:
            return None
        return charts.stripes([self._tone(number) for number in range(1, count + 1)])

    def tones(self) -> list[tuple[int, str]]:
        """Tones with the names of the labels that they stand for."""
        if self._tone_facet is None:
            return []
        labels = self._tone_facet.labels
        return [(n % TONES, label.name.get(self._lang)) for n, label in enumerate(labels)]

    def _tone(self, number: int) -> int:
        facet = self._tone_facet
        if facet is None:
            return 0
        id = self._analysis.segments[number - 1].labels[facet.id][0]
        return facet.label_ids.index(id) % TONES

    def filters(
        self, counts: Mapping[str, Mapping[str, int]]
    ) -> list[tuple[str, Sequence[_Option]]]:
        """Facet name with (token, label name, count) of each label that occurs; topics likewise."""
        labels: list[tuple[str, Sequence[_Option]]] = [
            (
                facet.name.get(self._lang),
                [
                    (f"{n}.{k}", label.name.get(self._lang), counts[facet.id][label.id])
                    for k, label in enumerate(facet.labels)
                    if counts[facet.id][label.id]
                ],
            )
            for n, facet in enumerate(self._analysis.schema.facets)
        ]
        topics = [
            (self._token[topic.id], f"{topic.id} {topic.name[self._lang]}", len(topic.quotes))
            for topic in self._coverage.topics
            if topic.quotes
        ]
        return [*labels, (self._say["topic"], topics)]


def hues(schema: Schema) -> dict[str, int]:
    """The colour of each facet, by its id."""
    return {facet.id: n % _HUES for n, facet in enumerate(schema.facets)}


def tone_facet(schema: Schema) -> Facet | None:
    """The facet that colours the rule beside a segment: the first that always has one label."""
    return next((facet for facet in schema.facets if facet.kind == "single"), None)
