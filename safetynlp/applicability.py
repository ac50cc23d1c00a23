"""Which topics of a rubric apply to a speech, by what is known about it: never by its text."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass

from safetynlp.errors import UsageError
from safetynlp.formula import Weighting
from safetynlp.rubric import AUDIENCES, LEVELS, Rubric, Scope, Topic

__all__ = ["Occasion", "is_vital", "occasion", "reason_not_applicable", "weighting"]

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?")
_AUDIENCE_ZH = {"government": "政府", "enterprise": "企业"}
_LEVEL_ZH = {
    "national": "国家",
    "province": "省级",
    "city": "市级",
    "county": "县级",
    "township": "乡镇街道",
    "department": "部门",
    "enterprise": "企业",
}


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is known of a speech beside its text; None where it is unknown."""

    year_month: str | None = None  # "YYYY-MM"
    audience: str | None = None  # of safetynlp.rubric.AUDIENCES
    level: str | None = None  # of safetynlp.rubric.LEVELS

    @property
    def month(self) -> int | None:
        """1–12, or None."""
        return int(self.year_month[5:]) if self.year_month else None


def occasion(date: str | None, audience: str | None, level: str | None) -> Occasion:
    """Check the metadata of a speech.

    Raises:
        UsageError: ``date`` is not ``"YYYY-MM"`` or ``"YYYY-MM-DD"``, or ``audience`` or
            ``level`` is unknown.
    """
    year_month = None
    if date is not None:
        if not _is_date(date):
            raise UsageError(
                f'date: found "{date}", expected YYYY-MM or YYYY-MM-DD, such as 2024-07.',
                f"日期：“{date}”有误，应为 YYYY-MM 或 YYYY-MM-DD，例如 2024-07。",
            )
        year_month = date[:7]
    for name, zh, value, known in (
        ("audience", "受众", audience, AUDIENCES),
        ("level", "层级", level, LEVELS),
    ):
        if value is not None and value not in known:
            raise UsageError(
                f'{name}: found "{value}", expected one of: {", ".join(known)}.',
                f"{zh}：没有“{value}”，可用：{'、'.join(known)}。",
            )
    return Occasion(year_month, audience, level)


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        return False
    return True


def reason_not_applicable(
    rubric: Rubric, topic: Topic, occasion: Occasion
) -> dict[str, str] | None:
    """Why a topic does not apply, in Chinese and English; None if it does.

    Unknown metadata rules nothing out.
    """
    for scope in (topic, rubric):
        if reason := _out_of_scope(scope, occasion):
            return reason
    if topic.months and occasion.month and occasion.month not in topic.months:
        months = "、".join(map(str, topic.months))
        return {
            "zh": f"时令要点，只适用于 {months} 月，讲话在 {occasion.month} 月",
            "en": f"seasonal: applies in months {', '.join(map(str, topic.months))}; "
            f"the speech is of month {occasion.month}",
        }
    return None


def is_vital(topic: Topic, occasion: Occasion) -> bool:
    """Whether a topic that applies is vital.

    Whether a season calls for its topic cannot be known without a date: it is a bonus then.
    """
    return topic.vital and (occasion.month is not None or topic.months is None)


def weighting(rubric: Rubric, topics: Iterable[Topic], occasion: Occasion) -> Weighting:
    """The weights of a rubric's groups, and of those of its topics that apply."""
    return Weighting(
        {group.id: group.weight for group in rubric.groups},
        {
            topic.id: (topic.group, rubric.weight(topic, vital=is_vital(topic, occasion)))
            for topic in topics
        },
    )


def _out_of_scope(scope: Scope, occasion: Occasion) -> dict[str, str] | None:
    if scope.audience and occasion.audience and occasion.audience not in scope.audience:
        return {
            "zh": f"不适用于{_AUDIENCE_ZH[occasion.audience]}",
            "en": f"does not apply to audience {occasion.audience}",
        }
    if scope.level and occasion.level and occasion.level not in scope.level:
        return {
            "zh": f"不适用于{_LEVEL_ZH[occasion.level]}讲话",
            "en": f"does not apply to level {occasion.level}",
        }
    date = occasion.year_month
    if date and scope.valid_from and date < scope.valid_from:
        return {
            "zh": f"要求始于 {scope.valid_from}，讲话（{date}）在其之前",
            "en": f"required since {scope.valid_from}; the speech ({date}) is older",
        }
    if date and scope.valid_until and date > scope.valid_until:
        return {
            "zh": f"要求止于 {scope.valid_until}，讲话（{date}）在其之后",
            "en": f"required until {scope.valid_until}; the speech ({date}) is later",
        }
    return None
