"""The mistakes of a model as one self-contained HTML page, for whoever wants to know why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from safetynlp.evaluation.agreement import FacetAgreement
from safetynlp.evaluation.bootstrap import Bootstrap
from safetynlp.evaluation.metrics import HEADLINE, FacetMetrics, evaluate
from safetynlp.evaluation.mistakes import Mistake, confusions, contexts, mistakes
from safetynlp.labelled import LabelledRow, Message
from safetynlp.prediction import Prediction
from safetynlp.report.evaluation_page import STYLES
from safetynlp.report.evaluation_words import evaluation_words
from safetynlp.report.figure_table import Cell, FigureTable, Row, figure_cell, plain_cell
from safetynlp.report.page import LANGUAGE_TAG, render
from safetynlp.schema import Facet, Schema

__all__ = ["errors_page"]

_SUREST = 30  # segments
_PAIRS = 20
_CASES_OF_PAIR = 10
_CASES_OF_LABEL = 25  # of each kind: a page has to stay small enough to open


@dataclass(frozen=True, slots=True)
class _Case:
    """One segment with its mistakes, as the page shows it."""

    where: str
    before: str
    text: str
    after: str
    mistakes: tuple[Mapping[str, str], ...]


def errors_page(
    name: str,
    predictions: Sequence[Prediction],
    rows: Sequence[LabelledRow],
    schema: Schema,
    agreement: Mapping[str, FacetAgreement],
    notes: Sequence[Message],
    bootstrap: Bootstrap,
    lang: str = "zh",
) -> str:
    """The surest mistakes, labels taken for each other, mistakes by label, speeches, agreement.

    The page needs no network and has no script; everything that comes from data is escaped. At
    most 25 mistakes of each kind are shown for a label; how many there are is said.

    Args:
        name: of the model.
        predictions, rows: as many of each, in the same order.
        agreement: by facet id, of the annotators of the data; empty if there is but one.
        notes: what a reader should know.
        bootstrap: of the intervals in the table of figures.

    Raises:
        DataError: lengths differ, or no rows.
        UsageError: another language.
    """
    view = _View(predictions, rows, schema, bootstrap, lang)
    return render(
        "errors.html",
        styles=STYLES,
        name=name,
        notes=[note.zh if lang == "zh" else note.en for note in notes],
        agreement=view.agreement(agreement),
        **view.values(bool(agreement)),
    )


class _View:
    """What the template shows of the mistakes in one language."""

    def __init__(
        self,
        predictions: Sequence[Prediction],
        rows: Sequence[LabelledRow],
        schema: Schema,
        bootstrap: Bootstrap,
        lang: str,
    ) -> None:
        self._say = evaluation_words(lang)
        self._lang = lang
        self._predictions, self._rows, self._schema = predictions, rows, schema
        self._figures = evaluate(
            predictions,
            rows,
            schema,
            confidence_level=bootstrap.confidence_level,
            n_resamples=bootstrap.n_resamples,
            random_state=bootstrap.random_state,
        )
        self._labelled = [f for f in schema.facets if self._figures[f.id].segments]
        self._mistakes = mistakes(predictions, rows, schema)
        self._of_row: dict[int, list[Mistake]] = defaultdict(list)
        for mistake in self._mistakes:
            self._of_row[mistake.row].append(mistake)
        self._contexts = contexts(rows)

    def values(self, has_agreement: bool) -> dict[str, Any]:
        say = self._say
        found = bool(self._mistakes)
        sections = {
            "figures": (say["figures"], True),
            "surest": (say["surest"], found),
            "pairs": (say["pairs"], found),
            "labels": (say["by_label"], found),
            "speeches": (say["by_speech"], True),
            "agreement": (say["agreement"], has_agreement),
        }
        return {
            "say": say,
            "lang": LANGUAGE_TAG[self._lang],
            "lines": [
                say["amount"].format(f"{self._n_docs:,}", f"{len(self._rows):,}"),
                f"{say['wrong_segments']}{say['colon']}{len(self._of_row):,}",
            ],
            "jumps": [(id, title) for id, (title, there) in sections.items() if there],
            "figures": self._headline(),
            "surest": self._surest(),
            "pairs": self._pairs(),
            "facets": [self._facet(facet) for facet in self._labelled],
            "speeches": self._speeches(),
        }

    @property
    def _n_docs(self) -> int:
        return len({row.doc for row in self._rows})

    def _headline(self) -> FigureTable:
        say = self._say
        rows = []
        for facet in self._labelled:
            metrics = self._figures[facet.id]
            cells = (
                Cell(str(metrics.segments)),
                *(figure_cell(metrics.figures[name]) for name in HEADLINE[facet.kind]),
            )
            rows.append(Row(self._name(facet), cells, id=facet.id))
        return FigureTable(
            ("", say["n_segments"], "f1_micro / accuracy", "f1_macro"), tuple(rows), say["figures"]
        )

    def _surest(self) -> dict[str, Any]:
        """Segments by their surest mistake; all mistakes of each."""
        order = list(dict.fromkeys(mistake.row for mistake in self._mistakes))
        shown = order[:_SUREST]
        return {
            "cases": [self._case(row) for row in shown],
            "shown": self._shown(len(shown), len(order)),
        }

    def _pairs(self) -> list[dict[str, Any]]:
        found = confusions(self._predictions, self._rows, self._schema)
        return [
            {
                "facet": self._name(self._schema.facet(pair.facet)),
                "gold": self._label(pair.facet, pair.gold),
                "found": self._label(pair.facet, pair.found),
                "times": len(pair.rows),
                "cases": [self._case(row) for row in pair.rows[:_CASES_OF_PAIR]],
            }
            for pair in found[:_PAIRS]
        ]

    def _facet(self, facet: Facet) -> dict[str, Any]:
        of_label: dict[tuple[str, str], list[Mistake]] = defaultdict(list)
        for mistake in self._mistakes:
            if mistake.facet == facet.id:
                of_label[mistake.label, mistake.kind].append(mistake)
        labels = []
        for label in facet.labels:
            metrics = self._figures[facet.id].labels[label.id]
            too_many = of_label[label.id, "false_positive"]
            too_few = of_label[label.id, "false_negative"]
            if not too_many and not too_few:
                continue
            labels.append(
                {
                    "id": label.id,
                    "name": label.name.get(self._lang),
                    "support": metrics.support,
                    "f1": f"{metrics.f1:.2f}",
                    "n_too_many": len(too_many),
                    "n_too_few": len(too_few),
                    "groups": [
                        self._group(word, members)
                        for word, members in (("too_many", too_many), ("too_few", too_few))
                        if members
                    ],
                }
            )
        return {"id": facet.id, "name": self._name(facet), "labels": labels}

    def _group(self, word: str, members: Sequence[Mistake]) -> dict[str, Any]:
        shown = members[:_CASES_OF_LABEL]
        more = self._shown(len(shown), len(members)) if len(shown) < len(members) else ""
        return {
            "title": f"{self._say[word]} {len(members)}  {more}".rstrip(),
            "cases": [self._case(mistake.row) for mistake in shown],
        }

    def _speeches(self) -> FigureTable:
        say = self._say
        members: dict[str, list[int]] = defaultdict(list)
        for n, row in enumerate(self._rows):
            members[row.doc].append(n)
        rows = []
        for doc, numbers in members.items():
            found = evaluate(
                [self._predictions[n] for n in numbers],
                [self._rows[n] for n in numbers],
                self._schema,
                n_resamples=1,
            )
            wrong = sum(n in self._of_row for n in numbers)
            figures = [_headline_cell(found[facet.id], facet) for facet in self._labelled]
            rows.append(Row(doc, (Cell(str(len(numbers))), Cell(str(wrong)), *figures)))
        names = [f"{facet.id} {HEADLINE[facet.kind][0]}" for facet in self._labelled]
        head = (say["speech"], say["n_segments"], say["wrong_segments"], *names)
        return FigureTable(head, tuple(rows), say["by_speech"])

    def agreement(self, found: Mapping[str, FacetAgreement]) -> list[FigureTable]:
        """A table of κ by label for each facet, α above it."""
        say = self._say
        tables = []
        for id, each in found.items():
            facet = self._schema.facet(id)
            rows = tuple(
                Row(
                    self._label(id, label),
                    (Cell(str(each.support[label])), plain_cell(kappa)),
                    id=label,
                )
                for label, kappa in each.kappa.items()
                if each.support[label]
            )
            names = "、".join(name or "–" for name in each.annotators)
            lead = (
                f"{say['alpha']} {plain_cell(each.alpha).value} · "
                f"{say['segments'].format(each.segments)} · {say['annotators']}{say['colon']}{names}"
            )
            head = (say["label"], say["n_segments"], say["kappa"])
            tables.append(FigureTable(head, rows, self._name(facet), lead))
        return tables

    def _case(self, n: int) -> _Case:
        row, around = self._rows[n], self._contexts[n]
        place = PurePath(row.where).name if row.where else ""
        return _Case(
            " · ".join(filter(None, (row.doc, f"#{row.index + 1}", place))),
            around.before,
            row.text,
            around.after,
            tuple(self._verdict(mistake) for mistake in self._of_row[n]),
        )

    def _verdict(self, mistake: Mistake) -> dict[str, str]:
        word = "too_many" if mistake.kind == "false_positive" else "too_few"
        return {
            "kind": mistake.kind,
            "word": self._say[word],
            "facet": self._name(self._schema.facet(mistake.facet)),
            "label": self._label(mistake.facet, mistake.label),
            "score": "" if mistake.score is None else f"{mistake.score:.2f}",
        }

    def _shown(self, shown: int, all: int) -> str:
        return self._say["shown_of"].format(shown, all)

    def _name(self, facet: Facet) -> str:
        return facet.name.get(self._lang)

    def _label(self, facet: str, label: str) -> str:
        return self._schema.facet(facet).label(label).name.get(self._lang)


def _headline_cell(metrics: FacetMetrics, facet: Facet) -> Cell:
    return figure_cell(metrics.figures[HEADLINE[facet.kind][0]] if metrics.segments else None)
