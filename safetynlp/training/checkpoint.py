"""Where a run stands, in files: a run that was killed goes on as if it had not been.

A folder of checkpoints holds ::

    checkpoint.pt            weights, optimiser and place of the newest checkpoint
    best-N.safetensors       the best weights so far, of epoch N
    epoch-N.safetensors      weights after a late epoch, where the last ones are averaged

Each file is written under another name, flushed to the disk and renamed, and nothing that
``checkpoint.pt`` names is removed before the next one stands: whenever the process is killed, a
whole checkpoint is there. ``checkpoint.pt`` holds tensors, numbers and strings only and is read with
``weights_only=True``.
"""

from __future__ import annotations

import json
import os
import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from safetynlp.errors import ModelError, UsageError

__all__ = ["Checkpoints", "EpochRecord", "Place", "Saved", "Weights"]

Weights = dict[str, Tensor]

_VERSION = 1
_FILE = "checkpoint.pt"
_TEMPORARY = ".tmp"
_COST = 20  # writing checkpoints takes at most one part in so many of the time


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """What came of one epoch."""

    epoch: int  # from 1
    loss: float  # mean over its batches
    figures: Mapping[str, float]  # on the validation speeches; empty without
    score: float | None  # the mean of the figures, which is watched; None without

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {**asdict(self), "figures": dict(self.figures)}


@dataclass(slots=True)
class Place:
    """How far a run has come."""

    epoch: int = 1  # the epoch under way
    batch: int = 0  # its batches that are done
    loss: float = 0.0  # their losses, summed
    history: list[EpochRecord] = field(default_factory=list)  # of the finished epochs

    def to_json(self) -> str:
        """One line, from which :meth:`from_json` makes an equal place."""
        return json.dumps({**asdict(self), "history": [r.to_dict() for r in self.history]})

    @classmethod
    def from_json(cls, text: str) -> Place:
        """Read what :meth:`to_json` wrote."""
        data = json.loads(text)
        data["history"] = [EpochRecord(**record) for record in data["history"]]
        return cls(**data)


@dataclass(frozen=True)
class Saved:
    """All that a run needs to go on."""

    place: Place
    model: Weights
    optimiser: dict[str, Any]  # its state_dict
    scaler: dict[str, Any]  # of 16-bit gradients; empty where there is none
    best: tuple[int, Weights] | None  # epoch and weights
    recent: Mapping[int, Weights]  # epoch → weights after it


@dataclass(slots=True)
class Checkpoints:
    """The checkpoints of one run, in a folder of their own.

    Args:
        folder: made if missing.
        every_seconds: how often one is written; slow disks are asked less often. 0: every step.
        resume: go on from the checkpoint in ``folder``, if there is one; else it is removed.
        fingerprint: of settings and data. A checkpoint of another one is not resumed.
    """

    folder: Path
    every_seconds: float = 60.0
    resume: bool = False
    fingerprint: str = ""
    _next: float = field(default=0.0, init=False)
    _kept: frozenset[str] = field(default=frozenset(), init=False)

    @property
    def due(self) -> bool:
        """Whether it is time for the next one."""
        return time.monotonic() >= self._next

    def load(self, identity: str) -> Saved | None:
        """The checkpoint to go on from; None to begin anew.

        Args:
            identity: what else has to be as it was, added to ``fingerprint``.

        Raises:
            UsageError: the folder cannot be written, or its checkpoint is of another run.
            ModelError: its checkpoint is damaged.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"{self.folder}: no folder for checkpoints can be made here: {error}.",
                f"{self.folder}：无法在此创建检查点文件夹：{error}。",
            ) from error
        self._next = time.monotonic() + self.every_seconds
        if not self.resume:
            self.clear()
        file = self.folder / _FILE
        if not file.exists():
            return None
        try:
            return self._read(file, identity)
        except (OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError) as error:
            raise self._damaged(error) from error
        except (pickle.UnpicklingError, SafetensorError) as error:
            raise self._damaged(error) from error

    def _read(self, file: Path, identity: str) -> Saved:
        data = torch.load(file, map_location="cpu", weights_only=True)
        if (data["version"], data["identity"]) != (_VERSION, self.fingerprint + identity):
            raise UsageError(
                f"{self.folder}: holds the checkpoint of a run with other settings, data or start "
                "weights, which cannot be resumed with these. Give those it was started with, or "
                "start anew without --resume.",
                f"{self.folder}：其中的检查点来自设置、数据或初始权重不同的另一次训练，不能以当前设置"
                "继续。请使用原来的设置和数据，或去掉 --resume 重新开始。",
            )
        best = data["best"] and (data["best"], load_file(self.folder / _best(data["best"])))
        recent = {epoch: load_file(self.folder / _after(epoch)) for epoch in data["recent"]}
        self._kept = _files(best, recent)
        place = Place.from_json(data["place"])
        return Saved(place, data["model"], data["optimiser"], data["scaler"], best or None, recent)

    def _damaged(self, error: Exception) -> ModelError:
        reason = " ".join(str(error).split())[:300]
        return ModelError(
            f"{self.folder}: its checkpoint cannot be read: {reason}. Start anew without --resume.",
            f"{self.folder}：检查点无法读取：{reason}。请去掉 --resume 重新开始。",
        )

    def save(self, saved: Saved, identity: str) -> None:
        """Write a checkpoint, then remove what only the one before needed.

        Raises:
            UsageError: it cannot be written, as on a full disk; the one before still stands.
        """
        started = time.monotonic()
        kept = _files(saved.best, saved.recent)
        try:
            if saved.best and _best(saved.best[0]) not in self._kept:
                self._write_weights(_best(saved.best[0]), saved.best[1])
            for epoch, weights in saved.recent.items():
                if _after(epoch) not in self._kept:
                    self._write_weights(_after(epoch), weights)
            data = {
                "version": _VERSION,
                "identity": self.fingerprint + identity,
                "place": saved.place.to_json(),
                "model": saved.model,
                "optimiser": saved.optimiser,
                "scaler": saved.scaler,
                "best": saved.best[0] if saved.best else 0,
                "recent": list(saved.recent),
            }
            self._write(_FILE, lambda file: torch.save(data, file))
            self._kept = kept
            self._remove(kept | {_FILE})
        # RuntimeError: how torch's writer tells that the disk is full.
        except (OSError, RuntimeError, SafetensorError) as error:
            raise UsageError(
                f"{self.folder}: the checkpoint cannot be written: {error}. Make room on the disk, "
                "then go on with --resume.",
                f"{self.folder}：检查点无法写入：{error}。请腾出磁盘空间，再用 --resume 继续。",
            ) from error
        now = time.monotonic()
        self._next = now + max(
            self.every_seconds, _COST * (now - started) if self.every_seconds else 0
        )

    def clear(self) -> None:
        """Remove the checkpoint, if there is one."""
        (self.folder / _FILE).unlink(missing_ok=True)  # first: it needs the others
        self._kept = frozenset()
        self._remove(frozenset())

    def _write_weights(self, name: str, weights: Weights) -> None:
        self._write(name, lambda path: save_file(weights, path))

    def _write(self, name: str, write: Callable[[Path], None]) -> None:
        temporary = self.folder / (name + _TEMPORARY)
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, self.folder / name)
        _sync_folder(self.folder)

    def _remove(self, kept: frozenset[str]) -> None:
        """Remove files of former checkpoints, and nothing that is not of this module."""
        ours = ("best-*.safetensors", "epoch-*.safetensors", f"*{_TEMPORARY}")
        for pattern in ours:
            for path in self.folder.glob(pattern):
                if path.name not in kept:
                    path.unlink(missing_ok=True)


def _best(epoch: int) -> str:
    return f"best-{epoch}.safetensors"


def _after(epoch: int) -> str:
    return f"epoch-{epoch}.safetensors"


def _files(best: tuple[int, Weights] | None, recent: Mapping[int, Weights]) -> frozenset[str]:
    names = [_after(epoch) for epoch in recent]
    return frozenset([*names, _best(best[0])] if best else names)


def _sync_folder(folder: Path) -> None:
    """Make a renaming last through a power cut, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
