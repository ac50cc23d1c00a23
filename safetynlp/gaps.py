"""Say in words what a topic lacks and what would close the gap."""

from __future__ import annotations

from collections.abc import Mapping

from safetynlp.rubric import Topic
from safetynlp.schema import Names

__all__ = ["gap"]

# What "deployed" asks for differs by the kind of topic.
_NOT_DEPLOYED = {
    "demand": Names(
        zh="只提到，没有部署：缺少带举措的要求",
        en="mentioned, not deployed: no demand with an action",
    ),
    "pledge": Names(zh="只提到，没有提出要求", en="mentioned, nothing is demanded"),
    "state": Names(
        zh="只提到，没有讲具体情况、问题或成绩",
        en="mentioned, no facts, problems or results are given",
    ),
    "procedure": Names(zh="只提到，没有交代清楚", en="mentioned, not set out"),
}
_MISSING = {
    "mentioned": Names(zh="全文未提及", en="not mentioned"),
    "assigned": Names(zh="未明确由谁负责", en="nobody is named to do it"),
    "specified": Names(
        zh="没有时限、频次、数量、标准或检查办法",
        en="no date, frequency, number, standard or check",
    ),
}
# State topics name whom the facts concern and give figures; nobody is told to do anything.
_MISSING_STATE = {
    "assigned": Names(zh="未点明涉及哪些单位或责任方", en="no responsible party is named"),
    "specified": Names(zh="没有时间、数字等具体事实", en="no dates or figures"),
}
_DEFAULT_BEARER = Names(
    zh="点名牵头单位和责任人（党委政府、部门、属地或企业）",
    en="name who leads and who answers for it (government, department, territory, enterprise)",
)
_DEFAULT_MEASURE = Names(
    zh="写明完成时限、频次、数量、执行的标准清单，或谁来检查、不落实怎么办",
    en="give a deadline, frequency, number, standard or list, or who checks and what follows",
)
_ELEMENTS = ("mentioned", "deployed", "assigned", "specified")


def gap(topic: Topic, elements: Mapping[str, bool]) -> dict[str, str]:
    """What the topic lacks, by its first missing element, with the hint that closes it.

    Returns ``{"zh": …, "en": …}``; empty strings if all four elements are reached.
    """
    missing = next((element for element in _ELEMENTS if not elements[element]), None)
    if missing is None:
        return {"zh": "", "en": ""}
    what, hint = _what(topic, missing), _hint(topic, missing)
    return {"zh": f"{what.zh}。建议：{hint.zh}。", "en": f"{what.en}. Hint: {hint.en}."}


def _what(topic: Topic, missing: str) -> Names:
    if missing == "deployed":
        return _NOT_DEPLOYED[topic.kind]
    if topic.kind == "state" and missing in _MISSING_STATE:
        return _MISSING_STATE[missing]
    return _MISSING[missing]


def _hint(topic: Topic, missing: str) -> Names:
    if missing == "assigned":
        return topic.hints.bearer or _DEFAULT_BEARER
    if missing == "specified":
        return topic.hints.measure or _DEFAULT_MEASURE
    return topic.hints.task
