"""doccano's exports of text classification: JSON Lines in four dialects, or a zip of them."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from safetynlp.errors import DataError, SafetyNLPError
from safetynlp.labelled.record import FLAT, Item, Record, numbered_lines, parse_json, rest
from safetynlp.labelled.row import ReadOptions, Skipped
from safetynlp.labelled.sources import decoded
from safetynlp.labelled.vocabulary import Vocabulary

__all__ = ["read_doccano", "read_doccano_zip"]

_OWN = {"id", "label", "labels", "annotations", "annotation_approver", "Comments", "meta", "i"}
_EVERYONE = "all"  # the file of a project whose annotators share one set of labels
_MAX_BYTES = 1 << 30  # unpacked; a zip may hold a thousand times its size


def read_doccano(
    text: str, name: str, vocabulary: Vocabulary, options: ReadOptions, annotator: str = ""
) -> Iterator[Item]:
    """The rows of one file, of the oldest dialect one for each annotator."""
    del vocabulary  # the labels are flat
    by_number = _label_file(options.label_file)
    for where, line in numbered_lines(text, name):
        try:
            yield from _records(line, where, by_number, options, annotator)
        except SafetyNLPError as error:
            yield Skipped(where, error.en, error.zh, line)


def read_doccano_zip(
    data: bytes, name: str, vocabulary: Vocabulary, options: ReadOptions
) -> Iterator[Item]:
    """The rows of an export with one ``<annotator>.jsonl`` each.

    Raises:
        DataError: no zip, damaged, too large, or without such a file.
    """
    for member, content in _members(data, name):
        annotator = PurePosixPath(member).stem
        place = f"{name}/{member}"
        yield from read_doccano(
            decoded(content, place),
            place,
            vocabulary,
            options,
            "" if annotator == _EVERYONE else annotator,
        )


def _members(data: bytes, name: str) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = sorted(
                info.filename for info in archive.infolist() if info.filename.endswith(".jsonl")
            )
            if sum(archive.getinfo(member).file_size for member in members) > _MAX_BYTES:
                raise ValueError("more than 1 GB unpacked")
            found = [(member, archive.read(member)) for member in members]
    # RuntimeError: protected by a password.
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError) as error:
        raise DataError(
            f"{name}: cannot be unpacked: {error}. Export it from doccano again, or unpack it.",
            f"{name}：无法解压：{error}。请从 doccano 重新导出，或先解压。",
        ) from error
    if not found:
        raise DataError(
            f"{name}: no *.jsonl in this zip. Expected doccano's JSONL export.",
            f"{name}：压缩包中没有 *.jsonl。应为 doccano 的 JSONL 导出。",
        )
    return found


def _records(
    line: str,
    where: str,
    by_number: Mapping[int, str],
    options: ReadOptions,
    annotator: str,
) -> Iterator[Record]:
    top = parse_json(line)
    meta = top.get("meta")
    data = {**meta, **top} if isinstance(meta, dict) else top
    text_key = options.text_column if options.text_column in data else "data"
    row_id = f"{where.rpartition('/')[0]}:{data['id']}" if "id" in data else ""
    used = _OWN | {text_key, options.doc_column}
    for user, names in _labels(data, by_number).items():
        yield Record(
            where,
            line,
            data.get(text_key),
            data.get(options.doc_column),
            {FLAT: names},
            "none-if-any" if names else "unlabelled",
            data.get("i"),
            None,
            user or annotator,
            rest(data, used),
            row_id,
        )


def _labels(data: Mapping[str, Any], by_number: Mapping[int, str]) -> dict[str, tuple[str, ...]]:
    """Annotator → labels; the empty annotator where the row names none."""
    if isinstance(data.get("annotations"), list):
        found: dict[str, list[Any]] = defaultdict(list)
        for annotation in data["annotations"]:
            if not isinstance(annotation, dict) or "label" not in annotation:
                raise _foreign(annotation)
            found[str(annotation.get("user", ""))].append(annotation["label"])
        return {user: _names(values, by_number) for user, values in found.items()} or {"": ()}
    value = data.get("label", data.get("labels"))
    if value is None:
        return {"": ()}
    return {"": _names(value if isinstance(value, list) else [value], by_number)}


def _names(values: list[Any], by_number: Mapping[int, str]) -> tuple[str, ...]:
    names = []
    for value in values:
        if isinstance(value, str):
            names.append(value)
        elif not isinstance(value, int) or isinstance(value, bool):
            raise _foreign(value)
        elif value in by_number:
            names.append(by_number[value])
        else:
            raise DataError(
                f"label number {value} has no name. Give the project's label file (label_file: "
                f"label_config.json, exported in doccano under Labels).",
                f"标签编号 {value} 没有名称。请给出该项目的标签文件"
                f"（label_file：在 doccano 的“标签”页导出的 label_config.json）。",
            )
    return tuple(names)


def _foreign(value: Any) -> DataError:
    return DataError(
        f"label {str(value)[:40]!r}, expected a name. Only exports of text classification can be "
        f"read, not of spans or sequences.",
        f"标签 {str(value)[:40]!r} 不是名称。只能读取文本分类的导出，不能读取序列标注等。",
    )


def _label_file(path: Path | None) -> dict[int, str]:
    """Number → name, from doccano's ``label_config.json``."""
    if path is None:
        return {}
    try:
        labels = json.loads(Path(path).read_text("utf-8-sig"))
        return {int(label["id"]): str(label["text"]) for label in labels}
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(
            f"{path}: cannot be read as doccano's label file: {error!r}. Expected a JSON list of "
            f'{{"id": 10, "text": "…"}}.',
            f"{path}：无法读作 doccano 的标签文件：{error!r}。应为"
            f'{{"id": 10, "text": "…"}} 的 JSON 列表。',
        ) from error
