from __future__ import annotations

import re
import time

import pytest

from safetynlp._backtracking import repeats_ambiguously


@pytest.mark.parametrize(
    "expression",
    [
        "(a+)+b",
        "(?:a*)*b",
        "(?:(?:安全)?(?:安全|生产)?)*改",
        "(?:安全|安全生产|生产)*改",
        "(?:.*甲){9}",
        "(?:a{0,20}){0,20}b",
        "(?:[^。]+、?)+整改",
        r"(?:\d+\.?)+x",
        "(?i)(?:ab|AB)*c",
        "x(?:y(?:a+)+b)",
        "(?=(?:a+)+b)c",
        "(?:a|b|ab)*?c",
        "(?:(?:b|b))*c",
        "(?:a{1,2}){5,}b",
        "(?:[^甲]|乙)*丙",
    ],
)
def test_what_can_hang_is_found(expression: str) -> None:
    assert repeats_ambiguously(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "值班|值守",
        "隐患[^，。；]{0,12}(?:排查|整治)",
        "(?:[^。、]+、)+整改",
        "(?:公安|住建)(?:[、和](?:公安|住建)){0,20}",
        "(?:甲|乙)+",
        "(?:甲{1,3}乙)*丙",
        "(?:甲(?!乙))*",
        "(?:安全|生产)+",
        r"(?:\d{1,3}[,，])*\d{1,3}",
        r"(甲)(?:\1|乙)*丙",
        "(甲)?(?(1)乙|丙)+",
        "(?:甲|甲){0,3}",
        "(?:a+b)+c",
        r"(?:[^\d]\d)*",
        "^(?:[一二三]、|$)",
    ],
)
def test_what_cannot_is_let_pass(expression: str) -> None:
    assert not repeats_ambiguously(expression)


def test_what_is_let_pass_is_quick_where_what_is_found_is_not() -> None:
    started = time.process_time()
    assert re.search("(?:[^。、]+、)+整改", "排查、" * 5000) is None
    assert time.process_time() - started < 5


def test_long_lists_of_words_take_no_time() -> None:
    words = "|".join(f"{a}{b}" for a in "甲乙丙丁戊己庚辛" for b in "子丑寅卯辰巳午未申酉")
    started = time.process_time()
    assert not repeats_ambiguously(f"(?:{words})+")
    repeats_ambiguously("(?:" + "|".join(["." * 9] * 9) + ")+")
    assert time.process_time() - started < 5


def test_faulty_expressions_are_the_parsers_to_refuse() -> None:
    with pytest.raises(re.error):
        repeats_ambiguously("(")
