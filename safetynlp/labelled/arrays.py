"""Labels as numbers: what a network learns from and a metric counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from safetynlp.labelled.row import LabelledRow
from safetynlp.schema import Schema

__all__ = ["targets"]


def targets(rows: Sequence[LabelledRow], schema: Schema) -> tuple[np.ndarray, np.ndarray]:
    """Labels as numbers.

    Returns: ``(y, known)``. ``y``: float32, shape ``(len(rows), number of labels)``, 0.0 or 1.0,
    facets and labels in schema order. ``known``: bool, shape ``(len(rows), number of facets)``,
    False where a row lacks the facet.
    """
    column = {
        (facet.id, id): index
        for index, (facet, id) in enumerate(
            (facet, id) for facet in schema.facets for id in facet.label_ids
        )
    }
    y = np.zeros((len(rows), len(column)), dtype=np.float32)
    known = np.zeros((len(rows), len(schema.facets)), dtype=bool)
    for n, row in enumerate(rows):
        for f, facet_id in enumerate(schema.facet_ids):
            if facet_id in row.labels:
                known[n, f] = True
                for id in row.labels[facet_id]:
                    y[n, column[facet_id, id]] = 1.0
    return y, known
