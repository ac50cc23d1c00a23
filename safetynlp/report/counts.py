"""How many segments have each label."""

from __future__ import annotations

from collections import Counter

from safetynlp.analyzer import Analysis

__all__ = ["label_counts"]


def label_counts(analysis: Analysis) -> dict[str, dict[str, int]]:
    """Number of segments by facet id and label id; every label of the schema, in its order."""
    counts = Counter(
        (facet, label)
        for segment in analysis.segments
        for facet, labels in segment.labels.items()
        for label in labels
    )
    return {
        facet.id: {label: counts[facet.id, label] for label in facet.label_ids}
        for facet in analysis.schema.facets
    }
