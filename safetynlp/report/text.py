"""Results as plain text for a terminal, in Chinese or English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from safetynlp.analyzer import Analysis
from safetynlp.coverage import Coverage, TopicCoverage
from safetynlp.pmc_index import PMCIndex
from safetynlp.pmc_index import pmc as pmc_index
from safetynlp.prediction import LabelledSegment
from safetynlp.report.cells import cell_width, fit, wrap
from safetynlp.report.counts import label_counts
from safetynlp.report.phrases import doubt_words, doubts_of, figures, pmc_rows, pmc_value, total
from safetynlp.report.ranking import telling_quotes
from safetynlp.report.table import table
from safetynlp.report.visible import visible
from safetynlp.report.words import words

__all__ = ["classify_text", "pmc_text", "score_text"]

_MIN_WIDTH = 60
_MAX_NAME_CELLS = 26


def score_text(
    analysis: Analysis,
    coverage: Coverage,
    lang: str = "zh",
    *,
    width: int = 96,
    pmc: bool = False,
) -> str:
    """A summary of the coverage: total, groups, topics with their best quote, gaps, labels.

    If the coverage has its uncertainty, the total comes with its interval, and labels that topics
    hang on are listed.

    Args:
        analysis: the labelled speech.
        coverage: its score.
        lang: ``"zh"`` or ``"en"``.
        width: cells of a line, a Chinese character taking two; at least 60.
        pmc: also give the PMC index (:func:`~safetynlp.pmc`).

    Returns: lines without colour codes, each ended by a line feed.

    Raises:
        UsageError: another language.
    """
    width = max(width, _MIN_WIDTH)
    score = _Score(analysis, coverage, lang, width)
    lines = list(score.lines())
    if pmc:
        lines += pmc_text(pmc_index(coverage), lang)
    return _joined([*lines, *score.audit()], width)


class _Score:
    """Writes one coverage in one language."""

    def __init__(self, analysis: Analysis, coverage: Coverage, lang: str, width: int) -> None:
        self._analysis = analysis
        self._coverage = coverage
        self._lang = lang
        self._words = words(lang)
        self._width = width
        self._quotes = telling_quotes(coverage)

    def lines(self) -> Iterator[str]:
        yield from _heading(self._analysis, self._words)
        yield from self._total()
        yield from self._groups()
        yield from self._topics()
        yield from self._doubts()
        yield from self._gaps()
        yield from self._not_applicable()
        yield from self._labels()

    def _total(self) -> Iterator[str]:
        say, coverage = self._words, self._coverage
        if not coverage.topics:
            yield say["nothing_applies"]
            return
        yield f"{total(coverage, say)}  {_bar(coverage.total, 25)}"
        yield "  ".join(figures(coverage, say))
        yield from wrap(say["note"], self._width)
        if coverage.uncertainty is not None:
            yield from wrap(say["interval_note"], self._width)

    def _groups(self) -> Iterator[str]:
        say, groups = self._words, self._coverage.groups
        yield from ("", say["groups"])
        whole = sum(group.weight for group in groups if group.score is not None)
        for group in groups:
            name = visible(group.name[self._lang])
            if group.score is None:
                yield f"{'–':>7}  {'░' * 20}  {name} ({say['none_applies']})"
                continue
            share = say["share"].format(f"{group.weight / whole:.0%}")
            yield f"{100 * group.score:7.1f}  {_bar(group.score, 20)}  {name} ({share})"

    def _topics(self) -> Iterator[str]:
        say, topics = self._words, self._coverage.topics
        if not topics:
            return
        yield from ("", f"{say['topics']} ({say['vital_mark']})")
        yield from wrap(say["topics_note"], self._width)
        ids = max((cell_width(topic.id) for topic in topics), default=0)
        names = max((cell_width(topic.name[self._lang]) for topic in topics), default=0)
        for group in self._coverage.groups:
            members = [topic for topic in topics if topic.group == group.id]
            if members:
                yield f"  {visible(group.name[self._lang])}"
            for topic in members:
                yield self._topic(topic, ids, min(names, _MAX_NAME_CELLS))

    def _topic(self, topic: TopicCoverage, id_cells: int, name_cells: int) -> str:
        say = self._words
        mark = "*" if topic.vital else " "
        steps = "■" * topic.level + "□" * (4 - topic.level)
        name = fit(visible(topic.name[self._lang]), name_cells)
        start = f"  {steps} {topic.level} {mark}{fit(topic.id, id_cells)} {name}  "
        if doubts_of(self._coverage, topic):
            start += f"{say['look_at_mark']} "
        if not topic.quotes:
            return start + say["no_quote"]
        room = self._width - cell_width(start) - 2 * cell_width(say["open_quote"])
        quote = fit(visible(self._quotes[topic.id][0].text), room).rstrip()
        return f"{start}{say['open_quote']}{quote}{say['close_quote']}"

    def _doubts(self) -> Iterator[str]:
        say = self._words
        doubtful = [topic for topic in self._coverage.topics if doubts_of(self._coverage, topic)]
        if not doubtful:
            return
        yield from ("", f"{say['look_at']} ({say['look_at_note']})")
        for topic in doubtful:
            level = say["level"].format(topic.level)
            yield f"  {topic.id} {visible(topic.name[self._lang])} ({level})"
            for doubt in doubts_of(self._coverage, topic):
                quote = f"{say['open_quote']}{visible(doubt.text)}{say['close_quote']}"
                yield from wrap(quote, self._width, " " * 4)
                told = doubt_words(doubt, self._analysis.schema, self._lang)
                yield from wrap(told, self._width, " " * 6)

    def _gaps(self) -> Iterator[str]:
        say = self._words
        if not self._coverage.topics:
            return
        yield from ("", f"{say['gaps']} ({say['gaps_note']})")
        if not self._coverage.gaps:
            yield f"  {say['no_gaps']}"
        for number, topic in enumerate(self._coverage.gaps, 1):
            mark = f" *{say['vital']}" if topic.vital else ""
            yield (
                f"{number:4}. +{100 * topic.gain:.1f}  {topic.id} "
                f"{visible(topic.name[self._lang])}{mark}"
            )
            yield from wrap(visible(topic.gap[self._lang]), self._width, " " * 6)
            if len(topic.gains) > 1:
                yield from wrap(say["comma"].join(self._gains(topic)), self._width, " " * 6)

    def _gains(self, topic: TopicCoverage) -> Iterator[str]:
        say = self._words
        for level, gain in topic.gains.items():
            yield say["gain_levels"].format(say["level"].format(level), f"{100 * gain:.1f}")

    def _not_applicable(self) -> Iterator[str]:
        topics, say = self._coverage.not_applicable, self._words
        if not topics:
            return
        yield from ("", f"{say['not_applicable']} ({say['not_applicable_note']})")
        for topic in topics:
            name, reason = topic.name[self._lang], topic.reason[self._lang]
            line = f"{topic.id} {visible(name)}{say['colon']}{visible(reason)}"
            yield from wrap(line, self._width, "  ")

    def _labels(self) -> Iterator[str]:
        say, schema = self._words, self._analysis.schema
        yield from ("", f"{say['labels']} ({say['labels_unit']})")
        for facet_id, counts in label_counts(self._analysis).items():
            facet = schema.facet(facet_id)
            ranked = sorted((id for id in counts if counts[id]), key=lambda id: -counts[id])
            listed = say["comma"].join(
                f"{facet.label(id).name.get(self._lang)} {counts[id]}" for id in ranked
            )
            yield f"  {facet.name.get(self._lang)}"
            yield from wrap(listed or say["none"], self._width, "    ")

    def audit(self) -> Iterator[str]:
        say, audit, coverage = self._words, self._analysis.audit, self._coverage
        hash_part = f" {audit.model_sha256[:12]}" if audit.model_sha256 else ""
        version = say["version"].format(coverage.rubric_version)
        yield ""
        yield (
            f"{say['model']} {visible(audit.model)}{hash_part} · "
            f"{say['rubric']} {coverage.rubric_id} {version} · "
            f"safetynlp {audit.safetynlp_version}"
        )


def pmc_text(found: PMCIndex, lang: str) -> Iterator[str]:
    """Lines that show a PMC index: its value and band, the primary variables, the surface."""
    say = words(lang)
    band = say[f"pmc_{found.band}"]
    yield from ("", f"{say['pmc']} {pmc_value(found, say)} {band}", f"  {say['pmc_note']}")
    rows = [("", "n", "Σ", "X")]
    rows += [(visible(name), n, ones, value) for name, n, ones, value in pmc_rows(found, lang)]
    yield from table(rows, "  ")
    yield f"  {say['pmc_surface']}"
    for row in found.surface:
        yield "    " + "  ".join("   –" if value is None else f"{value:.2f}" for value in row)


def classify_text(
    analysis: Analysis,
    lang: str = "zh",
    facets: Sequence[str] | None = None,
    *,
    width: int = 96,
) -> str:
    """Every segment with its labels by name and their probabilities, for reading.

    Args:
        analysis: the labelled speech.
        lang: ``"zh"`` or ``"en"``.
        facets: ids of the facets to show, in this order; None shows all.
        width: cells of a line, a Chinese character taking two; at least 60.

    Returns: lines without colour codes, each ended by a line feed. Segments are counted from 1.

    Raises:
        UsageError: another language.
        SchemaError: a facet that the schema lacks.
    """
    say, width = words(lang), max(width, _MIN_WIDTH)
    lines = list(_heading(analysis, say))
    chosen = [
        analysis.schema.facet(id)
        for id in (analysis.schema.facet_ids if facets is None else facets)
    ]
    number_cells = len(str(len(analysis.segments)))
    indent = " " * (number_cells + 2)
    for number, segment in enumerate(analysis.segments, 1):
        body = wrap(visible(segment.text), width, indent)
        lines += ["", f"{number:>{number_cells}}  {body[0].lstrip()}", *body[1:]]
        for facet in chosen:
            names = {label.id: label.name.get(lang) for label in facet.labels}
            if segment.labels[facet.id]:
                listed = say["comma"].join(_scored(segment, facet.id, names))
                line = f"{facet.name.get(lang)}{say['colon']}{listed}"
                lines += wrap(line, width, indent + "  ")
    return _joined(lines, width)


def _scored(segment: LabelledSegment, facet: str, names: Mapping[str, str]) -> Iterator[str]:
    for label in segment.labels[facet]:
        yield f"{names[label]} {segment.scores[facet][label]:.2f}"


def _heading(analysis: Analysis, say: Mapping[str, str]) -> Iterator[str]:
    count = len(analysis.segments)
    characters = sum(segment.end - segment.start for segment in analysis.segments)
    yield visible(analysis.document.source)
    yield f"{say['sentences'].format(f'{count:,}')}  {say['characters'].format(f'{characters:,}')}"
    if not count:
        yield say["empty"]


def _joined(lines: Iterable[str], width: int) -> str:
    """Lines with their ends; one that is too wide goes on in the next."""
    fitting = (
        part
        for line in lines
        for part in (wrap(line, width) if cell_width(line) > width else [line])
    )
    return "".join(f"{line}\n" for line in fitting)


def _bar(share: float, cells: int) -> str:
    """A share in [0, 1] as a bar; anything above nothing shows at least one full cell."""
    full = max(round(share * cells), 1 if share > 0 else 0)
    return "█" * full + "░" * (cells - full)
