"""An evaluation as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from safetynlp.evaluation.evaluation import Evaluation, Measured
from safetynlp.evaluation.learning_curve import LearningCurve
from safetynlp.evaluation.metrics import HEADLINE, FacetMetrics
from safetynlp.report.charts import curve
from safetynlp.report.evaluation_words import evaluation_words
from safetynlp.report.figure_table import Cell, FigureTable, Row, figure_cell, plain_cell
from safetynlp.report.page import LANGUAGE_TAG, render
from safetynlp.schema import Facet

__all__ = ["STYLES", "evaluation_page"]

STYLES = ("report.css", "evaluation.css")
_AVERAGES = ("micro", "macro", "weighted", "samples")


def evaluation_page(evaluation: Evaluation, lang: str = "zh") -> str:
    """All figures with intervals, by facet and label, beside baselines; groups; learning curves.

    The page needs no network and has no script; everything that comes from data is escaped.

    Raises:
        UsageError: another language.
    """
    return render("evaluation.html", styles=STYLES, **_View(evaluation, lang).values())


class _View:
    """What the template shows of one evaluation in one language."""

    def __init__(self, evaluation: Evaluation, lang: str) -> None:
        self._evaluation = evaluation
        self._lang = lang
        self._say = evaluation_words(lang)
        self._labellers = (evaluation.model, *evaluation.baselines)

    def values(self) -> dict[str, Any]:
        evaluation, say = self._evaluation, self._say
        return {
            "say": say,
            "lang": LANGUAGE_TAG[self._lang],
            "name": evaluation.model.name,
            "lines": list(self._lines()),
            "notes": [note.zh if self._lang == "zh" else note.en for note in evaluation.notes],
            "facets": [self._facet(facet) for facet in evaluation.schema.facets],
            "groups": self._groups() if evaluation.groups else None,
            "curves": self._curves(evaluation.curves) if evaluation.curves else None,
        }

    def _lines(self) -> Iterator[str]:
        evaluation, say = self._evaluation, self._say
        yield say["amount"].format(f"{evaluation.speeches:,}", f"{evaluation.segments:,}")
        bootstrap = evaluation.bootstrap
        yield say["page_intervals"].format(
            f"{bootstrap.confidence_level:.0%}", f"{bootstrap.n_resamples:,}"
        )
        if evaluation.model_sha256:
            yield f"sha256 {evaluation.model_sha256[:16]}"

    def _facet(self, facet: Facet) -> dict[str, Any]:
        say, metrics = self._say, self._evaluation.model.facets[facet.id]
        view: dict[str, Any] = {"id": facet.id, "name": facet.name.get(self._lang)}
        if not metrics.segments:
            return {**view, "unlabelled": True}
        supported = sum(label.support > 0 for label in metrics.labels.values())
        return {
            **view,
            "unlabelled": False,
            "segments": say["segments"].format(f"{metrics.segments:,}"),
            "tables": [self._headline(facet), self._averages(facet), self._labels(facet)],
            "note": say["with_support"].format(supported, len(metrics.labels)),
            "matrix": self._matrix(facet, metrics),
        }

    def _headline(self, facet: Facet) -> FigureTable:
        """Single figures of all labellers."""
        found = self._evaluation.model.facets[facet.id].figures
        names = [*HEADLINE[facet.kind], *(n for n in found if _average_of(n) is None)]
        names = list(dict.fromkeys(names))
        rows = tuple(
            Row(
                self._name(measured),
                tuple(figure_cell(measured.facets[facet.id].figures.get(name)) for name in names),
                main=measured is self._evaluation.model and len(self._labellers) > 1,
            )
            for measured in self._labellers
        )
        return FigureTable(("", *names), rows)

    def _averages(self, facet: Facet) -> FigureTable:
        """Precision, recall and f1 of the model, by kind of average."""
        found = self._evaluation.model.facets[facet.id].figures
        kinds = ("precision", "recall", "f1")
        rows = tuple(
            Row(average, tuple(figure_cell(found.get(f"{kind}_{average}")) for kind in kinds))
            for average in _AVERAGES
            if f"f1_{average}" in found
        )
        return FigureTable(("", *kinds), rows, self._say["averages"])

    def _labels(self, facet: Facet) -> FigureTable:
        say, metrics = self._say, self._evaluation.model.facets[facet.id]
        head = (say["label"], say["support"], "precision", "recall", "f1", "AP", say["threshold"])
        rows = []
        for label in facet.labels:
            found = metrics.labels[label.id]
            values = (found.precision, found.recall, found.f1, found.average_precision)
            cells = (
                Cell(str(found.support)),
                *map(plain_cell, values),
                plain_cell(found.threshold, 2),
            )
            rows.append(Row(label.name.get(self._lang), cells, id=label.id))
        return FigureTable(head, tuple(rows), say["labels"])

    def _matrix(self, facet: Facet, metrics: FacetMetrics) -> dict[str, Any] | None:
        if metrics.confusion is None:
            return None
        names = [label.name.get(self._lang) for label in facet.labels]
        rows = [
            {
                "name": name,
                "cells": [
                    {"count": count or "·", "tone": _tone(count, n == m)}
                    for m, count in enumerate(counts)
                ],
            }
            for n, (name, counts) in enumerate(zip(names, metrics.confusion, strict=True))
        ]
        return {"caption": self._say["confusion"], "names": names, "rows": rows}

    def _groups(self) -> FigureTable:
        say, evaluation = self._say, self._evaluation
        facets = [f for f in evaluation.schema.facets if evaluation.model.facets[f.id].segments]
        rows = tuple(
            Row(
                group.value or say["group_none"],
                (
                    Cell(str(group.speeches)),
                    Cell(str(group.segments)),
                    *(_headline_cell(group.facets[facet.id], facet) for facet in facets),
                ),
            )
            for group in evaluation.groups
        )
        names = [f"{facet.id} {HEADLINE[facet.kind][0]}" for facet in facets]
        head = ("", say["speeches"], say["n_segments"], *names)
        return FigureTable(head, rows, say["groups"].format(evaluation.by))

    def _curves(self, curves: Sequence[LearningCurve]) -> dict[str, Any]:
        say = self._say
        facets = [
            facet
            for facet in self._evaluation.schema.facets
            if all(facet.id in point.figures for each in curves for point in each.points)
        ]
        return {
            "title": say["curve_title"],
            "note": say["curve_note"].format(curves[0].draws),
            "learners": [say.get(each.learner, each.learner) for each in curves],
            "charts": [
                {
                    "name": f"{facet.name.get(self._lang)} {HEADLINE[facet.kind][0]}",
                    "drawing": curve([_points(each, facet.id) for each in curves]),
                }
                for facet in facets
            ],
            "tables": [_curve_table(each, facets, say) for each in curves],
        }

    def _name(self, measured: Measured) -> str:
        if measured is self._evaluation.model:
            return measured.name
        return self._say.get(measured.name, measured.name)


def _average_of(name: str) -> str | None:
    """The kind of average of precision, recall or f1 by its name; None for other figures."""
    kind, _, average = name.partition("_")
    return average if kind in ("precision", "recall", "f1") and average in _AVERAGES else None


def _headline_cell(metrics: FacetMetrics, facet: Facet) -> Cell:
    return figure_cell(metrics.figures[HEADLINE[facet.kind][0]] if metrics.segments else None)


def _tone(count: int, on_diagonal: bool) -> str:
    if not count:
        return "muted"
    return "hit" if on_diagonal else "off"


def _points(found: LearningCurve, facet: str) -> list[tuple[int, float, float, float]]:
    return [
        (point.speeches, figure.value, figure.low, figure.high)
        for point in found.points
        for figure in [point.figures[facet]]
    ]


def _curve_table(
    found: LearningCurve, facets: Sequence[Facet], say: Mapping[str, str]
) -> FigureTable:
    rows = tuple(
        Row(
            str(point.speeches),
            (
                Cell(f"{point.segments:.0f}"),
                *(figure_cell(point.figures[facet.id]) for facet in facets),
            ),
        )
        for point in found.points
    )
    names = [f"{facet.id} {HEADLINE[facet.kind][0]}" for facet in facets]
    caption = say.get(found.learner, found.learner)
    return FigureTable((say["speeches"], say["n_segments"], *names), rows, caption)
