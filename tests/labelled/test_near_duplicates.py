from __future__ import annotations

import random
import time

import pytest

from safetynlp.errors import UsageError
from safetynlp.labelled import LabelledRow, near_duplicate_groups

CHARACTERS = [chr(n) for n in range(0x4E00, 0x4E00 + 2000)]


def sentences(seed: int, count: int = 20) -> list[str]:
    drawn = random.Random(seed)
    return ["".join(drawn.choices(CHARACTERS, k=30)) + "。" for _ in range(count)]


def speeches(**texts: list[str]) -> list[LabelledRow]:
    return [LabelledRow(doc, text, {}) for doc, lines in texts.items() for text in lines]


def test_copies_are_grouped_and_others_not() -> None:
    copied = sentences(1)[:12] + sentences(2)[:8]
    groups = near_duplicate_groups(speeches(a=sentences(1), b=sentences(3), c=copied))
    assert groups == {"a": 0, "b": 1, "c": 0}


def test_a_part_is_near_the_whole() -> None:
    assert near_duplicate_groups(speeches(a=sentences(1, 100), b=sentences(1, 100)[40:50])) == {
        "a": 0,
        "b": 0,
    }


def test_a_copy_of_a_copy_is_in_the_group() -> None:
    first, second, third = sentences(1), sentences(2), sentences(3)
    b = first[:11] + second[:9]
    c = second[:9] + third[:5]
    groups = near_duplicate_groups(speeches(a=first, b=b, c=c))
    assert set(groups.values()) == {0}


def test_threshold_is_the_share_of_the_shorter() -> None:
    rows = speeches(a=sentences(1), b=sentences(1)[:8] + sentences(2)[:12])
    assert len(set(near_duplicate_groups(rows, threshold=0.39).values())) == 1
    assert len(set(near_duplicate_groups(rows, threshold=0.41).values())) == 2


def test_order_punctuation_width_and_case_do_not_count() -> None:
    lines = [f"{line}ABC123" for line in sentences(1)]
    spoilt = [line.replace("ABC123", "ａｂｃ，１２３ ！") for line in reversed(lines)]
    assert set(near_duplicate_groups(speeches(a=lines, b=spoilt)).values()) == {0}


def test_short_texts_are_compared_by_resemblance() -> None:
    rows = speeches(
        a=["安全生产"],
        b=["安全生产工作会议今天上午在市政府召开"],
        c=["安全，生产！"],
        d=["……"],
        e=["！"],
    )
    assert near_duplicate_groups(rows) == {"a": 0, "b": 1, "c": 0, "d": 2, "e": 3}


def test_a_hundred_copies_of_one_speech_are_one_group() -> None:
    drawn = random.Random(0)
    texts = {}
    for n in range(100):
        lines = sentences(1)
        for place in drawn.sample(range(20), 6):
            lines[place] = sentences(1000 + n)[place]
        texts[f"copy{n}"] = lines
    texts["other"] = sentences(5)
    groups = near_duplicate_groups(speeches(**texts))
    assert len({groups[f"copy{n}"] for n in range(100)}) == 1
    assert groups["other"] not in {groups["copy0"]}


def test_phrases_of_all_speeches_group_nobody_and_cost_little() -> None:
    common = "各位领导、同志们，下面我就贯彻落实全市安全生产工作会议精神讲几点意见。"
    rows = speeches(**{f"s{n}": [common, *sentences(n, 4)] for n in range(2000)})
    start = time.perf_counter()
    assert len(set(near_duplicate_groups(rows).values())) == 2000
    assert time.perf_counter() - start < 20


def test_nothing() -> None:
    assert near_duplicate_groups([]) == {}


@pytest.mark.parametrize("threshold", [0, -1, 1.1, float("nan")])
def test_faulty_threshold(threshold: float) -> None:
    with pytest.raises(UsageError, match="threshold"):
        near_duplicate_groups([], threshold=threshold)
