"""One row as its file gives it, before the schema is asked: what every format is turned into."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from safetynlp.errors import DataError, SafetyNLPError
from safetynlp.labelled.row import Message, Skipped
from safetynlp.labelled.vocabulary import Vocabulary

__all__ = [
    "FLAT",
    "FLAT_COLUMNS",
    "Custom",
    "Item",
    "Record",
    "attempt",
    "check_columns",
    "label_names",
    "numbered_lines",
    "parse_json",
    "rest",
]

FLAT = ""  # the column of labels that stand in no facet's column
FLAT_COLUMNS = ("label", "labels", "class", "category", "标签", "类别")  # what it is called
Custom = Literal["stated", "none", "none-if-any", "unlabelled"]
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Record:
    """One row as its file gives it; nothing is checked yet.

    Attributes:
        where: file and line, or row, or task.
        source: the row as the file has it.
        text, doc, index, para: as found; None where missing.
        labels: column → names of labels; the column :data:`FLAT` has those without a facet.
        custom: what it means in this format that a facet is missing: ``"stated"`` means
            unlabelled whatever the options say, ``"none-if-any"`` none if the row has any label.
        row_id: names the row where ``where`` cannot, since several annotators have it.
    """

    where: str
    source: str
    text: Any
    doc: Any
    labels: Mapping[str, tuple[str, ...]]
    custom: Custom
    index: Any = None
    para: Any = None
    annotator: str = ""
    meta: Mapping[str, str] | None = None
    row_id: str = ""


Item: TypeAlias = "Record | Skipped | Message"


def attempt(where: str, source: str, build: Callable[[], Record]) -> Record | Skipped:
    """What ``build`` returns, or what it found wrong."""
    try:
        return build()
    except SafetyNLPError as error:
        return Skipped(where, error.en, error.zh, source)


def parse_json(line: str) -> dict[str, Any]:
    """The object that a line holds.

    Raises:
        DataError: not JSON, or not an object.
    """
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"not JSON: {error}. Expected one object a line.",
            f"不是 JSON：{error}。每行应为一个对象。",
        ) from error
    if not isinstance(data, dict):
        raise DataError(
            f'expected an object with a non-empty string "text", found {line[:_SHOWN]!r}.',
            f"应为含非空字符串 text 的对象，实为 {line[:_SHOWN]!r}。",
        )
    return data


def numbered_lines(text: str, name: str) -> Iterator[tuple[str, str]]:
    """Each line that is not blank, after its place."""
    # Not splitlines: a JSON string may hold U+2028 and the like as they are.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"{name}:{number}", line.removesuffix("\r")


def label_names(value: Any, column: str) -> tuple[str, ...]:
    """The labels of a JSON value: a string, or a list of strings.

    Raises:
        DataError: anything else.
    """
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(
            f'"{column}": found {str(value)[:40]!r}, expected a label id or a list of them.',
            f"“{column}”：内容 {str(value)[:40]!r} 不合要求，应为标签编号或其列表。",
        )
    return tuple(names)


def check_columns(columns: Collection[str], vocabulary: Vocabulary) -> None:
    """Refuse a column whose name is almost a facet's: its labels would be lost.

    Raises:
        DataError: names the column and the facet.
    """
    for column in columns:
        if near := vocabulary.near_facet(column):
            raise DataError(
                f'no facet "{column}". Did you mean "{near}"? Rename it; if it is no facet, give '
                f"it a name that is less like one.",
                f"没有分面“{column}”。是否想写 {near}？请改名；如不是分面，请换一个不易混淆的名称。",
            )


def rest(data: Mapping[str, Any], used: Collection[str]) -> dict[str, str]:
    """Keys that are not ``used`` and hold a plain value, as text."""
    return {
        key: str(value)
        for key, value in data.items()
        if key not in used and isinstance(value, (str, int, float)) and value != ""
    }
