"""The JSON Schema of rubric files, by which editors complete and check them while one writes.

It lies in the package as ``rubrics/rubric.schema.json``, the output of ``safetynlp rubrics
--json-schema``; a test compares the two. What concerns several parts of a file (ids, groups,
expressions) is checked by ``safetynlp rubrics --check`` alone.
"""

from __future__ import annotations

from typing import Any

from safetynlp.rubric import Rubric
from safetynlp.schema import Schema

__all__ = ["rubric_schema"]

_MEANINGS = {
    "extends": "在哪张要点表上修改：自带要点表的编号，或相对本文件的路径 / the rubric to change: an id of the package, or a path beside this file",
    "off": "关闭所继承的要点，或整组要点 / inherited topics, or groups with all their topics, to leave out",
    "id": "编号：小写字母、数字、连字符 / lower-case letters, digits and hyphens",
    "version": "版本，加引号 / in quotes; raise it with every change that changes scores",
    "name": "中英文名称 / name in Chinese and English",
    "zh": "中文 / Chinese",
    "en": "英文 / English",
    "source": "出处 / where the requirement comes from",
    "clause": "文件和条款 / document and clause",
    "status": "verified 已核对原文，memory 凭经验 / checked against the official text, or from memory",
    "audience": "适用的讲话对象，不写则都适用 / whom the speech addresses; all if left out",
    "level": "适用的讲话层级，不写则都适用 / who speaks; all if left out",
    "valid_from": "自该年月起适用 / first month in which it applies",
    "valid_until": "至该年月止适用 / last month in which it applies",
    "weights": "组内权重：必备和加分要点 / weights of vital and bonus topics within a group",
    "ok": "加分要点的权重 / weight of a bonus topic",
    "documents": "不加书名号也按文件名处理的名称 / names of documents written without 《》; naming one is no treatment",
    "groups": "分组 / groups of topics",
    "topics": "要点 / topics",
    "weight": "权重：分组占总分，要点占本组 / weight of a group in the total, or of a topic in its group",
    "group": "所属分组的编号 / id of its group",
    "vital": "必备要点（或其权重） / it must be there (or the weight of such a topic)",
    "kind": "怎样算部署：demand 带举措的要求，state 情况问题成绩，pledge 任何要求，procedure 会议程序 / what deploys it: a demand with an action, facts, any demand, conduct of the meeting",
    "meta": "本要点即点名文件，书名号内也算 / the topic is that a document is named",
    "months": "月份 1–12：时令要点，或规则只在这些月份成立 / months of a seasonal topic, or in which the rule holds",
    "min_sectors": "全部依据合起来至少涉及几个行业 / sectors that the evidence as a whole must name",
    "bearer": "要点：谁算能承担的人；建议：写明谁来做 / of a topic: a rule on who can bear it; of hints: who does it",
    "measures": "哪些算定标 / what counts as specified",
    "match": "命中规则：各键须同时成立 / when a sentence is evidence; all keys must hold",
    "exclude": "除外规则：成立则不算依据 / when it is not, though it matches",
    "hints": "补缺建议 / what closes a gap",
    "task": "讲什么 / what to demand",
    "measure": "写明时限、频次、数量、标准或检查 / by when, how often, how much, checked by whom",
    "all": "每条都成立 / every rule holds",
    "any": "至少一条成立 / at least one rule holds",
    "not": "不成立 / the rule does not hold",
    "labels": "所列分面各有其中一个标签 / in each facet named, one of the labels named was given",
    "cues": "句中有其中一个词；/…/ 为正则表达式 / a term stands in the sentence; /…/ is a regular expression",
    "heading": "上级标题中有其中一个词 / a term stands in a heading above the sentence",
    "sectors": "句中至少几个行业标签 / sectors that the sentence names",
}  # fmt: skip


def rubric_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a rubric file, whether it extends another or not."""
    rubric = Rubric.model_json_schema()
    parts = rubric.pop("$defs") | {"Rubric": rubric}
    parts = {name: _described(part) for name, part in parts.items()}
    _list_labels(parts["Rule"])
    # In a file that extends another, an entry of known id gives only what it changes.
    parts["GroupChange"] = parts["Group"] | {"required": ["id"]}
    parts["HintsChange"] = parts["Hints"] | {"required": []}
    parts["TopicChange"] = _with(parts["Topic"], {"hints": _ref("HintsChange")}, ["id"])
    parts["Extension"] = _with(
        parts["Rubric"],
        {
            "extends": {"type": "string", "minLength": 1},
            "off": {"type": "array", "items": {"type": "string"}},
            "groups": {"type": "array", "items": _ref("GroupChange")},
            "topics": {"type": "array", "items": _ref("TopicChange")},
        },
        ["extends", "id", "version", "name"],
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:safetynlp:rubric:1",
        "title": "safetynlp 要点表 / rubric",
        "type": "object",
        "if": {"required": ["extends"]},
        "then": _ref("Extension"),
        "else": _ref("Rubric"),
        "$defs": dict(sorted(parts.items())),
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _with(part: dict[str, Any], keys: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """A part with other ``keys`` (each with its meaning) and others ``required``."""
    properties = part["properties"] | {
        key: {"description": _MEANINGS[key], **value} for key, value in keys.items()
    }
    return part | {"properties": properties, "required": required}


def _described(part: dict[str, Any]) -> dict[str, Any]:
    """A part as pydantic gives it, with the meaning of each key in place of its Python name."""
    properties = {}
    for key, value in part["properties"].items():
        kept = {k: v for k, v in value.items() if k != "title" and (k, v) != ("default", None)}
        properties[key] = {"description": _MEANINGS[key], **kept}
    summary = part.get("description", "").partition("\n\n")[0].replace("\n", " ")
    return part | {"description": summary, "properties": properties}


def _list_labels(rule: dict[str, Any]) -> None:
    """Let editors offer the labels of the package's schema; a user's own may have others."""
    mapping = rule["properties"]["labels"]["anyOf"][0]
    mapping["properties"] = {}
    for facet in Schema.default().facets:
        one = {"anyOf": [{"enum": list(facet.label_ids)}, {"type": "string", "minLength": 1}]}
        mapping["properties"][facet.id] = {
            "description": f"{facet.name.zh} / {facet.name.en}",
            "anyOf": [one, {"type": "array", "items": one, "minItems": 1}],
        }
