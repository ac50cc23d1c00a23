"""What a classifier says of a segment, whichever classifier it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from safetynlp.errors import UsageError
from safetynlp.schema import Schema
from safetynlp.segment import Segment

__all__ = [
    "LabelledSegment",
    "Labeller",
    "Prediction",
    "calibrated",
    "check_texts",
    "decide",
]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Labels of one segment.

    ``labels`` maps every facet id of the schema to label ids in schema order; a single-label
    facet has exactly one. ``scores`` maps facet id and label id to a calibrated probability in
    [0, 1]; those of a single-label facet sum to 1.
    """

    labels: Mapping[str, tuple[str, ...]]
    scores: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class LabelledSegment:
    """A segment with its prediction; the shorthand properties read through to both."""

    segment: Segment
    prediction: Prediction

    @property
    def text(self) -> str:
        """The segment's text."""
        return self.segment.text

    @property
    def start(self) -> int:
        """First character in ``Document.text``."""
        return self.segment.start

    @property
    def end(self) -> int:
        """One past the last character in ``Document.text``."""
        return self.segment.end

    @property
    def heading_path(self) -> tuple[str, ...]:
        """Headings above the segment, outermost first."""
        return self.segment.heading_path

    @property
    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """Label ids by facet id."""
        return self.prediction.labels

    @property
    def scores(self) -> Mapping[str, Mapping[str, float]]:
        """Calibrated probability by facet id and label id."""
        return self.prediction.scores


class Labeller(Protocol):
    """Whatever labels segments: the released model, the keyword baseline, a test double."""

    @property
    def schema(self) -> Schema:
        """The facets and labels it predicts."""
        ...

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Labels of each text; same length and order as ``texts``."""
        ...


def calibrated(
    logits: np.ndarray, calibration: Mapping[str, tuple[float, float]], schema: Schema
) -> np.ndarray:
    """Logits as calibrated probabilities: float32, same shape, in [0, 1].

    With (slope, offset) of its facet, a multi-label probability is sigmoid(slope·logit + offset)
    (Platt 1999) and a single-label one softmax(slope·logits) (temperature: Guo et al. 2017).

    Args:
        logits: float, shape (rows, labels), in schema order.
        calibration: facet id → (slope, offset).
        schema: decides which columns belong to which facet.
    """
    out = np.empty_like(logits, dtype=np.float32)
    for facet, part in schema.columns():
        slope, offset = calibration[facet.id]
        z = slope * logits[:, part] + offset
        if facet.kind == "multi":
            out[:, part] = 1.0 / (1.0 + np.exp(-np.clip(z, -60, 60)))
        else:
            z = np.exp(z - z.max(axis=1, keepdims=True))
            out[:, part] = z / z.sum(axis=1, keepdims=True)
    return out


def check_texts(texts: Sequence[str]) -> None:
    """Refuse one string where a list is meant: it would be labelled character by character.

    Raises:
        UsageError: ``texts`` is a string.
    """
    if isinstance(texts, str):
        raise UsageError(
            f"texts: found one string, {texts[:20]!r}, expected a list. Write [text].",
            f"texts：应为字符串列表，实为单个字符串 {texts[:20]!r}。请写成 [text]。",
        )


def decide(
    probabilities: np.ndarray,
    schema: Schema,
    thresholds: Mapping[str, Mapping[str, float]] | float,
) -> list[Prediction]:
    """Labels from probabilities: those at or over their threshold, or the likeliest one.

    Args:
        probabilities: float, shape (rows, labels), in schema order, in [0, 1].
        schema: decides which columns belong to which facet.
        thresholds: of the multi-label facets: facet id → label id → threshold, or one for all.
    """
    return [_decide_row(row, schema, thresholds) for row in probabilities.tolist()]


def _decide_row(
    row: Sequence[float], schema: Schema, thresholds: Mapping[str, Mapping[str, float]] | float
) -> Prediction:
    labels: dict[str, tuple[str, ...]] = {}
    scores: dict[str, dict[str, float]] = {}
    for facet, part in schema.columns():
        values = dict(zip(facet.label_ids, row[part], strict=True))
        scores[facet.id] = values
        if facet.kind == "single":
            labels[facet.id] = (max(values, key=lambda id: values[id]),)
        elif isinstance(thresholds, int | float):
            labels[facet.id] = tuple(id for id, p in values.items() if p >= thresholds)
        else:
            own = thresholds[facet.id]
            labels[facet.id] = tuple(id for id, p in values.items() if p >= own[id])
    return Prediction(labels, scores)
