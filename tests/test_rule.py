from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from safetynlp.rule import Rule, Sentence, compile_terms, is_regex


def holds(
    rule: dict[str, Any],
    text: str = "",
    headings: tuple[str, ...] = (),
    month: int | None = None,
    **labels: tuple[str, ...],
) -> bool:
    return Rule.model_validate(rule).holds(Sentence(text, headings, labels, month))


def test_labels_need_one_of_each_facet_named() -> None:
    rule = {"labels": {"action": ["technology", "team_building"], "function": "directive"}}
    assert holds(rule, action=("technology", "risk_control"), function=("directive",))
    assert not holds(rule, action=("technology",), function=("problem",))
    assert not holds(rule, action=("risk_control",), function=("directive",))
    assert not holds(rule)


def test_cues_are_plain_words_or_expressions() -> None:
    assert holds({"cues": "值班"}, "领导值班")
    assert holds({"cues": ["带班", "/[二2]4小时/"]}, "24小时在岗")
    assert not holds({"cues": ["带班", "/[二2]4小时/"]}, "在岗")
    assert not holds({"cues": "值.班"}, "值勤班")  # without slashes a dot is a dot


def test_headings_are_looked_at_by_themselves() -> None:
    rule = {"heading": ["追责"]}
    assert holds(rule, "", ("一、工作", "（二）严肃追责"))
    assert not holds(rule, "追责", ("一、工作",))


def test_sectors_are_counted() -> None:
    assert holds({"sectors": 2}, sector=("schools", "urban_gas"))
    assert not holds({"sectors": 2}, sector=("schools",))


def test_months_hold_if_the_month_is_unknown() -> None:
    assert holds({"months": [6, 7]}, month=6)
    assert not holds({"months": [6, 7]}, month=8)
    assert holds({"months": 6})


def test_all_any_not_and_several_keys() -> None:
    a, b = {"cues": "甲"}, {"cues": "乙"}
    assert holds({"all": [a, b]}, "甲乙")
    assert not holds({"all": [a, b]}, "甲")
    assert holds({"any": [a, b]}, "乙")
    assert not holds({"any": [a, b]}, "丙")
    assert holds({"cues": "甲", "not": b}, "甲")
    assert not holds({"cues": "甲", "not": b}, "甲乙")


def test_expressions_do_not_disturb_each_other() -> None:
    # Joined in one pattern, the flag would be refused and \\1 would mean another group.
    rule = {"cues": ["/(甲)(乙)/", r"/(.)\1丙/", "/(?i)ehs/", "/(?P<x>丁)/", "/(?P<x>戊)/"]}
    for text in ("甲乙", "子子丙", "EHS", "丁", "戊"):
        assert holds(rule, text), text
    assert not holds(rule, "子丑丙")


def test_compile_terms() -> None:
    assert compile_terms(()) == ()
    assert [p.pattern for p in compile_terms(("a.b", "/c.d/", "e"))] == [r"a\.b|e", "c.d"]
    assert [is_regex(term) for term in ("/a/", "//", "/", "a/b", "/a")] == [True, *[False] * 4]


@pytest.mark.parametrize(
    "rule",
    [
        {"cue": "值班"},
        {"cues": []},
        {"cues": ""},
        {"labels": {}},
        {"labels": {"action": []}},
        {"all": []},
        {"sectors": 0},
        {"months": 13},
        {"not_": {"cues": "甲"}},
    ],
)
def test_faulty_rules_are_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate(rule)
