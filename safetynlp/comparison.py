"""What became of a draft: which topics were gained, lost, deepened or made shallower."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from safetynlp.coverage import Coverage, Quote, TopicCoverage
from safetynlp.errors import UsageError

__all__ = ["CHANGES", "CoverageDiff", "TopicChange", "diff"]

# In the order in which they are reported.
CHANGES = ("lost", "shallower", "gained", "deepened", "shifted")


@dataclass(frozen=True, slots=True)
class TopicChange:
    """A topic that is treated otherwise than before.

    ``change`` is ``"gained"`` (it was not mentioned), ``"lost"`` (it no longer is), ``"deepened"``
    or ``"shallower"`` (another level), or ``"shifted"`` (the same level by other elements). The
    quotes are the evidence that tells most of what came or went; None where there is none.
    """

    change: str
    before: TopicCoverage
    after: TopicCoverage
    quote_before: Quote | None
    quote_after: Quote | None


@dataclass(frozen=True, slots=True)
class CoverageDiff:
    """Two scores of the same rubric, and the topics in which they differ.

    ``changes`` are ordered by kind, as CHANGES has them, then as the rubric has the topics.
    """

    before: Coverage
    after: Coverage
    changes: tuple[TopicChange, ...]

    @property
    def gain(self) -> float:
        """By how much the total rose, in [-1, 1]; below 0 if it fell."""
        return self.after.total - self.before.total


def diff(before: Coverage, after: Coverage) -> CoverageDiff:
    """Compare the scores of two drafts.

    Raises:
        UsageError: they are scores of different rubrics, versions or occasions, so that not the
            same topics apply.
    """
    rubrics = [(c.rubric_id, c.rubric_version) for c in (before, after)]
    applying = [[topic.id for topic in c.topics] for c in (before, after)]
    if rubrics[0] != rubrics[1] or applying[0] != applying[1]:
        first, second = (f"{id} {version}" for id, version in rubrics)
        raise UsageError(
            f"the drafts were scored by {first} with {len(applying[0])} topics and by {second} with "
            f"{len(applying[1])}, expected the same rubric, version, date, audience and level. "
            "Score both alike.",
            f"两稿评分所用要点表为 {first}（{len(applying[0])} 项）与 {second}（{len(applying[1])} 项），"
            "应为同一要点表、版本、日期、对象和层级。请用相同选项评分。",
        )
    found = list(_changes(before, after))
    return CoverageDiff(
        before, after, tuple(sorted(found, key=lambda change: CHANGES.index(change.change)))
    )


def _changes(before: Coverage, after: Coverage) -> Iterator[TopicChange]:
    for old, new in zip(before.topics, after.topics, strict=True):
        if old.elements != new.elements:
            yield TopicChange(_kind(old, new), old, new, _telling(old, new), _telling(new, old))


def _kind(old: TopicCoverage, new: TopicCoverage) -> str:
    if not old.level or not new.level:
        return "gained" if new.level else "lost"
    if old.level == new.level:
        return "shifted"
    return "deepened" if new.level > old.level else "shallower"


def _telling(topic: TopicCoverage, other: TopicCoverage) -> Quote | None:
    """The quote of a topic that has most of what it has not in the other draft."""
    own = {e for e, reached in topic.elements.items() if reached and not other.elements[e]}
    # The first of those that are equal is the best quote.
    return max(topic.quotes, key=lambda quote: len(own.intersection(quote.elements)), default=None)
