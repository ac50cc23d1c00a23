"""For each topic a sentence that treats it fully, and a near miss that must not count."""

from __future__ import annotations

import pytest
from speeches import Line, speech

from safetynlp.coverage import cover
from safetynlp.rubric import load_rubric
from safetynlp.schema import Schema

Sentence = tuple[str, str]  # text, and its labels in one string; a directive unless they say else
FULL_AND_NEAR: dict[str, dict[str, tuple[Sentence, Sentence]]] = {
    "three-year-action": {
        "zb8-00": (
            (
                "各县区要把治本攻坚三年行动抓到底，今年年底前清掉去年的存量重大隐患。",
                "territorial special_campaign hazard_rectification",
            ),
            ("专项整治三年行动已经收官，各县区要总结好经验。", "territorial special_campaign"),
        ),
        "zb8-01": (
            (
                "应急局六月底前要把矿山、化工企业主要负责人轮训一遍。",
                "departmental enterprise_head education_training",
            ),
            (
                "企业主要负责人要组织全体工人培训，每季度一次。",
                "enterprise enterprise_head frontline_staff education_training",
            ),
        ),
        "zb8-02": (
            (
                "住建局要在9月底前补齐燃气重大隐患判定标准，配上讲解视频。",
                "departmental institution_building",
            ),
            (
                "企业要对照重大隐患判定标准每月自查一次。",
                "enterprise hazard_rectification",
            ),
        ),
        "zb8-03": (
            ("企业每季度要自查一遍重大隐患，查出一处销号一处。", "enterprise hazard_rectification"),
            ("老板要每季度把安全账算一遍。", "enterprise enterprise_head"),
        ),
        "zb8-04": (
            ("燃气公司年内要更换老旧管道12公里。", "enterprise engineering_investment urban_gas"),
            ("燃气公司年内要巡检管道12遍。", "enterprise hazard_rectification urban_gas"),
        ),
        "zb8-05": (
            (
                "企业要对特种作业人员逐个实操考核，年底前全部持证。",
                "enterprise frontline_staff education_training",
            ),
            ("应急局要对企业主要负责人集中培训三天。", "departmental education_training"),
        ),
        "zb8-06": (
            (
                "规模以上企业年底前要全部设立安全总监，班组建设达到三级标准化。",
                "enterprise institution_building team_building",
            ),
            ("企业要落实主体责任，6月底前拿出方案。", "enterprise"),
        ),
        "zb8-07": (
            (
                "应急局要按分类分级监管要求，每月执法检查20家。",
                "departmental law_enforcement",
            ),
            ("应急局要每月把隐患清单过一遍。", "departmental hazard_rectification"),
        ),
        "zb8-08": (
            (
                "各社区要在安全月里把科普送到每户，覆盖率达到95%。",
                "territorial education_training",
            ),
            ("企业要给新员工补课，每人不少于24学时。", "enterprise education_training"),
        ),
        "zb8-s1": (
            ("安委办要每月晾晒通报各县区进展。", "departmental supervision_assessment"),
            ("安委办要每月给各县区送一期简报。", "departmental"),
        ),
        "zb8-s2": (
            (
                "财政局要把整治所需资金列入明年预算，6月底前到位。",
                "departmental engineering_investment",
            ),
            (
                "隐患整改要做到责任、措施、资金、时限、预案五落实。",
                "hazard_rectification",
            ),
        ),
        "zb8-s3": (
            ("司法局要抓紧修订燃气管理条例，年底前提交审议。", "departmental institution_building"),
            ("公司要修订完善规章制度，年底前上墙。", "enterprise institution_building"),
        ),
        "zb8-s4": (
            (
                "安委会要把三年行动纳入年度考核，占十分，对垫底的县区约谈。",
                "departmental supervision_assessment",
            ),
            ("安委会要每月听一次三年行动进展。", "departmental"),
        ),
    },
    "law-article-21": {
        "law21-1": (
            (
                "公司6月底前要把全员安全责任制分到每个岗位。",
                "enterprise frontline_staff institution_building",
            ),
            ("员工要增强责任心，每天早到十分钟。", "frontline_staff"),
        ),
        "law21-2": (
            (
                "车间要在6月底前重新编制检修操作规程。",
                "enterprise frontline_staff institution_building",
            ),
            ("公司要完善举报奖励制度，每季度兑现。", "enterprise institution_building"),
        ),
        "law21-3": (
            (
                "车间每月要组织一次培训，新工人考核合格才能上岗。",
                "enterprise frontline_staff education_training",
            ),
            ("社区要对居民培训用气常识，每季度一次。", "territorial education_training"),
        ),
        "law21-4": (
            (
                "公司今年安全费用要提足200万元，财务部按月列支。",
                "enterprise engineering_investment",
            ),
            (
                "新消防泵已经到货，公司月底前要投入使用。",
                "enterprise engineering_investment",
            ),
        ),
        "law21-5": (
            ("班组每天要查一遍隐患，车间当班整改。", "frontline_staff hazard_rectification"),
            ("班组每天要查一遍考勤。", "frontline_staff"),
        ),
        "law21-6": (
            (
                "公司每半年要按应急预案演练一次。",
                "enterprise emergency_preparedness",
            ),
            ("公司每半年要排练一次文艺节目。", "enterprise"),
        ),
        "law21-7": (
            (
                "现场人员要立即上报事故，公司1小时内报告应急部门，不得瞒报。",
                "enterprise frontline_staff duty_reporting",
            ),
            ("公司要给气瓶间装泄漏报警器，月底前装完。", "enterprise technology"),
        ),
    },
    "local-leaders": {
        "dz-p1": (
            (
                "各级党委书记要带头贯彻中央关于安全生产的决策部署，一周内传达到乡镇。",
                "party_government political_study",
            ),
            (
                "企业要贯彻落实市委的决策部署，一周内传达到班组。",
                "enterprise political_study",
            ),
        ),
        "dz-p2": (
            ("县委常委会每季度要专题研究一次安全生产。", "party_government"),
            ("县政府要每季度专题研究一次安全生产。", "party_government"),
        ),
        "dz-p3": (
            (
                "县委要在3月底前修订常委职责清单，每半年述职一次。",
                "party_government",
            ),
            ("要坚持党政同责、一岗双责。", "party_government"),
        ),
        "dz-p4": (
            ("县委要配强应急局班子，6月底前补齐5名干部。", "party_government team_building"),
            ("县委要编制好明年的工作任务表，6月底前印发。", "party_government"),
        ),
        "dz-p5": (
            (
                "市委要把安全生产纳入政绩考核，权重不低于10%。",
                "party_government supervision_assessment",
            ),
            ("市委要把安全生产放在心上，每月看一处。", "party_government"),
        ),
        "dz-p6": (
            (
                "县委理论学习中心组每年要安排一次安全专题学习。",
                "party_government political_study",
            ),
            ("县委要每年给困难群众送一次温暖。", "party_government"),
        ),
        "dz-g1": (
            (
                "县长要亲自部署，每月带队检查一次。",
                "party_government law_enforcement",
            ),
            ("校长要亲自部署，每月带队检查一次。", "law_enforcement"),
        ),
        "dz-g2": (
            ("县政府常务会议每月要研究一次突出问题。", "party_government"),
            ("刚才，县长作了讲话，讲得很好，大家要每月学一次。", "party_government"),
        ),
        "dz-g3": (
            (
                "县政府要在3月底前制定领导干部年度责任清单。",
                "party_government institution_building",
            ),
            ("企业要在3月底前列出隐患清单。", "enterprise hazard_rectification"),
        ),
        "dz-g4": (
            ("县财政每年要安排300万元专项资金。", "party_government engineering_investment"),
            ("企业每年要拿出300万元换设备。", "enterprise engineering_investment"),
        ),
        "dz-g5": (
            (
                "县政府要严格项目安全准入，6月底前明确分级监管。",
                "party_government source_access",
            ),
            ("门卫要严格登记，6月底前换新本子。", "frontline_staff"),
        ),
        "dz-g6": (
            (
                "县安委会要统筹协调，每月召开一次专题会议。",
                "departmental coordination_participation",
            ),
            ("国务院安委会上月派来了督导组，大家要配合好。", "supervision_assessment"),
        ),
        "dz-m1": (
            (
                "组织部门要支持安全生产，每年选派20名干部。",
                "departmental team_building",
            ),
            ("各村要组织群众演练，每年两次。", "territorial emergency_preparedness"),
        ),
        "dz-v1": (
            ("分管领导要具体抓，每周到一家企业。", "party_government"),
            ("分管副总要具体抓，每周到一个车间。", "enterprise"),
        ),
        "dz-a1": (
            (
                "县纪委对失职的领导干部要倒查到底，7日内办结。",
                "departmental party_government accountability",
            ),
            ("对违章的工人要教育，7日内补课。", "frontline_staff education_training"),
        ),
        "dz-a2": (
            (
                "市委每年要对县区班子考核一次。",
                "party_government supervision_assessment",
            ),
            ("工人每年要考核合格一次才能上岗。", "frontline_staff education_training"),
        ),
    },
    "five-implementations": {
        "e55-l1": (
            (
                "集团董事长、党委书记、总经理共同担责，每月带队检查一次。",
                "enterprise enterprise_head",
            ),
            ("县委、县政府要落实党政同责，每月检查一次。", "party_government"),
        ),
        "e55-l2": (
            (
                "公司班子成员都对分管范围的安全负责，每季度述职一次。",
                "enterprise",
            ),
            ("各县区要落实党政同责、一岗双责，每月检查一次。", "party_government territorial"),
        ),
        "e55-l3": (
            (
                "公司安委会由董事长任主任，每季度开会一次。",
                "enterprise enterprise_head",
            ),
            ("市安委会每季度要开会一次。", "departmental"),
        ),
        "e55-l4": (
            (
                "各子公司要配齐注册安全工程师，每家不少于两名。",
                "enterprise team_building",
            ),
            ("各子公司要配齐灭火器，每层不少于两具。", "enterprise engineering_investment"),
        ),
        "e55-l5": (
            (
                "总经理每半年要向职工大会报告一次安全情况。",
                "enterprise enterprise_head",
            ),
            ("发生事故，公司要1小时内向应急局报告。", "enterprise duty_reporting"),
        ),
        "e55-d1": (
            ("公司要把安全责任分解到岗，6月底前签完。", "enterprise frontline_staff"),
            (
                "企业对重大隐患要做到责任、措施、资金、时限、预案五到位。",
                "enterprise hazard_rectification",
            ),
        ),
        "e55-d2": (
            ("公司今年要提足安全费用200万元。", "enterprise engineering_investment"),
            (
                "企业对重大隐患要落实责任、措施、资金、时限、预案。",
                "enterprise hazard_rectification engineering_investment",
            ),
        ),
        "e55-d3": (
            ("车间每月要培训一次，新工人三级教育不少于72学时。", "enterprise education_training"),
            ("车间每月要评一次先进。", "enterprise"),
        ),
        "e55-d4": (
            ("车间要加强现场管理，每天检查一次动火票。", "enterprise frontline_staff"),
            ("公司每季度要慰问一次安全管理人员。", "enterprise"),
        ),
        "e55-d5": (
            ("公司每季度要组织一次应急演练。", "enterprise emergency_preparedness"),
            ("公司每季度要组织一次体检。", "enterprise"),
        ),
    },
}


def line(sentence: Sentence) -> Line:
    """The sentence with its labels sorted into facets."""
    text, given = sentence
    labels: dict[str, tuple[str, ...]] = {}
    for label in given.split():
        facet = next(facet.id for facet in Schema.default().facets if label in facet.label_ids)
        labels[facet] = (*labels.get(facet, ()), label)
    function = labels.pop("function", ("directive",))
    return text, function[0], labels


def levels(rubric: str, *sentences: Sentence, heading: str = "") -> dict[str, int]:
    """Level by topic id, of the topics that the sentences treat."""
    said = speech(*map(line, sentences), heading_path=(heading,) if heading else ())
    return {t.id: t.level for t in cover(said, load_rubric(rubric)).topics if t.level}


CASES = [(rubric, topic) for rubric, topics in FULL_AND_NEAR.items() for topic in topics]


# By the facts the texts were written from: what was checked, who is spoken to, since when.
VERIFIED = {
    "three-year-action": {0, 1, 2, 3, 9, 10, 11, 12},
    "law-article-21": set(range(7)),
    "local-leaders": {13, 14, 15},
    "five-implementations": set(range(10)),
}
SCOPE = {
    "three-year-action": ((), "2024-01", "2026-12"),
    "law-article-21": (("enterprise",), "2021-09", None),
    "local-leaders": (("government",), "2018-04", None),
    "five-implementations": (("enterprise",), "2015-03", None),
}


@pytest.mark.parametrize("name", FULL_AND_NEAR)
def test_scope_and_sources_are_those_of_the_facts(name: str) -> None:
    rubric = load_rubric(name)
    verified = {n for n, topic in enumerate(rubric.topics) if topic.source.status == "verified"}
    assert verified == VERIFIED[name]
    assert (rubric.audience, rubric.valid_from, rubric.valid_until) == SCOPE[name]
    assert rubric.source.status == "verified"
    for topic in rubric.topics:
        assert topic.hints.bearer, topic.id
        assert topic.hints.measure, topic.id


def test_support_of_the_three_years_is_a_bonus() -> None:
    bonus = [topic.id for topic in load_rubric("three-year-action").topics if not topic.vital]
    assert bonus == ["zb8-s1", "zb8-s2", "zb8-s3", "zb8-s4"]


def test_only_the_goal_of_the_three_years_sees_names_of_documents() -> None:
    for name in FULL_AND_NEAR:
        meta = [topic.id for topic in load_rubric(name).topics if topic.meta]
        assert meta == (["zb8-00"] if name == "three-year-action" else [])


@pytest.mark.parametrize("rubric", FULL_AND_NEAR)
def test_every_topic_has_its_two_sentences(rubric: str) -> None:
    assert [topic.id for topic in load_rubric(rubric).topics] == list(FULL_AND_NEAR[rubric])


@pytest.mark.parametrize(("rubric", "topic"), CASES)
def test_a_full_sentence_reaches_level_four(rubric: str, topic: str) -> None:
    assert levels(rubric, FULL_AND_NEAR[rubric][topic][0]).get(topic) == 4


@pytest.mark.parametrize(("rubric", "topic"), CASES)
def test_a_near_miss_does_not_count(rubric: str, topic: str) -> None:
    assert topic not in levels(rubric, FULL_AND_NEAR[rubric][topic][1])


# Slogans with several meanings: what stands beside them tells, never the slogan alone.

RUBRICS = (*FULL_AND_NEAR, "fifteen-measures", "speech-structure")


@pytest.mark.parametrize("rubric", RUBRICS)
@pytest.mark.parametrize("slogan", ["五落实", "五到位", "四个一律", "三个责任", "十大行动"])
def test_a_slogan_alone_credits_nothing(rubric: str, slogan: str) -> None:
    assert levels(rubric, (f"要落实“{slogan}”。", "directive")) == {}


def test_five_of_a_firm() -> None:
    spelled = "企业要做到安全责任、投入、培训、管理和应急救援“五到位”。"
    labels = "enterprise education_training engineering_investment emergency_preparedness"
    found = levels("five-implementations", (spelled, labels))
    assert set(found) == {f"e55-d{n}" for n in range(1, 6)}
    assert min(found.values()) >= 3
    assert levels("five-implementations", ("企业要落实“五落实五到位”规定。", labels)) == {}


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (
            "对重大隐患要做到责任、措施、资金、时限、预案“五落实”。",
            "hazard_rectification engineering_investment",
        ),
        (
            "部门要做到党政同责、一岗双责、行业监管责任、日常监督检查、考核奖惩“五落实”。",
            "departmental supervision_assessment",
        ),
    ],
)
def test_five_of_a_hazard_or_a_department_are_not_the_firms(text: str, labels: str) -> None:
    assert levels("five-implementations", (text, labels)) == {}


def test_five_of_a_hazard_are_its_standard() -> None:
    sentence = (
        "企业对重大隐患要按照责任、措施、资金、时限、预案“五到位”的要求整改。",
        "enterprise hazard_rectification",
    )
    assert levels("speech-structure", sentence)["st-14"] == 4
    assert levels("three-year-action", sentence)["zb8-03"] == 4


def test_four_of_illegal_acts_and_of_evacuation() -> None:
    illegal = ("对非法生产的，要落实“四个一律”。", "directive")
    evacuation = ("转移群众要落实“四个一律”。", "emergency_preparedness")
    assert "m15-10" in levels("fifteen-measures", illegal)
    assert "m15-10" not in levels("fifteen-measures", evacuation)


def test_three_duties_spelled_out() -> None:
    sentence = (
        "要压实党政领导责任、部门监管责任、企业主体责任这三个责任。",
        "party_government departmental enterprise",
    )
    assert {"st-09", "st-10", "st-12"} <= set(levels("speech-structure", sentence))


def test_actions_of_the_three_years_and_of_others() -> None:
    sentence = ("八大行动要一项一项往前推。", "special_campaign")
    assert levels("three-year-action", sentence) == {}
    heading = "二、治本攻坚三年行动怎么干"
    assert levels("three-year-action", sentence, heading=heading) == {"zb8-00": 2}


@pytest.mark.parametrize(
    "text", ["推进治本攻坚三年行动。", "各单位务必抓好“治本攻坚三年行动方案”落实。"]
)
def test_naming_the_plan_credits_its_goal_alone(text: str) -> None:
    labels = "special_campaign hazard_rectification law_enforcement education_training"
    assert set(levels("three-year-action", (text, labels))) == {"zb8-00"}


# What the rules of the two older rubrics must tell apart.


@pytest.mark.parametrize(
    ("rubric", "topic", "text", "labels"),
    [
        ("speech-structure", "st-03", "去年那起坍塌事故追责7人。", "achievement accountability"),
        ("speech-structure", "st-05", "上半年共发生事故3起，死亡2人，同比下降1.5%。", "situation"),
        ("speech-structure", "st-09", "领导干部要带班，24小时在岗。", "party_government duty_reporting"),
        ("speech-structure", "st-10", "水利局要24小时值班。", "departmental duty_reporting"),
        ("speech-structure", "st-12", "县委书记要当好第一责任人。", "party_government"),
        ("speech-structure", "st-20", "餐馆要装泄漏报警器。", "enterprise technology"),
        ("speech-structure", "st-21", "这段曝光片大家要好好看。", "education_training"),
        ("speech-structure", "st-24", "对群众举报发现的窝点要查处。", "illegal_crackdown"),
        ("speech-structure", "st-29", "各部门要为项目建设提供坚实保障。", "departmental"),
        ("fifteen-measures", "m15-07", "要从销售源头管住改装车。", "source_access"),
        ("fifteen-measures", "m15-13", "对群众举报发现的窝点要查处。", "illegal_crackdown"),
        ("fifteen-measures", "m15-14", "货主瞒报品名的，停收他的箱子。", "source_access"),
    ],
)  # fmt: skip
def test_what_looks_alike_does_not_count(rubric: str, topic: str, text: str, labels: str) -> None:
    assert topic not in levels(rubric, (text, labels))


@pytest.mark.parametrize(
    ("topic", "level", "text", "labels"),
    [
        # Round the clock is how often one watches, not by when one reports.
        ("m15-14", 2, "要24小时值班、领导带班，杜绝瞒报。", "party_government duty_reporting"),
        ("m15-14", 4, "事故单位要1小时内报告，杜绝瞒报。", "enterprise duty_reporting"),
        # A firm that is helped is not who staffs the inspectors.
        ("m15-12", 2, "配强执法人员，帮企业查隐患。", "enterprise team_building"),
        ("m15-12", 3, "县委编办要配强执法人员。", "party_government team_building"),
        # What follows is the task of accountability; the standard is its measure.
        ("m15-04", 2, "对监管失职的要追责。", "accountability"),
        ("m15-04", 3, "对监管失职的要按“四不放过”原则追责。", "accountability"),
    ],
)
def test_elements_are_those_of_the_topic(topic: str, level: int, text: str, labels: str) -> None:
    assert levels("fifteen-measures", (text, labels))[topic] == level
