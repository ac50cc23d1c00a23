"""The arithmetic of the score: from the elements of topics to levels, groups and the total."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["ELEMENTS", "LEVEL_SCORES", "POINTS", "Weighting"]

ELEMENTS = ("mentioned", "deployed", "assigned", "specified")
POINTS = {"mentioned": 0.25, "deployed": 0.35, "assigned": 0.20, "specified": 0.20}
# A topic's score by its level. The third and the fourth element both need the second and weigh the
# same, so that it does not matter which of them comes first.
LEVEL_SCORES = tuple(
    math.fsum(POINTS[element] for element in reached)
    for reached in (ELEMENTS[:level] for level in range(len(ELEMENTS) + 1))
)


@dataclass(frozen=True, slots=True)
class Weighting:
    """What counts how much.

    ``groups`` maps group id to weight; ``topics`` maps the id of every topic that applies to its
    group and its weight within it.
    """

    groups: Mapping[str, float]
    topics: Mapping[str, tuple[str, float]]

    def group_scores(self, scores: Mapping[str, float]) -> dict[str, float | None]:
        """Weighted mean of the scores of each group's topics; None if none of them applies.

        Args:
            scores: of every topic that applies, by its id.
        """
        return {group: self._group_score(group, scores) for group in self.groups}

    def _group_score(self, group: str, scores: Mapping[str, float]) -> float | None:
        members = [(w, scores[id]) for id, (own, w) in self.topics.items() if own == group]
        if not members:
            return None
        weight = math.fsum(w for w, _ in members)
        return min(1.0, math.fsum(w * score for w, score in members) / weight)

    def total(self, groups: Mapping[str, float | None]) -> float:
        """``(Σ W·√S)²`` over the groups that have a score, with ΣW scaled to 1; 0.0 if none has."""
        scored = [(self.groups[id], score) for id, score in groups.items() if score is not None]
        if not scored:
            return 0.0
        weight = math.fsum(w for w, _ in scored)
        return min(1.0, (math.fsum(w * math.sqrt(score) for w, score in scored) / weight) ** 2)

    def gains(self, scores: Mapping[str, float], id: str, level: int) -> dict[int, float]:
        """By how much the total rises if one topic alone reaches each level above its own.

        Args:
            scores: of every topic that applies, by its id.
            id: of the topic.
            level: that it has reached, 0–4.

        Returns: level → rise of the total, in [0, 1]; empty for level 4.
        """
        groups = self.group_scores(scores)
        before, own = self.total(groups), self.topics[id][0]
        rises = {}
        for higher in range(level + 1, len(LEVEL_SCORES)):
            raised = self._group_score(own, {**scores, id: LEVEL_SCORES[higher]})
            rises[higher] = max(0.0, self.total({**groups, own: raised}) - before)
        return rises
