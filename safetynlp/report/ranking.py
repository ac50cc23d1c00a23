"""What a reader should see first: the gaps that weigh most, and the quotes that tell most."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from safetynlp.coverage import Coverage, Quote, TopicCoverage

__all__ = ["RankedGap", "ranked_gaps", "telling_quotes"]

_SHORT_CHARS = 16  # most headings are shorter, most sentences longer


@dataclass(frozen=True, slots=True)
class RankedGap:
    """A topic below level 4. ``gain``: how much the total rises if it alone reaches level 4."""

    topic: TopicCoverage
    gain: float  # 0.0–1.0


def ranked_gaps(coverage: Coverage) -> list[RankedGap]:
    """Topics below level 4, the one that weighs most on the total first.

    The gain follows from the weights of the topic and its group and from what the group has
    already: the total is ``(Σ W·√S)²``, so that a neglected group gains most.
    """
    scored = [group for group in coverage.groups if group.score is not None]
    weight = math.fsum(group.weight for group in scored)
    roots = {group.id: math.sqrt(group.score or 0.0) for group in scored}
    root = math.fsum(group.weight * roots[group.id] for group in scored) / (weight or 1.0)
    gaps = []
    for topic in coverage.topics:
        if topic.level == len(topic.elements):
            continue
        group = next(group for group in scored if group.id == topic.group)
        members = math.fsum(t.weight for t in coverage.topics if t.group == topic.group)
        closed = (group.score or 0.0) + topic.weight * (1.0 - topic.score) / members
        new = root + group.weight * (math.sqrt(min(1.0, closed)) - roots[group.id]) / weight
        gaps.append(RankedGap(topic, max(0.0, new**2 - root**2)))
    return sorted(gaps, key=lambda gap: -gap.gain)


def telling_quotes(coverage: Coverage) -> dict[str, list[Quote]]:
    """The quotes of each topic, by topic id, the most telling first.

    That is the one that supports most elements; among equals one that is longer than a heading,
    then the one that is evidence for the fewest other topics, since it is about this one, then
    the first in the speech.
    """
    topics_at = Counter(quote.start for topic in coverage.topics for quote in topic.quotes)

    def key(quote: Quote) -> tuple[int, bool, int, int]:
        is_short = len(quote.text) < _SHORT_CHARS
        return -len(quote.elements), is_short, topics_at[quote.start], quote.start

    return {topic.id: sorted(topic.quotes, key=key) for topic in coverage.topics}
