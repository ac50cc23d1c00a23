"""One labeller measured on labelled speeches, beside others, whole and in parts."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from safetynlp.classifier import Classifier
from safetynlp.errors import UsageError
from safetynlp.evaluation.agreement import annotators, by_main_annotator
from safetynlp.evaluation.bootstrap import FEW_SPEECHES, Bootstrap
from safetynlp.evaluation.learning_curve import LearningCurve
from safetynlp.evaluation.metrics import FacetMetrics, evaluate
from safetynlp.labelled import LabelledData, LabelledRow, Message
from safetynlp.prediction import Labeller, Prediction
from safetynlp.schema import Schema

__all__ = ["Evaluation", "Group", "Measured", "gold_rows", "measure", "speeches_trained_on"]

_TRAINED_ON = ("train", "validation")


@dataclass(frozen=True)
class Measured:
    """A labeller by name, with its figures by facet id."""

    name: str
    facets: Mapping[str, FacetMetrics]


@dataclass(frozen=True)
class Group:
    """The speeches that have one value in a column, such as one level of government."""

    value: str
    speeches: int
    segments: int
    facets: Mapping[str, FacetMetrics]


@dataclass(frozen=True)
class Evaluation:
    """All that is measured in one run.

    Attributes:
        schema: the facets and labels that were measured.
        speeches, segments: how many there were.
        model: the labeller in question.
        bootstrap: how the intervals were drawn.
        baselines: others on the same segments.
        by: the column whose values ``groups`` are; empty if there are none.
        groups: the labeller on parts of the speeches.
        notes: what a reader of the figures should know.
        curves: figures by number of labelled speeches.
        model_sha256: names the very model; empty where it is none in a folder.
        data_sha256: hash of each data file.
    """

    schema: Schema
    speeches: int
    segments: int
    model: Measured
    bootstrap: Bootstrap
    baselines: tuple[Measured, ...] = ()
    by: str = ""
    groups: tuple[Group, ...] = ()
    notes: tuple[Message, ...] = ()
    curves: tuple[LearningCurve, ...] = ()
    model_sha256: str = ""
    data_sha256: Mapping[str, str] = field(default_factory=dict)


def gold_rows(data: LabelledData) -> tuple[list[LabelledRow], list[Message]]:
    """One gold row for each segment, and what there is to say of the data.

    Of several annotators the first in the data is the gold one; the others count for their
    agreement only.
    """
    rows, notes = by_main_annotator(data.rows), list(data.warnings)
    names = annotators(data.rows)
    if len(names) > 1:
        main = names[0] or "–"
        notes.append(
            Message(
                f"{len(names)} annotators; the labels of {main} are taken as gold. Their agreement "
                "is in `safetynlp errors`.",
                f"有 {len(names)} 位标注者，以 {main} 的标注为准；一致性见 `safetynlp errors`。",
            )
        )
    n_docs = len({row.doc for row in rows})
    if n_docs < FEW_SPEECHES:
        notes.append(
            Message(
                f"Only {n_docs} speeches: the intervals are wide, and rough. Label more speeches "
                "before you rely on a figure.",
                f"只有 {n_docs} 篇讲话，区间宽而粗略。请多标注几篇再下结论。",
            )
        )
    return rows, notes


def measure(
    name: str,
    labeller: Labeller,
    rows: Sequence[LabelledRow],
    bootstrap: Bootstrap,
    *,
    by: str = "",
) -> tuple[Measured, tuple[Group, ...]]:
    """Label the rows and count; with ``by``, also for each value of that column.

    Args:
        by: ``"doc"`` or a column of ``LabelledRow.meta``.

    Raises:
        DataError: no rows.
        UsageError: no row has the column.
    """
    predictions = labeller.predict([row.text for row in rows])
    thresholds = labeller.settings.thresholds if isinstance(labeller, Classifier) else None

    def figures(of: Sequence[int]) -> dict[str, FacetMetrics]:
        return _evaluated(
            [predictions[n] for n in of],
            [rows[n] for n in of],
            labeller.schema,
            bootstrap,
            thresholds,
        )

    groups = tuple(
        Group(value, len({rows[n].doc for n in members}), len(members), figures(members))
        for value, members in (_members(rows, by) if by else {}).items()
    )
    return Measured(name, figures(range(len(rows)))), groups


def _evaluated(
    predictions: Sequence[Prediction],
    rows: Sequence[LabelledRow],
    schema: Schema,
    bootstrap: Bootstrap,
    thresholds: Mapping[str, Mapping[str, float]] | None,
) -> dict[str, FacetMetrics]:
    return evaluate(
        predictions,
        rows,
        schema,
        confidence_level=bootstrap.confidence_level,
        n_resamples=bootstrap.n_resamples,
        random_state=bootstrap.random_state,
        thresholds=thresholds,
    )


def _members(rows: Sequence[LabelledRow], by: str) -> dict[str, list[int]]:
    """Value → its rows; values sorted, rows without one last."""
    columns = sorted({key for row in rows for key in row.meta})
    if by != "doc" and by not in columns:
        known = ", ".join(["doc", *columns])
        raise UsageError(
            f'--by: the data have no column "{by}". Columns are: {known}. An index.csv in a folder '
            "of speeches gives more (a line for each doc).",
            f"--by：数据没有“{by}”这一列。可用：{known}。讲话文件夹中的 index.csv（每篇一行，含 doc 列）"
            "可提供更多。",
        )
    members: dict[str, list[int]] = defaultdict(list)
    for n, row in enumerate(rows):
        members[row.doc if by == "doc" else row.meta.get(by, "")].append(n)
    return {value: members[value] for value in sorted(members, key=lambda v: (not v, v))}


def speeches_trained_on(model: Path) -> frozenset[str]:
    """Speeches that a model learned from, as its ``metrics.json`` says; none if it does not."""
    try:
        content = json.loads((model / "metrics.json").read_text("utf-8"))
        return frozenset(_named(content["corpus"]["speeches"]))
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def _named(parts: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for part in _TRAINED_ON:
        yield from map(str, parts.get(part, ()))
