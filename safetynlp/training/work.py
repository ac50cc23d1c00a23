"""The work folder of an unfinished run: what is done need not be done again."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from safetynlp.errors import UsageError

__all__ = ["FoldResult", "Work"]

_ARRAYS = ("held_out", "beside")


@dataclass(frozen=True)
class FoldResult:
    """What a fold leaves: how long each run trained best, and logits of rows it did not see."""

    best_epochs: tuple[int, ...]
    held_out: np.ndarray  # float32, (rows held out, labels)
    beside: np.ndarray  # float32, (replayed validation rows of this fold, labels)


class Work:
    """Folder ``.NAME.train`` beside the model folder ``NAME``.

    Args:
        out: the model folder. fingerprint: of settings and data. resume: go on with what is there.
        first: whether this process is the one that reads and writes it; others leave it alone.

    Raises:
        UsageError: an unfinished run is there and ``resume`` is not asked for, or it is one of
            other settings or data, or none is there to go on with, or it cannot be written.
    """

    def __init__(
        self, out: Path, fingerprint: str, *, resume: bool = False, first: bool = True
    ) -> None:
        self.folder = out.parent / f".{out.name}.train"
        self.resume, self._first = resume, first
        if first:
            self._open(out, fingerprint, resume)

    def _open(self, out: Path, fingerprint: str, resume: bool) -> None:
        file = self.folder / "run.json"
        before = _read(file)
        if before is not None and not resume:
            raise UsageError(
                f"{self.folder}: an unfinished training is there. Add --resume to go on with it, "
                "or delete the folder to begin anew.",
                f"{self.folder}：有一次未完成的训练。加 --resume 可继续；删除此文件夹则重新开始。",
            )
        if before is None and resume and (out / "safetynlp.json").is_file():
            raise UsageError(
                f"{out}: nothing is left to resume, for the model is finished. Leave --resume out "
                "to train it anew.",
                f"{out}：没有未完成的训练，模型已训练完毕。如要重新训练，请去掉 --resume。",
            )
        if before is not None and before.get("fingerprint") != fingerprint:
            raise UsageError(
                f"{self.folder}: the unfinished training had other data or settings, so it cannot "
                "be resumed. Give the same command again, or delete the folder to begin anew.",
                f"{self.folder}：未完成的训练所用的数据或设置与现在不同，无法继续。"
                "请用原来的命令，或删除此文件夹重新开始。",
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(file, json.dumps({"fingerprint": fingerprint}).encode())
        except OSError as error:
            raise UsageError(
                f"{self.folder}: cannot be written: {error}. Name another place with --out.",
                f"{self.folder}：无法写入：{error}。请用 --out 换一个位置。",
            ) from error

    @property
    def log_folder(self) -> Path:
        """Where TensorBoard's files go; they move into the model folder in the end."""
        return self.folder / "runs"

    def checkpoints(self, *names: str) -> Path:
        """Folder for the checkpoints of one run of training."""
        return self.folder.joinpath("checkpoints", *names)

    def load_fold(self, name: str) -> FoldResult | None:
        """What a finished fold left, or None."""
        folder = self.folder / name
        data = _read(folder / "done.json") if self._first else None
        if data is None:
            return None
        arrays = [np.load(folder / f"{part}.npy", allow_pickle=False) for part in _ARRAYS]
        return FoldResult(tuple(data["best_epochs"]), *arrays)

    def save_fold(self, name: str, result: FoldResult) -> None:
        """Keep what a fold leaves, and drop its checkpoints; ``done.json`` comes last."""
        if not self._first:
            return
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        for part in _ARRAYS:
            np.save(folder / f"{part}.npy", getattr(result, part), allow_pickle=False)
        content = json.dumps({"best_epochs": list(result.best_epochs)})
        _write(folder / "done.json", content.encode())
        shutil.rmtree(self.checkpoints(name), ignore_errors=True)

    def remove(self) -> None:
        """Remove the folder when the model folder is in its place."""
        if not self._first:
            return
        shutil.rmtree(self.folder, ignore_errors=True)

    def remove_if_idle(self) -> None:
        """Remove it after a failure if nothing in it would save any work."""
        kept = any(self.folder.glob("*/done.json")) or any(
            path.is_file() for path in self.folder.glob("checkpoints/**/*")
        )
        if not kept:
            self.remove()


def _read(file: Path) -> dict[str, Any] | None:
    """The content of a small JSON file that is written whole; None if it is not there."""
    try:
        data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{file}: cannot be read: {error}. Delete its folder to begin anew.",
            f"{file}：无法读取：{error}。请删除其所在文件夹，重新开始。",
        ) from error
    return data


def _write(file: Path, content: bytes) -> None:
    """Write whole or not at all, whenever the process is killed."""
    temporary = file.with_suffix(".tmp")
    with temporary.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(temporary, file)
