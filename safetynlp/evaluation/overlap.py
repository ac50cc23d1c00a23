"""Training speeches that are copies of test speeches: what learned from them is measured too well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from safetynlp.labelled import LabelledRow, near_duplicate_groups

__all__ = ["without_copies"]

_LEARN, _TEST = "learn\0", "test\0"  # the two may have speeches of the same name


def without_copies(
    rows: Sequence[LabelledRow], test: Sequence[LabelledRow]
) -> tuple[list[LabelledRow], tuple[str, ...]]:
    """Rows of the speeches that share little with the test speeches, and the speeches left out.

    Left out is what :func:`near_duplicate_groups` puts into one group with a test speech.
    """
    groups = near_duplicate_groups(
        [
            replace(row, doc=prefix + row.doc)
            for prefix, part in ((_LEARN, rows), (_TEST, test))
            for row in part
        ]
    )
    measured = {group for doc, group in groups.items() if doc.startswith(_TEST)}
    left_out = {
        doc.removeprefix(_LEARN)
        for doc, group in groups.items()
        if doc.startswith(_LEARN) and group in measured
    }
    return [row for row in rows if row.doc not in left_out], tuple(sorted(left_out))
