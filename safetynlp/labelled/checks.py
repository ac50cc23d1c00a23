"""What rows say of each other, and how faults are told."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from safetynlp.errors import DataError
from safetynlp.labelled.row import LabelledRow, Message, Skipped

__all__ = ["all_in_one", "first_reading", "remarks", "without_contradictions"]

_MAX_FAULTS = 20
_MAX_EXAMPLES = 5


def all_in_one(faults: Sequence[Skipped]) -> DataError:
    """One error with a line for each of the first faults."""
    shown = faults[:_MAX_FAULTS]
    en = [f"{fault.where}: {fault.reason_en}" for fault in shown]
    zh = [f"{fault.where}：{fault.reason_zh}" for fault in shown]
    if (more := len(faults) - len(shown)) > 0:
        en.append(f"… and {more} more rows that cannot be used.")
        zh.append(f"……另有 {more} 行不能使用。")
    return DataError("\n".join(en), "\n".join(zh))


def without_contradictions(
    rows: Iterable[LabelledRow],
) -> tuple[list[LabelledRow], list[Skipped]]:
    """Rows that do not contradict an earlier one, and those that do.

    The same annotator may not label the same text of the same speech differently, unless the rows
    say by their index that it stands at two places. What only one of the two labels is no
    contradiction.
    """
    kept: list[LabelledRow] = []
    contradictions: list[Skipped] = []
    first: dict[tuple[str, str, str], LabelledRow] = {}
    for row in rows:
        earlier = first.setdefault((row.doc, row.text, row.annotator), row)
        two_places = -1 < earlier.index != row.index > -1
        if (facet := _disagree(earlier, row)) and not two_places:
            contradictions.append(_contradiction(earlier, row, facet))
        else:
            kept.append(row)
    return kept, contradictions


def first_reading(rows: Iterable[LabelledRow]) -> list[LabelledRow]:
    """Each segment once, where several annotators have labelled the same speeches.

    Returns: of each segment (``doc`` and ``index``) the row that Label Studio marks as ground
    truth, else the first that labels anything, else the first; in the order of the rows.
    """
    best: dict[tuple[str, int, str], LabelledRow] = {}
    for row in rows:
        key = (row.doc, row.index, row.text)
        if key not in best or _authority(row) > _authority(best[key]):
            best[key] = row
    return list(best.values())


def _authority(row: LabelledRow) -> int:
    return 2 if row.meta.get("ground_truth") == "true" else int(bool(row.labels))


def remarks(rows: Sequence[LabelledRow]) -> list[Message]:
    """What a user should look at in rows that can be used."""
    found = []
    if n := sum(not row.labels for row in rows):
        found.append(
            Message(
                f"{n} of {len(rows)} rows have no labelled facet; nothing is learned from them.",
                f"{len(rows)} 行中有 {n} 行未标注任何分面，不参与训练和评估。",
            )
        )
    numbers = Counter((row.doc, row.annotator, row.index) for row in rows)
    if twice := [key for key, n in numbers.items() if n > 1]:
        docs = sorted({doc for doc, _, _ in twice})
        found.append(
            Message(
                f"{len(twice)} numbers (i) are given to several rows of a speech, among them in "
                f"{', '.join(docs[:_MAX_EXAMPLES])}. Look whether a file was given twice, or two "
                f"speeches have one name.",
                f"有 {len(twice)} 个行号（i）在同一讲话中重复，如 {'、'.join(docs[:_MAX_EXAMPLES])}。"
                f"请核对是否重复给出文件，或两篇讲话同名。",
            )
        )
    pairs = list(_pairs_across_speeches(rows))
    if pairs:
        places = [f"{a.where} / {b.where} ({facet})" for a, b, facet in pairs[:_MAX_EXAMPLES]]
        found.append(
            Message(
                f"{len(pairs)} texts are labelled differently in different speeches, among them "
                f"{'; '.join(places)}. Look whether that is meant.",
                f"有 {len(pairs)} 处相同文字在不同讲话中标注不同，如 {'；'.join(places)}。请核对是否有意为之。",
            )
        )
    return found


def _pairs_across_speeches(
    rows: Iterable[LabelledRow],
) -> Iterable[tuple[LabelledRow, LabelledRow, str]]:
    """For each text the first row and the first of another speech that contradicts it."""
    same: dict[tuple[str, str], list[LabelledRow]] = defaultdict(list)
    for row in rows:
        same[row.text, row.annotator].append(row)
    for first, *others in same.values():
        for other in others:
            if other.doc != first.doc and (facet := _disagree(first, other)):
                yield first, other, facet
                break


def _disagree(a: LabelledRow, b: LabelledRow) -> str | None:
    """The first facet that both label, and differently."""
    return next(
        (f for f, ids in a.labels.items() if f in b.labels and set(ids) != set(b.labels[f])), None
    )


def _contradiction(earlier: LabelledRow, row: LabelledRow, facet: str) -> Skipped:
    here, there = list(row.labels[facet]), list(earlier.labels[facet])
    return Skipped(
        row.where,
        f'"{facet}" is {here} here and {there} at {earlier.where}, for the same text of the same '
        f"speech. Correct one; if both are meant, number the rows of the speech (i).",
        f"同一讲话的相同文字，“{facet}”此处为 {here}，而 {earlier.where} 处为 {there}。"
        f"请改正其一；如两处均属有意，请给各行编号（i）。",
        json.dumps({"doc": row.doc, "text": row.text, facet: here}, ensure_ascii=False),
    )
