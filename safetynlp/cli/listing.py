"""The label schema and the rubrics as readable text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from safetynlp.rubric import Measure, Rubric, Scope, Source, Topic
from safetynlp.rule import Rule
from safetynlp.rule_words import rule_lines, terms_in_words
from safetynlp.schema import Facet, Names, Schema

__all__ = ["rubric_line", "rubric_summary", "rubric_text", "rubrics_text", "schema_text"]

_KIND = {
    "multi": Names(zh="可多选", en="zero, one or several"),
    "single": Names(zh="必选一", en="exactly one"),
}
_STATUS = {
    "verified": Names(zh="已核对原文", en="checked against the source"),
    "memory": Names(zh="凭经验整理，未核对原文", en="from experience, not checked"),
}
_KIND_OF_TOPIC = {
    "demand": Names(zh="带举措的要求", en="a demand with an action"),
    "state": Names(zh="讲出情况、问题或成绩", en="facts, problems or results"),
    "pledge": Names(zh="任何要求（含目标、责任）", en="any demand, goals and duties too"),
    "procedure": Names(zh="会议程序或要求", en="conduct of the meeting, or a demand"),
}
_MEASURE = {
    "date": Names(zh="时限", en="date"),
    "period": Names(zh="时长", en="period"),
    "frequency": Names(zh="频次", en="frequency"),
    "number": Names(zh="数量", en="number"),
    "standard": Names(zh="标准清单", en="standard"),
    "check": Names(zh="检查", en="check"),
    "consequence": Names(zh="后果", en="consequence"),
}
_SPEAKER = {
    "government": Names(zh="政府", en="government"),
    "enterprise": Names(zh="企业", en="enterprise"),
    "national": Names(zh="国家级", en="national"),
    "province": Names(zh="省级", en="province"),
    "city": Names(zh="市级", en="city"),
    "county": Names(zh="县级", en="county"),
    "township": Names(zh="乡镇街道", en="township"),
    "department": Names(zh="部门", en="department"),
}


def schema_text(schema: Schema) -> str:
    """Every facet with its labels; names and definitions in Chinese and English."""
    head = f"{schema.id} {schema.version}  {schema.name.zh} / {schema.name.en}"
    return "\n".join([head, *(line for facet in schema.facets for line in _facet(facet))])


def _facet(facet: Facet) -> Iterator[str]:
    kind = _KIND[facet.kind]
    yield ""
    yield f"{facet.id}  {facet.name.zh} / {facet.name.en}（{kind.zh} / {kind.en}）"
    yield from _definition(facet.definition, 2)
    width = max(map(len, facet.label_ids)) + 2
    for label in facet.labels:
        yield f"  {label.id:<{width}}{label.name.zh} / {label.name.en}"
        yield from _definition(label.definition, 2 + width)


def _definition(definition: Names, indent: int) -> Iterator[str]:
    for text in (definition.zh, definition.en):
        if text:
            yield " " * indent + text


def rubric_summary(rubric: Rubric) -> dict[str, Any]:
    """What a list of rubrics tells of each."""
    return {
        "id": rubric.id,
        "version": rubric.version,
        "name": rubric.name.model_dump(),
        "groups": len(rubric.groups),
        "topics": len(rubric.topics),
        "source": rubric.source.model_dump(),
    }


def rubrics_text(rubrics: Sequence[Rubric], lang: str) -> str:
    """One line per rubric, and how to see one."""
    width = max(len(rubric.id) for rubric in rubrics) + 2
    rows = [f"{rubric.id:<{width}}{rubric_line(rubric, lang)}" for rubric in rubrics]
    example = f"`safetynlp rubrics {rubrics[0].id}`"
    rows.append(f"查看内容：{example}" if lang == "zh" else f"Show one: {example}")
    return "\n".join(rows)


def rubric_line(rubric: Rubric, lang: str) -> str:
    """Name, version and size of a rubric."""
    name, version = rubric.name.get(lang), rubric.version
    n, m = len(rubric.groups), len(rubric.topics)
    if lang == "zh":
        return f"{name}（版本 {version}，{n} 组 {m} 个要点）"
    groups, topics = "group" if n == 1 else "groups", "topic" if m == 1 else "topics"
    return f"{name} (version {version}, {n} {groups}, {m} {topics})"


def rubric_text(rubric: Rubric, lang: str, schema: Schema) -> str:
    """A rubric's groups and topics, with weights, sources, rules in words and hints.

    ``schema`` has the names of the labels in its rules.
    """
    return "\n".join(_Rubric(rubric, lang, schema).lines())


class _Rubric:
    """Writes one rubric in one language."""

    def __init__(self, rubric: Rubric, lang: str, schema: Schema) -> None:
        self._rubric = rubric
        self._lang = lang
        self._schema = schema
        self._colon = "：" if lang == "zh" else ": "

    def lines(self) -> Iterator[str]:
        rubric = self._rubric
        yield f"{rubric.id}  {rubric.name.get(self._lang)}"
        yield self._field("版本", "version", rubric.version)
        yield from self._source(rubric.source)
        yield from self._scope(rubric)
        vital, bonus = rubric.weights.vital, rubric.weights.ok
        yield self._field(
            "组内权重",
            "weights within a group",
            self._say(f"必备 {vital:g}，加分 {bonus:g}", f"vital {vital:g}, bonus {bonus:g}"),
        )
        if rubric.documents:
            documents = terms_in_words(rubric.documents, self._lang)
            yield self._field("按文件名处理", "taken as names of documents", documents)
        yield self._field(
            "规则读法",
            "how rules read",
            self._say(
                "… 为几个字，（甲/乙）取其一，〔甲〕可有可无，/…/ 为正则表达式",
                "… is a few characters, （a/b） one of them, 〔a〕 may be missing, /…/ is a regular "
                "expression",
            ),
        )
        total = sum(group.weight for group in rubric.groups)
        for group in rubric.groups:
            share = f"{group.weight / total:.0%}"
            yield ""
            of_total = self._say(f"占总分 {share}", f"{share} of the total")
            yield f"{group.name.get(self._lang)}  {group.id}  {of_total}"
            for topic in rubric.topics:
                if topic.group == group.id:
                    yield from ("  " + line for line in self._topic(topic))

    def _topic(self, topic: Topic) -> Iterator[str]:
        grade = self._say("必备", "vital") if topic.vital else self._say("加分", "bonus")
        weight = f"{self._rubric.weight(topic):g}"
        weighted = self._say(f"［{grade}，权重 {weight}］", f"[{grade}, weight {weight}]")
        yield f"{topic.id}  {topic.name.get(self._lang)} {weighted}"
        lines = (*self._source(topic.source), *self._scope(topic), *self._demands(topic))
        yield from ("    " + line for line in lines)
        for zh, en, hint in (
            ("建议", "what to say", topic.hints.task),
            ("定责", "who", topic.hints.bearer),
            ("定标", "measure", topic.hints.measure),
        ):
            if hint is not None:
                yield "    " + self._field(zh, en, hint.get(self._lang))

    def _demands(self, topic: Topic) -> Iterator[str]:
        """What is evidence for a topic, and what it must hold."""
        yield from self._rule("命中", "evidence", topic.match)
        if topic.exclude is not None:
            yield from self._rule("除外", "except", topic.exclude)
        if topic.meta:
            names = self._say("点名文件即可，书名号内也算", "naming the document, inside 《》 too")
            yield self._field("提及", "mentioned", names)
        if topic.min_sectors is not None:
            n = topic.min_sectors
            yield self._field(
                "合计", "in all", self._say(f"至少 {n} 个行业领域", f"{n} sectors or more")
            )
        if topic.kind != "demand":
            yield self._field("部署", "deployed", _KIND_OF_TOPIC[topic.kind].get(self._lang))
        if topic.bearer is not None:
            yield from self._rule("由谁承担", "assigned", topic.bearer)
        if topic.measures != get_args(Measure):
            measures = [_MEASURE[measure].get(self._lang) for measure in topic.measures]
            yield self._field("算作定标", "specified", self._say("、", ", ").join(measures))

    def _rule(self, zh: str, en: str, rule: Rule) -> Iterator[str]:
        lines = rule_lines(rule, self._lang, self._schema)
        yield self._field(zh, en, lines[0])
        yield from lines[1:]

    def _source(self, source: Source) -> Iterator[str]:
        status = _STATUS[source.status].get(self._lang)
        clause = source.clause
        yield self._field(
            "出处", "source", self._say(f"{clause}（{status}）", f"{clause} ({status})")
        )

    def _scope(self, scope: Scope) -> Iterator[str]:
        speakers = [_SPEAKER[id].get(self._lang) for id in (*scope.audience, *scope.level)]
        if speakers:
            yield self._field("适用于", "applies to", self._say("、", ", ").join(speakers))
        begin, end = scope.valid_from, scope.valid_until
        if begin or end:
            since = self._say(f"{begin} 起", f"from {begin}") if begin else ""
            until = self._say(f"至 {end}", f"until {end}") if end else ""
            yield self._field("有效期", "valid", f"{since} {until}".strip())
        if isinstance(scope, Topic) and scope.months:
            months = self._say("、", ", ").join(map(str, scope.months))
            yield self._field("月份", "months", months)

    def _field(self, zh: str, en: str, value: str) -> str:
        return f"{self._say(zh, en)}{self._colon}{value}"

    def _say(self, zh: str, en: str) -> str:
        return zh if self._lang == "zh" else en
