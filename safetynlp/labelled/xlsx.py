"""Excel workbooks, by openpyxl (extra ``[train]``)."""

from __future__ import annotations

import datetime
import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import ParseError

from safetynlp.errors import DataError
from safetynlp.labelled.record import Item
from safetynlp.labelled.row import Message, ReadOptions
from safetynlp.labelled.table import Line, find_header, table_items
from safetynlp.labelled.vocabulary import Vocabulary

__all__ = ["read_xlsx"]

# What openpyxl, zipfile and the XML reader raise on a file that is no workbook or damaged.
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, struct.error, ParseError, EOFError, OSError),
    *(KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError),
)
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def read_xlsx(
    data: bytes, name: str, vocabulary: Vocabulary, options: ReadOptions
) -> Iterator[Item]:
    """The rows of every sheet whose header has a column of texts.

    Raises:
        DataError: openpyxl is not installed, no workbook, or no sheet with texts.
    """
    sheets = _sheets(data, name)
    if not sheets:
        raise DataError(
            f"{name}: the workbook is empty. Expected a header and labelled rows.",
            f"{name}：工作簿是空的。应有表头和标注行。",
        )
    with_texts = {sheet for sheet, lines in sheets.items() if _has_header(lines[0], options)}
    for sheet, lines in sheets.items():
        if sheet in with_texts or not with_texts:  # without any, the first says what is missing
            yield from table_items(lines, vocabulary, options)
        else:
            yield Message(
                f'{name}: sheet "{sheet}" has no column "{options.text_column}" and was not read.',
                f"{name}：工作表“{sheet}”没有名为 {options.text_column} 的列，未读取。",
            )


def _has_header(line: Line, options: ReadOptions) -> bool:
    return find_header("\t".join(line.cells), options)


def _sheets(data: bytes, name: str) -> dict[str, list[Line]]:
    """The lines of each sheet that are not blank; sheets without any are left out."""
    try:
        import openpyxl
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError as error:
        raise DataError(
            f"{name}: reading Excel workbooks needs openpyxl: pip install 'safetynlp[train]'; or "
            f"save the sheet as CSV.",
            f"{name}：读取 Excel 工作簿需要 openpyxl：pip install 'safetynlp[train]'；"
            f"也可把工作表另存为 CSV。",
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like, which hold no data
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            several = len(book.worksheets) > 1
            found = {
                sheet.title: _lines(sheet, f"{name}[{sheet.title}]" if several else name)
                for sheet in book.worksheets
            }
    except (*_DAMAGED, InvalidFileException) as error:
        if data.startswith(_OLD_EXCEL):
            en, zh = "an old or protected workbook", "旧版或加密的工作簿"
        else:
            en, zh = f"not a workbook, or damaged ({error})", "不是工作簿，或已损坏"
        raise DataError(
            f"{name}: {en}. Expected .xlsx: open it in Excel or WPS and save it as .xlsx.",
            f"{name}：{zh}。应为 .xlsx：请用 Excel 或 WPS 打开并另存为 .xlsx。",
        ) from error
    return {title: lines for title, lines in found.items() if lines}


def _lines(sheet: Any, name: str) -> list[Line]:
    sheet.reset_dimensions()  # what some programs write there is wrong
    rows = []
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        cells = tuple(map(_cell, values))
        if any(cells):
            rows.append((number, cells))
    width = max((len(cells) for _, cells in rows), default=0)
    return [
        Line(f"{name}:{number}", "\t".join(cells), cells + ("",) * (width - len(cells)))
        for number, cells in rows
    ]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return str(value)
