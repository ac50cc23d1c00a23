from __future__ import annotations

import pytest

from safetynlp.document import Document
from safetynlp.errors import DataError
from safetynlp.evaluation.boundaries import boundary_f1
from safetynlp.segment import segment

GOLD = [(0, 5), (5, 9), (10, 14)]


def test_same_spans() -> None:
    result = boundary_f1(GOLD, GOLD)
    assert (result.f1, result.missed, result.extra) == (1.0, (), ())


def test_a_missed_cut_by_hand() -> None:
    # Gold has the starts 0, 5, 10 and the ends 5, 9, 14; found are the starts 0, 10, ends 9, 14.
    result = boundary_f1([(0, 9), (10, 14)], GOLD)
    assert result.f1 == pytest.approx(2 * 4 / (4 + 6))
    assert result.missed == (5,)  # as a start and as an end, but one place
    assert result.extra == ()


def test_a_cut_too_many_by_hand() -> None:
    result = boundary_f1([*GOLD[:2], (10, 12), (12, 14)], GOLD)
    assert result.f1 == pytest.approx(2 * 6 / (8 + 6))
    assert (result.missed, result.extra) == ((), (12,))


def test_a_start_is_no_end() -> None:
    result = boundary_f1([(5, 9)], [(0, 5)])
    assert result.f1 == 0.0
    assert (result.missed, result.extra) == ((0, 5), (5, 9))


def test_order_does_not_matter_and_f1_is_symmetric() -> None:
    found = [(0, 9), (10, 12), (12, 14)]
    assert boundary_f1(found[::-1], GOLD[::-1]) == boundary_f1(found, GOLD)
    assert boundary_f1(GOLD, found).f1 == boundary_f1(found, GOLD).f1


def test_nothing_found() -> None:
    result = boundary_f1([], GOLD)
    assert (result.f1, result.missed) == (0.0, (0, 5, 9, 10, 14))


def test_no_gold() -> None:
    with pytest.raises(DataError, match="no gold segment"):
        boundary_f1(GOLD, [])


def test_with_the_segmenter() -> None:
    document = Document("要排查隐患；要严格执法。\n散会！")
    gold = [(0, 6), (6, 12), (13, 16)]
    found = [(s.start, s.end) for s in segment(document)]
    assert boundary_f1(found, gold).f1 == 1.0
    assert boundary_f1(found, [(0, 12), (13, 16)]).extra == (6,)
