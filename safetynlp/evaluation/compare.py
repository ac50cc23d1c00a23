"""Is one labeller better than another on the same speeches, or can no difference be told?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from safetynlp.evaluation.bootstrap import FEW_SPEECHES, Bootstrap
from safetynlp.evaluation.figures import HEADLINE, LOWER_IS_BETTER, tally_figures
from safetynlp.evaluation.outcomes import Outcomes, check_lengths, outcomes_of_facet
from safetynlp.evaluation.tally import tally_by_doc
from safetynlp.labelled import LabelledRow
from safetynlp.prediction import Prediction
from safetynlp.schema import Facet, Names

__all__ = ["Difference", "FacetComparison", "McNemar", "compare", "mcnemar"]

_DIGITS = 4
_FEW = Names(
    zh=f"（讲话不足 {FEW_SPEECHES} 篇，区间粗略）",
    en=f" (fewer than {FEW_SPEECHES} speeches: a rough interval)",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """How far B is above A in a figure.

    Attributes:
        a, b: the figure of each.
        low, high: percentile interval of ``b - a`` over speeches drawn for both at once (paired
            bootstrap: Koehn 2004, "Statistical significance tests for machine translation
            evaluation"); NaN if there is but one speech.
        lower_is_better: so it is with errors.
    """

    a: float
    b: float
    low: float = math.nan
    high: float = math.nan
    lower_is_better: bool = False

    @property
    def value(self) -> float:
        """``b - a``."""
        return self.b - self.a

    @property
    def better(self) -> str | None:
        """``"A"`` or ``"B"``, or None if the interval holds 0 or there is none."""
        higher = "B" if self.low > 0 else "A" if self.high < 0 else None
        if higher is None or not self.lower_is_better:
            return higher
        return "A" if higher == "B" else "B"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, rounded to 4 digits."""
        data: dict[str, Any] = {
            "a": round(self.a, _DIGITS),
            "b": round(self.b, _DIGITS),
            "difference": round(self.value, _DIGITS),
        }
        if not math.isnan(self.low):
            data["interval"] = [round(self.low, _DIGITS), round(self.high, _DIGITS)]
        return {**data, "better": self.better}


@dataclass(frozen=True, slots=True)
class McNemar:
    """Segments that only one of the two labels rightly, and how likely so uneven a split is.

    ``p_value`` is that of the exact two-sided test: under the hypothesis that both err alike,
    each of these segments falls to either by the toss of a coin (McNemar 1947; exact binomial
    form as in statsmodels' ``mcnemar(exact=True)``). It takes segments as independent, which
    those of one speech are not quite: trust the interval over speeches first.
    """

    only_a: int
    only_b: int
    p_value: float


def mcnemar(only_a: int, only_b: int) -> McNemar:
    """The exact test.

    >>> mcnemar(2, 8).p_value
    0.109375
    """
    n, fewer = only_a + only_b, min(only_a, only_b)
    ways = sum(math.comb(n, k) for k in range(fewer + 1))
    return McNemar(only_a, only_b, min(1.0, 2 * ways / 2**n))


@dataclass(frozen=True)
class FacetComparison:
    """Two labellers in one facet.

    ``figures`` has those that are counted (all but average precision), the headline ones first.
    A segment counts as right for ``mcnemar`` if its whole label set is.
    """

    facet: Facet
    segments: int
    speeches: int
    figures: Mapping[str, Difference]
    mcnemar: McNemar

    def sentence(self, lang: str, names: tuple[str, str] = ("A", "B")) -> str:
        """The verdict on the first headline figure, in ``lang`` (``"zh"`` or ``"en"``)."""
        measure = HEADLINE[self.facet.kind][0]
        difference = self.figures[measure]
        if not self.segments:
            return _say(
                lang,
                f"{self.facet.id}：数据未标注。",
                f"{self.facet.id}: not labelled in the data.",
            )
        few = _FEW.get(lang) if self.speeches < FEW_SPEECHES else ""
        if math.isnan(difference.low):
            return _say(
                lang,
                f"{self.facet.id} {measure}：只有一篇讲话，无法判断差别。",
                f"{self.facet.id} {measure}: there is but one speech, so no difference can be told.",
            )
        if difference.better is None:
            between = f"{difference.value:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"
            return _say(
                lang,
                f"{self.facet.id} {measure}：看不出差别，{names[1]} 减 {names[0]} 为 {between}{few}。",
                f"No difference can be told in {self.facet.id} {measure}: {names[1]} less "
                f"{names[0]} is {between}{few}.",
            )
        return self._verdict(lang, names, measure, few)

    def _verdict(self, lang: str, names: tuple[str, str], measure: str, few: str) -> str:
        difference = self.figures[measure]
        ends = sorted((abs(difference.low), abs(difference.high)))
        amount = f"{abs(difference.value):.3f} [{ends[0]:.3f}, {ends[1]:.3f}]"
        winner = names[1] if difference.better == "B" else names[0]
        return _say(
            lang,
            f"{self.facet.id} {measure}：{winner} 更好，高 {amount}{few}。",
            f"{winner} is better in {self.facet.id} {measure} by {amount}{few}.",
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "segments": self.segments,
            "figures": {name: difference.to_dict() for name, difference in self.figures.items()},
            "mcnemar": {
                "only_a_right": self.mcnemar.only_a,
                "only_b_right": self.mcnemar.only_b,
                "p_value": float(f"{self.mcnemar.p_value:.4g}"),
            },
        }


def compare(
    first: Sequence[Prediction],
    second: Sequence[Prediction],
    rows: Sequence[LabelledRow],
    facets: Sequence[Facet],
    *,
    bootstrap: Bootstrap | None = None,
) -> dict[str, FacetComparison]:
    """Compare two labellers, A and B, facet by facet.

    Args:
        first, second: predictions of A and of B for ``rows``, in their order.
        facets: those to compare; both have the same labels in them.
        bootstrap: how intervals are drawn; None takes 95 % of 1,000 drawings.

    Raises:
        DataError: the lengths differ, or no row at all.
    """
    check_lengths(first, rows)
    check_lengths(second, rows)
    docs = tuple(sorted({row.doc for row in rows}))
    pairs = {
        facet.id: (
            outcomes_of_facet(first, rows, facet, docs),
            outcomes_of_facet(second, rows, facet, docs),
        )
        for facet in facets
    }
    return {id: _compared(a, b, bootstrap or Bootstrap()) for id, (a, b) in pairs.items()}


def _compared(a: Outcomes, b: Outcomes, bootstrap: Bootstrap) -> FacetComparison:
    tallies = tally_by_doc(a), tally_by_doc(b)
    totals = tallies[0].total(), tallies[1].total()
    measures = tally_figures(a.facet, scored=a.scores is not None and b.scores is not None)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in measures}
    if len(a.docs) > 1:
        for weights in bootstrap.draws(len(a.docs)):
            sums = tallies[0].drawn(weights), tallies[1].drawn(weights)
            for name, measure in measures.items():
                drawn[name].append(measure(sums[1]) - measure(sums[0]))
    right_a, right_b = ((x.gold == x.found).all(axis=1) for x in (a, b))
    return FacetComparison(
        a.facet,
        len(a.gold),
        len(set(a.doc.tolist())),
        {
            name: _difference(
                float(measure(totals[0])), float(measure(totals[1])), name, drawn[name], bootstrap
            )
            for name, measure in measures.items()
        },
        mcnemar(int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())),
    )


def _difference(
    a: float, b: float, name: str, drawn: Sequence[np.ndarray], bootstrap: Bootstrap
) -> Difference:
    low, high = bootstrap.interval(np.concatenate(drawn)) if drawn else (math.nan, math.nan)
    return Difference(a, b, low, high, name in LOWER_IS_BETTER)


def _say(lang: str, zh: str, en: str) -> str:
    return zh if lang == "zh" else en
