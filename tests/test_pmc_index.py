"""The PMC index against numbers worked out by hand."""

from __future__ import annotations

import pytest
from speeches import Line, rubric_of, speech, topic_of

from safetynlp import PMCIndex, cover, pmc


def index_of(*groups: str, date: str | None = None) -> PMCIndex:
    """A rubric with a group per argument; a "+" in it is a topic that is treated, a "-" is not."""
    topics, lines = [], []
    for number, group in enumerate(groups):
        for place, sign in enumerate(group):
            topics.append(topic_of(f"t{number}{place}x", f"g{number}"))
            if sign == "+":
                line: Line = (f"t{number}{place}x 有意义。", "rationale", {})
                lines.append(line)
    return pmc(cover(speech(*lines), rubric_of(*topics), date=date))


def test_the_index_is_the_sum_of_the_means() -> None:
    found = index_of("++--", "+", "--", "+++-")
    assert [variable.value for variable in found.primary] == [0.5, 1.0, 0.0, 0.75]
    assert found.index == 2.25
    assert found.maximum == 4
    assert found.band == "acceptable"
    assert found.primary[0].secondary == {"t00x": 1, "t01x": 1, "t02x": 0, "t03x": 0}
    assert found.surface == ((0.5, 1.0), (0.0, 0.75))


def test_a_mention_counts_as_much_as_a_full_treatment() -> None:
    line: Line = ("t 企业每月要做。", "directive", {"action": ("technology",)})
    rubric = rubric_of(topic_of("t"))
    weak: Line = ("t 有意义。", "rationale", {})
    assert pmc(cover(speech(line), rubric)) == pmc(cover(speech(weak), rubric))


@pytest.mark.parametrize(
    ("treated", "band"),
    [
        *((n, "poor") for n in range(4)),
        *((n, "acceptable") for n in (4, 5)),
        *((n, "excellent") for n in (6, 7)),
        *((n, "perfect") for n in (8, 9)),
    ],
)
def test_bands_of_nine_variables(treated: int, band: str) -> None:
    found = index_of(*["+"] * treated, *["-"] * (9 - treated))
    assert (found.index, found.band) == (treated, band)
    assert [len(row) for row in found.surface] == [3, 3, 3]


def test_a_bound_is_reached_in_spite_of_rounding() -> None:
    elevenths = ["+" * n + "-" * (11 - n) for n in (6, 6, 6, 4)]
    found = index_of(*elevenths, "-", "++++-----", "++-")
    assert found.index / 7 < 4 / 9  # by 1e-16; it is 28/9 to be exact
    assert found.band == "acceptable"


@pytest.mark.parametrize(("groups", "side"), [(1, 2), (2, 2), (4, 2), (5, 3), (7, 3), (10, 4)])
def test_the_surface_is_square(groups: int, side: int) -> None:
    surface = index_of(*["+"] * groups).surface
    cells = [value for row in surface for value in row]
    assert len(surface) == side
    assert cells == [1.0] * groups + [None] * (side * side - groups)


def test_no_topic_applies() -> None:
    rubric = rubric_of(topic_of("t", valid_from="2024-01"))
    found = pmc(cover([], rubric, date="2020-01"))
    assert (found.index, found.maximum, found.band, found.primary) == (0, 0, "poor", ())
    assert found.surface == ((None, None), (None, None))
