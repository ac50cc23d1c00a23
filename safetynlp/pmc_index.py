"""The PMC index of policy research, read off the coverage of a rubric."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from safetynlp.coverage import Coverage

__all__ = ["BANDS", "PMCIndex", "PrimaryVariable", "pmc"]

# Lower bound as a share of the highest index that can be reached, best first.
BANDS = (("perfect", 8 / 9), ("excellent", 6 / 9), ("acceptable", 4 / 9), ("poor", 0.0))
_MIN_SIDE = 2  # a surface needs four points


@dataclass(frozen=True, slots=True)
class PrimaryVariable:
    """A group of the rubric: the mean of its secondary variables.

    ``secondary`` maps the id of every topic that applies to 1 if it is treated at all (level ≥ 1),
    else 0.
    """

    id: str
    name: dict[str, str]  # {"zh": …, "en": …}
    secondary: dict[str, int]
    value: float  # 0.0–1.0


@dataclass(frozen=True, slots=True)
class PMCIndex:
    """The index of one speech.

    ``index`` is the sum of the primary variables, from 0 to ``maximum``, which is their number;
    ``band`` is of BANDS. ``surface`` is a square matrix of their values, row by row in the order
    of the rubric; what is left over in the last rows is None.
    """

    rubric_id: str
    rubric_version: str
    primary: tuple[PrimaryVariable, ...]
    index: float
    maximum: int
    band: str
    surface: tuple[tuple[float | None, ...], ...]


def pmc(coverage: Coverage) -> PMCIndex:
    r"""The policy modelling consistency index (Ruiz Estrada 2011).

    A secondary variable is 1 if a topic is treated at all, 0 if not, all of equal weight; a
    primary variable is the mean of its own; the index is the sum of the primary variables::

        X_t = Σ_j X_tj / n_t        X_tj ∈ {0, 1},  j = 1 … n_t topics of group t that apply
        PMC = Σ_t X_t               t = 1 … T groups of which a topic applies

    Bands, as a share of T: below 4/9 poor, below 6/9 acceptable, below 8/9 excellent, else perfect
    (4, 6 and 8 of the usual nine variables; other papers, with ten variables, draw them at 5, 7
    and 9).

    The surface shows the primary variables as a square matrix, three by three for the usual nine.
    Another number of groups, which the literature avoids by its choice of variables, fills the
    smallest square that holds it (at least two by two), row by row in the order of the rubric;
    seven groups leave two places of three by three empty.

    The index knows neither how concretely a topic is treated nor what weighs more: it is given for
    comparison with the literature, beside the total and not in its place.

    Source: M. A. Ruiz Estrada, “Policy modeling: Definition, classification and evaluation”,
    Journal of Policy Modeling 33 (2011). Its four steps, the mean of binary variables with the sum
    of the means, and the bands by ninths were checked in secondary sources; the matrix of three by
    three and the bands for ten variables are from memory.
    """
    primary = tuple(_primary(coverage))
    index = math.fsum(variable.value for variable in primary)
    share = index / len(primary) if primary else 0.0
    return PMCIndex(
        rubric_id=coverage.rubric_id,
        rubric_version=coverage.rubric_version,
        primary=primary,
        index=index,
        maximum=len(primary),
        # Sums of thirds and sevenths: a bound that is reached must not be missed by a rounding.
        band=next(band for band, lowest in BANDS if share >= lowest - 1e-12),
        surface=_square([variable.value for variable in primary]),
    )


def _primary(coverage: Coverage) -> Iterator[PrimaryVariable]:
    for group in coverage.groups:
        members = {t.id: int(t.level > 0) for t in coverage.topics if t.group == group.id}
        if members:
            value = sum(members.values()) / len(members)
            yield PrimaryVariable(group.id, group.name, members, value)


def _square(values: list[float]) -> tuple[tuple[float | None, ...], ...]:
    side = max(_MIN_SIDE, math.ceil(math.sqrt(len(values))))
    cells = [*values, *[None] * (side * side - len(values))]
    return tuple(tuple(cells[row * side : (row + 1) * side]) for row in range(side))
