"""The label schema and the rubrics as readable text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from safetynlp.rubric import Rubric, Scope, Source, Topic
from safetynlp.schema import Facet, Names, Schema

__all__ = ["rubric_summary", "rubric_text", "rubrics_text", "schema_text"]

_KIND = {
    "multi": Names(zh="可多选", en="zero, one or several"),
    "single": Names(zh="必选一", en="exactly one"),
}
_STATUS = {
    "verified": Names(zh="已核对原文", en="checked against the source"),
    "memory": Names(zh="凭经验整理，未核对原文", en="from experience, not checked"),
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
    count = "{} 组 {} 个要点" if lang == "zh" else "{} groups, {} topics"
    rows = [
        f"{rubric.id:<{width}}{rubric.name.get(lang)}"
        + (f"（版本 {rubric.version}，" if lang == "zh" else f" (version {rubric.version}, ")
        + count.format(len(rubric.groups), len(rubric.topics))
        + ("）" if lang == "zh" else ")")
        for rubric in rubrics
    ]
    example = f"`safetynlp rubrics {rubrics[0].id}`"
    rows.append(f"查看内容：{example}" if lang == "zh" else f"Show one: {example}")
    return "\n".join(rows)


def rubric_text(rubric: Rubric, lang: str) -> str:
    """A rubric's groups and topics, with weights, sources and hints; not its match rules."""
    return "\n".join(_Rubric(rubric, lang).lines())


class _Rubric:
    """Writes one rubric in one language."""

    def __init__(self, rubric: Rubric, lang: str) -> None:
        self._rubric = rubric
        self._lang = lang
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
        yield from ("    " + line for line in (*self._source(topic.source), *self._scope(topic)))
        for zh, en, hint in (
            ("建议", "what to say", topic.hints.task),
            ("定责", "who", topic.hints.bearer),
            ("定标", "measure", topic.hints.measure),
        ):
            if hint is not None:
                yield "    " + self._field(zh, en, hint.get(self._lang))

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
