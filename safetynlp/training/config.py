"""One run of training: a recipe, its data, and the place of the model."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from safetynlp.errors import DataError, UsageError
from safetynlp.labelled import ReadOptions
from safetynlp.schema import Schema
from safetynlp.training.recipe import Recipe

__all__ = ["TrainConfig"]


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """What :func:`safetynlp.training.train` does, checked at birth.

    Raises:
        UsageError: no data, or a place for the model that cannot be meant.
        DataError: a file of data does not exist.
    """

    data: tuple[Path, ...]  # labelled files, or folders of them
    out: Path  # the model folder
    recipe: Recipe = field(default_factory=Recipe)
    schema: Schema | None = None  # instead of the recipe's
    test: tuple[Path, ...] = ()  # labelled speeches that are only measured
    read: ReadOptions = field(default_factory=ReadOptions)
    resume: bool = False  # go on with an unfinished run of the same settings and data

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", _paths(self.data))
        object.__setattr__(self, "test", _paths(self.test))
        object.__setattr__(self, "out", Path(self.out))
        if not self.data:
            raise UsageError(
                "no labelled data given. Name at least one file or folder.",
                "没有给出标注数据。请至少指定一个文件或文件夹。",
            )
        for path in (*self.data, *self.test):
            if not os.path.exists(path):
                raise DataError(
                    f"{path}: there is no such file or folder. Expected labelled speeches.",
                    f"{path}：没有这个文件或文件夹。应为已标注的讲话。",
                )
            if os.path.exists(self.out) and os.path.samefile(path, self.out):
                raise UsageError(
                    f"{self.out}: is the data, and would be replaced by the model. Name another "
                    "folder with --out.",
                    f"{self.out}：这是数据所在位置，会被模型替换。请用 --out 指定另一个文件夹。",
                )

    @property
    def model_name(self) -> str:
        """Name of the model with its version."""
        return f"{self.recipe.name or self.out.resolve().name} {self.recipe.version}"


def _paths(given: Iterable[str | Path] | str | Path) -> tuple[Path, ...]:
    if isinstance(given, str | Path):
        return (Path(given),)
    return tuple(map(Path, given))
