"""Speeches in the order of their scores, and where each stands in a corpus of scored speeches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from safetynlp.coverage import Coverage
from safetynlp.errors import UsageError

__all__ = ["Rank", "Reference", "ScoredSpeech", "check_rubric", "rank"]

_TOLERANCE = 1e-9  # scores that are closer are equal


@dataclass(frozen=True, slots=True)
class ScoredSpeech:
    """The scores of one speech. ``groups`` maps group id to score, None if no topic applies."""

    doc: str
    rubric_id: str
    rubric_version: str
    total: float  # 0.0–1.0, as the scores of the groups
    groups: dict[str, float | None]
    model: str = ""  # what labelled the speech, with the hash of its weights; may be unknown
    model_sha256: str = ""

    @classmethod
    def of(
        cls, doc: str, coverage: Coverage, model: str = "", model_sha256: str = ""
    ) -> ScoredSpeech:
        """The scores that a coverage has."""
        groups = {group.id: group.score for group in coverage.groups}
        return cls(
            doc,
            coverage.rubric_id,
            coverage.rubric_version,
            coverage.total,
            groups,
            model,
            model_sha256,
        )


@dataclass(frozen=True, slots=True)
class Reference:
    """A corpus of speeches scored by one version of one rubric; checked at birth.

    Raises:
        UsageError: it is empty, or not all speeches were scored by the same.
    """

    speeches: tuple[ScoredSpeech, ...]

    def __post_init__(self) -> None:
        found = sorted({(s.rubric_id, s.rubric_version) for s in self.speeches})
        if len(found) != 1:
            listed = ", ".join(" ".join(pair) for pair in found) or "none"
            raise UsageError(
                f"scores of {len(self.speeches)} speeches by {listed}; expected at least "
                "one, all by the same version of the same rubric. Keep each rubric by itself.",
                f"{len(self.speeches)} 篇讲话的得分，所用要点表：{listed}；应至少一篇，"
                "且出自同一要点表的同一版本。请按要点表分开。",
            )

    @property
    def rubric_id(self) -> str:
        """Of the rubric by which all were scored."""
        return self.speeches[0].rubric_id

    @property
    def rubric_version(self) -> str:
        """Its version."""
        return self.speeches[0].rubric_version

    def percentile(self, total: float) -> float:
        """Share of the speeches with a lower total, those with the same counted half: 0–100."""
        return _percentile(total, [speech.total for speech in self.speeches])

    def group_percentile(self, group: str, score: float) -> float | None:
        """The same for the score of a group, among the speeches that have one; None if none has."""
        scores = [speech.groups.get(group) for speech in self.speeches]
        known = [score for score in scores if score is not None]
        return _percentile(score, known) if known else None


def _percentile(value: float, among: Sequence[float]) -> float:
    lower = sum(other < value - _TOLERANCE for other in among)
    equal = sum(abs(other - value) <= _TOLERANCE for other in among)
    return 100 * (lower + equal / 2) / len(among)


@dataclass(frozen=True, slots=True)
class Rank:
    """The place of a speech. Percentiles are 0–100, None without a reference or a score."""

    place: int  # from 1; speeches with the same total share it
    speech: ScoredSpeech
    percentile: float | None
    group_percentiles: dict[str, float | None]


def rank(speeches: Iterable[ScoredSpeech], reference: Reference | None = None) -> list[Rank]:
    """Speeches by their total, the highest first; those with the same total in the order given.

    Args:
        speeches: scored by the same version of the same rubric.
        reference: where each is placed.

    Raises:
        UsageError: they or the reference were scored by another rubric or version.
    """
    ordered = sorted(speeches, key=lambda speech: -speech.total)
    if ordered:
        own = Reference(tuple(ordered))
        if reference is not None:
            check_rubric(reference, own.rubric_id, own.rubric_version)
    ranks: list[Rank] = []
    for number, speech in enumerate(ordered, 1):
        same = ranks and ranks[-1].speech.total - speech.total <= _TOLERANCE
        place = ranks[-1].place if same else number
        percentile = reference.percentile(speech.total) if reference else None
        groups = {
            id: reference.group_percentile(id, score) if reference and score is not None else None
            for id, score in speech.groups.items()
        }
        ranks.append(Rank(place, speech, percentile, groups))
    return ranks


def check_rubric(reference: Reference, rubric_id: str, rubric_version: str) -> None:
    """Refuse a reference whose scores cannot be compared with those of a rubric.

    Raises:
        UsageError: it was scored by another rubric or version.
    """
    own = f"{rubric_id} {rubric_version}"
    other = f"{reference.rubric_id} {reference.rubric_version}"
    if own != other:
        raise UsageError(
            f"reference: its speeches were scored by {other}, these by {own}; such scores cannot be "
            "compared. Score the corpus again with `safetynlp rank … --out scores.parquet`, or "
            "choose its rubric.",
            f"参照语料按要点表 {other} 评分，这些讲话按 {own} 评分，不能相比。"
            "请用 `safetynlp rank … --out scores.parquet` 重新给参照语料评分，或改用它的要点表。",
        )
