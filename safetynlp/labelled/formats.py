"""Which format a file has, told from its content, and the reader for it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

from safetynlp.labelled.doccano import read_doccano, read_doccano_zip
from safetynlp.labelled.hugging_face import read_datasets
from safetynlp.labelled.jsonl import read_jsonl
from safetynlp.labelled.label_studio import read_json_min, read_label_studio
from safetynlp.labelled.paddlenlp import read_paddlenlp
from safetynlp.labelled.record import Item, numbered_lines
from safetynlp.labelled.row import Format, ReadOptions
from safetynlp.labelled.sources import Source, decoded
from safetynlp.labelled.table import find_header, read_csv
from safetynlp.labelled.vocabulary import Vocabulary
from safetynlp.labelled.xlsx import read_xlsx

__all__ = ["items"]

_TEXT_READERS = {
    "jsonl": read_jsonl,
    "csv": read_csv,
    "label-studio": read_label_studio,
    "json-min": read_json_min,
    "doccano": read_doccano,
    "paddlenlp": read_paddlenlp,
}
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"  # Excel before 2007, or with a password
_DOCCANO_KEYS = {"label", "labels", "annotations"}
_LOOKED_AT = 50  # lines; the first ones may lack labels


def items(source: Source, vocabulary: Vocabulary, options: ReadOptions) -> Iterator[Item]:
    """Everything that one file holds: rows, rows that are broken, and remarks.

    Raises:
        DataError: the file as a whole cannot be used.
    """
    name, data = str(source.path), source.data
    if source.is_datasets:
        return read_datasets(source.path, vocabulary, options)
    suffix = source.path.suffix.lower()
    if options.format == "xlsx" or suffix in (".xlsx", ".xls") or data.startswith(_OLE):
        return read_xlsx(data, name, vocabulary, options)
    if suffix == ".zip" or (options.format == "doccano" and data.startswith(_ZIP)):
        return read_doccano_zip(data, name, vocabulary, options)
    text = decoded(data, name)
    format = options.format or _format(text, suffix, vocabulary, options)
    return _TEXT_READERS[format](text, name, vocabulary, options)


def _format(text: str, suffix: str, vocabulary: Vocabulary, options: ReadOptions) -> Format:
    start = text.lstrip()[:1]
    if suffix == ".json" and start != "{":
        return _of_array(text)
    if suffix == ".jsonl" or start == "{":
        return _of_lines(text, vocabulary)
    if suffix == ".csv" or find_header(text, options):
        return "csv"
    return "paddlenlp"


def _of_array(text: str) -> Format:
    try:
        tasks = json.loads(text)
    except (ValueError, RecursionError):
        return "label-studio"  # whose reader says what is wrong
    whole = not isinstance(tasks, list) or any(isinstance(t, dict) and "data" in t for t in tasks)
    return "label-studio" if whole else "json-min"


def _of_lines(text: str, vocabulary: Vocabulary) -> Format:
    keys: set[str] = set()
    for _, line in itertools.islice(numbered_lines(text, ""), _LOOKED_AT):
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict):
            keys |= data.keys()
    if any(vocabulary.facet(key) for key in keys):
        return "jsonl"
    return "doccano" if keys & _DOCCANO_KEYS else "jsonl"
