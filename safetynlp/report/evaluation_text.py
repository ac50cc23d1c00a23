"""Evaluations and comparisons as tables for a terminal, in Chinese or English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from safetynlp.evaluation.compare import FacetComparison
from safetynlp.evaluation.evaluation import Evaluation, Measured
from safetynlp.evaluation.learning_curve import LearningCurve
from safetynlp.evaluation.metrics import HEADLINE, FacetMetrics, Figure
from safetynlp.labelled import Message
from safetynlp.report.cells import cell_width, fit, wrap
from safetynlp.report.evaluation_words import evaluation_words
from safetynlp.report.table import table
from safetynlp.report.visible import visible
from safetynlp.schema import Facet

__all__ = ["comparison_text", "evaluation_text"]

_MIN_WIDTH = 72
_NAME_CELLS = 34
# Figures beside the two of HEADLINE, without their interval; those that a labeller lacks are "–".
_PLAIN = {
    "multi": ("precision_micro", "recall_micro", "subset_accuracy", "average_precision_micro"),
    "single": ("f1_weighted", "average_precision_macro", "brier_score"),
}
_SHORT = {
    "precision_micro": "precision",
    "recall_micro": "recall",
    "subset_accuracy": "subset",
    "average_precision_micro": "AP",
    "average_precision_macro": "AP",
    "brier_score": "brier",
}


def evaluation_text(evaluation: Evaluation, lang: str = "zh", *, width: int = 96) -> str:
    """Tables of figures: by facet, by label, confusion matrices, groups, learning curves, notes.

    Args:
        evaluation: what was measured.
        lang: ``"zh"`` or ``"en"``.
        width: cells of a line, for what is no table; at least 72.

    Raises:
        UsageError: another language.
    """
    return "".join(f"{line}\n" for line in _Text(evaluation, lang, max(width, _MIN_WIDTH)).lines())


class _Text:
    """Writes one evaluation in one language."""

    def __init__(self, evaluation: Evaluation, lang: str, width: int) -> None:
        self._evaluation = evaluation
        self._lang = lang
        self._say = evaluation_words(lang)
        self._width = width

    def lines(self) -> Iterator[str]:
        yield from self._head()
        for facet in self._evaluation.schema.facets:
            yield from self._facet(facet)
        for facet in self._evaluation.schema.facets:
            yield from self._labels(facet)
        yield from self._groups()
        for curve in self._evaluation.curves:
            yield from self._curve(curve)
        yield from _notes(self._evaluation.notes, self._lang, self._width)

    def _head(self) -> Iterator[str]:
        say, evaluation = self._say, self._evaluation
        hash_part = f" {evaluation.model_sha256[:12]}" if evaluation.model_sha256 else ""
        yield f"{say['model']}{say['colon']}{visible(evaluation.model.name)}{hash_part}"
        amount = say["amount"].format(f"{evaluation.speeches:,}", f"{evaluation.segments:,}")
        yield f"{say['data']}{say['colon']}{amount}"
        level = f"{evaluation.bootstrap.confidence_level:.0%}"
        yield from wrap(
            say["intervals"].format(level, f"{evaluation.bootstrap.n_resamples:,}"), self._width
        )

    def _facet(self, facet: Facet) -> Iterator[str]:
        say, metrics = self._say, self._evaluation.model.facets[facet.id]
        yield ""
        yield self._title(facet, say["segments"].format(f"{metrics.segments:,}"))
        if not metrics.segments:
            yield f"  {say['unlabelled']}"
            return
        names = (*HEADLINE[facet.kind], *_PLAIN[facet.kind])
        rows = [("", *(_SHORT.get(name, name) for name in names))]
        for measured in (self._evaluation.model, *self._evaluation.baselines):
            rows.append((self._name(measured), *_cells(measured.facets[facet.id], names)))
        yield from table(rows, "  ")

    def _labels(self, facet: Facet) -> Iterator[str]:
        say, metrics = self._say, self._evaluation.model.facets[facet.id]
        if not metrics.segments:
            return
        rows: list[tuple[str, ...]] = [
            (say["label"], say["support"], "precision", "recall", "f1", "AP", say["threshold"])
        ]
        for label in facet.labels:
            found = metrics.labels[label.id]
            name = fit(f"{label.id} {label.name.get(self._lang)}", _NAME_CELLS).rstrip()
            rows.append(
                (
                    visible(name),
                    str(found.support),
                    *(f"{value:.3f}" for value in (found.precision, found.recall, found.f1)),
                    _optional(found.average_precision, ".3f"),
                    _optional(found.threshold, ".2f"),
                )
            )
        yield ""
        yield self._title(facet, say["labels"])
        yield from table(rows, "  ")
        supported = sum(found.support > 0 for found in metrics.labels.values())
        if supported < len(metrics.labels):
            yield f"  {say['with_support'].format(supported, len(metrics.labels))}"
        if metrics.confusion is not None:
            yield ""
            yield self._title(facet, say["confusion"])
            yield from table(_confusion(facet, metrics.confusion), "  ")

    def _groups(self) -> Iterator[str]:
        say, evaluation = self._say, self._evaluation
        if not evaluation.groups:
            return
        facets = [f for f in evaluation.schema.facets if evaluation.model.facets[f.id].segments]
        rows = [("", say["speeches"], say["n_segments"], *(_headline_name(f) for f in facets))]
        for group in evaluation.groups:
            name = visible(group.value) or say["group_none"]
            figures = [_headline(group.facets[facet.id], facet) for facet in facets]
            rows.append((name, str(group.speeches), str(group.segments), *figures))
        yield ""
        yield say["groups"].format(visible(evaluation.by))
        yield from table(rows, "  ")

    def _curve(self, curve: LearningCurve) -> Iterator[str]:
        say = self._say
        facets = [
            facet
            for facet in self._evaluation.schema.facets
            if any(facet.id in point.figures for point in curve.points)
        ]
        rows = [(say["speeches"], say["n_segments"], *(_headline_name(f) for f in facets))]
        for point in curve.points:
            figures = [str(point.figures.get(facet.id, "–")) for facet in facets]
            rows.append((str(point.speeches), f"{point.segments:.0f}", *figures))
        yield ""
        yield from wrap(
            say["curve"].format(say.get(curve.learner, curve.learner), curve.draws), self._width
        )
        yield from table(rows, "  ")

    def _title(self, facet: Facet, what: str) -> str:
        return f"{facet.id} {visible(facet.name.get(self._lang))} · {what}"

    def _name(self, measured: Measured) -> str:
        if measured is self._evaluation.model:
            return fit(visible(measured.name), min(24, cell_width(measured.name)))
        return self._say.get(measured.name, measured.name)


def comparison_text(
    found: Mapping[str, FacetComparison],
    names: tuple[str, str],
    notes: Sequence[Message] = (),
    lang: str = "zh",
    *,
    width: int = 96,
) -> str:
    """A verdict in a sentence per facet, then the figures of both, then McNemar's test.

    Raises:
        UsageError: another language.
    """
    say, width = evaluation_words(lang), max(width, _MIN_WIDTH)
    lines = [f"{letter} = {visible(name)}" for letter, name in zip("AB", names, strict=True)]
    lines += ["", say["verdicts"]]
    for facet in found.values():
        lines += wrap(facet.sentence(lang), width, "  ")
    for facet in found.values():
        if facet.segments:
            lines += ["", *_compared(facet, lang, say)]
    lines += ["", *wrap(say["mcnemar_note"], width), *_notes(notes, lang, width)]
    return "".join(f"{line}\n" for line in lines)


def _compared(found: FacetComparison, lang: str, say: Mapping[str, str]) -> Iterator[str]:
    facet = found.facet
    yield (f"{facet.id} {visible(facet.name.get(lang))} · {say['segments'].format(found.segments)}")
    rows = [("", "A", "B", say["difference"])]
    for name in (*HEADLINE[facet.kind], *_PLAIN[facet.kind]):
        if (difference := found.figures.get(name)) is None:
            continue
        between = f"{difference.value:+.3f}"
        if difference.low == difference.low:
            between += f" [{difference.low:+.3f}, {difference.high:+.3f}]"
        rows.append((name, f"{difference.a:.3f}", f"{difference.b:.3f}", between))
    yield from table(rows, "  ")
    test = found.mcnemar
    yield f"  {say['mcnemar'].format(test.only_a, test.only_b, f'{test.p_value:.3g}')}"


def _notes(notes: Sequence[Message], lang: str, width: int) -> Iterator[str]:
    if notes:
        yield ""
        yield evaluation_words(lang)["notes"]
        for note in notes:
            first, *rest = wrap(visible(note.zh if lang == "zh" else note.en), width, "    ")
            yield f"  - {first.lstrip()}"
            yield from rest


def _cells(metrics: FacetMetrics, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        figure = metrics.figures.get(name)
        if figure is None:
            yield "–"
        else:
            yield str(figure) if name in ("f1_micro", "f1_macro", "accuracy") else _plain(figure)


def _plain(figure: Figure) -> str:
    return f"{figure.value:.3f}"


def _headline_name(facet: Facet) -> str:
    return f"{facet.id} {HEADLINE[facet.kind][0]}"


def _headline(metrics: FacetMetrics, facet: Facet) -> str:
    return str(metrics.figures[HEADLINE[facet.kind][0]]) if metrics.segments else "–"


def _confusion(facet: Facet, counts: Sequence[Sequence[int]]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("", *facet.label_ids)]
    for id, row in zip(facet.label_ids, counts, strict=True):
        rows.append((id, *(str(count) if count else "·" for count in row)))
    return rows


def _optional(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
