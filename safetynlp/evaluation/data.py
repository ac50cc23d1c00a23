"""Labelled speeches from JSON Lines: one segment a line, as the corpus has them."""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from safetynlp.errors import DataError, SchemaError, UsageError
from safetynlp.schema import Schema

__all__ = ["LabelledRow", "labelled_files", "read_jsonl", "split_by_doc", "targets"]


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One segment with its labels.

    ``labels`` maps facet id to label ids. A facet that is missing is not labelled; an empty
    tuple means that the facet has no label here.
    """

    doc: str
    text: str
    labels: Mapping[str, tuple[str, ...]]


def read_jsonl(paths: Iterable[str | Path], schema: Schema) -> list[LabelledRow]:
    """Read labelled rows; a folder stands for the ``*.jsonl`` files in it, sorted by name.

    Raises:
        DataError: a file cannot be read, or a line is broken; says file and line.
    """
    rows: list[LabelledRow] = []
    for file in labelled_files(paths):
        try:
            # Not splitlines: a JSON string may hold U+2028 and the like as they are.
            lines = file.read_text("utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                f"{file}: cannot be read: {error}. Expected UTF-8 JSON Lines.",
                f"{file}：无法读取：{error}。应为 UTF-8 编码的 JSON Lines。",
            ) from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                rows.append(_row(line, f"{file}:{number}", schema))
    return rows


def labelled_files(paths: Iterable[str | Path]) -> list[Path]:
    """The files themselves; a folder stands for its ``*.jsonl``, sorted by name.

    Raises:
        DataError: a folder without any.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        found = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if not found:
            raise DataError(
                f"{path}: no *.jsonl file in this folder. Give labelled files or their folder.",
                f"{path}：文件夹中没有 *.jsonl 文件。请给出标注文件或其所在文件夹。",
            )
        files += found
    return files


def _row(line: str, where: str, schema: Schema) -> LabelledRow:
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{where}: not JSON: {error}. Expected one object a line.",
            f"{where}：不是 JSON：{error}。每行应为一个对象。",
        ) from error
    if not isinstance(data, dict) or not isinstance(data.get("text"), str) or not data["text"]:
        raise DataError(
            f'{where}: expected an object with a non-empty string "text", found {line[:60]!r}.',
            f"{where}：应为含非空字符串 text 的对象，实为 {line[:60]!r}。",
        )
    if not isinstance(data.get("doc"), str):
        raise DataError(
            f'{where}: no "doc". Every row names its speech, for data are split by speech.',
            f"{where}：缺 doc。每行须写明所属讲话，因为数据按讲话划分。",
        )
    labels = {
        facet: _label_ids(data[facet], f'{where}: "{facet}"')
        for facet in schema.facet_ids
        if data.get(facet) is not None
    }
    try:
        schema.check_labels(labels)
    except SchemaError as error:
        raise DataError(f"{where}: {error.en}", f"{where}：{error.zh}") from error
    return LabelledRow(data["doc"], data["text"], labels)


def _label_ids(value: Any, where: str) -> tuple[str, ...]:
    ids = [value] if isinstance(value, str) else value
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
        raise DataError(
            f"{where}: found {str(value)[:40]!r}, expected a label id or a list of them.",
            f"{where}：内容 {str(value)[:40]!r} 不合要求，应为标签编号或其列表。",
        )
    return tuple(ids)


def targets(rows: Sequence[LabelledRow], schema: Schema) -> tuple[np.ndarray, np.ndarray]:
    """Labels as numbers.

    Returns: ``(y, known)``. ``y``: float32, shape ``(len(rows), number of labels)``, 0.0 or 1.0,
    facets and labels in schema order. ``known``: bool, shape ``(len(rows), number of facets)``,
    False where a row lacks the facet.
    """
    column = {
        (facet.id, id): index
        for index, (facet, id) in enumerate(
            (facet, id) for facet in schema.facets for id in facet.label_ids
        )
    }
    y = np.zeros((len(rows), len(column)), dtype=np.float32)
    known = np.zeros((len(rows), len(schema.facets)), dtype=bool)
    for n, row in enumerate(rows):
        for f, facet_id in enumerate(schema.facet_ids):
            if facet_id in row.labels:
                known[n, f] = True
                for id in row.labels[facet_id]:
                    y[n, column[facet_id, id]] = 1.0
    return y, known


def split_by_doc(
    rows: Sequence[LabelledRow], shares: Mapping[str, float], seed: int
) -> dict[str, list[LabelledRow]]:
    """Split by speech, so that no speech stands in two parts.

    Speeches are drawn within families (``doc`` without its trailing number), so that every part
    has every kind of speech as far as there are enough.

    Args:
        shares: name of the part → share of the speeches, each at least 0; they sum to 1.
        seed: of the draw.

    Returns: name of the part → its rows in their given order; a part may be empty.

    Raises:
        UsageError: the shares are negative or do not sum to 1.
    """
    if not all(share >= 0 for share in shares.values()) or not math.isclose(
        math.fsum(shares.values()), 1.0, abs_tol=1e-6
    ):
        raise UsageError(
            f"shares are {dict(shares)}, expected numbers from 0 that sum to 1.",
            f"各部分比例为 {dict(shares)}，应为非负数且合计为 1。",
        )
    families: dict[str, list[str]] = defaultdict(list)
    for doc in sorted({row.doc for row in rows}):
        families[doc.rstrip("0123456789")].append(doc)
    random_order = random.Random(seed)
    queue: list[str] = []
    for family in sorted(families):
        docs = families[family]
        random_order.shuffle(docs)
        queue += docs
    # Walking through the families with a running quota spreads every part over all of them.
    part_of: dict[str, str] = {}
    taken = dict.fromkeys(shares, 0)
    for n, doc in enumerate(queue, 1):
        part = max(shares, key=lambda name: shares[name] * n - taken[name])
        part_of[doc] = part
        taken[part] += 1
    parts: dict[str, list[LabelledRow]] = {name: [] for name in shares}
    for row in rows:
        parts[part_of[row.doc]].append(row)
    return parts
