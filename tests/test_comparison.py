"""Two drafts side by side."""

from __future__ import annotations

import pytest
from speeches import Line, rubric_of, speech, topic_of

from safetynlp.comparison import diff
from safetynlp.coverage import cover
from safetynlp.errors import UsageError

DRILL = {"action": ("emergency_preparedness",)}
RUBRIC = rubric_of(topic_of("alpha"), topic_of("beta"), topic_of("gamma"), topic_of("delta"))


def slogan(id: str) -> Line:
    return f"{id} 很有意义。", "rationale", {}


def demand(id: str, more: str = "", **labels: tuple[str, ...]) -> Line:
    return f"{id} 要演练{more}。", "directive", {**DRILL, **labels}


def test_what_became_of_each_topic() -> None:
    before = [slogan("alpha"), demand("beta"), demand("gamma"), slogan("delta")]
    after = [demand("alpha"), slogan("beta"), slogan("delta")]
    found = diff(cover(speech(*before), RUBRIC), cover(speech(*after), RUBRIC))
    assert [(c.change, c.before.id) for c in found.changes] == [
        ("lost", "gamma"),
        ("shallower", "beta"),
        ("deepened", "alpha"),
    ]
    lost, shallower, deepened = found.changes
    assert lost.quote_before is not None
    assert lost.quote_before.text == "gamma 要演练。"
    assert lost.quote_after is None
    assert shallower.quote_after is not None
    assert deepened.quote_after is not None
    assert deepened.quote_after.text == "alpha 要演练。"
    assert found.gain == found.after.total - found.before.total


def test_the_same_level_by_other_elements_is_shifted() -> None:
    assigned = demand("alpha", responsibility=("enterprise",))
    specified = demand("alpha", "，每月一次")
    (change,) = diff(cover(speech(assigned), RUBRIC), cover(speech(specified), RUBRIC)).changes
    assert change.change == "shifted"
    assert change.before.level == change.after.level == 3


def test_gained_and_back() -> None:
    none, some = cover(speech(), RUBRIC), cover(speech(demand("alpha")), RUBRIC)
    assert [c.change for c in diff(none, some).changes] == ["gained"]
    assert [c.change for c in diff(some, none).changes] == ["lost"]
    assert diff(some, some).changes == ()


def test_scores_that_cannot_be_compared() -> None:
    other = rubric_of(topic_of("alpha"), id="else")
    with pytest.raises(UsageError, match="own 1 with 4 topics and by else 1 with 1"):
        diff(cover([], RUBRIC), cover([], other))
