from __future__ import annotations

import time

import pytest

from safetynlp.cues import (
    BLANK,
    MEASURE_KINDS,
    blank_collectives,
    blank_titles,
    find_bodies,
    find_measures,
    find_places,
)


def measures(text: str) -> list[tuple[str, str]]:
    return [(cue.kind, text[cue.start : cue.end]) for cue in find_measures(text)]


def kinds(text: str) -> set[str]:
    return {cue.kind for cue in find_measures(text)}


def bodies(text: str) -> list[str]:
    return [text[cue.start : cue.end] for cue in find_bodies(text)]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("没有书名", "没有书名"),
        ("落实《消防法》要求", "落实_____要求"),
        ("《甲》和〈乙〉", "___和___"),
        ("《甲〈乙〉丙》丁", "_______丁"),
        ("《甲《乙》丙》丁", "_______丁"),
        ("《没有合上", "《没有合上"),
        ("《外《内》", "《外___"),
        ("多了》一个", "多了》一个"),
        ("《甲〈乙》丙〉丁", "_______丁"),
    ],
)
def test_titles_are_blanked_one_for_one(text: str, left: str) -> None:
    blanked = blank_titles(text)
    assert blanked.replace(BLANK, "_") == left
    assert len(blanked) == len(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("6月底前完成整改", "date"),
        ("9月15日前报送", "date"),
        ("春节前排查到位", "date"),
        ("即日起开展自查", "date"),
        ("48小时内报告", "period"),
        ("用三个月时间集中整治", "period"),
        ("从5月起至9月结束", "period"),
        ("每季度演练一次", "frequency"),
        ("每两周调度", "frequency"),
        ("按月通报", "frequency"),
        ("覆盖率达到95%", "number"),
        ("检查120家", "number"),
        ("至少两名", "number"),
        ("实现全覆盖", "number"),
        ("会议共有四项议程", "number"),
        ("领导带班、24小时值班", "frequency"),
        ("汛前清淤、汛中守坝", "period"),
        ("对照判定标准逐项检查", "standard"),
        ("建立台账", "standard"),
        ("限期整改", "standard"),
        ("责任、措施、资金、时限、预案“五到位”", "standard"),
        ("严格落实“双签字”制度", "standard"),
        ("按照“四不放过”原则查清", "standard"),
        ("讲安全进厂区、进村组、进课堂", "standard"),
        ("重大隐患挂牌督办", "check"),
        ("纳入年度考核", "check"),
        ("对拒不整改的一律停产", "consequence"),
        ("谁漏报就约谈谁", "consequence"),
    ],
)
def test_measures(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "落实三管三必须",
        "坚持党政同责、一岗双责",
        "做到两手抓",
        "2024年全市安全生产工作会议",
        "推进标准化建设",
        "大家要高度重视",
        "按照《2023年6月底前整改清单》执行",
        "以最高标准抓好工作",
        "要把标准立起来",
        "推行清单制管理",
        "落实双重预防机制",
        "加大对小窑的关闭力度",
        "查清原因，分清责任再追究",
    ],
)
def test_formulas_are_no_measures(text: str) -> None:
    assert measures(text) == []


def test_measures_keep_places_and_kinds_asked_for() -> None:
    text = "《目录》要求每月检查30家，6月底前销号。"
    assert measures(text) == [
        ("date", "6月底前"),
        ("frequency", "每月"),
        ("number", "30家"),
        ("check", "销号"),
    ]
    assert [cue.kind for cue in find_measures(text, ("number",))] == ["number"]
    assert MEASURE_KINDS == (
        "date",
        "period",
        "frequency",
        "number",
        "standard",
        "check",
        "consequence",
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("由县应急管理局牵头", ["县应急管理局"]),
        ("消防救援大队要上门检查", ["消防救援大队"]),
        ("应急、住建、公安等部门要联合执法", ["应急、住建、公安等部门"]),
        ("住建要牵头整治", ["住建"]),
        ("公司要配齐人员", ["公司"]),
        ("区安委办负责调度", ["区安委办"]),
        ("专业救援队伍要随时出动", ["救援队伍"]),
        ("线索移交纪检监察机关", ["纪检监察机关"]),
    ],
)
def test_bodies(text: str, found: list[str]) -> None:
    assert bodies(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "各级各部门要抓好落实",
        "大家务必重视",
        "聚焦消防、燃气、交通运输等领域",  # sectors
        "抓好宣传教育、技能培训",  # tasks
        "建强救援队伍",  # an object
        "执行《市应急管理局工作规则》",
    ],
)
def test_collectives_sectors_and_titles_name_nobody(text: str) -> None:
    assert bodies(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("我市今年发生3起", ["我市"]),
        ("河南一家工厂起火", ["河南"]),
        ("青澜市上月通报", ["青澜市"]),
        ("菜市场里人多", []),
        ("县长来过", []),
        ("南昌路封闭", []),
        ("《全市规划》印发", []),
    ],
)
def test_places(text: str, found: list[str]) -> None:
    assert [text[cue.start : cue.end] for cue in find_places(text)] == found


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("各级各部门要重视", "_____要重视"),
        ("各级各有关部门、各单位抓好落实", "___________抓好落实"),
        ("扛牢政治责任", "扛牢____"),
        ("各乡镇要重视", "各乡镇要重视"),
    ],
)
def test_collectives_are_blanked_one_for_one(text: str, left: str) -> None:
    blanked = blank_collectives(text)
    assert blanked.replace(BLANK, "_") == left
    assert len(blanked) == len(text)


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "一",
        "百",
        "每",
        "从到",
        "对",
        "因",
        "安",
        "公安、",
        "《",
        "》",
        "《》",
        "1月",
        "月底",
        "责任人、",
        "责任措施",
        "落实“",
        "进厂、",
        "雨前",
        "对照",
        "各级",
        "全市",
    ],
)
def test_time_is_linear(unit: str) -> None:
    text = unit * (50_000 // len(unit))
    started = time.process_time()
    blank_titles(text)
    find_measures(text)
    find_bodies(text)
    find_places(text)
    blank_collectives(text)
    assert time.process_time() - started < 5  # quadratic patterns took minutes


def test_deeply_nested_titles_take_linear_time() -> None:
    started = time.process_time()
    assert blank_titles("《" * 50_000 + "》" * 50_000) == BLANK * 100_000
    assert time.process_time() - started < 5
