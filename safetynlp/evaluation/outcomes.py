"""Predictions beside gold labels as arrays: what every figure is counted from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from safetynlp.errors import DataError
from safetynlp.labelled import LabelledRow
from safetynlp.prediction import Prediction
from safetynlp.schema import Facet, Schema

__all__ = ["Outcomes", "check_lengths", "outcomes", "outcomes_of_facet"]


@dataclass(frozen=True)
class Outcomes:
    """One facet of the segments that have gold labels of it.

    Attributes:
        facet: decides the columns; the data never do.
        gold, found: bool, shape (segments, labels).
        scores: float64, shape (segments, labels), probabilities; None if the labeller gave none.
        doc: int64, shape (segments,): number of the speech in ``docs``.
        docs: every speech of the data, sorted, also those without a segment here.
        rows: int64, shape (segments,): which of the given rows each segment is.
    """

    facet: Facet
    gold: np.ndarray
    found: np.ndarray
    scores: np.ndarray | None
    doc: np.ndarray
    docs: tuple[str, ...]
    rows: np.ndarray


def outcomes(
    predictions: Sequence[Prediction], rows: Sequence[LabelledRow], schema: Schema
) -> dict[str, Outcomes]:
    """Outcomes by facet id.

    Raises:
        DataError: not as many predictions as rows, or no row at all.
    """
    check_lengths(predictions, rows)
    docs = tuple(sorted({row.doc for row in rows}))
    return {facet.id: outcomes_of_facet(predictions, rows, facet, docs) for facet in schema.facets}


def check_lengths(predictions: Sequence[Prediction], rows: Sequence[LabelledRow]) -> None:
    """Refuse predictions that cannot belong to the rows.

    Raises:
        DataError: not as many predictions as rows, or no row at all.
    """
    if len(predictions) != len(rows) or not rows:
        raise DataError(
            f"{len(predictions)} predictions for {len(rows)} rows; expected as many as rows, and "
            "at least one.",
            f"预测 {len(predictions)} 条，数据 {len(rows)} 行；应数目相同且不为空。",
        )


def outcomes_of_facet(
    predictions: Sequence[Prediction],
    rows: Sequence[LabelledRow],
    facet: Facet,
    docs: Sequence[str],
) -> Outcomes:
    """Outcomes of one facet; ``docs`` are all speeches, in the order in which to number them."""
    place = {doc: n for n, doc in enumerate(docs)}
    kept = [n for n, row in enumerate(rows) if facet.id in row.labels]
    return Outcomes(
        facet,
        _marked([rows[n].labels[facet.id] for n in kept], facet),
        _marked([predictions[n].labels[facet.id] for n in kept], facet),
        _scores([predictions[n] for n in kept], facet),
        np.array([place[rows[n].doc] for n in kept], dtype=np.int64),
        tuple(docs),
        np.array(kept, dtype=np.int64),
    )


def _marked(labels: Sequence[Sequence[str]], facet: Facet) -> np.ndarray:
    column = {id: n for n, id in enumerate(facet.label_ids)}
    marks = np.zeros((len(labels), len(column)), dtype=bool)
    for n, ids in enumerate(labels):
        marks[n, [column[id] for id in ids]] = True
    return marks


def _scores(predictions: Sequence[Prediction], facet: Facet) -> np.ndarray | None:
    given: list[Mapping[str, float]] = [
        prediction.scores[facet.id] for prediction in predictions if facet.id in prediction.scores
    ]
    if len(given) < len(predictions):
        return None
    values = [[scores[id] for id in facet.label_ids] for scores in given]
    return np.array(values, dtype=np.float64).reshape(len(given), len(facet.label_ids))
