"""Many label sets at once agree with one at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safetynlp.draws import LabelSets, draw_labels, given_labels, outcomes
from safetynlp.prediction import Prediction
from safetynlp.schema import Schema

SCHEMA = Schema.default()
IDS = ("a", "b", "c")
matrices = st.lists(st.tuples(*[st.booleans()] * 3), min_size=1, max_size=12).map(
    lambda sets: np.array(sets).T
)


def probable(**facets: dict[str, float]) -> Prediction:
    labels = {facet: tuple(id for id, p in s.items() if p >= 0.5) for facet, s in facets.items()}
    return Prediction(labels, facets)


QUESTIONS = [
    lambda labels: "b" in labels["x"],
    lambda labels: bool(labels["x"]),
    lambda labels: len(labels["x"]),
    lambda labels: tuple(labels["x"]),
    lambda labels: labels["x"][0] if labels["x"] else None,
    lambda labels: labels["x"][1:],
    lambda labels: next((id for id in labels["x"] if id in labels["y"]), "none"),
    lambda labels: "stranger" in labels["x"],
    lambda labels: "unasked",
]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
@settings(max_examples=30)
@given(matrices, st.randoms())
def test_every_set_gets_the_answer_that_it_would_get_alone(question, rows, random) -> None:
    other = rows[:, random.sample(range(rows.shape[1]), rows.shape[1])]
    labels = LabelSets({"x": (IDS, rows), "y": (IDS, other)})
    seen = np.zeros(rows.shape[1], dtype=int)
    for answer, alike in outcomes(lambda: question(labels), labels):
        for number in np.flatnonzero(alike):
            plain = {
                facet: tuple(id for id, has in zip(IDS, found[:, number], strict=True) if has)
                for facet, found in (("x", rows), ("y", other))
            }
            assert answer == question(plain)
        seen += alike
    assert seen.tolist() == [1] * rows.shape[1]


def test_only_the_sets_asked_for_are_judged() -> None:
    labels = LabelSets({"x": (IDS, np.eye(3, dtype=bool))})
    among = np.array([True, False, True])
    found = list(outcomes(lambda: tuple(labels["x"]), labels, among))
    assert [(answer, alike.tolist()) for answer, alike in found] == [
        (("a",), [True, False, False]),
        (("c",), [False, False, True]),
    ]


def test_a_judgement_that_asks_little_is_made_rarely() -> None:
    rows = np.random.default_rng(0).random((3, 1000)) < 0.5
    labels = LabelSets({"x": (IDS, rows)})
    assert len(list(outcomes(lambda: "a" in labels["x"], labels))) == 2
    constant = LabelSets({"x": (IDS, np.ones((3, 1000), dtype=bool))})
    assert len(list(outcomes(lambda: tuple(constant["x"]), constant))) == 1


def test_labels_are_drawn_by_their_probabilities() -> None:
    function = {"directive": 0.7, "problem": 0.2, "situation": 0.1}
    prediction = probable(action={"technology": 0.3, "accountability": 1.0}, function=function)
    sets = draw_labels(prediction, "要做。", SCHEMA, 4000, seed=0)
    for facet, expected in prediction.scores.items():
        ids, rows = sets[facet]
        assert ids == SCHEMA.facet(facet).label_ids
        for id, share in zip(ids, rows.mean(axis=1), strict=True):
            assert share == pytest.approx(expected.get(id, 0.0), abs=0.03)
    assert (sets["function"][1].sum(axis=0) == 1).all()


def test_drawing_hangs_on_text_and_seed_alone() -> None:
    def drawn(text: str, seed: int) -> bytes:
        sets = draw_labels(probable(action={"technology": 0.5}), text, SCHEMA, 100, seed)
        return sets["action"][1].tobytes()

    assert drawn("甲\ud800", 0) == drawn("甲\ud800", 0)
    assert len({drawn("甲", 0), drawn("乙", 0), drawn("甲", 1)}) == 3


def test_without_probabilities_the_labels_stay() -> None:
    prediction = Prediction({"action": ("technology",), "function": ("problem",)}, {})
    drawn, kept = draw_labels(prediction, "", SCHEMA, 5, 0), given_labels(prediction, SCHEMA)
    assert list(drawn) == list(kept) == ["action", "function"]
    for facet, (_, rows) in drawn.items():
        assert (rows == kept[facet][1]).all()
        assert rows.shape[1] == 5
