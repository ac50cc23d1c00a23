from __future__ import annotations

from dataclasses import replace

import pytest

from safetynlp.evaluation.mistakes import Confusion, Context, confusions, contexts, mistakes
from safetynlp.evaluation.overlap import without_copies
from safetynlp.labelled import LabelledRow
from safetynlp.prediction import Prediction
from safetynlp.schema import Schema


def facet(id: str, kind: str, labels: str) -> dict[str, object]:
    names = [{"id": label, "name": {"zh": label, "en": label}} for label in labels]
    return {"id": id, "name": {"zh": id, "en": id}, "kind": kind, "labels": names}


SCHEMA = Schema.from_dict(
    {
        "id": "small",
        "version": "1",
        "name": {"zh": "小", "en": "Small"},
        "facets": [facet("topic", "multi", "abc"), facet("tone", "single", "xy")],
    }
)
ROWS = [
    LabelledRow("s1", "一", {"topic": ("a", "b"), "tone": ("x",)}, index=0),
    LabelledRow("s1", "二", {"topic": ()}, index=1),
    LabelledRow("s2", "三", {"topic": ("a",), "tone": ("y",)}, index=0),
]


def prediction(topic: dict[str, float], tone: str) -> Prediction:
    labels = {"topic": tuple(id for id, p in topic.items() if p >= 0.5), "tone": (tone,)}
    other = {"x": "y", "y": "x"}[tone]
    return Prediction(labels, {"topic": topic, "tone": {tone: 0.8, other: 0.2}})


FOUND = [
    prediction({"a": 0.1, "b": 0.9, "c": 0.6}, "x"),
    prediction({"a": 0.1, "b": 0.95, "c": 0.1}, "y"),  # the tone is not labelled
    prediction({"a": 0.9, "b": 0.1, "c": 0.1}, "x"),
]


def test_mistakes_the_surest_first() -> None:
    found = mistakes(FOUND, ROWS, SCHEMA)
    assert [(m.row, m.label, m.kind, m.score) for m in found] == [
        (1, "b", "false_positive", 0.95),
        (0, "a", "false_negative", 0.1),
        (2, "x", "false_positive", 0.8),
        (2, "y", "false_negative", 0.2),
        (0, "c", "false_positive", 0.6),
    ]
    assert found[1].confidence == pytest.approx(0.9)


def test_mistakes_without_scores() -> None:
    found = mistakes([replace(p, scores={}) for p in FOUND], ROWS, SCHEMA)
    assert len(found) == 5
    assert {m.score for m in found} == {None}


def test_labels_taken_for_each_other() -> None:
    assert confusions(FOUND, ROWS, SCHEMA) == [
        Confusion("topic", "a", "c", (0,)),
        Confusion("tone", "y", "x", (2,)),
    ]


def test_context_stays_within_the_speech_and_follows_the_index() -> None:
    assert contexts([ROWS[1], ROWS[2], ROWS[0]]) == [
        Context("一", ""),
        Context("", ""),
        Context("", "二"),
    ]


def test_speeches_like_test_speeches_are_not_learned_from() -> None:
    text = (
        "各部门要在月底前把燃气、消防、电梯等各类隐患彻底排查一遍并逐项登记造册限期整改到位，" * 2
    )
    other = (
        "去年全公司组织培训三百余人次，新员工一律先培训后上岗，考试不合格的重新学习直到合格为止。"
        * 2
    )
    learn = [LabelledRow("s1", text, {}), LabelledRow("s2", other, {})]
    test = [LabelledRow("s2", text.replace("月底", "年底"), {})]  # same name, another speech
    kept, left_out = without_copies(learn, test)
    assert [row.doc for row in kept] == ["s2"]
    assert left_out == ("s1",)
