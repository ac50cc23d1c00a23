"""Tables with a header: CSV, TSV, and the sheets of an Excel workbook."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from safetynlp.errors import DataError
from safetynlp.labelled.record import FLAT, FLAT_COLUMNS, Item, Record, check_columns
from safetynlp.labelled.row import ReadOptions, Skipped
from safetynlp.labelled.vocabulary import Vocabulary
from safetynlp.schema import Facet

__all__ = ["Line", "find_header", "read_csv", "table_items"]

_DELIMITERS = (",", "\t", ";")
_TEXT = ("text", "文本", "正文", "内容", "句子")
_DOC = ("doc", "讲话", "文档")
_INDEX = ("i", "index", "序号")
_PARA = ("para", "段落")
_ANNOTATOR = ("annotator", "标注人", "标注者")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: its place, the line as it stands, and its cells."""

    where: str
    source: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class _Header:
    """Which column is what."""

    names: tuple[str, ...]
    text: int
    doc: int | None
    index: int | None
    para: int | None
    annotator: int | None
    facets: Mapping[int, Facet]
    flat: int | None

    def meta(self, cells: Sequence[str]) -> dict[str, str]:
        used = {self.text, self.doc, self.index, self.para, self.annotator, self.flat}
        return {
            name: cell
            for n, (name, cell) in enumerate(zip(self.names, cells, strict=True))
            if n not in used and n not in self.facets and name and cell
        }


def read_csv(text: str, name: str, vocabulary: Vocabulary, options: ReadOptions) -> Iterator[Item]:
    """The rows of a table whose cells are separated by comma, tab or semicolon."""
    lines = list(io.StringIO(text, newline=""))
    return table_items(_cells(lines, name, _delimiter(lines, options)), vocabulary, options)


def find_header(text: str, options: ReadOptions) -> bool:
    """Whether the first line is a header with a column of texts."""
    lines = text.lstrip("\r\n").split("\n", 1)[:1]
    return any(_column(cells, options.text_column, _TEXT) is not None for cells in _ways(lines))


def table_items(
    lines: Iterable[Line | Skipped], vocabulary: Vocabulary, options: ReadOptions
) -> Iterator[Item]:
    """The rows of a table; its first line that is not blank is the header.

    Raises:
        DataError: the header has no column of texts, or none of labels.
    """
    header: _Header | None = None
    for line in lines:
        if isinstance(line, Skipped):
            yield line
        elif not any(cell.strip() for cell in line.cells):
            continue  # Excel saves blank lines below the table
        elif header is None:
            header = _header(line, vocabulary, options)
            yield from _doubtful_columns(line, vocabulary)
        else:
            yield _item(line, header, vocabulary, options)


def _ways(lines: Sequence[str]) -> Iterator[list[str]]:
    """The first line cut at each delimiter that it may have."""
    for delimiter in _DELIMITERS:
        try:
            yield next(csv.reader(lines, delimiter=delimiter), [])
        except csv.Error:
            yield []


def _delimiter(lines: Sequence[str], options: ReadOptions) -> str:
    filled = [line for line in lines if line.strip()][:1]
    for delimiter, cells in zip(_DELIMITERS, _ways(filled), strict=True):
        if len(cells) > 1 and _column(cells, options.text_column, _TEXT) is not None:
            return delimiter
    return _DELIMITERS[0]


def _cells(lines: Sequence[str], name: str, delimiter: str) -> Iterator[Line | Skipped]:
    table = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        start = table.line_num
        where = f"{name}:{start + 1}"
        try:
            cells = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            yield Skipped(
                where,
                f"not a line of a table: {error}. Look for a quotation mark that is not closed or "
                f'not doubled ("").',
                f'不是合格的表格行：{error}。请检查未配对或未双写（""）的英文引号。',
                lines[start].rstrip("\r\n"),
            )
        else:
            source = "".join(lines[start : table.line_num]).rstrip("\r\n")
            yield Line(where, source, tuple(cells))


def _column(names: Sequence[str], wanted: str, others: Sequence[str] = ()) -> int | None:
    """Number of the column called ``wanted``, else one of ``others``."""
    keys = [name.strip().casefold() for name in names]
    for key in (wanted.strip().casefold(), *others):
        if key in keys:
            return keys.index(key)
    return None


def _header(line: Line, vocabulary: Vocabulary, options: ReadOptions) -> _Header:
    names = tuple(name.strip() for name in line.cells)
    shown = ", ".join(filter(None, names))[:200]
    text = _column(names, options.text_column, _TEXT)
    if text is None:
        raise DataError(
            f'{line.where}: no column "{options.text_column}" among {shown}. Name the column of '
            f"the texts.",
            f"{line.where}：没有名为 {options.text_column} 的列，现有列：{shown}。请指定正文所在列。",
        )
    _refuse_twice(line, names)
    facets = {n: facet for n, name in enumerate(names) if (facet := vocabulary.facet(name))}
    facets.pop(text, None)
    flat = None if facets else _column(names, options.facet or FLAT_COLUMNS[0], FLAT_COLUMNS)
    if not facets and flat is None:
        raise DataError(
            f"{line.where}: no column of labels among {shown}. Expected one named like a facet of "
            f'the schema, or "label".',
            f"{line.where}：没有标签列，现有列：{shown}。应有以标签体系的分面命名的列，或名为 label 的列。",
        )
    return _Header(
        names,
        text,
        _column(names, options.doc_column, _DOC),
        _column(names, _INDEX[0], _INDEX),
        _column(names, _PARA[0], _PARA),
        _column(names, _ANNOTATOR[0], _ANNOTATOR),
        facets,
        flat,
    )


def _refuse_twice(line: Line, names: Sequence[str]) -> None:
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise DataError(
            f"{line.where}: columns of the same name: {', '.join(twice)}. Rename one.",
            f"{line.where}：列名重复：{'、'.join(twice)}。请改名。",
        )


def _doubtful_columns(line: Line, vocabulary: Vocabulary) -> Iterator[Skipped]:
    for name in line.cells:
        try:
            check_columns([name], vocabulary)
        except DataError as error:
            yield Skipped(line.where, error.en, error.zh, line.source)


def _item(
    line: Line, header: _Header, vocabulary: Vocabulary, options: ReadOptions
) -> Record | Skipped:
    width, cells = len(header.names), line.cells
    if len(cells) < width or any(cell.strip() for cell in cells[width:]):
        return Skipped(
            line.where,
            f"{len(cells)} cells, expected {width} as in the header. Put cells that hold the "
            f"separator in quotation marks.",
            f"本行 {len(cells)} 格，表头为 {width} 格。单元格内含分隔符时请加英文引号。",
            line.source,
        )
    cells = cells[:width]

    def at(column: int | None) -> str | None:
        return None if column is None else cells[column].strip()

    return Record(
        line.where,
        line.source,
        cells[header.text],
        at(header.doc),
        dict(_labels(cells, header, vocabulary, options)),
        "stated" if header.flat is None else "none",
        at(header.index),
        at(header.para),
        at(header.annotator) or "",
        header.meta(cells),
    )


def _labels(
    cells: Sequence[str], header: _Header, vocabulary: Vocabulary, options: ReadOptions
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for n, facet in header.facets.items():
        names = _names(cells[n], vocabulary, facet)
        # An empty cell cannot be "none" where there is always one label.
        if names or (facet.kind == "multi" and options.absent != "unlabelled"):
            yield facet.id, names
    if header.flat is not None:
        yield FLAT, _names(cells[header.flat], vocabulary, None)


def _names(cell: str, vocabulary: Vocabulary, facet: Facet | None) -> tuple[str, ...]:
    if cell.startswith('{"choices"'):  # Label Studio's CSV
        try:
            return tuple(map(str, json.loads(cell)["choices"]))
        except (ValueError, TypeError, RecursionError):
            return (cell,)  # no label is called so, which will be said
    return vocabulary.split(cell, facet)
