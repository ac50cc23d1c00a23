"""How far a score may be off because labels may be wrong, and which labels to look at.

A classifier gives every label a calibrated probability. Label sets are drawn by it, each label
independently of the others, and the speech is scored with each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np

from safetynlp.applicability import occasion, reason_not_applicable, weighting
from safetynlp.draws import LabelSets, draw_labels, given_labels, outcomes
from safetynlp.errors import UsageError
from safetynlp.evidence import View, elements_of, is_evidence, view
from safetynlp.formula import ELEMENTS, LEVEL_SCORES, Weighting
from safetynlp.prediction import LabelledSegment, Prediction
from safetynlp.rubric import Rubric, Topic
from safetynlp.schema import Schema

__all__ = ["Doubt", "Flip", "TopicUncertainty", "Uncertainty", "doubtful", "uncertainty"]

N_DRAWS = 1000
SEED = 0
_CONFIDENCE = 0.95
# A label is doubtful if the chance that it was wrongly given, or wrongly not given, is this high.
_DOUBTFUL = 0.2


@dataclass(frozen=True, slots=True)
class Doubt:
    """A doubtful label on which the level of a topic hangs: look at this one.

    ``probability`` is that of ``label``, calibrated, in [0, 1]. ``given`` tells whether the
    segment has the label; ``level`` is what the topic's would be if it were the other way. In a
    single-label facet ``instead`` is the label that it would then have; else it is None.
    """

    start: int  # the segment, in characters of ``Document.text``
    end: int
    text: str
    facet: str
    label: str
    probability: float
    given: bool
    instead: str | None
    level: int  # 0–4


@dataclass(frozen=True, slots=True)
class TopicUncertainty:
    """How sure the level of a topic is.

    ``level_shares`` has the share of the draws with each level 0–4; they sum to 1. ``doubts`` are
    the labels on which the level hangs, those first that change it most; mostly there are none.
    """

    level_shares: tuple[float, float, float, float, float]
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """The 95 % interval of the total, of the groups, and what the topics hang on.

    ``groups`` maps group id to its interval, None if no topic of it applies; ``topics`` maps the
    ids of the topics that apply, in the order of the rubric.
    """

    low: float  # 0.0–1.0, as the total
    high: float
    groups: dict[str, tuple[float, float] | None]
    topics: dict[str, TopicUncertainty]
    n_draws: int
    seed: int


def uncertainty(
    segments: Sequence[LabelledSegment],
    rubric: Rubric,
    *,
    date: str | None = None,
    audience: str | None = None,
    level: str | None = None,
    schema: Schema | None = None,
    n_draws: int = N_DRAWS,
    seed: int = SEED,
) -> Uncertainty:
    """Score many label sets that are drawn by the probabilities of the labels.

    The first arguments are those of :func:`~safetynlp.cover`, whose judgement is used. The same
    speech always gives the same result; as for the score, neither order nor repetition of
    segments matters, and adding a segment never lowers an end of an interval.

    Args:
        schema: of the labels; default: the package's.
        n_draws: number of label sets, at least 1.
        seed: of the drawing, at least 0.

    Raises:
        UsageError: a value that cannot be used.
    """
    if n_draws < 1 or seed < 0:
        raise UsageError(
            f"n_draws and seed are {n_draws} and {seed}, expected at least 1 and at least 0.",
            f"n_draws 和 seed 为 {n_draws}、{seed}，应分别不小于 1 和 0。",
        )
    known = occasion(date, audience, level)
    topics = [t for t in rubric.topics if reason_not_applicable(rubric, t, known) is None]
    schema = schema or Schema.default()
    sectors = schema.facet("sector").label_ids if "sector" in schema.facet_ids else ()
    tallies = {t.id: _Tally(t, _n_rows(t, sectors), n_draws) for t in topics}
    for segment in _distinct(segments):
        many = _ManyLabelled(segment, schema, sectors, n_draws, seed)
        for topic, support in many.judged(rubric, topics, known.month):
            tallies[topic.id].add(support, segment, many.flips)
    levels = np.array([tally.levels() for tally in tallies.values()]).reshape(len(topics), n_draws)
    totals, groups = _scores(levels, topics, weighting(rubric, topics, known))
    return Uncertainty(
        *_interval(totals),
        groups={id: None if scores is None else _interval(scores) for id, scores in groups.items()},
        topics={id: tally.result() for id, tally in tallies.items()},
        n_draws=n_draws,
        seed=seed,
    )


def _distinct(segments: Iterable[LabelledSegment]) -> Iterator[LabelledSegment]:
    """Segments without those that say the same again: the same labels are right for them."""
    seen = set()
    for segment in segments:
        key = (segment.text, segment.heading_path, tuple(segment.labels.items()))
        if key not in seen:
            seen.add(key)
            yield segment


@dataclass(frozen=True, slots=True)
class Flip:
    """One decision of the classifier the other way: ``label`` taken away or, if not given, set."""

    facet: str
    label: str
    probability: float
    given: bool
    instead: str | None


def doubtful(prediction: Prediction, schema: Schema) -> Iterator[Flip]:
    """Every doubtful decision of a segment."""
    for facet in schema.facets:
        scores = prediction.scores.get(facet.id, {})
        given = prediction.labels.get(facet.id, ())
        for label, p in scores.items():
            if facet.kind == "single" and label not in given and p >= _DOUBTFUL:
                yield Flip(facet.id, given[0], scores[given[0]], True, label)
            elif facet.kind == "multi" and (1 - p if label in given else p) >= _DOUBTFUL:
                yield Flip(facet.id, label, p, label in given, None)


class _ManyLabelled:
    """A segment with many label sets: the drawn ones, the given one, and one per flip of that."""

    def __init__(
        self,
        segment: LabelledSegment,
        schema: Schema,
        sectors: Sequence[str],
        n_draws: int,
        seed: int,
    ) -> None:
        prediction = segment.prediction
        drawn = draw_labels(prediction, segment.text, schema, n_draws, seed)
        self.flips = tuple(doubtful(prediction, schema))
        facets = {}
        for facet, (ids, given) in given_labels(prediction, schema).items():
            flipped = [_flipped(given, ids, flip, facet) for flip in self.flips]
            facets[facet] = (ids, np.hstack([drawn[facet][1], given, *flipped]))
        self._labels = LabelSets(facets)
        # Sequences of ids in place of tuples: the judgement does not mind.
        labels = cast(Mapping[str, tuple[str, ...]], self._labels)
        self._segment = LabelledSegment(segment.segment, Prediction(labels, {}))
        self._sectors = sectors

    def judged(
        self, rubric: Rubric, topics: Sequence[Topic], month: int | None
    ) -> Iterator[tuple[Topic, np.ndarray]]:
        """What the segment supports of each topic.

        Yields: the topic and bool, shape ``(rows, sets)``; rows as :class:`_Tally` has them.
        """
        views = self._views(rubric, month)
        for topic in topics:
            support = np.zeros((_n_rows(topic, self._sectors), self._labels.n_sets), dtype=bool)
            for seen, among in self._evidence(views, topic):
                judge = partial(self._supported, seen, topic)
                for supported, alike in outcomes(judge, self._labels, among):
                    support[supported] |= alike
            if support.any():
                yield topic, support

    def _views(self, rubric: Rubric, month: int | None) -> list[tuple[View, np.ndarray]]:
        """Every view that some label set gives, with those sets."""
        views: list[tuple[View, np.ndarray]] = []
        for seen, alike in outcomes(lambda: view(self._segment, rubric, month), self._labels):
            for place, (other, sets) in enumerate(views):
                if other == seen:  # two ways to the same: an action, whichever it was
                    views[place] = (other, sets | alike)
                    break
            else:
                views.append((seen, alike))
        return views

    def _evidence(
        self, views: Sequence[tuple[View, np.ndarray]], topic: Topic
    ) -> Iterator[tuple[View, np.ndarray]]:
        """The views that are evidence for a topic, each with the label sets for which it is.

        Most segments are none for most topics, so that is settled first, once for all views that
        rules cannot tell apart.
        """
        left = list(views)
        while left:
            first = left[0][0]
            same = [(seen, sets) for seen, sets in left if seen.plain == first.plain]
            left = [(seen, sets) for seen, sets in left if seen.plain != first.plain]
            among = np.logical_or.reduce([sets for _, sets in same])
            judge = partial(is_evidence, first, topic)
            for holds, alike in outcomes(judge, self._labels, among):
                if holds:
                    yield from (
                        (seen, found) for seen, sets in same if (found := sets & alike).any()
                    )

    def _supported(self, seen: View, topic: Topic) -> list[int]:
        """The rows that hold for the present label set."""
        elements = elements_of(seen, topic)
        rows = [ELEMENTS.index(element) for element in elements]
        if topic.min_sectors:
            for number, id in enumerate(self._sectors, len(ELEMENTS)):
                if id in seen.plain.labels.get("sector", ()):
                    rows.append(number)
                    if "deployed" in elements:
                        rows.append(number + len(self._sectors))
        return rows


def _n_rows(topic: Topic, sectors: Sequence[str]) -> int:
    return len(ELEMENTS) + (2 * len(sectors) if topic.min_sectors else 0)


def _flipped(given: np.ndarray, ids: Sequence[str], flip: Flip, facet: str) -> np.ndarray:
    """The given labels of a facet after a flip: bool, shape ``(labels, 1)``."""
    changed = [flip.label, flip.instead] if flip.facet == facet else []
    other: np.ndarray = given ^ np.array([[id in changed] for id in ids])
    return other


class _Tally:
    """Collects for one topic what the segments support, by label set.

    Rows: the elements; if the topic asks for a number of sectors, then each sector, whether some
    evidence names it, and each sector again, whether some evidence that is deployed does.
    """

    def __init__(self, topic: Topic, n_rows: int, n_draws: int) -> None:
        self._topic = topic
        self._drawn = np.zeros((n_rows, n_draws), dtype=bool)
        self._given = np.zeros(n_rows, dtype=int)  # number of segments
        self._changes: list[tuple[LabelledSegment, Flip, np.ndarray]] = []

    def add(self, support: np.ndarray, segment: LabelledSegment, flips: Sequence[Flip]) -> None:
        """Take in a segment; ``support`` has the columns of :class:`_ManyLabelled`."""
        drawn, given, flipped = np.split(support, [n := self._drawn.shape[1], n + 1], axis=1)
        self._drawn |= drawn
        self._given += given[:, 0]
        for flip, change in zip(flips, (flipped.astype(int) - given).T, strict=True):
            if change.any():
                self._changes.append((segment, flip, change))

    def levels(self) -> np.ndarray:
        """Level of the topic in each draw: int, shape ``(draws,)``."""
        return _levels(self._drawn, self._topic)

    def result(self) -> TopicUncertainty:
        """What is told of the topic."""
        shares = np.bincount(self.levels(), minlength=len(LEVEL_SCORES)) / self._drawn.shape[1]
        own = self._level(self._given)
        doubts = [
            Doubt(
                segment.start,
                segment.end,
                segment.text,
                flip.facet,
                flip.label,
                flip.probability,
                flip.given,
                flip.instead,
                level,
            )
            for segment, flip, change in self._changes
            if (level := self._level(self._given + change)) != own
        ]
        doubts.sort(key=lambda doubt: (-abs(doubt.level - own), doubt.start))
        return TopicUncertainty(tuple(shares.tolist()), tuple(doubts))

    def _level(self, counts: np.ndarray) -> int:
        return int(_levels(counts[:, np.newaxis] > 0, self._topic)[0])


def _levels(supported: np.ndarray, topic: Topic) -> np.ndarray:
    """Levels from what some segment supports: bool ``(rows, sets)`` to int ``(sets,)``."""
    elements, sectors = np.split(supported, [len(ELEMENTS)])
    levels: np.ndarray = elements.sum(axis=0)
    if topic.min_sectors:  # as find_evidence has it
        named, deployed = (part.sum(axis=0) for part in np.split(sectors, 2))
        np.minimum(levels, 1, out=levels, where=deployed < topic.min_sectors)
        levels[named < topic.min_sectors] = 0
    return levels


def _scores(
    levels: np.ndarray, topics: Sequence[Topic], weights: Weighting
) -> tuple[np.ndarray, dict[str, np.ndarray | None]]:
    """The total and the score of each group, by draw: float, shape ``(draws,)``.

    Args:
        levels: int, shape ``(topics, draws)``.
        topics: those that apply.
        weights: theirs.
    """
    unlike, draws = np.unique(levels, axis=1, return_inverse=True)
    found = [
        weights.group_scores({t.id: LEVEL_SCORES[n] for t, n in zip(topics, column, strict=True)})
        for column in unlike.T.tolist()
    ]
    draws = draws.reshape(-1)
    totals = np.array([weights.total(groups) for groups in found])[draws]
    return totals, {
        id: None if score is None else np.array([groups[id] for groups in found])[draws]
        for id, score in found[0].items()
    }


def _interval(values: np.ndarray) -> tuple[float, float]:
    tail = (1 - _CONFIDENCE) / 2
    # Ends that were scored, not something between two of them.
    low, high = np.quantile(values, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)
