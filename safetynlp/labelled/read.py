"""Read labelled speeches of any supported format, and say all that is wrong with them at once."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetynlp.errors import DataError, SafetyNLPError
from safetynlp.labelled.checks import all_in_one, remarks, without_contradictions
from safetynlp.labelled.formats import items
from safetynlp.labelled.infer import schema_of
from safetynlp.labelled.record import Record
from safetynlp.labelled.row import LabelledData, LabelledRow, Message, ReadOptions, Skipped
from safetynlp.labelled.sources import Source, sources
from safetynlp.labelled.vocabulary import Vocabulary
from safetynlp.output import write_output
from safetynlp.schema import Schema

__all__ = ["infer_schema", "read_labelled", "write_skipped"]

_DEFAULTS = ReadOptions()


def read_labelled(
    paths: Iterable[str | Path], schema: Schema | None, options: ReadOptions = _DEFAULTS
) -> LabelledData:
    """Read labelled segments from files and folders, in any of the formats of this package.

    Args:
        paths: files, or folders that stand for the labelled files in them
            (:func:`labelled_files`).
        schema: what labels there are. None infers it (:func:`infer_schema`): a label misspelt
            becomes a label of its own.
        options: format, columns, what an absent label means, what to do with faulty rows.

    Returns: rows in the order of the files, ``index`` counted within each speech where the data do
    not give it.

    Raises:
        DataError: a file cannot be read; or, unless ``options.on_error`` is ``"skip"``, rows are
            faulty: one line for each of the first 20, with file and line.
    """
    given = list(paths)
    if schema is None:
        schema = infer_schema(given, options)
    reading, found = _Reading(schema, Vocabulary(schema), options), _Found()
    hashes: dict[str, str] = {}
    for source in sources(given, hashes):
        _take(source, reading, found)
    kept, contradictions = without_contradictions(found.rows)
    skipped = (*found.skipped, *contradictions)
    if skipped and options.on_error == "raise":
        raise all_in_one(skipped)
    rows = tuple(_counted(kept))
    return LabelledData(rows, schema, skipped, (*found.warnings, *remarks(rows)), hashes)


def infer_schema(paths: Iterable[str | Path], options: ReadOptions = _DEFAULTS) -> Schema:
    """The schema that flat labels imply, for a foreign data set such as ``text<TAB>class``.

    A facet for each ``facet##``, and one named ``options.facet`` or ``label`` for labels without;
    labels are sorted; a facet is single-label if every row that it labels has exactly one.

    Raises:
        DataError: a file cannot be read, or there is no label.
    """
    vocabulary = Vocabulary(None)
    records = [
        item
        for source in sources(paths, {})
        for item in items(source, vocabulary, options)
        if isinstance(item, Record)
    ]
    return schema_of(records, options.facet)


def write_skipped(path: str | Path, data: LabelledData) -> None:
    """Write what was skipped as JSON Lines: ``where``, ``reason``, ``reason_zh``, ``line``.

    Raises:
        UsageError: the file cannot be written.
    """
    lines = (
        {"where": x.where, "reason": x.reason_en, "reason_zh": x.reason_zh, "line": x.line}
        for x in data.skipped
    )
    write_output(path, "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines))


@dataclass(frozen=True)
class _Reading:
    schema: Schema
    vocabulary: Vocabulary
    options: ReadOptions


class _Found:
    """What has been read so far."""

    def __init__(self) -> None:
        self.rows: list[LabelledRow] = []
        self.skipped: list[Skipped] = []
        self.warnings: list[Message] = []


def _take(source: Source, reading: _Reading, found: _Found) -> None:
    """Add the rows of one file, their labels resolved."""
    read: list[tuple[Record, LabelledRow]] = []
    n_skipped = len(found.skipped)
    for item in items(source, reading.vocabulary, reading.options):
        if isinstance(item, Message):
            found.warnings.append(item)
        elif isinstance(item, Skipped):
            found.skipped.append(item)
        else:
            try:
                read.append((item, _row(item, source, reading)))
            except SafetyNLPError as error:
                found.skipped.append(Skipped(item.where, error.en, error.zh, item.source))
    if not read and len(found.skipped) == n_skipped:
        found.warnings.append(
            Message(f"{source.path}: holds no rows.", f"{source.path}：没有标注行。")
        )
    used = {facet for _, row in read for facet, ids in row.labels.items() if ids}
    multi = [f.id for f in reading.schema.facets if f.kind == "multi" and f.id in used]
    for record, row in read:
        added = dict.fromkeys(_absent(record, row, multi, reading.options), ())
        found.rows.append(replace(row, labels={**added, **row.labels}) if added else row)


def _row(record: Record, source: Source, reading: _Reading) -> LabelledRow:
    text = record.text
    if not isinstance(text, str) or not text.strip():
        raise DataError(
            f'no text: found {_shown(text)}, expected a non-empty string "'
            f'{reading.options.text_column}".',
            f"没有正文：实为 {_shown(text)}，应为非空字符串 {reading.options.text_column}。",
        )
    _check_characters(text)
    doc = _doc(record, reading.options)
    about = source.about.get(doc, {})
    return LabelledRow(
        doc,
        text,
        _resolved(record, reading),
        _position(record.index, "i"),
        None if record.para in (None, "") else _position(record.para, "para"),
        record.where,
        record.annotator,
        {**about, **(record.meta or {})},
    )


def _check_characters(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(
            f"the text has half a character (U+{ord(text[error.start]):04X}) at {error.start}. "
            f"Save the file again from its source.",
            f"正文第 {error.start} 个字符不完整（U+{ord(text[error.start]):04X}）。请从来源重新保存。",
        ) from error


def _doc(record: Record, options: ReadOptions) -> str:
    doc = record.doc
    if isinstance(doc, int) and not isinstance(doc, bool):
        return str(doc)
    if isinstance(doc, str) and doc.strip():
        return doc.strip()
    if doc in (None, "") and options.group_by_row:
        return record.row_id or record.where
    raise DataError(
        f'no "{options.doc_column}" (found {_shown(doc)}). Every row names its speech, for data '
        f"are split by speech. Add it, or say that every row stands alone (group by row).",
        f"缺 {options.doc_column}（实为 {_shown(doc)}）。每行须写明所属讲话，因为数据按讲话划分。"
        f"请补上，或指定每行独立成篇（group by row）。",
    )


def _position(value: Any, name: str) -> int:
    """A number from 0; -1 where there is none."""
    if value is None or value == "":
        return -1
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > 9:
        raise DataError(
            f'"{name}" is {_shown(value)}, expected a whole number from 0.',
            f"“{name}”为 {_shown(value)}，应为不小于 0 的整数。",
        )
    return int(text)


def _resolved(record: Record, reading: _Reading) -> dict[str, tuple[str, ...]]:
    """Facet id → label ids, each label once."""
    vocabulary = reading.vocabulary
    labels: dict[str, dict[str, None]] = defaultdict(dict)
    for column, names in record.labels.items():
        facet = vocabulary.facet(column) if column else None
        if facet is not None:
            labels[facet.id].update(dict.fromkeys(vocabulary.label(facet, n) for n in names))
            continue
        for name in names:
            facet_of, id = vocabulary.locate(name, reading.options.facet)
            labels[facet_of.id][id] = None
    resolved = {facet: tuple(ids) for facet, ids in labels.items()}
    reading.schema.check_labels(resolved)
    return resolved


def _absent(
    record: Record, row: LabelledRow, facets: Sequence[str], options: ReadOptions
) -> list[str]:
    """Facets that were asked of the row and have no label there."""
    if record.custom == "stated":
        return []
    wanted = options.absent or record.custom
    if wanted == "none" or (wanted == "none-if-any" and any(row.labels.values())):
        return [facet for facet in facets if facet not in row.labels]
    return []


def _counted(rows: Iterable[LabelledRow]) -> Iterator[LabelledRow]:
    """Rows with an index each: their own, or their place among the segments of the speech.

    The same segment has the same index for every annotator, so a text counts anew only if its
    annotator had it before in this speech.
    """
    times: Counter[tuple[str, str, str]] = Counter()
    segments: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)
    for row in rows:
        occurrence = (row.text, times[row.doc, row.annotator, row.text])
        times[row.doc, row.annotator, row.text] += 1
        known = segments[row.doc]
        index = known.setdefault(occurrence, len(known))
        yield replace(row, index=index) if row.index < 0 else row


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value)[:40]
