"""A corpus of scored speeches as one Parquet file (extra ``[parquet]``).

One row per speech:

==================== ======= ============================================================
doc                  string  name of the speech
rubric               string  id of the rubric, the same in all rows
rubric_version       string  its version, the same in all rows
model                string  what labelled the speech
model_sha256         string  hash of the model's weights; empty if it has none
total                double  0–1
group.ID             double  score of the group ID, 0–1, null if none of its topics applies;
                             one column per group, in the order of the rubric
==================== ======= ============================================================

Other columns are ignored on reading, as are ``model`` and ``model_sha256`` if they are missing.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetynlp.errors import ReadError
from safetynlp.output import write_output
from safetynlp.parquet import check_parquet, to_parquet
from safetynlp.ranking import Reference, ScoredSpeech

__all__ = ["read_reference", "reference_parquet", "write_reference"]

_GROUP = "group."
_TEXTS = ("doc", "rubric", "rubric_version")
_NEEDED = (*_TEXTS, "total")


def write_reference(path: str | Path, speeches: Sequence[ScoredSpeech]) -> None:
    """Write scored speeches as a reference; a file of that name is replaced, or kept on failure.

    Raises:
        UsageError: pyarrow is missing, there are no speeches or not all of one version of a
            rubric, or the file cannot be written.
    """
    write_output(path, reference_parquet(speeches))


def reference_parquet(speeches: Sequence[ScoredSpeech]) -> bytes:
    """Scored speeches as the bytes of such a file.

    Raises:
        UsageError: pyarrow is missing, or there are no speeches or not all of one version of a
            rubric.
    """
    groups = {_GROUP + id: id for id in Reference(tuple(speeches)).speeches[0].groups}
    rows = [
        {
            "doc": speech.doc,
            "rubric": speech.rubric_id,
            "rubric_version": speech.rubric_version,
            "model": speech.model,
            "model_sha256": speech.model_sha256,
            "total": speech.total,
            **{column: speech.groups[id] for column, id in groups.items()},
        }
        for speech in speeches
    ]
    texts = ("doc", "rubric", "rubric_version", "model", "model_sha256")
    numbers = ("total", *groups)
    return to_parquet(rows, dict.fromkeys(texts, "string") | dict.fromkeys(numbers, "double"))


def read_reference(path: str | Path) -> Reference:
    """Read what :func:`write_reference` wrote.

    Raises:
        ReadError: there is no such file, it is no Parquet file, or not of this layout.
        UsageError: pyarrow is missing, or the speeches are not all of one version of a rubric.
    """
    check_parquet()
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not Path(path).is_file():
        raise ReadError(
            f"{path}: there is no such file. Write one with `safetynlp rank FILES... --out {path}`.",
            f"{path}：文件不存在。可用 `safetynlp rank 文件... --out {path}` 生成。",
        )
    try:
        rows = pq.read_table(io.BytesIO(Path(path).read_bytes())).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise ReadError(
            f"{path}: cannot be read as Parquet. Expected what `safetynlp rank FILES... --out "
            "scores.parquet` writes.",
            f"{path}：无法作为 Parquet 读取。应为 `safetynlp rank 文件... --out scores.parquet` 的输出。",
        ) from error
    return Reference(tuple(_speech(path, number, row) for number, row in enumerate(rows, 1)))


def _speech(path: str | Path, number: int, row: Mapping[str, Any]) -> ScoredSpeech:
    missing = [name for name in _NEEDED if name not in row]
    if missing:
        raise ReadError(
            f"{path}: lacks the columns {', '.join(missing)}; found {', '.join(row)}. Expected what "
            "`safetynlp rank FILES... --out scores.parquet` writes.",
            f"{path}：缺少列 {'、'.join(missing)}，现有 {'、'.join(row)}。"
            "应为 `safetynlp rank 文件... --out scores.parquet` 的输出。",
        )
    scores = {name: row[name] for name in row if name == "total" or name.startswith(_GROUP)}
    for name, value in scores.items():
        if not (_is_share(value) or (value is None and name != "total")):
            raise _faulty(path, number, name, value, "a number from 0 to 1", "0 到 1 之间的数")
    for name in _TEXTS:
        if not isinstance(row[name], str):
            raise _faulty(path, number, name, row[name], "a text", "文本")
    total = scores.pop("total")
    return ScoredSpeech(
        row["doc"],
        row["rubric"],
        row["rubric_version"],
        total,
        {name.removeprefix(_GROUP): value for name, value in scores.items()},
        str(row.get("model") or ""),
        str(row.get("model_sha256") or ""),
    )


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not math.isnan(value) and 0 <= value <= 1


def _faulty(path: str | Path, number: int, name: str, found: object, en: str, zh: str) -> ReadError:
    return ReadError(
        f"{path}: row {number}, {name}: found {found!r}, expected {en}. Correct it.",
        f"{path}：第 {number} 行 {name}：内容 {found!r} 有误，应为{zh}。请改正。",
    )
