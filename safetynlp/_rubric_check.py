"""Find the mistakes in a rubric, all in one go, each with its place in the data."""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from safetynlp._backtracking import repeats_ambiguously
from safetynlp._rubric_file import Loc, Problem
from safetynlp.errors import SchemaError
from safetynlp.rule import Rule, is_regex
from safetynlp.schema import Schema

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["entries", "ids_twice", "near", "of_content", "of_shape"]

# Keys of a file that say how it is made from another: not part of the rubric that results.
_INHERITANCE_KEYS = ("extends", "off")
_MONTH = re.compile(r"\d{4}-\d{2}")


def near(word: str, known: Iterable[str]) -> tuple[str, str]:
    """`` Did you mean …?`` in English and Chinese, or two empty strings if nothing is like it."""
    found = difflib.get_close_matches(word, list(known), n=2)
    if not found:
        return "", ""
    return f" Did you mean {', '.join(map(repr, found))}?", f"是否想写 {'、'.join(found)}？"


# Keys and values


def of_shape(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Problems of keys and values: what pydantic found, in the words of a rubric's author."""
    items = error.errors()
    return [_shape_problem(dict(item), model) for item in items if not _follows(item, items)]


def _follows(item: ErrorDetails, items: Iterable[ErrorDetails]) -> bool:
    """Whether a list counts as too short only because a part of it is wrong."""
    loc = item["loc"]
    return item["type"] == "too_short" and any(
        len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in items
    )


def _shape_problem(item: dict[str, Any], model: type[BaseModel]) -> Problem:
    loc, kind = tuple(item["loc"]), item["type"]
    key = next((part for part in reversed(loc) if isinstance(part, str)), "")  # not an index
    if kind == "missing":
        return Problem(loc, f'key "{key}" is missing. Add it.', f"缺少“{key}”，请补上。")
    if kind == "extra_forbidden":
        known = (*(_INHERITANCE_KEYS if len(loc) == 1 else ()), *_keys_at(loc[:-1], model))
        near_en, near_zh = near(str(key), known)
        return Problem(
            loc,
            f'unknown key "{key}".{near_en} Known here: {", ".join(known)}.',
            f"未知的键“{key}”。{near_zh}此处可用：{'、'.join(known)}。",
        )
    found = repr(item["input"])
    found = found if len(found) <= 40 else found[:37] + "…"
    en, zh = _expected(item, loc, model)
    return Problem(
        loc,
        f'"{key}": found {found}, expected {en}. Correct the value.',
        f"“{key}”的值 {found} 不合要求，应为{zh}。请改正。",
    )


_EXPECTED = {
    "string_type": ("a text; put it in quotes", "文本，请加引号"),
    "string_too_short": ("a text that is not empty", "非空文本"),
    "bool_type": ("true or false", " true 或 false"),
    "bool_parsing": ("true or false", " true 或 false"),
    "int_type": ("a whole number", "整数"),
    "int_parsing": ("a whole number", "整数"),
    "int_from_float": ("a whole number", "整数"),
    "float_type": ("a number", "数字"),
    "float_parsing": ("a number", "数字"),
    "recursion_loop": ("a value that does not contain itself", "不含自身的值"),
    "finite_number": ("a finite number", "有限的数字"),
    "greater_than_equal": ("at least {ge:g}", "不小于 {ge:g} 的数"),
    "less_than_equal": ("at most {le:g}", "不大于 {le:g} 的数"),
    "literal_error": ("{expected}", " {expected}"),
    "too_short": ("at least {min_length} entry", "至少 {min_length} 项"),
    "tuple_type": ("a list", "列表"),
    "dict_type": ("a mapping", "映射（键: 值）"),
}
_ID_EXPECTED = (
    "lower-case letters, digits and hyphens, such as st-01",
    "小写字母、数字和连字符，如 st-01",
)
_MONTH_EXPECTED = ("a month YYYY-MM, such as 2024-07", "年月 YYYY-MM，如 2024-07")


def _expected(item: dict[str, Any], loc: Loc, model: type[BaseModel]) -> tuple[str, str]:
    """What the value should have been, in English and Chinese."""
    kind, details = item["type"], item.get("ctx", {})
    if kind == "model_type":
        keys = _keys_at(loc, model)
        return f"a mapping with {', '.join(keys)}", f"含 {'、'.join(keys)} 的映射"
    if kind == "string_pattern_mismatch":
        return _ID_EXPECTED if loc[-1] == "id" else _MONTH_EXPECTED
    if kind not in _EXPECTED:
        return item["msg"], f"：{item['msg']}"
    en, zh = _EXPECTED[kind]
    return en.format(**details), zh.format(**details).replace(" or ", " 或 ").replace(", ", "、")


def _keys_at(loc: Loc, model: type[BaseModel]) -> tuple[str, ...]:
    """Keys that the mapping at ``loc`` may have, found by walking down the models."""
    for step in loc:
        for name, field in model.model_fields.items():
            if (field.alias or name) == step:
                model = next(_models_in(field.annotation), model)
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


# What the parts say of each other


def of_content(data: Mapping[str, Any], schema: Schema) -> list[Problem]:
    """Problems between parts of a rubric: groups, periods, labels, terms.

    ``data`` may have mistakes of shape elsewhere: what is not of the form that is expected is
    passed over, so that one run tells of all mistakes.
    """
    return [
        *_unknown_groups(data),
        *_faulty_periods(data),
        *_faulty_terms(data.get("documents"), ("documents",)),
        *(problem for loc, rule in _rules(data) for problem in _of_rule(loc, rule, schema)),
    ]


def entries(data: Mapping[str, Any], key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The mappings in the list ``data[key]``, each with its index; nothing if it is no list."""
    listed = data.get(key)
    for index, entry in enumerate(listed if isinstance(listed, list | tuple) else ()):
        if isinstance(entry, dict):
            yield index, entry


def _texts(entries: Iterable[tuple[int, dict[str, Any]]], key: str) -> dict[int, str]:
    """The value of ``key`` of each entry by its index, where it is a text."""
    return {index: entry[key] for index, entry in entries if isinstance(entry.get(key), str)}


def ids_twice(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Ids of groups or topics that an earlier one of the list has."""
    for key in ("groups", "topics"):
        first: dict[str, int] = {}
        for index, id in _texts(entries(data, key), "id").items():
            if first.setdefault(id, index) < index:
                yield Problem(
                    (key, index, "id"),
                    f'id "{id}" is taken by entry {first[id] + 1} of {key}. Give each its own.',
                    f"编号“{id}”已被 {key} 第 {first[id] + 1} 项占用，请另取。",
                )


def _unknown_groups(data: Mapping[str, Any]) -> Iterator[Problem]:
    known = _texts(entries(data, "groups"), "id")
    used = _texts(entries(data, "topics"), "group")
    ids = list(dict.fromkeys(known.values()))
    unknown = {index: id for index, id in used.items() if known and id not in known.values()}
    for index, id in unknown.items():
        near_en, near_zh = near(id, known.values())
        yield Problem(
            ("topics", index, "group"),
            f'no group "{id}".{near_en} Groups: {", ".join(ids)}.',
            f"没有分组“{id}”。{near_zh}现有分组：{'、'.join(ids)}。",
        )
    if unknown or not used or len(used) < len(list(entries(data, "topics"))):
        return  # the topics that a group seems to lack may be those
    for index, id in known.items():
        if id not in used.values():
            yield Problem(
                ("groups", index, "id"),
                "no topic belongs to this group. Remove it or give it topics.",
                "没有要点属于本组，请删去或补上要点。",
            )


def _faulty_periods(data: Mapping[str, Any]) -> Iterator[Problem]:
    places: list[tuple[Loc, Mapping[str, Any]]] = [((), data)]
    places += [(("topics", index), topic) for index, topic in entries(data, "topics")]
    for loc, scope in places:
        begin, end = str(scope.get("valid_from")), str(scope.get("valid_until"))
        if _MONTH.fullmatch(begin) and _MONTH.fullmatch(end) and begin > end:
            yield Problem(
                (*loc, "valid_until"),
                f"ends ({end}) before it begins ({begin}). Correct one.",
                f"截止（{end}）早于起始（{begin}），请改正。",
            )


def _rules(data: Mapping[str, Any]) -> Iterator[tuple[Loc, dict[str, Any]]]:
    for index, topic in entries(data, "topics"):
        for key in ("match", "exclude", "bearer"):
            yield from _rules_in(topic.get(key), ("topics", index, key))


def _rules_in(rule: Any, loc: Loc) -> Iterator[tuple[Loc, dict[str, Any]]]:
    """Every rule from here inwards, each with its place."""
    if not isinstance(rule, dict):
        return
    yield loc, rule
    yield from _rules_in(rule.get("not"), (*loc, "not"))
    for key in ("all", "any"):
        for index, inner in entries(rule, key):
            yield from _rules_in(inner, (*loc, key, index))


def _of_rule(loc: Loc, rule: Mapping[str, Any], schema: Schema) -> Iterator[Problem]:
    if not any(value is not None for value in rule.values()):
        known = _keys_at((), Rule)
        yield Problem(
            loc,
            f"the rule is empty and would hold for every sentence. Give one of: {', '.join(known)}.",
            f"规则为空，会命中所有句子。请至少写一项：{'、'.join(known)}。",
        )
    labels = rule.get("labels")
    for facet_id, given in labels.items() if isinstance(labels, dict) else ():
        if facet_id not in schema.facet_ids:
            near_en, near_zh = near(str(facet_id), schema.facet_ids)
            yield Problem(
                (*loc, "labels", facet_id),
                f'no facet "{facet_id}".{near_en} Facets: {", ".join(schema.facet_ids)}.',
                f"没有分面“{facet_id}”。{near_zh}现有分面：{'、'.join(schema.facet_ids)}。",
            )
            continue
        for index, label_id in _terms(given):
            try:
                schema.facet(facet_id).label(label_id)
            except SchemaError as error:
                yield Problem((*loc, "labels", facet_id, index), error.en, error.zh)
    yield from _faulty_terms(rule.get("cues"), (*loc, "cues"))
    yield from _faulty_terms(rule.get("heading"), (*loc, "heading"))


def _terms(value: Any) -> list[tuple[int, str]]:
    """The texts of a list with their indices; one text may stand without a list."""
    listed = value if isinstance(value, list | tuple) else [value]
    return [(index, term) for index, term in enumerate(listed) if isinstance(term, str)]


def _faulty_terms(terms: Any, loc: Loc) -> Iterator[Problem]:
    for index, term in _terms(terms):
        if is_regex(term) and (what := _faulty_expression(term)):
            yield Problem((*loc, index), f"{term} {what[0]}", f"{term} {what[1]}")


def _faulty_expression(term: str) -> tuple[str, str] | None:
    """What is wrong with a regular expression ``/…/``, in English and Chinese; None if nothing."""
    expression = term[1:-1]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # such as [[: another meaning to come
            pattern = re.compile(expression)
        ambiguous = repeats_ambiguously(expression)
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        return (
            f"is not a regular expression: {error}. Correct it, or drop the slashes "
            f"to match the words as they stand.",
            f"不是合法的正则表达式：{error}。请改正，或去掉斜杠按原文匹配。",
        )
    if pattern.search("") is not None:
        return (
            "matches the empty text and so every sentence. Make it match some words.",
            "能匹配空文本，会命中所有句子，请改为匹配具体词语。",
        )
    if ambiguous:
        return (
            "repeats what can match the same words in several ways, and could take for ever on a "
            "long sentence. Repeat once: (?:a+)+ is a+; or let what is repeated begin or end with "
            "a character of its own.",
            "中重复的部分对同一段文字有多种匹配方式，遇到长句可能永远算不完。"
            "请只重复一层（如 (?:a+)+ 改为 a+），或让重复的部分以独有的字开头或结尾。",
        )
    return None
