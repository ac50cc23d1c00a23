"""Find, in the wording of a sentence, a measure of a demand, the body that is told to meet it, and places.

These cues know nothing of labels or rubrics. They see one sentence at a time, and never the
inside of a book title 《…》: a law whose name holds a number or a body demands nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "BLANK",
    "MEASURE_KINDS",
    "Cue",
    "blank_collectives",
    "blank_titles",
    "find_bodies",
    "find_measures",
    "find_places",
]

# In the order in which they are looked for and reported.
MEASURE_KINDS = ("date", "period", "frequency", "number", "standard", "check", "consequence")

_OPENING = {"《": "》", "〈": "〉"}
_TITLE_MARK = re.compile("[《》〈〉]")
# Takes the place of what is blanked out, one for one, so that offsets stay: no cue matches it.
BLANK = "\x00"


@dataclass(frozen=True, slots=True)
class Cue:
    """One find; ``text[start:end]`` is its wording.

    ``kind`` is of MEASURE_KINDS, "body" or "place".
    """

    kind: str
    start: int
    end: int


def blank_titles(text: str) -> str:
    """``text`` at the same length with book titles blanked out, with the ones inside them.

    >>> blank_titles("落实《消防法》要求").replace(BLANK, "_")
    '落实_____要求'
    """
    open_at: dict[str, list[int]] = {closing: [] for closing in _OPENING.values()}
    titles: list[tuple[int, int]] = []
    for mark in _TITLE_MARK.finditer(text):
        if closing := _OPENING.get(mark.group()):
            open_at[closing].append(mark.start())
        elif starts := open_at[mark.group()]:
            titles.append((starts.pop(), mark.end()))
    parts, done = [], 0
    for start, end in sorted(titles):
        if end > done:  # else it stands inside the one before
            begin = max(start, done)
            parts += [text[done:begin], BLANK * (end - begin)]
            done = end
    return "".join([*parts, text[done:]])


_HAN = "[一二三四五六七八九十两百千]"
# Repetitions are bounded everywhere: else a text of 100,000 digits would take minutes.
_NUMBER = r"\d{1,9}"
_AMOUNT = rf"(?:{_NUMBER}(?:\.\d{{1,4}})?|{_HAN}{{1,6}})"
_SPAN = "(?:个)?(?:小时|分钟|工作日|月|季度|周|星期|天|日|年)"
# What is done round the clock: 24小时值班 says how often, 24小时报告 by when.
_WATCH = "值|在岗|在位|在线|双岗|双人|不间断|不断|不关|轮|专人|监测|监控|有人|带班|领导|备勤|备战|待命|开机|畅通|巡|守"

_PATTERNS = {
    # A day of the calendar, or the last day by which: never a bare year (2024年工作会议).
    "date": (
        r"\d{1,2}月\d{1,2}[日号]",
        r"(?:\d{4}年|今年|明年|本年度?|当年)?(?:\d{1,2}月|[本上下当]?月|\d{4}年|年|[本上下]?季度|[上下]半年)"
        r"(?:底|末|初|[上中下]旬)(?:以?前|之前)?",
        r"(?:\d{1,2}月|\d{4}年|\d{1,2}[日号]|季度)(?:底|末)?(?:以前|之前|前|起|内)",
        r"(?:今明?|明|后)[天晚日](?:起|内|前)|今明两天|即日起|本周[内前]?|[本下]周[一二三四五六日末]前?",
        r"(?:节|汛|入汛|入冬|入夏|开学|复工|复产|主汛期|汛期|春节|国庆|五一|元旦|会期|冬季|高温|学期)"
        r"(?:到来|来临|结束)?(?:之前|以前|前)(?!后|提|夕|往|来|期|面|所|景|线|沿)",
        r"散会后|会后(?=.{0,6}(?:立即|马上|立刻))",
    ),
    "period": (
        rf"{_AMOUNT}{_SPAN}(?:以内|之内|内)",
        rf"{_NUMBER}(?:个)?(?:小时|分钟)(?!{_WATCH})",
        rf"为期{_AMOUNT}{_SPAN}|利用{_AMOUNT}{_SPAN}(?:的?时间)?|用{_AMOUNT}{_SPAN}(?:的?时间)?",
        r"(?:从|自).{1,12}(?:起|开始)?[至到].{1,12}(?:止|结束|期间)",
        r"\d{1,2}月(?:\d{1,2}日)?(?:[至到—-]|——)\d{1,2}月",
        # Before, during and after the rain: when each is done.
        r"[雨汛灾风雪]前[^，。；]{1,8}[雨汛灾风雪]中",
    ),
    "frequency": (
        rf"每(?:隔)?{_AMOUNT}?(?:个)?(?:小时|半年|季度|季|月|周|星期|天|日|年|班|班次|旬|两周)",
        rf"(?<!十)(?:日|周|旬|月|季|季度|年|天)(?:均)?(?:不少于)?{_AMOUNT}(?:次|报告?|调度|通报|检查|巡查?|查)",
        r"(?<![\d一二三四五六七八九十节假今昨明当本上下首])(?:日|周|旬|月|季度?)"
        r"(?:调度|通报|报告|研判|会商|报送|检查|排查|小结|例会|碰头)",
        rf"{_NUMBER}(?:个)?小时(?={_WATCH})",
        r"一日一|一天一|一周一|一月一|一季一|逐日|逐月|逐周|按月|按季|按周|昼夜|全天候|全年无休",
    ),
    "number": (
        rf"{_NUMBER}(?:\.\d{{1,4}})?(?:[%％]|个百分点|万|亿)",
        rf"{_NUMBER}(?:余|多)?(?:家|人|名|起|座|艘|辆|台|套|公里|次|处|所|户|栋|批|支|件|吨|万元|元|米|米²|平方米)",
        rf"(?:{_NUMBER}|{_HAN}{{1,3}})项(?=议程|议题)",
        rf"{_NUMBER}个(?!方面|意见|问题|字|月|小时|阶段|环节|关键)",
        rf"(?:至少|不少于|不低于|不超过|不得少于|不得低于|不得超过|最多|超过){_AMOUNT}",
        rf"(?:以上|以下)?{_HAN}(?:人|名|次)(?:以上|及以上)",
        rf"百分之{_HAN}{{1,6}}|(?:死亡|受伤|遇难|伤|亡|死){_AMOUNT}人|[×*Xx]{{1,3}}(?:人|起|家|处|名|万)",
        r"全覆盖|零容忍(?=.{0,3}标准)|零(?:事故|死亡|伤亡|报告)|(?:全部|全面|动态)清零",
    ),
    "standard": (
        r"清单(?!式|制)|台账|名录|规程|规程?规范(?=要求|标准)|判定(?:依据|标准)|指南|指引",
        # A standard that is to be met: not one that is to be written, nor 以最高标准.
        r"(?:按照?|对照|依照|依据|执行|达到?|符合|参照)(?![^，。；]{0,8}[最更高严][^，。；]{0,4}标准)"
        r"[^，。；]{0,16}标准(?!化)|不达标|达标",
        # What a slogan asks for is spelled out, before it or after it.
        r"(?:五|四|三|六)(?:落实|到位|定)(?=[（(：:—]).{2,}",
        r"责任[^，。；]{0,12}(?:措施|资金)[^，。；]{0,16}[“\"]?五(?:个|项)?(?:到位|落实)",
        # A rule that has a name of its own, to be kept: 严格落实“双签字”制度, 按照“四不放过”原则.
        r"(?:落实|执行|按照?|坚持)[^，。；“]{0,12}“[^”]{2,10}”[^，。；“]{0,6}(?:机制|制度|原则)|四不放过",
        r"进[^，。；、]{1,4}、进[^，。；、]{1,4}、进",
        r"责任人?、.{0,8}(?:措施|资金).{0,8}时限|明确.{0,14}(?:时限|期限|完成时间|时间表|路线图)",
        r"时间表|路线图|任务书|责任状|责任书|限期|限时",
    ),
    # Who looks whether it is done.
    "check": (
        r"(?:挂牌)?督办|验收|销号|复查|复核|抽查",
        r"(?:纳入|列入|作为).{0,16}(?:考核|考评|述职|督查|巡查)",
        r"(?:安委会|安委办|督查室|督查组|检查组|纪委监委|工作组|指挥部|办公室).{0,12}"
        r"(?:督查|检查|督导|暗访|通报|督促|考核|跟踪|抽查)",
    ),
    # What follows if it is not done; 加大对…的关闭力度 names no case.
    "consequence": (
        r"(?:(?<![大强针面应绝反])对|凡|如果?|一旦|否则|谁|(?<!原)因|未).{1,40}?"
        r"(?:通报|约谈|曝光|问责|追责|追究|严肃处理|从严处理|停产|停业|关闭|取缔|一票否决|倒查|处罚|顶格|严惩)",
    ),
}
_MEASURES = {kind: re.compile("|".join(parts)) for kind, parts in _PATTERNS.items()}

_DEPARTMENT = (
    "(?:应急|住建|交通运输|公安|消防|市场监管|文旅|农业农村|自然资源|水利|教育|气象|工信|商务|卫健|林草|发改|财政|民政)"
    "(?:管理|救援)?"
)
# Bodies by the form of their names. A collective (各级、大家、各地) names nobody, and 消防、燃气、
# 教育 are sectors or tasks unless the list goes on to say that it lists departments.
_BODY = re.compile(
    r"(?:(?![由请对让和及与向的是在各])[\u4e00-\u9fff]){0,8}?(?:管理局|监督局|资源局|规划局|建设局|运输局|农村局|旅游局|公安局|教育局|应急局|"
    r"住建局|交通局|水利局|水务局|林业局|气象局|财政局|民政局|商务局|经信局|卫健局|文旅局|能源局|分局|委员会|"
    r"卫健委|发改委|管委会|居委会|村委会|安委会|安委办|安办|消防(?:救援)?(?:支队|大队|总队|队)|交警(?:支队|大队|队)?|"
    r"指挥部|督查室|监委)"
    rf"|{_DEPARTMENT}(?:[、和及]{_DEPARTMENT}){{0,20}}(?:等?(?:有关|相关|主管|监管|职能|行业)?(?:部门|系统|机构))"
    r"|(?:应急管理|住建|公安|市场监管|文旅|工信|卫健|林草|发改)(?=[、和及等要])"
    r"|(?:组织部|宣传部|政法委|纪委|总工会|工会|团委|妇联|纪检监察(?:机关|部门|机构)?)"
    # A team that is told to act; one that is to be built is an object.
    r"|(?:救援|消防|巡查|执法|巡护|志愿)(?:队伍?|力量)"
    r"(?=(?:[和及、与][^，。；]{0,12})?(?:要|须|必须|应|负责|始终))"
    r"|(?:公司|集团|项目部|安环部|安全部|车间|班组)(?=要|须|必须|应|负责|每|在)"
)

# Addresses that name nobody, and a duty that is everybody's.
_COLLECTIVE = re.compile(
    "各(?:级|地区?|单位|部门|行业|方面)(?:各?(?:有关|相关)?(?:部门|单位))?(?:[、和]各(?:有关|相关)?(?:部门|单位))?"
    "|政治责任"
)
_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|"
    "陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
_PLACE = re.compile(
    rf"(?:我|全|本)[省市州县区镇乡]|(?:{_PROVINCES})(?!路|街|菜|大学)"
    r"|(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{2,4}[市县州](?!场|面|级|民|政|委|里|值|长)"
)


def find_measures(text: str, kinds: Iterable[str] = MEASURE_KINDS) -> tuple[Cue, ...]:
    """Every measure in ``text`` of the ``kinds`` asked for, in the order of ``kinds``.

    A measure is a date or deadline, a period, a frequency, a number with its unit, a standard or
    list to meet, who checks, or what follows. Formulas that hold a number (三管三必须,
    一岗双责, 十五条) are none, nor is the year in the name of a meeting.

    >>> [cue.kind for cue in find_measures("乡镇每月排查一次，6月底前销号。")]
    ['date', 'frequency', 'check']
    """
    plain = blank_titles(text)
    return tuple(
        Cue(kind, match.start(), match.end())
        for kind in kinds
        for match in _MEASURES[kind].finditer(plain)
    )


def find_bodies(text: str) -> tuple[Cue, ...]:
    """Every body that ``text`` names: a bureau, a committee, a unit with a duty.

    >>> [text[c.start:c.end] for text in ["由县应急管理局牵头"] for c in find_bodies(text)]
    ['县应急管理局']
    """
    plain = blank_titles(text)
    return tuple(Cue("body", match.start(), match.end()) for match in _BODY.finditer(plain))


def find_places(text: str) -> tuple[Cue, ...]:
    """Every place that ``text`` names: a province, a city, a county, or the speaker's own.

    >>> [text[c.start : c.end] for text in ["我市上月也有一起"] for c in find_places(text)]
    ['我市']
    """
    plain = blank_titles(text)
    return tuple(Cue("place", match.start(), match.end()) for match in _PLACE.finditer(plain))


def blank_collectives(text: str) -> str:
    """``text`` at the same length with addresses blanked out that name nobody.

    >>> blank_collectives("各级各部门要重视").replace(BLANK, "_")
    '_____要重视'
    """
    return _COLLECTIVE.sub(lambda match: BLANK * len(match.group()), text)
