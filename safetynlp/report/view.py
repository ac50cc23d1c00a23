"""What the page shows of one speech, worked out so that the template only lays it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from safetynlp.analyzer import Analysis
from safetynlp.coverage import ELEMENTS, Coverage, GroupCoverage, Quote, TopicCoverage
from safetynlp.pmc_index import BANDS
from safetynlp.pmc_index import pmc as pmc_index
from safetynlp.report import charts
from safetynlp.report.counts import label_counts
from safetynlp.report.outline import Block, outline
from safetynlp.report.phrases import (
    doubt_words,
    doubts_of,
    file_name,
    interval,
    pmc_rows,
    pmc_value,
)
from safetynlp.report.ranking import enough, telling_quotes
from safetynlp.report.sentences import TONES, SegmentView, Sentences, hues, tone_facet
from safetynlp.schema import Facet

__all__ = ["SpeechView", "speech_view"]

_FIRST_GAPS = 5  # shown at once; the others are folded
_FUNCTION, _DIRECTIVE = "function", "directive"  # of the package's schema


@dataclass(frozen=True, slots=True)
class QuoteView:
    """A quote with the address of its place on the page; ``number`` counts segments from 1."""

    text: str
    href: str
    number: int
    elements: str


@dataclass(frozen=True, slots=True)
class TopicView:
    """One topic; ``elements`` are (name, reached).

    ``token`` finds its ``n_quotes`` sentences in the speech, ``href`` leads to the first.
    """

    anchor: str
    id: str
    name: str
    vital: bool
    doubtful: bool
    level: int
    score: str
    ladder: Markup
    elements: list[tuple[str, bool]]
    quotes: list[QuoteView]
    more: list[QuoteView]
    n_quotes: int
    token: str
    href: str
    gap: str
    gains: str


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group; ``score`` and ``bar`` are None if no topic of it applies."""

    name: str
    share: str
    score: str | None
    bar: Markup | None
    topics: list[TopicView]


@dataclass(frozen=True, slots=True)
class GapView:
    """A gap with what closing it brings, in points of 100."""

    topic: TopicView
    gain: str


@dataclass(frozen=True, slots=True)
class DoubtView:
    """A sentence whose label is unsure, with the topic whose level hangs on it."""

    topic: TopicView
    text: str
    href: str
    told: str


@dataclass(frozen=True, slots=True)
class PmcView:
    """The PMC index; rows are (name, secondary variables, ones among them, value).

    ``bands`` is the key of the surface, best first; ``hollow`` tells that it has places without a
    group.
    """

    index: str
    band: str
    rows: list[tuple[str, str, str, str]]
    surface: Markup
    bands: list[tuple[Markup, str]]
    hollow: bool


@dataclass(frozen=True, slots=True)
class ChartView:
    """Label counts of a facet: rows (name, count, bar), and the names of absent labels."""

    name: str
    note: str
    legend: str
    hue: int
    single: bool
    rows: list[tuple[str, int, Markup, int]]
    absent: list[str]


@dataclass(frozen=True, slots=True)
class SpeechView:
    """One speech with its score, in one language."""

    key: str
    name: str
    rubric: str
    rubric_id: str
    rubric_version: str
    n_segments: int
    n_characters: int
    applies: bool  # whether any topic does
    total: str  # of 100, or a dash
    interval: str  # of the total; empty if it is not known
    ruler: Markup
    total_bar: Markup
    metrics: list[tuple[str, str, str]]  # name, value, note
    groups: list[GroupView]
    radar: Markup
    gaps: list[GapView]
    more_gaps: list[GapView]
    doubts: list[DoubtView]
    pmc: PmcView | None
    not_applicable: list[tuple[str, str, str]]  # id, name, reason
    charts: list[ChartView]
    stripes: Markup | None
    tones: list[tuple[int, str]]
    filters: list[tuple[str, Sequence[tuple[str, str, int]]]]
    blocks: list[Block]
    segments: list[SegmentView]
    audit: list[tuple[str, str]]


def speech_view(
    analysis: Analysis,
    coverage: Coverage,
    number: int,
    lang: str,
    say: Mapping[str, str],
    *,
    pmc: bool = False,
) -> SpeechView:
    """Work out what the page shows of one speech.

    Args:
        analysis: the labelled speech.
        coverage: its score.
        number: of the speech on the page, from 1; makes its anchors unique.
        lang: ``"zh"`` or ``"en"``.
        say: the wording of the page in that language.
        pmc: also show the PMC index.
    """
    return _Builder(analysis, coverage, f"d{number}", lang, say).view(pmc=pmc)


class _Builder:
    def __init__(
        self,
        analysis: Analysis,
        coverage: Coverage,
        key: str,
        lang: str,
        say: Mapping[str, str],
    ) -> None:
        self._analysis = analysis
        self._coverage = coverage
        self._key = key
        self._lang = lang
        self._say = say
        # The page is passed on: the folders of this computer are nobody's business.
        self._name = file_name(analysis.document.source)
        self._quotes = telling_quotes(coverage)
        self._sentences = Sentences(analysis, coverage, key, lang, say)
        self._topics = {topic.id: self._topic(topic) for topic in coverage.topics}
        self._hue = hues(analysis.schema)
        self._tone_facet = tone_facet(analysis.schema)

    def view(self, *, pmc: bool) -> SpeechView:
        """The whole of it."""
        analysis, coverage = self._analysis, self._coverage
        gaps = [
            GapView(self._topics[topic.id], f"{100 * topic.gain:.1f}") for topic in coverage.gaps
        ]
        counts = label_counts(analysis)
        return SpeechView(
            key=self._key,
            name=self._name,
            rubric=coverage.rubric_name[self._lang],
            rubric_id=coverage.rubric_id,
            rubric_version=coverage.rubric_version,
            n_segments=len(analysis.segments),
            n_characters=sum(segment.end - segment.start for segment in analysis.segments),
            applies=bool(coverage.topics),
            total=f"{100 * coverage.total:.1f}" if coverage.topics else "–",
            interval=interval(coverage),
            ruler=charts.ruler(coverage.total),
            total_bar=charts.bar(coverage.total),
            metrics=self._metrics(),
            groups=[self._group(group) for group in coverage.groups],
            radar=charts.radar(
                [(group.name[self._lang], group.score) for group in coverage.groups]
            ),
            gaps=gaps[:_FIRST_GAPS],
            more_gaps=gaps[_FIRST_GAPS:],
            doubts=list(self._doubts()),
            pmc=self._pmc() if pmc and coverage.topics else None,
            not_applicable=[
                (topic.id, topic.name[self._lang], topic.reason[self._lang])
                for topic in coverage.not_applicable
            ],
            charts=[self._chart(facet, counts[facet.id]) for facet in analysis.schema.facets],
            stripes=self._sentences.stripes(),
            tones=self._sentences.tones(),
            filters=self._sentences.filters(counts),
            blocks=outline(analysis),
            segments=list(self._sentences.segments()),
            audit=self._audit(),
        )

    def _doubts(self) -> Iterator[DoubtView]:
        for topic in self._coverage.topics:
            for doubt in doubts_of(self._coverage, topic):
                href = self._sentences.href(doubt.start)
                told = doubt_words(doubt, self._analysis.schema, self._lang)
                yield DoubtView(self._topics[topic.id], doubt.text, href, told)

    def _pmc(self) -> PmcView:
        say, found = self._say, pmc_index(self._coverage)
        return PmcView(
            index=pmc_value(found, say),
            band=say[f"pmc_{found.band}"],
            rows=pmc_rows(found, self._lang),
            surface=charts.pmc_surface(found.surface),
            bands=[
                (charts.pmc_band(len(BANDS) - 1 - n), f"{say[f'pmc_{band}']} ≥ {lowest:.2f}")
                for n, (band, lowest) in enumerate(BANDS)
            ],
            hollow=any(value is None for row in found.surface for value in row),
        )

    def _metrics(self) -> list[tuple[str, str, str]]:
        say, coverage = self._say, self._coverage
        mentioned = sum(topic.level > 0 for topic in coverage.topics)
        breadth_note = say["breadth_note"].format(len(coverage.topics), mentioned)
        return [
            (say["breadth"], f"{coverage.breadth:.0%}", breadth_note),
            (say["depth"], f"{coverage.depth:.2f}", say["depth_note"]),
            (say["balance"], f"{coverage.balance:.2f}", say["balance_note"]),
            (say["density"], f"{coverage.density:.1f}", say["density_note"]),
        ]

    def _group(self, group: GroupCoverage) -> GroupView:
        scored = [g.weight for g in self._coverage.groups if g.score is not None]
        members = [t for t in self._coverage.topics if t.group == group.id]
        applies = group.score is not None
        return GroupView(
            name=group.name[self._lang],
            share=f"{group.weight / sum(scored):.0%}" if applies else "",
            score=f"{100 * group.score:.0f}" if group.score is not None else None,
            bar=charts.bar(group.score) if group.score is not None else None,
            topics=[self._topics[topic.id] for topic in members],
        )

    def _topic(self, topic: TopicCoverage) -> TopicView:
        say = self._say
        shown, rest = enough(self._quotes[topic.id])
        starts = [quote.start for quote in topic.quotes]
        gains = (
            say["gain_levels"].format(say["level"].format(level), f"{100 * gain:.1f}")
            for level, gain in topic.gains.items()
        )
        return TopicView(
            anchor=self._sentences.topic_anchor(topic.id),
            id=topic.id,
            name=topic.name[self._lang],
            vital=topic.vital,
            doubtful=bool(doubts_of(self._coverage, topic)),
            level=topic.level,
            score=f"{topic.score:.2f}",
            ladder=charts.ladder(topic.level),
            elements=[(say[element], topic.elements[element]) for element in ELEMENTS],
            quotes=[self._quote(quote) for quote in shown],
            more=[self._quote(quote) for quote in rest],
            n_quotes=len(starts),
            token=self._sentences.token(topic.id),
            href=self._sentences.href(min(starts)) if starts else "",
            gap=topic.gap[self._lang],
            gains=say["comma"].join(gains),
        )

    def _quote(self, quote: Quote) -> QuoteView:
        names = self._say["comma"].join(self._say[element] for element in quote.elements)
        number = self._sentences.number(quote.start)
        return QuoteView(quote.text, self._sentences.href(quote.start), number, names)

    def _chart(self, facet: Facet, counts: Mapping[str, int]) -> ChartView:
        demanded = self._demanded(facet)
        highest = max([1, *counts.values()])
        # sorted() keeps the order of the schema among equal counts.
        ranked = sorted((label for label in facet.labels if counts[label.id]),
                        key=lambda label: -counts[label.id])  # fmt: skip
        rows = [
            (
                label.name.get(self._lang),
                counts[label.id],
                charts.bar(
                    counts[label.id] / highest,
                    None if demanded is None else demanded.get(label.id, 0) / highest,
                ),
                facet.labels.index(label) % TONES,
            )
            for label in ranked
        ]
        legend = ""
        if demanded is not None:
            name = self._analysis.schema.facet(_FUNCTION).label(_DIRECTIVE).name.get(self._lang)
            legend = self._say["directive_legend"].format(name)
        return ChartView(
            name=facet.name.get(self._lang),
            note=facet.definition.get(self._lang),
            legend=legend,
            hue=self._hue[facet.id],
            single=facet is self._tone_facet,
            rows=rows,
            absent=[label.name.get(self._lang) for label in facet.labels if not counts[label.id]],
        )

    def _demanded(self, facet: Facet) -> dict[str, int] | None:
        """Counts of the labels in directive sentences alone; None if that cannot be told."""
        schema = self._analysis.schema
        has_directive = _FUNCTION in schema.facet_ids and (
            _DIRECTIVE in schema.facet(_FUNCTION).label_ids
        )
        if facet.id == _FUNCTION or not has_directive:
            return None
        demanded: dict[str, int] = {}
        for segment in self._analysis.segments:
            if _DIRECTIVE in segment.labels[_FUNCTION]:
                for label in segment.labels[facet.id]:
                    demanded[label] = demanded.get(label, 0) + 1
        return demanded

    def _audit(self) -> list[tuple[str, str]]:
        say, audit, coverage = self._say, self._analysis.audit, self._coverage
        schema = self._analysis.schema
        return [
            (say["document"], self._name),
            (say["model"], audit.model),
            (say["fingerprint"], audit.model_sha256 or say["none"]),
            (say["schema"], f"{schema.id} {say['version'].format(schema.version)}"),
            (
                say["rubric"],
                f"{coverage.rubric_id} {say['version'].format(coverage.rubric_version)}",
            ),
            (say["program"], f"safetynlp {audit.safetynlp_version}"),
        ]
