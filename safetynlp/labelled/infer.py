"""The schema that the labels of a foreign data set imply."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from safetynlp.errors import DataError
from safetynlp.labelled.record import FLAT, Record
from safetynlp.labelled.vocabulary import FACET_MARK
from safetynlp.schema import Facet, Label, Names, Schema

__all__ = ["schema_of"]

_FACET = "label"


def schema_of(records: Sequence[Record], facet: str | None) -> Schema:
    """A facet for each ``facet##``, one named ``facet`` or ``label`` for labels without.

    Raises:
        DataError: no record has a label.
    """
    labels: dict[str, set[str]] = defaultdict(set)
    most: dict[str, int] = defaultdict(int)
    for record in records:
        for id, names in _by_facet(record, facet or _FACET).items():
            labels[id] |= names
            most[id] = max(most[id], len(names))
    if not labels:
        raise DataError(
            "the data have no labels to make a schema of. Give a schema, or name the column of "
            "the labels (facet).",
            "数据中没有可供归纳标签体系的标签。请给出标签体系，或指定标签所在列（facet）。",
        )
    facets = tuple(
        _facet(
            id,
            sorted(names),
            "single" if most[id] == 1 and _always(records, id, facet) else "multi",
        )
        for id, names in sorted(labels.items())
    )
    return Schema(id="inferred", version="1", name=_names("inferred"), facets=facets)


def _always(records: Sequence[Record], id: str, facet: str | None) -> bool:
    """Whether no record that was labelled lacks the facet."""
    return all(
        id in _by_facet(record, facet or _FACET)
        for record in records
        if record.custom == "none" or any(record.labels.values())
    )


def _by_facet(record: Record, flat: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for name in record.labels.get(FLAT, ()):
        facet, mark, label = name.partition(FACET_MARK)
        if any("\ud800" <= character <= "\udfff" for character in name):
            continue  # half a character: no label can be called so, which reading will say
        if mark and facet.strip() and label.strip():
            found[facet.strip()].add(label.strip())
        else:
            found[flat].add(name)
    return found


def _facet(id: str, labels: Sequence[str], kind: Literal["single", "multi"]) -> Facet:
    return Facet(
        id=id,
        name=_names(id),
        kind=kind,
        labels=tuple(Label(id=label, name=_names(label)) for label in labels),
    )


def _names(text: str) -> Names:
    return Names(zh=text, en=text)
