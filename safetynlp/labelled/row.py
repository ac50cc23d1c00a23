"""What reading labelled speeches takes and gives: options, rows, and what was skipped."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from safetynlp.errors import UsageError
from safetynlp.schema import Schema

__all__ = ["Absent", "Format", "LabelledData", "LabelledRow", "Message", "ReadOptions", "Skipped"]

Format = Literal[
    "jsonl", "csv", "xlsx", "datasets", "label-studio", "json-min", "doccano", "paddlenlp"
]
Absent = Literal["none", "unlabelled"]


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One segment with its labels, as one annotator gave them.

    Attributes:
        doc: the speech.
        text: the segment, never blank.
        labels: facet id → label ids. A facet that is missing is not labelled; an empty tuple
            means that the facet has no label here.
        index: position in its speech, from 0.
        para: paragraph of the speech, where the data say so.
        where: file and line (or row, or task) it was read from; two rows that differ in this alone
            are equal.
        annotator: who labelled it; empty where the data do not say.
        meta: further columns, such as level or year.
    """

    doc: str
    text: str
    labels: Mapping[str, tuple[str, ...]]
    index: int = 0
    para: int | None = None
    where: str = field(default="", compare=False)
    annotator: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How labelled files are read; checked at birth.

    Attributes:
        format: None tells it from each file.
        text_column, doc_column: column or key of the text and of the speech it belongs to.
        group_by_row: a row that names no speech is a speech of its own, else it is refused.
        absent: what it means that a row gives no label for a facet of its file: ``"none"`` (it has
            none) or ``"unlabelled"`` (nobody looked). None takes the custom of the format, see
            :mod:`safetynlp.labelled`.
        facet: the facet that labels without a facet belong to; needed only where several facets
            have a label of that name.
        label_file: doccano's label file, for exports that give labels by number.
        on_error: ``"raise"`` or ``"skip"``; what is skipped is in :attr:`LabelledData.skipped`.

    Raises:
        UsageError: an unknown value.
    """

    format: Format | None = None
    text_column: str = "text"
    doc_column: str = "doc"
    group_by_row: bool = False
    absent: Absent | None = None
    facet: str | None = None
    label_file: Path | None = None
    on_error: Literal["raise", "skip"] = "raise"

    def __post_init__(self) -> None:
        for name, allowed in (
            ("format", (None, *get_args(Format))),
            ("absent", (None, *get_args(Absent))),
            ("on_error", ("raise", "skip")),
        ):
            if (value := getattr(self, name)) not in allowed:
                known = [choice for choice in allowed if choice is not None]
                near = difflib.get_close_matches(str(value), known, n=1)
                hint_en = f' Did you mean "{near[0]}"?' if near else ""
                hint_zh = f"是否想写 {near[0]}？" if near else ""
                raise UsageError(
                    f'{name} is "{value}", expected one of {", ".join(known)}.{hint_en}',
                    f"{name} 的值为“{value}”，应为以下之一：{'、'.join(known)}。{hint_zh}",
                )


@dataclass(frozen=True, slots=True)
class Message:
    """The same remark in English and Chinese."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that cannot be used.

    Attributes:
        where: file and line (or row, or task).
        reason_en, reason_zh: what was found, what was expected, what to do next.
        line: the row as the file has it.
    """

    where: str
    reason_en: str
    reason_zh: str
    line: str


@dataclass(frozen=True)
class LabelledData:
    """Labelled speeches, and what there is to say of their files.

    Attributes:
        rows: in the order of the files.
        schema: what the labels were checked against.
        skipped: rows that could not be used; empty unless ``on_error="skip"``.
        warnings: what a user should look at, though it can be used.
        sha256: file → hash of its bytes, of every file that was read.
    """

    rows: tuple[LabelledRow, ...]
    schema: Schema
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[Message, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)
