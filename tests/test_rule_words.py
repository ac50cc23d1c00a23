from __future__ import annotations

from typing import Any

import pytest

from safetynlp.rubric import available_rubrics, load_rubric
from safetynlp.rule import Rule
from safetynlp.rule_words import rule_lines
from safetynlp.schema import Schema

SCHEMA = Schema.default()


def said(rule: dict[str, Any], lang: str = "zh") -> list[str]:
    return rule_lines(Rule.model_validate(rule), lang, SCHEMA)


@pytest.mark.parametrize(
    ("rule", "zh", "en"),
    [
        (
            {"labels": {"function": ["directive", "problem"]}},
            "句子功能为“部署要求”“问题剖析”",
            "Function: Directive or Problem",
        ),
        ({"labels": {"place": "sea"}}, "place为“sea”", "place: sea"),
        ({"cues": ["值班", "带.班"]}, "句中有“值班”“带.班”", "it says “值班”“带.班”"),
        ({"heading": "燃气"}, "上级标题中有“燃气”", "a heading above says “燃气”"),
        ({"sectors": 3}, "句中至少 3 个行业领域", "it names 3 sectors or more"),
        ({"months": [6, 7]}, "讲话在 6、7 月，或月份未知", "month 6, 7, or unknown"),
        ({"not": {"cues": "甲"}}, "不可：句中有“甲”", "not: it says “甲”"),
        ({"any": [{"cues": "甲"}]}, "句中有“甲”", "it says “甲”"),
    ],
)
def test_each_kind_of_rule_is_a_line(rule: dict[str, Any], zh: str, en: str) -> None:
    assert said(rule) == [zh]
    assert said(rule, "en") == [en]


def test_rules_in_rules_are_indented() -> None:
    rule = {
        "labels": {"action": "technology"},
        "any": [{"cues": "甲", "heading": "乙"}, {"all": [{"cues": "丙"}, {"cues": "丁"}]}],
        "not": {"any": [{"cues": "戊"}, {"cues": "己"}]},
    }
    assert said(rule, "en") == [
        "all of:",
        "  Action: Technology",
        "  any of:",
        "    all of:",
        "      it says “甲”",
        "      a heading above says “乙”",
        "    all of:",
        "      it says “丙”",
        "      it says “丁”",
        "  not:",
        "    any of:",
        "      it says “戊”",
        "      it says “己”",
    ]


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("/值班|值守/", "“值班”“值守”"),
        ("/排查[^，。]{0,9}(?:隐患|风险)/", "“排查…（隐患/风险）”"),
        ("/(?:安全)?检查|大.*整治/", "“〔安全〕检查”“大…整治”"),
        ("/(?:重要(?:讲话|指示)|精神)/", "“（重要（讲话/指示）/精神）”"),
        (
            r"/形势(?!政策)|\d起|[一|二]人|A\|B/",
            r"/形势(?!政策)/ 或 /\d起/ 或 /[一|二]人/ 或 /A\|B/",
        ),
        ("/甲|[乙]/", "“甲” 或 /[乙]/"),
        ("/(?:甲){2}/", "/(?:甲){2}/"),
    ],
)
def test_expressions_read_as_words_where_they_can(term: str, words: str) -> None:
    assert said({"cues": term}) == [f"句中有{words}"]


@pytest.mark.parametrize("name", available_rubrics())
def test_every_packaged_rule_can_be_said(name: str) -> None:
    for topic in load_rubric(name).topics:
        for lang in ("zh", "en"):
            assert all(line.strip() for line in rule_lines(topic.match, lang, SCHEMA))
