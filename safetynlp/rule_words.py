"""A rubric's match rule in words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from safetynlp.rule import Rule, is_regex
from safetynlp.schema import Schema

__all__ = ["rule_lines", "terms_in_words"]

# Where an expression branches; what is escaped or in brackets does not count.
_STRUCTURE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]|[()|]")
_ANYTHING = re.compile(r"(?:\[\^[^\]\\]*\]|\.)(?:\{0,\d+\}|\*)\??")  # any few characters
_PLAIN = re.compile(r"[\w\s“”‘’·《》、，。：；—/…（）〔〕%-]+")
_ALL = {"zh": "同时满足：", "en": "all of:"}
_ANY = {"zh": "满足其一：", "en": "any of:"}
_NOT = {"zh": "不可：", "en": "not:"}


def rule_lines(rule: Rule, lang: str, schema: Schema) -> list[str]:
    """The rule in words, what is nested indented by two spaces; names of labels from ``schema``.

    >>> rule = Rule.model_validate({"labels": {"action": "duty_reporting"}, "cues": "/值班|值守/"})
    >>> rule_lines(rule, "zh", Schema.default())
    ['同时满足：', '  工作举措为“值班值守与信息报告”', '  句中有“值班”“值守”']

    In words of an expression … stands for a few characters, （a/b） for one of them, 〔a〕 for
    what may be missing.
    """
    return list(_lines(rule, lang, schema))


def _lines(rule: Rule, lang: str, schema: Schema) -> Iterator[str]:
    parts = [[line] for line in _conditions(rule, lang, schema)]
    for title, rules in ((_ALL, rule.all_), (_ANY, rule.any_)):
        inner = [list(_lines(r, lang, schema)) for r in rules or ()]
        if title is _ALL or len(inner) == 1:
            parts += inner  # as the keys of a rule, they must all hold
        elif inner:
            parts.append([title[lang], *_indented(inner)])
    if rule.not_ is not None:
        excluded = list(_lines(rule.not_, lang, schema))
        first = _NOT[lang] if len(excluded) > 1 else f"{_NOT[lang]}{_gap(lang)}{excluded.pop()}"
        parts.append([first, *_indented([excluded])])
    if len(parts) > 1:
        yield _ALL[lang]
        yield from _indented(parts)
    else:
        yield from (line for part in parts for line in part)


def _indented(parts: list[list[str]]) -> Iterator[str]:
    return ("  " + line for part in parts for line in part)


def _gap(lang: str) -> str:
    return "" if lang == "zh" else " "


def _conditions(rule: Rule, lang: str, schema: Schema) -> Iterator[str]:
    """What a rule says by itself, without the rules inside it."""
    zh = lang == "zh"
    for facet_id, ids in (rule.labels or {}).items():
        facet, names = _labels(facet_id, ids, lang, schema)
        listed = "".join(f"“{name}”" for name in names) if zh else " or ".join(names)
        yield f"{facet}为{listed}" if zh else f"{facet}: {listed}"
    if rule.cues is not None:
        yield (
            f"句中有{terms_in_words(rule.cues, lang)}"
            if zh
            else f"it says {terms_in_words(rule.cues, lang)}"
        )
    if rule.heading is not None:
        terms = terms_in_words(rule.heading, lang)
        yield f"上级标题中有{terms}" if zh else f"a heading above says {terms}"
    if rule.sectors is not None:
        n = rule.sectors
        yield f"句中至少 {n} 个行业领域" if zh else f"it names {n} sectors or more"
    if rule.months is not None:
        months = ("、" if zh else ", ").join(map(str, rule.months))
        yield f"讲话在 {months} 月，或月份未知" if zh else f"month {months}, or unknown"


def _labels(
    facet_id: str, ids: tuple[str, ...], lang: str, schema: Schema
) -> tuple[str, list[str]]:
    """Names of a facet and its labels; their ids if the schema has none such."""
    facets = {facet.id: facet for facet in schema.facets}
    if facet_id not in facets:
        return facet_id, list(ids)
    names = {label.id: label.name.get(lang) for label in facets[facet_id].labels}
    return facets[facet_id].name.get(lang), [names.get(id, id) for id in ids]


def terms_in_words(terms: tuple[str, ...], lang: str) -> str:
    """Words in quotes, and between slashes what can only be said as an expression."""
    words: list[str] = []
    expressions: list[str] = []
    for term in terms:
        if not is_regex(term):
            words.append(term)
            continue
        for way in _ways(term):
            word = _worded(way)
            words += [word] if word else []
            expressions += [] if word else [f"/{way}/"]
    quoted = "".join(f"“{word}”" for word in words)
    or_ = " 或 " if lang == "zh" else " or "
    return or_.join(part for part in (quoted, *expressions) if part)


def _ways(term: str) -> list[str]:
    """The alternatives of ``/…|…/``, each as an expression."""
    ways, depth, start = [], 0, 1
    for mark in _STRUCTURE.finditer(term, 1, len(term) - 1):
        depth += (mark[0] == "(") - (mark[0] == ")")
        if mark[0] == "|" and depth == 0:
            ways.append(term[start : mark.start()])
            start = mark.end()
    return [*ways, term[start:-1]]


def _worded(expression: str) -> str:
    """``排查[^。]{0,9}(?:隐患|风险)`` as 排查…（隐患/风险）; empty if it says more than that."""
    text = _ANYTHING.sub("…", expression)
    text = re.sub(r"\(\?:([^()\[\]]*)\)\?", lambda group: f"〔{group[1]}〕", text)
    for _ in range(2):  # one group in another
        text = re.sub(r"\(\?:([^()\[\]]*)\)(?![?*+{])", lambda group: f"（{group[1]}）", text)
    text = text.replace("|", "/")
    return text if _PLAIN.fullmatch(text) else ""
