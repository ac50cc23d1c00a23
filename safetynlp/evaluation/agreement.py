"""How far annotators agree, beyond what chance would give: Cohen's κ and Krippendorff's α.

Sources: Cohen 1960, "A coefficient of agreement for nominal scales"; Krippendorff 2011,
"Computing Krippendorff's alpha-reliability"; Passonneau 2006, "Measuring agreement on set-valued
items (MASI) for semantic and pragmatic annotation".
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeVar

from safetynlp.labelled import LabelledRow
from safetynlp.schema import Facet, Schema

__all__ = [
    "FacetAgreement",
    "agreement",
    "annotators",
    "by_main_annotator",
    "cohen_kappa",
    "krippendorff_alpha",
    "masi_distance",
    "nominal_distance",
]

V = TypeVar("V", bound=Hashable)
_Unit = tuple[str, str, int]  # speech, text, which of the segments of this text
_DIGITS = 4


@dataclass(frozen=True)
class FacetAgreement:
    """Agreement of the annotators in one facet.

    Attributes:
        facet: its id.
        annotators: who labelled any of it.
        segments: those that at least two of them labelled.
        alpha: Krippendorff's α over all annotators, with MASI distance between label sets in a
            multi-label facet and nominal distance in a single-label one. 1 is perfect, 0 is
            chance, NaN where nothing varies.
        kappa: label id → Cohen's κ of "has this label", the mean over the pairs of annotators in
            which it is defined (Light 1971); NaN where it is in none.
        support: label id → segments that any of them gave the label.
    """

    facet: str
    annotators: tuple[str, ...]
    segments: int
    alpha: float
    kappa: Mapping[str, float]
    support: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, rounded to 4 digits; None where a figure is not defined."""
        return {
            "annotators": list(self.annotators),
            "segments": self.segments,
            "krippendorff_alpha": _number(self.alpha),
            "labels": {
                id: {"cohen_kappa": _number(kappa), "segments": self.support[id]}
                for id, kappa in self.kappa.items()
            },
        }


def cohen_kappa(first: Sequence[V], second: Sequence[V]) -> float:
    """κ = (observed − chance) / (1 − chance) of two annotators' classes of the same items.

    Returns: at most 1; NaN if both give one and the same class throughout, or there is no item.

    Raises:
        ValueError: the two differ in length.
    """
    n = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True))
    counts = Counter(first), Counter(second)
    chance = sum(counts[0][value] * counts[1][value] for value in counts[0])
    return (n * observed - chance) / (n * n - chance) if n * n > chance else math.nan


def nominal_distance(a: Hashable, b: Hashable) -> float:
    """0 if equal, else 1."""
    return float(a != b)


def masi_distance(a: frozenset[str], b: frozenset[str]) -> float:
    """1 − Jaccard × monotonicity of two label sets, in [0, 1].

    Monotonicity is 1 for equal sets, 2/3 if one holds the other, 1/3 if they overlap, else 0. Two
    empty sets are equal; an empty and another one have nothing in common.

    >>> masi_distance(frozenset("a"), frozenset("ab"))
    0.6666666666666667
    """
    if a == b:
        return 0.0
    common, either = len(a & b), len(a | b)
    monotonicity = 2 / 3 if a < b or b < a else 1 / 3
    return 1 - common / either * monotonicity


def krippendorff_alpha(
    units: Iterable[Sequence[V]], distance: Callable[[V, V], float] = nominal_distance
) -> float:
    """α = 1 − observed / expected disagreement, for any number of annotators and missing values.

    Args:
        units: of each item, the values that it was given; items with less than two are left out.
        distance: 0 for equal values, at most 1.

    Returns: at most 1; NaN if there is no pair, or all values are equal.
    """
    pairable = [unit for unit in units if len(unit) > 1]
    n = sum(map(len, pairable))
    if not n:
        return math.nan
    observed = sum(
        2 * distance(a, b) / (len(unit) - 1) for unit in pairable for a, b in combinations(unit, 2)
    )
    totals = Counter(value for unit in pairable for value in unit)
    expected = sum(2 * totals[a] * totals[b] * distance(a, b) for a, b in combinations(totals, 2))
    return 1 - (n - 1) * observed / expected if expected else math.nan


def annotators(rows: Iterable[LabelledRow]) -> tuple[str, ...]:
    """Who labelled the rows, in the order of their first row; those without a name are one."""
    return tuple(dict.fromkeys(row.annotator for row in rows))


def by_main_annotator(rows: Sequence[LabelledRow]) -> list[LabelledRow]:
    """One row for each segment: that of the annotator whose rows come first in the data.

    A segment that this annotator did not label is taken from the next who did.
    """
    rank = {name: n for n, name in enumerate(annotators(rows))}
    if len(rank) < 2:
        return list(rows)
    kept: dict[_Unit, int] = {}
    units = _units(rows)
    for n in sorted(range(len(rows)), key=lambda n: rank[rows[n].annotator]):
        kept.setdefault(units[n], n)
    return [rows[n] for n in sorted(kept.values())]


def agreement(rows: Sequence[LabelledRow], schema: Schema) -> dict[str, FacetAgreement]:
    """Agreement by facet id, of the facets that two annotators labelled in the same segments."""
    units: dict[_Unit, dict[str, LabelledRow]] = defaultdict(dict)
    for unit, row in zip(_units(rows), rows, strict=True):
        units[unit][row.annotator] = row
    found = {}
    for facet in schema.facets:
        sets = [
            {
                who: frozenset(row.labels[facet.id])
                for who, row in unit.items()
                if facet.id in row.labels
            }
            for unit in units.values()
        ]
        if sets := [given for given in sets if len(given) > 1]:
            found[facet.id] = _of_facet(facet, sets, annotators(rows))
    return found


def _of_facet(
    facet: Facet, sets: Sequence[Mapping[str, frozenset[str]]], names: Sequence[str]
) -> FacetAgreement:
    values = [tuple(given.values()) for given in sets]
    distance = masi_distance if facet.kind == "multi" else nominal_distance
    return FacetAgreement(
        facet.id,
        tuple(name for name in names if any(name in given for given in sets)),
        len(sets),
        krippendorff_alpha(values, distance),
        {id: _label_kappa(id, sets) for id in facet.label_ids},
        {
            id: sum(any(id in labels for labels in given) for given in values)
            for id in facet.label_ids
        },
    )


def _label_kappa(id: str, sets: Sequence[Mapping[str, frozenset[str]]]) -> float:
    names = sorted({name for given in sets for name in given})
    kappas = []
    for a, b in combinations(names, 2):
        both = [(id in given[a], id in given[b]) for given in sets if a in given and b in given]
        kappas.append(cohen_kappa([x for x, _ in both], [y for _, y in both]))
    defined = [kappa for kappa in kappas if not math.isnan(kappa)]
    return sum(defined) / len(defined) if defined else math.nan


def _units(rows: Iterable[LabelledRow]) -> list[_Unit]:
    """What each row labels. Not by index, which shifts where an annotator left a segment out."""
    seen: Counter[tuple[str, str, str]] = Counter()
    units = []
    for row in rows:
        key = (row.doc, row.text, row.annotator)
        units.append((row.doc, row.text, seen[key]))
        seen[key] += 1
    return units


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, _DIGITS)
