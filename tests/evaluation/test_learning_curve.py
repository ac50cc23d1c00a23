from __future__ import annotations

from collections.abc import Sequence

import pytest

from safetynlp.errors import DataError
from safetynlp.evaluation.learning_curve import learning_curve, steps
from safetynlp.labelled import LabelledRow
from safetynlp.prediction import Prediction
from safetynlp.schema import Schema

NAMES = [{"id": id, "name": {"zh": id, "en": id}} for id in "ab"]
FACET = {"id": "tone", "name": {"zh": "t", "en": "t"}, "kind": "single", "labels": NAMES}
SCHEMA = Schema.from_dict(
    {"id": "s", "version": "1", "name": {"zh": "s", "en": "s"}, "facets": [FACET]}
)


class Rote:
    """Knows the texts that it has seen; says ``b``, which is never right, to others."""

    schema = SCHEMA

    def __init__(self, rows: Sequence[LabelledRow]) -> None:
        self.docs = {row.doc for row in rows}
        self._known = {row.text: row.labels for row in rows}

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return [Prediction(self._known.get(text, {"tone": ("b",)}), {}) for text in texts]


def speeches(n: int) -> list[LabelledRow]:
    """Speech k has the texts 0 … k, all of the label ``a``."""
    return [
        LabelledRow(f"s{k}", f"text {m}", {"tone": ("a",)}) for k in range(n) for m in range(k + 1)
    ]


def test_steps() -> None:
    assert steps(1) == [1]
    assert steps(2) == [1, 2]
    assert steps(30) == [1, 2, 5, 10, 20, 30]
    assert steps(100) == [1, 2, 5, 10, 20, 50, 100]


def test_points_bands_and_growth() -> None:
    rows = speeches(8)
    test = [LabelledRow("t", f"text {m}", {"tone": ("a",)}) for m in range(8)]
    found = learning_curve("rote", Rote, rows, test, SCHEMA, draws=6)
    assert [point.speeches for point in found.points] == [1, 2, 5, 8]
    last = found.points[-1]
    assert last.segments == len(rows)
    figure = last.figures["tone"]
    assert (figure.value, figure.low, figure.high) == (1, 1, 1)  # whatever the order
    values = [point.figures["tone"].value for point in found.points]
    assert values == sorted(values)  # a larger set of a draw holds the smaller one
    first = found.points[0].figures["tone"]
    assert first.low < first.value < first.high
    again = learning_curve("rote", Rote, rows, test, SCHEMA, draws=6)
    assert again == found


def test_without_test_rows_a_third_is_held_out() -> None:
    learned: list[set[str]] = []

    def learner(rows: Sequence[LabelledRow]) -> Rote:
        learned.append({row.doc for row in rows})
        return Rote(rows)

    found = learning_curve("rote", learner, speeches(9), None, SCHEMA, draws=2)
    assert [point.speeches for point in found.points] == [1, 2, 5, 6]
    assert learned[3] != learned[7]  # another third


def test_copies_stay_together() -> None:
    rows = speeches(4)
    groups = {"s0": 0, "s1": 0, "s2": 1, "s3": 2}
    docs: list[set[str]] = []

    def learner(rows: Sequence[LabelledRow]) -> Rote:
        docs.append({row.doc for row in rows})
        return Rote(rows)

    learning_curve("rote", learner, rows, None, SCHEMA, draws=8, groups=groups)
    assert all(("s0" in each) == ("s1" in each) for each in docs)


def test_plain_data() -> None:
    data = learning_curve("rote", Rote, speeches(2), speeches(1), SCHEMA, draws=1).to_dict()
    assert data["learner"] == "rote"
    assert data["points"][0]["tone"] == {"value": 1.0, "interval": [1.0, 1.0]}


def test_an_unlabelled_facet_is_left_out() -> None:
    test = [LabelledRow("t", "-", {})]
    assert learning_curve("rote", Rote, speeches(2), test, SCHEMA).points[0].figures == {}


def test_one_speech_is_too_few() -> None:
    with pytest.raises(DataError, match="at least 2"):
        learning_curve("rote", Rote, speeches(1), None, SCHEMA)
