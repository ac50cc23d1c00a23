from __future__ import annotations

import pytest
from speeches import rubric_of, topic_of

from safetynlp.applicability import Occasion, occasion, reason_not_applicable
from safetynlp.errors import UsageError
from safetynlp.rubric import Rubric


def reason(rubric: Rubric, **known: str | None) -> dict[str, str] | None:
    given = {"date": None, "audience": None, "level": None} | known
    return reason_not_applicable(rubric, rubric.topics[0], occasion(**given))


def test_nothing_known_rules_nothing_out() -> None:
    limits = {"audience": ["government"], "level": ["city"], "valid_from": "2024-01", "months": [6]}
    assert reason(rubric_of(topic_of("t", **limits))) is None
    assert occasion(None, None, None) == Occasion()
    assert Occasion().month is None


@pytest.mark.parametrize(
    ("limits", "known", "inside", "outside", "said"),
    [
        ({"audience": ["government"]}, "audience", "government", "enterprise", "enterprise"),
        ({"level": ["city", "county"]}, "level", "county", "township", "township"),
        ({"valid_from": "2024-01"}, "date", "2024-01", "2023-12", "since 2024-01"),
        ({"valid_until": "2024-01"}, "date", "2024-01-31", "2024-02-01", "until 2024-01"),
        ({"months": [6, 7]}, "date", "2024-06", "2024-08", "months 6, 7"),
    ],
)
def test_each_limit(
    limits: dict[str, object], known: str, inside: str, outside: str, said: str
) -> None:
    rubric = rubric_of(topic_of("t", **limits))
    assert reason(rubric, **{known: inside}) is None
    found = reason(rubric, **{known: outside})
    assert found is not None
    assert said in found["en"]
    assert found["zh"]
    assert found["zh"] != found["en"]


def test_limits_of_the_rubric_hold_for_every_topic() -> None:
    rubric = rubric_of(topic_of("t"), valid_from="2022-03", audience=["government"])
    assert reason(rubric, date="2022-04", audience="government") is None
    assert "older" in (reason(rubric, date="2022-02") or {})["en"]
    assert "audience" in (reason(rubric, audience="enterprise") or {})["en"]


@pytest.mark.parametrize("date", ["2024-02", "2024-02-29"])
def test_dates(date: str) -> None:
    known = occasion(date, "government", "city")
    assert (known.year_month, known.month) == ("2024-02", 2)


@pytest.mark.parametrize(
    "date",
    ["2024", "2024-13", "2024-00", "2024-2", "2023-02-29", "2024/02", "24-02", "", "２０２４-０２"],
)
def test_faulty_dates(date: str) -> None:
    with pytest.raises(UsageError, match=r"expected YYYY-MM or YYYY-MM-DD"):
        occasion(date, None, None)


def test_faulty_audience_and_level() -> None:
    with pytest.raises(UsageError, match='audience: found "school", expected one of: government'):
        occasion(None, "school", None)
    with pytest.raises(UsageError, match='level: found "world", expected one of: national'):
        occasion(None, None, "world")
