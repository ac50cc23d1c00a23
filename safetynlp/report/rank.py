"""A table of speeches by their scores, as text, CSV and plain data."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from safetynlp.ranking import Rank, Reference
from safetynlp.report.cells import wrap
from safetynlp.report.csv import defused
from safetynlp.report.records import DIGITS
from safetynlp.report.table import table
from safetynlp.report.visible import visible
from safetynlp.report.words import words

__all__ = ["rank_csv", "rank_record", "rank_text"]


def rank_text(
    ranks: Sequence[Rank],
    reference: Reference | None,
    groups: Mapping[str, Mapping[str, str]],
    lang: str = "zh",
    *,
    width: int = 96,
) -> str:
    """A table of speeches, the highest total first, with the scores of the groups.

    Args:
        ranks: of the speeches, at least one.
        reference: where the percentiles come from; None if there are none.
        groups: names ``{"zh": …, "en": …}`` of the groups of the rubric by id.
        lang: ``"zh"`` or ``"en"``.
        width: cells of a line of the notes; the table is as wide as it must be.

    Returns: lines without colour codes, each ended by a line feed.
    """
    say, speech = words(lang), ranks[0].speech
    numbers = {id: f"G{number}" for number, id in enumerate(speech.groups, 1)}
    head = [say["document"], say["rank"], say["total"]]
    head += [say["percentile"]] if reference else []
    rows = [[*head, *numbers.values()]]
    for one in ranks:
        row = [visible(one.speech.doc), str(one.place), f"{100 * one.speech.total:.1f}"]
        row += ["–" if one.percentile is None else f"{one.percentile:.0f}"] if reference else []
        rows.append([*row, *(_group_cell(one, id) for id in numbers)])
    rubric = f"{speech.rubric_id} {say['version'].format(speech.rubric_version)}"
    legend = say["comma"].join(
        f"{number} {visible(groups[id][lang])}" for id, number in numbers.items()
    )
    notes = [f"{say['rubric']} {rubric}", f"{say['groups']}{say['colon']}{legend}"]
    if reference:
        notes.append(say["percentile_note"].format(len(reference.speeches)))
    lines = [*table(rows), "", *(line for note in notes for line in wrap(note, width))]
    return "".join(f"{line}\n" for line in lines)


def _group_cell(one: Rank, group: str) -> str:
    score, percentile = one.speech.groups[group], one.group_percentiles[group]
    if score is None:
        return "–"
    return f"{100 * score:.1f}" + ("" if percentile is None else f" ({percentile:.0f})")


def rank_csv(ranks: Sequence[Rank]) -> str:
    """The table as CSV: ``doc, rubric, rubric_version, rank, total, percentile`` and per group
    ``group.ID`` and ``group.ID.percentile``.

    Scores are in [0, 1], percentiles in [0, 100]; what there is not is empty. Cells that a
    spreadsheet could take for a formula are defused as in :func:`~safetynlp.report.to_csv`.
    """
    groups = list(ranks[0].speech.groups)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    pairs = [name for id in groups for name in (f"group.{id}", f"group.{id}.percentile")]
    writer.writerow(["doc", "rubric", "rubric_version", "rank", "total", "percentile", *pairs])
    for one in ranks:
        speech = one.speech
        cells: list[object] = [speech.doc, speech.rubric_id, speech.rubric_version, one.place]
        cells += [_rounded(speech.total), _rounded(one.percentile)]
        for id in groups:
            cells += [_rounded(speech.groups[id]), _rounded(one.group_percentiles[id])]
        writer.writerow([defused("" if cell is None else cell) for cell in cells])
    return out.getvalue()


def rank_record(ranks: Sequence[Rank], reference: Reference | None) -> dict[str, Any]:
    """The object that ``rank --format json`` gives, as plain JSON data.

    Keys: ``rubric``, ``rubric_version``; ``reference``, the number of its speeches or None;
    ``speeches``, the highest total first, each with ``rank``, ``doc``, ``total``,
    ``percentile`` and ``groups``: id, ``score``, ``percentile``.
    """
    speech = ranks[0].speech
    return {
        "rubric": speech.rubric_id,
        "rubric_version": speech.rubric_version,
        "reference": len(reference.speeches) if reference else None,
        "speeches": [
            {
                "rank": one.place,
                "doc": one.speech.doc,
                "total": _rounded(one.speech.total),
                "percentile": _rounded(one.percentile),
                "groups": [
                    {
                        "id": id,
                        "score": _rounded(score),
                        "percentile": _rounded(one.group_percentiles[id]),
                    }
                    for id, score in one.speech.groups.items()
                ],
            }
            for one in ranks
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
