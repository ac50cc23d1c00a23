"""Where a labeller errs: its mistakes, the surest first, and the labels it takes for each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from safetynlp.labelled import LabelledRow
from safetynlp.prediction import Prediction
from safetynlp.schema import Facet, Schema

__all__ = ["Confusion", "Context", "Mistake", "confusions", "contexts", "mistakes"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One label too many or too few in one segment.

    Attributes:
        row: number of the segment in the rows.
        facet, label: ids.
        kind: ``"false_positive"`` (given, not gold) or ``"false_negative"`` (gold, not given).
        score: probability of the label; None if the labeller gave none.
        confidence: how sure the labeller was of its mistake, in [0, 1]: the probability of a label
            too many, one less the probability of one too few.
    """

    row: int
    facet: str
    label: str
    kind: Literal["false_positive", "false_negative"]
    score: float | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """Segments that should have ``gold`` and have ``found`` instead, by row number."""

    facet: str
    gold: str
    found: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """The segments before and after one in its speech; empty at its ends."""

    before: str
    after: str


def mistakes(
    predictions: Sequence[Prediction], rows: Sequence[LabelledRow], schema: Schema
) -> list[Mistake]:
    """Every mistake in the facets that a row has gold labels of, the surest first."""
    found = [
        mistake
        for n, (prediction, row) in enumerate(zip(predictions, rows, strict=True))
        for facet in schema.facets
        if facet.id in row.labels
        for mistake in _of_segment(n, prediction, row, facet)
    ]
    return sorted(found, key=lambda mistake: -mistake.confidence)


def _of_segment(n: int, prediction: Prediction, row: LabelledRow, facet: Facet) -> list[Mistake]:
    gold, found = set(row.labels[facet.id]), set(prediction.labels[facet.id])
    scores: Mapping[str, float] = prediction.scores.get(facet.id, {})
    made = []
    for label in facet.label_ids:
        if (label in gold) == (label in found):
            continue
        score = scores.get(label)
        kind: Literal["false_positive", "false_negative"] = (
            "false_positive" if label in found else "false_negative"
        )
        sure = 0.5 if score is None else score if label in found else 1 - score
        made.append(Mistake(n, facet.id, label, kind, score, sure))
    return made


def confusions(
    predictions: Sequence[Prediction], rows: Sequence[LabelledRow], schema: Schema
) -> list[Confusion]:
    """Pairs of a gold label that is missing and another given in the same segment, by frequency.

    In a single-label facet these are the cells of the confusion matrix beside its diagonal. In a
    multi-label facet a segment with several labels missing and several too many counts for each
    pair of them.
    """
    pairs: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for n, (prediction, row) in enumerate(zip(predictions, rows, strict=True)):
        for facet, ids in row.labels.items():
            gold, found = set(ids), set(prediction.labels[facet])
            for missing in sorted(gold - found):
                for extra in sorted(found - gold):
                    pairs[facet, missing, extra].append(n)
    order = Counter({pair: len(where) for pair, where in pairs.items()}).most_common()
    facets = schema.facet_ids
    ranked = sorted(order, key=lambda item: (-item[1], facets.index(item[0][0])))
    return [Confusion(*pair, tuple(pairs[pair])) for pair, _ in ranked]


def contexts(rows: Sequence[LabelledRow]) -> list[Context]:
    """What stands before and after each row in its speech, by ``index``."""
    speeches: dict[str, list[int]] = defaultdict(list)
    for n, row in enumerate(rows):
        speeches[row.doc].append(n)
    found = [Context("", "")] * len(rows)
    for members in speeches.values():
        members.sort(key=lambda n: rows[n].index)
        texts = ["", *(rows[n].text for n in members), ""]
        for place, n in enumerate(members):
            found[n] = Context(texts[place], texts[place + 2])
    return found
