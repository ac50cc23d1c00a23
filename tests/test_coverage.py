from __future__ import annotations

import math
from typing import Any

import pytest
from speeches import Line, rubric_of, speech, topic_of

from safetynlp.coverage import ELEMENTS, POINTS, Coverage, TopicCoverage, cover
from safetynlp.errors import UsageError
from safetynlp.rubric import load_rubric

DRILL = {"action": ("emergency_preparedness",)}
# Slogan, demand, demand with a bearer, with a measure, with both.
MENTION: Line = ("drill 演练很有意义。", "rationale", DRILL)
DEMAND: Line = ("drill 要抓好演练。", "directive", DRILL)
ASSIGNED: Line = (
    "drill 企业要抓好演练。",
    "directive",
    DRILL | {"responsibility": ("enterprise",)},
)
SPECIFIED: Line = ("drill 每月要演练一次。", "directive", DRILL)
FULL: Line = ("drill 企业每月要演练。", "directive", DRILL | {"responsibility": ("enterprise",)})
OTHER: Line = ("今天天气很好。", "rationale", {})


def treated(*lines: Line, **topic: Any) -> TopicCoverage:
    """The one topic "drill" of a rubric, as the lines treat it."""
    return cover(speech(*lines), rubric_of(topic_of("drill", **topic))).topics[0]


def levels(coverage: Coverage) -> dict[str, int]:
    return {topic.id: topic.level for topic in coverage.topics if topic.level}


@pytest.mark.parametrize(
    ("lines", "elements", "score"),
    [
        ([OTHER], (), 0.0),
        ([MENTION], ELEMENTS[:1], 0.25),
        ([DEMAND], ELEMENTS[:2], 0.60),
        ([ASSIGNED], ELEMENTS[:3], 0.80),
        ([SPECIFIED], ("mentioned", "deployed", "specified"), 0.80),
        ([FULL], ELEMENTS, 1.0),
        ([ASSIGNED, SPECIFIED], ELEMENTS, 1.0),  # elements add up over segments
    ],
)
def test_elements_and_score(lines: list[Line], elements: tuple[str, ...], score: float) -> None:
    topic = treated(OTHER, *lines)
    assert tuple(e for e, reached in topic.elements.items() if reached) == elements
    assert topic.level == len(elements)
    assert topic.score == pytest.approx(score, abs=1e-12)


def test_points_sum_to_one() -> None:
    assert tuple(POINTS) == ELEMENTS
    assert math.fsum(POINTS.values()) == 1.0


@pytest.mark.parametrize("function", ["procedural", "rationale", "situation", "achievement"])
def test_only_a_directive_deploys(function: str) -> None:
    text, _, labels = FULL
    assert treated((text, function, labels)).level == 1


def test_a_directive_without_action_does_not_deploy() -> None:
    line: Line = ("drill 企业每月都要重视。", "directive", {"responsibility": ("enterprise",)})
    assert treated(line).level == 1
    assert treated(line, kind="pledge").level == 4


def test_bearer_and_measure_count_in_the_demand_itself() -> None:
    report: Line = (
        "drill 企业去年演练3次。",
        "achievement",
        DRILL | {"responsibility": ("enterprise",)},
    )
    assert treated(report, DEMAND).elements == dict(
        zip(ELEMENTS, (True, True, False, False), strict=True)
    )


@pytest.mark.parametrize("function", ["situation", "problem", "achievement"])
def test_state_topics_are_deployed_by_facts(function: str) -> None:
    assert treated(("drill 去年演练3次。", function, {}), kind="state").level == 3
    assert treated(DEMAND, kind="state").level == 1


def test_procedure_topics() -> None:
    assert treated(("drill 今天开会。", "procedural", {}), kind="procedure").level == 2
    assert treated(("drill 去年开会。", "situation", {}), kind="procedure").level == 1


def test_a_named_body_is_a_bearer() -> None:
    assert treated(("drill 由县应急管理局组织演练。", "directive", DRILL)).elements["assigned"]
    assert not treated(("drill 在消防、燃气等领域组织演练。", "directive", DRILL)).elements[
        "assigned"
    ]


def test_a_collective_is_no_bearer_whatever_its_label() -> None:
    labels = DRILL | {"responsibility": ("party_government",)}
    collective: Line = ("drill 各级各部门要抓好演练。", "directive", labels)
    assert not treated(collective).elements["assigned"]
    named: Line = ("drill 各级各部门和党委书记要抓好演练。", "directive", labels)
    assert treated(named).elements["assigned"]
    meant: Line = ("drill 他们要抓好演练。", "directive", labels)  # named in other words
    assert treated(meant).elements["assigned"]


def test_facts_concern_a_sector_or_a_place() -> None:
    fact: Line = ("drill 上月起火两次。", "situation", {})
    assert not treated(fact, kind="state").elements["assigned"]
    place: Line = ("drill 我县上月起火两次。", "situation", {})
    sector: Line = ("drill 上月起火两次。", "situation", {"sector": ("fire_safety",)})
    for line in (place, sector):
        assert treated(line, kind="state").elements["assigned"]
        assert not treated((line[0], "directive", line[2] | DRILL)).elements["assigned"]


def test_a_topic_says_who_can_bear_it() -> None:
    bearer = {"labels": {"responsibility": ["departmental"]}}
    assert not treated(FULL, bearer=bearer).elements["assigned"]
    by_department: Line = (
        "drill 住建局要演练。",
        "directive",
        DRILL | {"responsibility": ("departmental",)},
    )
    assert treated(by_department, bearer=bearer).elements["assigned"]


def test_measures_may_be_limited_by_the_topic() -> None:
    line: Line = ("drill 要督办演练。", "directive", DRILL)
    assert treated(line).elements["specified"]
    assert not treated(line, measures=["date", "number"]).elements["specified"]


def test_exclude_takes_a_sentence_out() -> None:
    assert treated(DEMAND, exclude={"cues": "抓好"}).level == 0
    assert treated(DEMAND, SPECIFIED, exclude={"cues": "抓好"}).level == 3


def test_quotes_best_first_with_their_places() -> None:
    topic = treated(MENTION, OTHER, DEMAND, FULL, MENTION)
    assert [quote.text for quote in topic.quotes] == [FULL[0], DEMAND[0], MENTION[0], MENTION[0]]
    assert [len(quote.elements) for quote in topic.quotes] == [4, 2, 1, 1]
    assert topic.quotes[2].start == 0
    assert topic.quotes[2].end == len(MENTION[0])


@pytest.mark.parametrize(
    ("line", "zh", "en"),
    [
        (OTHER, "全文未提及。建议：做。", "not mentioned. Hint: do."),
        (MENTION, "只提到，没有部署", "no demand with an action"),
        (
            SPECIFIED,
            "未明确由谁负责。建议：点县局。",
            "nobody is named to do it. Hint: name a bureau.",
        ),
        (ASSIGNED, "没有时限", "no date"),
    ],
)
def test_gap_names_the_first_missing_element(line: Line, zh: str, en: str) -> None:
    hints = {
        "task": {"zh": "做", "en": "do"},
        "bearer": {"zh": "点县局", "en": "name a bureau"},
    }
    gap = treated(line, hints=hints).gap
    assert zh in gap["zh"]
    assert en in gap["en"]


def test_no_gap_at_level_four() -> None:
    assert treated(FULL).gap == {"zh": "", "en": ""}


def test_total_by_hand() -> None:
    rubric = rubric_of(
        topic_of("a", "x", vital=True),  # 0.25, weight 2
        topic_of("b", "x"),  # 1.00, weight 1
        topic_of("c", "y"),  # 0.60
        topic_of("d", "z"),  # 0
        groups=[
            {"id": "x", "name": {"zh": "x", "en": "x"}, "weight": 3},
            {"id": "y", "name": {"zh": "y", "en": "y"}, "weight": 2},
            {"id": "z", "name": {"zh": "z", "en": "z"}, "weight": 1},
        ],
    )
    action = {"action": ("technology",)}
    coverage = cover(
        speech(
            ("a 有意义", "rationale", {}),
            ("b 要每月检查", "directive", action | {"responsibility": ("departmental",)}),
            ("c 要做", "directive", action),
        ),
        rubric,
    )
    # S_x = (2·0.25 + 1·1) / 3 = 0.5, S_y = 0.6, S_z = 0; W = 1/2, 1/3, 1/6
    assert [group.score for group in coverage.groups] == pytest.approx([0.5, 0.6, 0.0])
    expected = (math.sqrt(0.5) / 2 + math.sqrt(0.6) / 3) ** 2
    assert coverage.total == pytest.approx(expected)
    assert expected == pytest.approx(0.374, abs=5e-4)
    assert coverage.breadth == pytest.approx(3 / 4)
    assert coverage.depth == pytest.approx((0.25 + 1 + 0.6) / 3)
    assert coverage.balance == 0.0
    characters = len("a 有意义") + len("b 要每月检查") + len("c 要做")
    assert coverage.density == pytest.approx(1000 * 3 / characters)


def test_a_neglected_group_costs_more_than_the_mean() -> None:
    rubric = rubric_of(topic_of("drill", "x"), topic_of("watch", "y"))
    one_sided = cover(speech(FULL), rubric).total
    text, function, labels = DEMAND
    even = cover(speech(DEMAND, (text.replace("drill", "watch"), function, labels)), rubric).total
    assert one_sided == pytest.approx(0.25)
    assert even == pytest.approx(0.60)


def test_a_gain_is_the_rise_of_the_total() -> None:
    rubric = rubric_of(
        topic_of("drill", "x", vital=True), topic_of("watch", "x"), topic_of("fire", "y")
    )
    before = cover(speech(DEMAND), rubric)
    drill, watch, fire = before.topics
    assert (list(drill.gains), list(watch.gains)) == ([3, 4], [1, 2, 3, 4])
    for level, line in ((3, ASSIGNED), (4, FULL)):
        assert drill.gains[level] == cover(speech(DEMAND, line), rubric).total - before.total
    for level, line in ((1, MENTION), (2, DEMAND), (3, SPECIFIED), (4, FULL)):
        for topic in (watch, fire):
            text, function, labels = line
            said: Line = (text.replace("drill", topic.id), function, labels)
            after = cover(speech(DEMAND, said), rubric)
            assert topic.gains[level] == pytest.approx(after.total - before.total, abs=1e-15)
    # By hand: S_x = 2·0.6/3 = 0.4 and S_y = 0, so T = (√0.4/2)² = 0.1; with fire in full
    # (√0.4/2 + 1/2)² = 0.6662.
    assert before.total == pytest.approx(0.1)
    assert fire.gain == pytest.approx(0.5662, abs=1e-4)
    assert [topic.id for topic in before.gaps] == ["fire", "watch", "drill"]


def test_nothing_to_gain_at_level_four() -> None:
    coverage = cover(speech(FULL), rubric_of(topic_of("drill")))
    assert coverage.topics[0].gains == {}
    assert coverage.topics[0].gain == 0
    assert coverage.gaps == ()


def test_nothing_said() -> None:
    for name in ("speech-structure", "fifteen-measures"):
        coverage = cover([], load_rubric(name))
        assert coverage.total == coverage.breadth == coverage.depth == coverage.density == 0
        assert coverage.balance == 0
        assert not any(topic.quotes or topic.level for topic in coverage.topics)


def test_everything_said_scores_one() -> None:
    assert cover(speech(FULL), rubric_of(topic_of("drill"))).total == 1.0


def test_topics_that_do_not_apply_leave_the_denominator() -> None:
    rubric = rubric_of(
        topic_of("drill", "x"),
        topic_of("flood", "x", months=[6, 7]),
        topic_of("late", "y", valid_from="2024-01"),
    )
    lines = speech(FULL)
    assert cover(lines, rubric).total == pytest.approx((math.sqrt(0.5) / 2) ** 2)
    coverage = cover(lines, rubric, date="2023-03")
    assert coverage.total == 1.0
    assert [topic.id for topic in coverage.topics] == ["drill"]
    assert [group.score for group in coverage.groups] == [1.0, None]
    reasons = {entry.id: entry.reason for entry in coverage.not_applicable}
    assert set(reasons) == {"flood", "late"}
    assert "month 3" in reasons["flood"]["en"]
    assert "3 月" in reasons["flood"]["zh"]
    assert "2024-01" in reasons["late"]["en"]


def test_no_topic_applies() -> None:
    rubric = rubric_of(topic_of("drill", valid_from="2024-01"))
    coverage = cover(speech(FULL), rubric, date="2020-01")
    assert (coverage.total, coverage.breadth, coverage.balance) == (0, 0, 0)
    assert len(coverage.not_applicable) == 1


def test_seasonal_topic_is_a_bonus_without_a_date() -> None:
    rubric = rubric_of(topic_of("drill", months=[6], vital=True))
    undated, dated = cover([], rubric), cover([], rubric, date="2024-06")
    assert (undated.topics[0].vital, undated.topics[0].weight) == (False, 1)
    assert (dated.topics[0].vital, dated.topics[0].weight) == (True, 2)


def test_own_weight_of_a_topic() -> None:
    coverage = cover(speech(FULL), rubric_of(topic_of("drill", weight=3), topic_of("x")))
    assert coverage.groups[0].score == pytest.approx(0.75)


def test_faulty_metadata() -> None:
    with pytest.raises(UsageError, match="expected YYYY-MM"):
        cover([], rubric_of(topic_of("drill")), date="June")


def sectors(text: str, *ids: str, function: str = "directive") -> Line:
    return (f"drill {text}", function, {"sector": ids, "action": ("law_enforcement",)})


def test_min_sectors_counts_over_the_evidence() -> None:
    gas, fire = sectors("查燃气", "urban_gas"), sectors("查消防", "fire_safety")
    school = sectors("学校", "schools", function="situation")
    assert treated(gas, fire, gas, min_sectors=3).level == 0
    assert treated(gas, fire, school, min_sectors=3).level == 1  # three named, two deployed
    deployed = treated(gas, fire, sectors("查学校", "schools"), min_sectors=3)
    assert deployed.level == 2
    assert len(deployed.quotes) == 3


# Naming a document, in the ways that speeches do it.


@pytest.mark.parametrize(
    "text",
    [
        "要认真落实国务院安委会十五条硬措施。",
        "落实十五条硬措施",
        "大力贯彻“十五条”，6月底前传达到各企业。",
        "各地各部门务必把十五条措施逐条落到实处！",
        "要加快落实《关于进一步强化安全生产责任落实坚决防范遏制重特大事故的若干措施》精神。",
        "由县应急管理局牵头，对照安全生产15条抓好落实。",
    ],
)  # fmt: skip
def test_naming_a_document_credits_its_meta_topic_alone(text: str) -> None:
    # Labels as a careless model would give them, taken from what the document's name says.
    labels = {
        "sector": ("fire_safety", "urban_gas", "schools"),
        "responsibility": ("party_government", "departmental", "enterprise", "enterprise_head"),
        "action": ("hazard_rectification", "accountability", "law_enforcement", "source_access"),
    }
    lines = speech((text, "directive", labels))
    found = levels(cover(lines, load_rubric("fifteen-measures")))
    assert set(found) == {"m15-00"}
    assert found["m15-00"] >= 2
    assert levels(cover(lines, load_rubric("speech-structure"))) == {}


def test_a_document_and_a_demand_credit_both() -> None:
    line: Line = (
        "落实十五条硬措施，各企业每月都要开展隐患排查。",
        "directive",
        {"responsibility": ("enterprise",), "action": ("hazard_rectification",)},
    )
    found = levels(cover(speech(line), load_rubric("fifteen-measures")))
    assert found["m15-00"] == 4
    assert found["m15-06"] == 4


def test_beside_a_document_a_label_needs_words_of_its_own() -> None:
    labels = {"action": ("hazard_rectification", "education_training"), "sector": ("urban_gas",)}
    title = "《燃气安全培训规定》"
    line: Line = (f"持之以恒从严从实落实{title}，排查每一处隐患。", "directive", labels)
    found = levels(cover(speech(line), load_rubric("speech-structure")))
    assert found == {"st-14": 2}  # 燃气 and 培训 stand in the title alone
    untitled: Line = ("持之以恒从严从实抓好燃气安全，排查每一处隐患。", "directive", labels)
    assert "st-14" in levels(cover(speech(untitled), load_rubric("speech-structure")))


@pytest.mark.parametrize("text", ["共排查隐患15条，已全部整改。", "梳理问题一百一十五条要求整改"])
def test_fifteen_of_something_else_is_no_document(text: str) -> None:
    line: Line = (text, "achievement", {"action": ("hazard_rectification",)})
    found = levels(cover(speech(line), load_rubric("fifteen-measures")))
    assert "m15-00" not in found
    assert found["m15-06"] == 1


def test_what_stands_in_a_title_is_no_measure_and_no_bearer() -> None:
    title: Line = (
        "drill 要按《应急管理局2024年6月底前演练30次的方案》组织好演练。",
        "directive",
        DRILL,
    )
    assert treated(title).level == 2


# Lists of words

WORDS = (
    "要抓应急演练、值班、隐患排查、专项整治、风险管控、执法检查、打非治违、暗访、追责、宣传、预警、"
    "举报、信息化、队伍建设，由部门、企业、乡镇每月报送。"
)  # fmt: skip


def test_a_list_of_words_deploys_nothing() -> None:
    actions = (
        "emergency_preparedness", "duty_reporting", "hazard_rectification", "special_campaign",
        "risk_control", "law_enforcement", "illegal_crackdown", "supervision_assessment",
        "accountability", "education_training", "monitoring_warning", "technology",
    )  # fmt: skip
    labels = {"action": actions, "responsibility": ("departmental", "enterprise", "territorial")}
    coverage = cover(speech((WORDS, "directive", labels)), load_rubric("speech-structure"))
    assert max(topic.level for topic in coverage.topics) == 1
    assert coverage.total < 0.2


def test_a_long_sentence_of_many_actions_is_no_list() -> None:
    actions = (
        "emergency_preparedness", "duty_reporting", "hazard_rectification", "special_campaign",
        "risk_control", "law_enforcement", "illegal_crackdown",
    )  # fmt: skip
    text = "drill " + "各企业要结合自身实际把这项工作安排好并且一件一件抓下去，" * 5
    assert treated((text, "directive", {"action": actions})).level == 2


def test_enterprises_owe_no_territorial_duty() -> None:
    rubric = load_rubric("speech-structure")
    left_out = cover([], rubric, audience="enterprise").not_applicable
    assert [entry.id for entry in left_out] == ["st-11"]
