"""Many label sets of one segment at once, and what follows from each.

A judgement looks at few of a segment's labels. So it is not made anew for each of a thousand drawn
label sets, nor written a second time for arrays: it is made for one of them, it is noted what was
asked of the labels, and the answer stands for all sets of which the same would have been found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

import numpy as np

from safetynlp.prediction import Prediction
from safetynlp.schema import Facet, Schema

__all__ = ["LabelSets", "draw_labels", "given_labels", "outcomes"]

T = TypeVar("T")


class LabelSets(Mapping[str, Sequence[str]]):
    """Label ids by facet id, as in :class:`Prediction`, for one of many sets at a time.

    Args:
        facets: by facet id, the label ids and which set has which label: bool, shape
            ``(labels, sets)``.
    """

    def __init__(self, facets: Mapping[str, tuple[Sequence[str], np.ndarray]]) -> None:
        self._facets = {id: _FacetSets(self, *rows) for id, rows in facets.items()}
        self.n_sets = next((rows.shape[1] for _, rows in facets.values()), 1)
        self.at(0)

    def at(self, number: int) -> None:
        """Answer for this set from now on, and forget what was asked."""
        self._number = number
        self._same: np.ndarray | None = None

    def answer(self, values: np.ndarray) -> Any:
        """The value for the present set, of one value per set; it is noted that it was asked."""
        value = values[self._number]
        same = values == value
        self._same = same if self._same is None else self._same & same
        return value

    def alike(self, among: np.ndarray) -> np.ndarray:
        """Those of ``among`` for which every answer was the same: bool, shape ``(n_sets,)``."""
        return among if self._same is None else self._same & among

    def __getitem__(self, facet: str) -> Sequence[str]:
        return self._facets[facet]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facets)

    def __len__(self) -> int:
        return len(self._facets)

    # A mapping is else compared by its items, which would ask for all of them.
    __eq__ = object.__eq__
    __hash__ = object.__hash__


class _FacetSets(Sequence[str]):
    """The labels of one facet in the present set; tells its owner what is asked of it."""

    def __init__(self, owner: LabelSets, ids: Sequence[str], rows: np.ndarray) -> None:
        self._owner = owner
        self._ids = ids
        self._rows = dict(zip(ids, rows, strict=True))
        self._counts = rows.sum(axis=0)
        # Most answers are the same for all sets, so that asking for them tells nothing.
        changing = rows.min(axis=1) != rows.max(axis=1)
        self._changing = {id for id, changes in zip(ids, changing, strict=True) if changes}

    def __contains__(self, id: object) -> bool:
        if id in self._changing:
            return bool(self._owner.answer(self._rows[id]))
        return id in self._rows and bool(self._rows[id][0])

    def __bool__(self) -> bool:
        return bool(self._count(self._counts > 0))

    def __len__(self) -> int:
        return int(self._count(self._counts))

    def _count(self, counts: np.ndarray) -> Any:
        return self._owner.answer(counts) if self._changing else counts[0]

    def __iter__(self) -> Iterator[str]:
        return (id for id in self._ids if id in self)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        return tuple(self)[index]


def outcomes(
    judge: Callable[[], T], labels: LabelSets, among: np.ndarray | None = None
) -> Iterator[tuple[T, np.ndarray]]:
    """Every result of ``judge``, with the sets that lead to it: bool, shape ``(n_sets,)``.

    Args:
        judge: looks at ``labels``, and at nothing else that changes.
        labels: the sets.
        among: those that are asked for: bool, shape ``(n_sets,)``; None for all. Each of them is
            in exactly one of the results.
    """
    left = np.ones(labels.n_sets, dtype=bool) if among is None else among
    while left.any():
        labels.at(int(left.argmax()))
        result = judge()
        alike = labels.alike(left)
        yield result, alike
        left = left & ~alike


def draw_labels(
    prediction: Prediction, text: str, schema: Schema, n_draws: int, seed: int
) -> dict[str, tuple[Sequence[str], np.ndarray]]:
    """Label sets of a segment, each label drawn by its probability, independently of the others.

    Of a single-label facet one label is drawn. A facet without probabilities keeps its labels.
    The numbers drawn hang on ``text`` and ``seed`` alone: the same sentence gets the same label
    sets wherever and however often it stands.

    Returns: as :class:`LabelSets` takes it, ``n_draws`` sets.
    """
    digest = hashlib.blake2b(f"{seed}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16)
    random = np.random.Generator(np.random.PCG64(int.from_bytes(digest.digest(), "big")))
    sets: dict[str, tuple[Sequence[str], np.ndarray]] = {}
    for facet, given in _facets(prediction, schema):
        scores = prediction.scores.get(facet.id)
        if scores is None:
            rows = np.repeat(given, n_draws, axis=1)
        else:
            p = np.array([scores.get(id, 0.0) for id in facet.label_ids])
            rows = _draw(p, facet.kind, n_draws, random)
        sets[facet.id] = (facet.label_ids, rows)
    return sets


def _draw(p: np.ndarray, kind: str, n_draws: int, random: np.random.Generator) -> np.ndarray:
    if kind == "multi":
        drawn: np.ndarray = random.random((len(p), n_draws)) < p[:, np.newaxis]
        return drawn
    bounds = np.cumsum(p)
    chosen = np.searchsorted(bounds, random.random(n_draws) * bounds[-1], side="right")
    one_hot: np.ndarray = np.arange(len(p))[:, np.newaxis] == chosen
    return one_hot


def given_labels(
    prediction: Prediction, schema: Schema
) -> dict[str, tuple[Sequence[str], np.ndarray]]:
    """The labels that were given, as one set for :class:`LabelSets`."""
    return {facet.id: (facet.label_ids, rows) for facet, rows in _facets(prediction, schema)}


def _facets(prediction: Prediction, schema: Schema) -> Iterator[tuple[Facet, np.ndarray]]:
    """Each facet that was labelled, and which of its labels were given: bool, ``(labels, 1)``."""
    for facet in schema.facets:
        if facet.id in prediction.labels:
            given = prediction.labels[facet.id]
            yield facet, np.array([[id in given] for id in facet.label_ids])
