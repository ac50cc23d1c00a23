"""A coverage as headings, paragraphs and tables: what the office documents are made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from safetynlp.analyzer import Analysis
from safetynlp.coverage import ELEMENTS, Coverage, Quote, TopicCoverage
from safetynlp.doubt import Doubt
from safetynlp.pmc_index import pmc as pmc_index
from safetynlp.report.phrases import (
    doubt_words,
    doubts_of,
    figures,
    file_name,
    pmc_rows,
    pmc_value,
    total,
)
from safetynlp.report.ranking import enough, telling_quotes
from safetynlp.report.visible import visible
from safetynlp.report.words import words

__all__ = ["Block", "Heading", "Paragraph", "Table", "brief"]


@dataclass(frozen=True, slots=True)
class Heading:
    """``level`` 0 is the title of a speech's report, then 1 and 2."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``style`` is ``"body"``, ``"strong"``, ``"note"`` or ``"quote"``."""

    text: str
    style: str = "body"


@dataclass(frozen=True, slots=True)
class Table:
    """``widths`` are shares of the width of the page; every row has as many cells as ``header``."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]


Block = Heading | Paragraph | Table


def brief(
    analysis: Analysis, coverage: Coverage, lang: str = "zh", *, pmc: bool = False
) -> list[Block]:
    """The report of one speech as blocks, in reading order; texts are on one line each.

    Summary, groups, what to add first, topics to look at, all topics, their quotes with paragraph
    numbers, topics that do not apply, and what made the report. Folders of the computer are left
    out of the name of the speech.

    Raises:
        UsageError: another language.
    """
    return list(_Brief(analysis, coverage, lang, pmc).blocks())


class _Brief:
    def __init__(self, analysis: Analysis, coverage: Coverage, lang: str, pmc: bool) -> None:
        self._analysis, self._coverage, self._lang, self._pmc = analysis, coverage, lang, pmc
        self._say = words(lang)
        self._quotes = telling_quotes(coverage)
        self._paragraph_at = {s.start: s.segment.paragraph + 1 for s in analysis.segments}
        self._name = file_name(analysis.document.source)

    def blocks(self) -> Iterator[Block]:
        yield from self._summary()
        if self._coverage.topics:
            yield from self._groups()
            yield from self._gaps()
            yield from self._doubts()
            yield from self._topics()
            yield from self._evidence()
            if self._pmc:
                yield from self._index()
        yield from self._not_applicable()
        yield from self._audit()

    def _summary(self) -> Iterator[Block]:
        say, coverage, segments = self._say, self._coverage, self._analysis.segments
        yield Heading(0, say["report"])
        characters = sum(segment.end - segment.start for segment in segments)
        size = (
            say["sentences"].format(f"{len(segments):,}"),
            say["characters"].format(f"{characters:,}"),
        )
        yield Paragraph(say["comma"].join((visible(self._name), *size)))
        yield Paragraph(f"{say['rubric']}{say['colon']}{visible(coverage.rubric_name[self._lang])}")
        if not coverage.topics:
            yield Paragraph(say["nothing_applies"], "strong")
            return
        yield Paragraph(total(coverage, say), "strong")
        yield Paragraph(say["semicolon"].join(figures(coverage, say)))
        yield Paragraph(say["note"], "note")
        if coverage.uncertainty is not None:
            yield Paragraph(say["interval_note"], "note")

    def _groups(self) -> Iterator[Block]:
        say, groups = self._say, self._coverage.groups
        whole = sum(group.weight for group in groups if group.score is not None)
        rows = [
            (
                visible(group.name[self._lang]),
                say["none_applies"] if group.score is None else f"{100 * group.score:.1f}",
                "" if group.score is None else f"{group.weight / whole:.0%}",
            )
            for group in groups
        ]
        yield Heading(1, say["groups"])
        header = (say["group"], say["score"], say["weight"])
        yield Table(header, tuple(rows), (0.6, 0.2, 0.2))

    def _gaps(self) -> Iterator[Block]:
        say = self._say
        yield Heading(1, say["gaps"])
        if not self._coverage.gaps:
            yield Paragraph(say["no_gaps"])
            return
        yield Paragraph(say["gaps_note"], "note")
        rows = [
            (
                str(number),
                self._title(topic),
                say["level"].format(topic.level),
                f"+{100 * topic.gain:.1f}",
                visible(topic.gap[self._lang]),
            )
            for number, topic in enumerate(self._coverage.gaps, 1)
        ]
        header = ("", say["topic"], say["level_now"], say["can_gain"], say["advice"])
        yield Table(header, tuple(rows), (0.06, 0.24, 0.1, 0.1, 0.5))

    def _doubts(self) -> Iterator[Block]:
        say = self._say
        rows = [
            (self._title(topic), self._place(doubt), doubt_words(doubt, schema, self._lang))
            for schema in [self._analysis.schema]
            for topic in self._coverage.topics
            for doubt in doubts_of(self._coverage, topic)
        ]
        if rows:
            yield Heading(1, say["look_at"])
            yield Paragraph(say["look_at_note"], "note")
            header = (say["topic"], say["quoted"], say["doubt"])
            yield Table(header, tuple(rows), (0.22, 0.48, 0.3))

    def _topics(self) -> Iterator[Block]:
        say = self._say
        yield Heading(1, say["topics"])
        yield Paragraph(f"{say['topics_note']} {say['vital_mark']}", "note")
        rows = [
            (
                self._title(topic) + self._look_at(topic),
                say["level"].format(topic.level),
                *("✓" if topic.elements[element] else "–" for element in ELEMENTS),
            )
            for topic in self._coverage.topics
        ]
        header = (say["topic"], say["level_now"], *(say[element] for element in ELEMENTS))
        yield Table(header, tuple(rows), (0.32, 0.12, 0.14, 0.14, 0.14, 0.14))

    def _evidence(self) -> Iterator[Block]:
        yield Heading(1, self._say["evidence"])
        for topic in self._coverage.topics:
            if not topic.quotes:
                continue
            yield Heading(2, self._title(topic))
            for quote in enough(self._quotes[topic.id])[0]:
                names = self._say["comma"].join(self._say[element] for element in quote.elements)
                yield Paragraph(f"{self._place(quote)} ({names})", "quote")

    def _index(self) -> Iterator[Block]:
        say, found = self._say, pmc_index(self._coverage)
        yield Heading(1, say["pmc"])
        band = say[f"pmc_{found.band}"]
        yield Paragraph(f"{pmc_value(found, say)} {band}", "strong")
        yield Paragraph(say["pmc_note"], "note")
        rows = [(visible(name), *cells) for name, *cells in pmc_rows(found, self._lang)]
        yield Table(("", "n", "Σ", "X"), tuple(rows), (0.55, 0.15, 0.15, 0.15))

    def _not_applicable(self) -> Iterator[Block]:
        if not self._coverage.not_applicable:
            return
        yield Heading(1, self._say["not_applicable"])
        for topic in self._coverage.not_applicable:
            name, reason = topic.name[self._lang], topic.reason[self._lang]
            yield Paragraph(f"{topic.id} {visible(name)}{self._say['colon']}{visible(reason)}")

    def _audit(self) -> Iterator[Block]:
        say, audit, coverage = self._say, self._analysis.audit, self._coverage
        made_by = (
            f"{say['model']} {visible(audit.model)} {audit.model_sha256[:12]}".rstrip(),
            f"{coverage.rubric_id} {say['version'].format(coverage.rubric_version)}",
            f"safetynlp {audit.safetynlp_version}",
        )
        yield Paragraph(" · ".join(made_by), "note")

    def _title(self, topic: TopicCoverage) -> str:
        mark = "\u00a0*" if topic.vital else ""  # never alone on a line
        return f"{topic.id} {visible(topic.name[self._lang])}{mark}"

    def _look_at(self, topic: TopicCoverage) -> str:
        """A mark if the level hangs on an unsure label."""
        return f" [{self._say['look_at_mark']}]" if doubts_of(self._coverage, topic) else ""

    def _place(self, at: Quote | Doubt) -> str:
        say = self._say
        where = say["paragraph"].format(self._paragraph_at[at.start])
        return f"{where} {say['open_quote']}{visible(at.text)}{say['close_quote']}"
