"""How figures grow with the number of labelled speeches: how many does a newcomer have to label?"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safetynlp.errors import DataError
from safetynlp.evaluation.figures import HEADLINE
from safetynlp.evaluation.metrics import Figure, evaluate
from safetynlp.labelled import LabelledRow, Message
from safetynlp.prediction import Labeller
from safetynlp.schema import Schema

__all__ = ["CurvePoint", "LearningCurve", "learning_curve", "steps"]

Learner = Callable[[Sequence[LabelledRow]], Labeller]

_ROUND = (1, 2, 5)
_TEST_SHARE = 1 / 3


@dataclass(frozen=True)
class CurvePoint:
    """Figures after learning from so many speeches.

    Attributes:
        speeches: how many.
        segments: how many they have, mean over the draws.
        figures: facet id → the first headline figure; ``value`` is the mean over the draws, ``low``
            and ``high`` are the lowest and the highest of them.
    """

    speeches: int
    segments: float
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class LearningCurve:
    """The points of one learner, by rising number of speeches; ``draws`` of each."""

    learner: str
    draws: int
    points: tuple[CurvePoint, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "learner": self.learner,
            "draws": self.draws,
            "points": [
                {
                    "speeches": point.speeches,
                    "segments": round(point.segments, 1),
                    **{facet: figure.to_dict() for facet, figure in point.figures.items()},
                }
                for point in self.points
            ],
        }


def steps(most: int) -> list[int]:
    """1, 2, 5, 10, 20, 50 … below ``most``, and ``most`` itself.

    >>> steps(30)
    [1, 2, 5, 10, 20, 30]
    """
    found = [n * 10**power for power in range(len(str(most))) for n in _ROUND]
    return [*(n for n in found if n < most), most]


def learning_curve(
    name: str,
    learner: Learner,
    rows: Sequence[LabelledRow],
    test: Sequence[LabelledRow] | None,
    schema: Schema,
    *,
    draws: int = 5,
    random_state: int = 0,
    groups: Mapping[str, int] | None = None,
    tell: Callable[[Message], None] = lambda message: None,
) -> LearningCurve:
    """Learn from ever more speeches and measure on speeches that were not learned from.

    Each draw puts the speeches in another order and learns from the first 1, 2, 5, 10 … of them,
    so within a draw a larger set holds the smaller one. Facets without labels in the test rows
    are left out.

    Args:
        name: of the learner, for the reader.
        learner: labelled rows → what has learned from them.
        rows: to learn from.
        test: to measure on; None takes a third of the speeches of ``rows``, drawn anew each time.
        draws: at least 1; bands need several.
        random_state: seed of the orders.
        groups: speech → number of its group of near-copies, which stay together.
        tell: takes remarks on the progress.

    Raises:
        DataError: too few speeches to learn from and measure on.
    """
    units = _units(rows, groups or {})
    most = len(units) if test is not None else len(units) - max(1, round(_TEST_SHARE * len(units)))
    if most < 1:
        raise DataError(
            f"a learning curve of {len(units)} speeches (near-copies counted as one): expected at "
            "least 2. Label more speeches.",
            f"学习曲线：只有 {len(units)} 篇讲话（近似重复算一篇），至少要 2 篇。请多标注几篇。",
        )
    measured: dict[int, list[tuple[int, int, dict[str, float]]]] = {n: [] for n in steps(most)}
    rng = random.Random(random_state)
    for draw in range(1, draws + 1):
        rng.shuffle(units)
        held_out = {doc for unit in units[most:] for doc in unit}
        measured_on = test if test is not None else [row for row in rows if row.doc in held_out]
        for n, points in measured.items():
            docs = {doc for unit in units[:n] for doc in unit}
            learned = [row for row in rows if row.doc in docs]
            values = _values(learner(learned), measured_on, schema)
            points.append((len(docs), len(learned), values))
            tell(_progress(name, f"{draw}/{draws}", len(docs), len(learned)))
    return LearningCurve(name, draws, tuple(_point(found) for found in measured.values()))


def _progress(name: str, draw: str, n_docs: int, n_rows: int) -> Message:
    return Message(
        f"{name}, draw {draw}: learned from {n_docs} speeches, {n_rows} segments",
        f"{name}，第 {draw} 次抽取：已学 {n_docs} 篇 {n_rows} 句",
    )


def _units(rows: Sequence[LabelledRow], groups: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Speeches that have to stay together, in a fixed order."""
    units: dict[object, list[str]] = {}
    for doc in sorted({row.doc for row in rows}):
        units.setdefault(groups.get(doc, doc), []).append(doc)
    return [tuple(docs) for docs in units.values()]


def _values(labeller: Labeller, rows: Sequence[LabelledRow], schema: Schema) -> dict[str, float]:
    predictions = labeller.predict([row.text for row in rows])
    found = evaluate(predictions, rows, schema, n_resamples=1)
    return {
        facet.id: found[facet.id].figures[HEADLINE[facet.kind][0]].value
        for facet in schema.facets
        if found[facet.id].segments
    }


def _point(found: Sequence[tuple[int, int, Mapping[str, float]]]) -> CurvePoint:
    figures = {}
    for facet in found[0][2]:
        values = [given[facet] for _, _, given in found if facet in given]
        figures[facet] = Figure(sum(values) / len(values), min(values), max(values))
    return CurvePoint(
        round(sum(docs for docs, _, _ in found) / len(found)),
        sum(segments for _, segments, _ in found) / len(found),
        figures,
    )
