"""Which files hold labelled data, their bytes, and what format each has."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from safetynlp.errors import DataError, ReadError
from safetynlp.readers.text import decode

__all__ = ["Source", "decoded", "labelled_files", "sources"]

_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".txt", ".xlsx", ".zip")
_NOT_DATA = {"index.csv", "label.txt", "label_config.json"}
_INDEX = "index.csv"
_DATASETS_MARKS = ("dataset_info.json", "dataset_dict.json")


@dataclass(frozen=True)
class Source:
    """One file (or one folder of the ``datasets`` library) to read rows from.

    Attributes:
        path: as the user gave it, or inside the folder that they gave.
        data: the bytes; empty for a folder of ``datasets``.
        about: speech → what an ``index.csv`` in the same folder says of it.
    """

    path: Path
    data: bytes
    about: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_datasets(self) -> bool:
        """Whether it is a folder written by ``save_to_disk``."""
        return _is_datasets(self.path)


def labelled_files(paths: Iterable[str | Path]) -> list[Path]:
    """The files themselves; a folder stands for the labelled files in it, sorted by name.

    These are its ``*.jsonl``, or where there is none, its ``.json``, ``.csv``, ``.tsv``, ``.txt``,
    ``.xlsx`` and ``.zip`` files but for ``label.txt`` (PaddleNLP's list of labels),
    ``label_config.json`` (doccano's) and ``index.csv`` (what is known of each speech). A folder of
    the ``datasets`` library stands for itself. A file that is named twice is read once.

    Raises:
        DataError: a folder without any.
    """
    files: dict[Path, Path] = {}
    for path in map(Path, paths):
        found = _inside(path) if path.is_dir() and not _is_datasets(path) else [path]
        if not found:
            raise DataError(
                f"{path}: no *.jsonl file in this folder, nor {', '.join(_SUFFIXES[1:])}. "
                f"Give labelled files or their folder.",
                f"{path}：文件夹中没有 *.jsonl 文件，也没有 {'、'.join(_SUFFIXES[1:])} 文件。"
                f"请给出标注文件或其所在文件夹。",
            )
        for file in found:
            files.setdefault(file.resolve(), file)
    return list(files.values())


def sources(paths: Iterable[str | Path], hashes: dict[str, str]) -> Iterator[Source]:
    """Read each file and note its hash.

    Raises:
        DataError: a file cannot be read.
    """
    folders = [Path(path) for path in paths]
    indexed: dict[Path, Mapping[str, Mapping[str, str]]] = {
        folder: _read_index(folder / _INDEX, hashes)
        for folder in folders
        if (folder / _INDEX).is_file()
    }
    for path in labelled_files(folders):
        if _is_datasets(path):
            for file in sorted(file for file in path.rglob("*") if file.is_file()):
                _bytes(file, hashes)
            yield Source(path, b"")
        else:
            yield Source(path, _bytes(path, hashes), indexed.get(path.parent, {}))


def decoded(data: bytes, name: str) -> str:
    """The text of a file in UTF-8, UTF-16 or GB18030, without byte order mark.

    Raises:
        DataError: it is no text in one of these.
    """
    if not data.strip():
        return ""
    try:  # labelled data may be mostly English or numbers, which the guess below cannot judge
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return decode(data, name)[0]
    except ReadError as error:
        raise DataError(error.en, error.zh) from error


def _is_datasets(path: Path) -> bool:
    return any((path / mark).is_file() for mark in _DATASETS_MARKS)


def _inside(folder: Path) -> list[Path]:
    if found := sorted(folder.glob("*.jsonl")):
        return found
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in _SUFFIXES
        and file.name not in _NOT_DATA
        and not file.name.startswith((".", "~"))  # ~$rows.xlsx: a lock of Excel
    )


def _bytes(file: Path, hashes: dict[str, str]) -> bytes:
    try:
        data = file.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"{file}: cannot be read: {reason}. Give labelled files or their folder.",
            f"{file}：无法读取：{reason}。请给出标注文件或其所在文件夹。",
        ) from error
    hashes[str(file)] = hashlib.sha256(data).hexdigest()
    return data


def _read_index(file: Path, hashes: dict[str, str]) -> dict[str, dict[str, str]]:
    table = csv.DictReader(io.StringIO(decoded(_bytes(file, hashes), str(file)), newline=""))
    return {
        line["doc"]: {key: value for key, value in line.items() if key and key != "doc" and value}
        for line in table
        if line.get("doc")
    }
