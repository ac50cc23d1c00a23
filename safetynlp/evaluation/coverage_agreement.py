"""Compare coverage with the levels that careful readers gave.

One gold row is a topic of a speech as several readers judged it::

    {"doc": "s1", "rubric": "speech-structure", "topic": "st-20",
     "reader_a": {"level": 2, "mentioned": ["s1-004"], "deployed": ["s1-004"],
                  "assigned": [], "specified": []}, "reader_b": {…}}
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from safetynlp.coverage import Coverage
from safetynlp.errors import DataError
from safetynlp.formula import ELEMENTS, POINTS, Weighting

__all__ = [
    "SCORE",
    "Agreement",
    "Judgement",
    "agreement_table",
    "from_coverage",
    "quadratic_kappa",
    "spearman_rho",
]

N_LEVELS = len(ELEMENTS) + 1
_READER_PREFIX = "reader_"
SCORE = "score"
_MIN_SPEECHES = 3  # two can only be ordered alike or not


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one judge says of one topic of one speech: level 0–4 and the elements reached."""

    level: int
    elements: frozenset[str]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two judges agree on the topics of a rubric.

    ``kappa`` is Cohen's κ with quadratic weights (NaN if both judges use one and the same
    level throughout), ``exact`` the share of topics with the same level, ``f1`` maps each
    element to F1 of "reached", the first judge taken as the truth. ``rho`` is Spearman's ρ of the
    totals that the two give the speeches, over the topics that both judged; NaN for fewer than
    three speeches.
    """

    rubric: str
    judges: tuple[str, str]
    n: int
    speeches: int
    kappa: float
    exact: float
    rho: float
    f1: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Row:
    """A topic of a speech, as every judge sees it; ``coverage`` knows its weight."""

    coverage: Coverage
    topic: str
    judgements: Mapping[str, Judgement]


def quadratic_kappa(first: Sequence[int], second: Sequence[int]) -> float:
    """Cohen's κ with quadratic weights for levels 0–4; 1 is perfect, 0 is chance, NaN undefined.

    Raises:
        DataError: the two differ in length, or a level is outside 0–4.
    """
    if len(first) != len(second):
        raise DataError(
            f"kappa: {len(first)} levels against {len(second)}; expected as many.",
            f"κ：两组等级数不同（{len(first)} 与 {len(second)}）。",
        )
    observed = np.zeros((N_LEVELS, N_LEVELS))
    for a, b in zip(first, second, strict=True):
        if not (0 <= a < N_LEVELS and 0 <= b < N_LEVELS):
            raise DataError(
                f"kappa: found levels {a} and {b}, expected 0 to {N_LEVELS - 1}.",
                f"κ：等级 {a}、{b} 超出 0 至 {N_LEVELS - 1}。",
            )
        observed[a, b] += 1
    chance = np.outer(observed.sum(1), observed.sum(0)) / max(len(first), 1)
    steps = np.arange(N_LEVELS)
    weights = (steps[:, None] - steps[None, :]) ** 2
    expected = float((weights * chance).sum())
    return 1.0 - float((weights * observed).sum()) / expected if expected else math.nan


def spearman_rho(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation, ties given their mean rank; NaN for fewer than three values.

    Raises:
        ValueError: the two differ in length.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} values against {len(second)}")
    ranks = np.array([_ranks(first), _ranks(second)])
    if len(first) < _MIN_SPEECHES or (ranks.std(axis=1) == 0).any():
        return math.nan
    return float(np.corrcoef(ranks)[0, 1])


def _ranks(values: Sequence[float]) -> list[float]:
    return [
        sum(v < value for v in values) + sum(v == value for v in values) / 2 for value in values
    ]


def from_coverage(coverage: Coverage) -> dict[str, Judgement]:
    """The score's own judgement of each topic that applies, by topic id."""
    return {
        topic.id: Judgement(
            topic.level, frozenset(element for element in ELEMENTS if topic.elements[element])
        )
        for topic in coverage.topics
    }


def agreement_table(
    gold: Iterable[Mapping[str, Any]], coverages: Mapping[tuple[str, str], Coverage]
) -> list[Agreement]:
    """Agreement of the readers with each other and of the score with each reader.

    Args:
        gold: rows as described above.
        coverages: by (doc, rubric id); gold rows without one are left out.

    Returns: per rubric, in the order of the gold rows, one row per pair of judges; the score is
    called ``"score"`` and stands second.

    Raises:
        DataError: a row lacks a key, or names a topic that the coverage has not.
    """
    judged: dict[str, list[_Row]] = {}
    for row in gold:
        try:
            key = (str(row["doc"]), str(row["rubric"]))
            topic = str(row["topic"])
            readers = {name: _reader(row[name]) for name in row if name.startswith(_READER_PREFIX)}
        except (KeyError, TypeError, ValueError) as error:
            raise _faulty(
                row,
                f"not of the form that is expected: {error!r}. See the module's docstring",
                f"格式不符：{error!r}。格式见模块说明",
            ) from error
        if key not in coverages:
            continue
        coverage = coverages[key]
        score = from_coverage(coverage).get(topic)
        if score is None:
            raise _faulty(row, f'topic "{topic}" is not scored', f"没有要点“{topic}”的得分")
        judged.setdefault(key[1], []).append(_Row(coverage, topic, {**readers, SCORE: score}))
    return [
        _agreement(rubric, pair, rows) for rubric, rows in judged.items() for pair in _pairs(rows)
    ]


def _reader(data: Mapping[str, Any]) -> Judgement:
    return Judgement(
        int(data["level"]), frozenset(element for element in ELEMENTS if data[element])
    )


def _faulty(row: Mapping[str, Any], en: str, zh: str) -> DataError:
    where = "/".join(str(row.get(key, "?")) for key in ("doc", "rubric", "topic"))
    return DataError(f"coverage gold, {where}: {en}.", f"人工覆盖度数据 {where}：{zh}。")


def _pairs(rows: Sequence[_Row]) -> list[tuple[str, str]]:
    """Readers among each other first, then each with the score."""
    readers = sorted({name for row in rows for name in row.judgements} - {SCORE})
    among = [(a, b) for i, a in enumerate(readers) for b in readers[i + 1 :]]
    return [*among, *((reader, SCORE) for reader in readers)]


def _agreement(rubric: str, pair: tuple[str, str], rows: Sequence[_Row]) -> Agreement:
    rows = [row for row in rows if set(pair) <= set(row.judgements)]
    both = [(row.judgements[pair[0]], row.judgements[pair[1]]) for row in rows]
    levels = [(a.level, b.level) for a, b in both]
    totals = [_totals(judge, rows) for judge in pair]
    return Agreement(
        rubric=rubric,
        judges=pair,
        n=len(both),
        speeches=len(totals[0]),
        kappa=quadratic_kappa([a for a, _ in levels], [b for _, b in levels]),
        exact=sum(a == b for a, b in levels) / len(both) if both else math.nan,
        rho=spearman_rho(*totals),
        f1={
            element: _f1([(element in a.elements, element in b.elements) for a, b in both])
            for element in ELEMENTS
        },
    )


def _totals(judge: str, rows: Sequence[_Row]) -> list[float]:
    """The total of each speech by one judge's elements, in the order of the speeches."""
    speeches: dict[int, list[_Row]] = {}
    for row in rows:
        speeches.setdefault(id(row.coverage), []).append(row)
    return [_total(judge, of_speech) for of_speech in speeches.values()]


def _total(judge: str, rows: Sequence[_Row]) -> float:
    """The total by one judge's elements, over the topics of ``rows``."""
    coverage = rows[0].coverage
    topics = {topic.id: topic for topic in coverage.topics}
    weighting = Weighting(
        groups={group.id: group.weight for group in coverage.groups},
        topics={row.topic: (topics[row.topic].group, topics[row.topic].weight) for row in rows},
    )
    scores = {
        row.topic: math.fsum(POINTS[element] for element in row.judgements[judge].elements)
        for row in rows
    }
    return weighting.total(weighting.group_scores(scores))


def _f1(reached: Sequence[tuple[bool, bool]]) -> float:
    hits = sum(a and b for a, b in reached)
    total = sum(a + b for a, b in reached)
    return 2 * hits / total if total else math.nan
