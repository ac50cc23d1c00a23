"""Why a topic has its level."""

from __future__ import annotations

from dataclasses import replace

import pytest
from speeches import Line, rubric_of, speech, topic_of

from safetynlp.coverage import cover
from safetynlp.errors import RubricError, UsageError
from safetynlp.explanation import Explanation, Reason, explain
from safetynlp.prediction import LabelledSegment

DRILL = {"action": ("emergency_preparedness",)}
BEARER = DRILL | {"responsibility": ("enterprise",)}
OTHER: Line = ("今天天气很好。", "rationale", {})


def explained(*lines: Line, **topic: object) -> Explanation:
    return explain(speech(*lines), rubric_of(topic_of("drill", **topic)), "drill")


def test_every_element_has_what_was_found_for_it() -> None:
    found = explained(OTHER, ("drill 企业每月要演练。", "directive", BEARER))
    (segment,) = found.evidence
    assert list(segment.elements) == ["mentioned", "deployed", "assigned", "specified"]
    assert segment.elements["mentioned"] == (Reason("cue", wording="drill", start=8, end=13),)
    assert [r.label for r in segment.elements["deployed"]] == [
        "directive",
        "emergency_preparedness",
    ]
    assert [r.label for r in segment.elements["assigned"]] == ["enterprise"]
    assert [(r.kind, r.wording) for r in segment.elements["specified"]] == [("frequency", "每月")]
    assert segment.lacks == ()
    assert found.steps == ()
    assert found.topic.level == 4


@pytest.mark.parametrize(
    ("line", "lacks"),
    [
        (("drill 要抓好演练。", "directive", DRILL), ("bearer", "measure")),
        (("drill 企业要抓好演练。", "directive", BEARER), ("measure",)),
        (("drill 要抓好。", "directive", {}), ("action",)),
        (("drill 演练很有意义。", "rationale", DRILL), ("function",)),
    ],
)
def test_what_a_segment_lacks(line: Line, lacks: tuple[str, ...]) -> None:
    (segment,) = explained(line).evidence
    assert segment.lacks == lacks


def test_steps_are_worth_what_the_score_would_gain() -> None:
    demand: Line = ("drill 要抓好演练。", "directive", DRILL)
    full: Line = ("drill 企业每月要演练。", "directive", BEARER)
    rubric = rubric_of(topic_of("drill"))
    steps = explain(speech(demand), rubric, "drill").steps
    assert [(step.level, step.element) for step in steps] == [(3, "assigned"), (4, "specified")]
    risen = cover(speech(full), rubric).total - cover(speech(demand), rubric).total
    assert steps[-1].gain == pytest.approx(risen)
    assert all(step.advice["zh"] and step.advice["en"] for step in steps)


def test_parts_of_a_rule_that_held_and_no_others() -> None:
    match = {
        "all": [
            {"any": [{"cues": ["演练", "预案"]}, {"labels": {"sector": "schools"}}]},
            {"not": {"cues": "总结"}},
        ]
    }
    (segment,) = explained(("要抓好演练。", "directive", DRILL), match=match).evidence
    assert segment.elements["mentioned"] == (Reason("cue", wording="演练", start=3, end=5),)


def test_facts_concern_a_sector_or_a_place() -> None:
    line: Line = ("drill 我市燃气事故2起。", "situation", {"sector": ("urban_gas",)})
    (segment,) = explained(line, kind="state").evidence
    assert {r.label or r.wording for r in segment.elements["assigned"]} == {"urban_gas", "我市"}


@pytest.mark.parametrize(
    ("topic", "line", "why"),
    [
        ({"exclude": {"cues": "总结"}}, ("drill 总结。", "rationale", {}), "excluded"),
        ({}, ("认真落实《drill 办法》", "directive", {}), None),  # the cue stands in a title only
        ({"min_sectors": 2}, ("drill 要抓好。", "directive", {"sector": ("schools",)}), "sectors"),
    ],
)
def test_near_misses(topic: dict[str, object], line: Line, why: str | None) -> None:
    found = explained(OTHER, line, **topic)
    assert found.evidence == ()
    assert [miss.why for miss in found.near_misses] == ([why] if why else [])


def test_a_label_that_was_nearly_given_is_a_near_miss() -> None:
    (segment,) = speech(("要抓好。", "directive", {}))
    scores = {"action": {"emergency_preparedness": 0.45}, "function": {"directive": 1.0}}
    doubted = LabelledSegment(segment.segment, replace(segment.prediction, scores=scores))
    rubric = rubric_of(topic_of("drill", match={"labels": {"action": "emergency_preparedness"}}))
    (miss,) = explain([doubted], rubric, "drill").near_misses
    assert miss.why == "label"
    assert [(r.label, r.probability) for r in miss.reasons] == [("emergency_preparedness", 0.45)]


def test_no_such_topic_names_the_nearest() -> None:
    with pytest.raises(RubricError, match=r'no topic "dril"\. Did you mean drill\? Topics: drill'):
        explain([], rubric_of(topic_of("drill")), "dril")


def test_a_topic_that_does_not_apply() -> None:
    rubric = rubric_of(topic_of("drill", audience=["enterprise"]), topic_of("other"))
    with pytest.raises(UsageError, match='topic "drill" does not apply'):
        explain([], rubric, "drill", audience="government")
