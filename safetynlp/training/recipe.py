"""What a released model is made from: one TOML file, checked at birth."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from safetynlp.errors import UsageError
from safetynlp.training.fit import FitConfig

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Recipe"]

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training run from labelled speeches to a model folder.

    ``base`` is ``"e5-small-zh"``, a folder with a BERT checkpoint, or an id of a model hub.
    ``shares`` are shares of the speeches: ``train`` is learned from, ``validation`` sets
    calibration and thresholds, ``test`` is only measured.

    Raises:
        UsageError: the shares are not those three, or do not sum to 1.
    """

    name: str
    version: str
    base: str = "e5-small-zh"
    shares: Mapping[str, float] = field(
        default_factory=lambda: {"train": 0.84, "validation": 0.08, "test": 0.08}
    )
    split_seed: int = 0
    fit: FitConfig = field(default_factory=FitConfig)

    def __post_init__(self) -> None:
        shares = dict(self.shares)
        if (
            tuple(shares) != PARTS
            or min(shares.values()) <= 0
            or abs(sum(shares.values()) - 1) > 1e-6
        ):
            raise UsageError(
                f"shares: found {shares}, expected train, validation and test above 0, summing to 1.",
                f"shares 为 {shares}，应依次为 train、validation、test，均大于 0 且合计为 1。",
            )

    @classmethod
    def from_toml(cls, path: str | Path) -> Recipe:
        """Read a recipe file.

        Raises:
            UsageError: the file cannot be read, or a key or value in it is wrong.
        """
        try:
            data: dict[str, Any] = tomllib.loads(Path(path).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise UsageError(
                f"{path}: cannot be read as a recipe: {error}. Expected a UTF-8 TOML file.",
                f"{path}：无法读作训练配方：{error}。应为 UTF-8 的 TOML 文件。",
            ) from error
        _check_keys(data, cls, str(path))
        settings = data.pop("fit", {})
        _check_keys(settings, FitConfig, f"{path}: [fit]")
        try:
            return cls(**data, fit=FitConfig(**settings))
        except TypeError as error:
            raise UsageError(
                f"{path}: {error}. Compare it with training/recipes/released.toml.",
                f"{path}：{error}。请对照 training/recipes/released.toml。",
            ) from error


def _check_keys(data: Mapping[str, Any], kind: type, where: str) -> None:
    known = [entry.name for entry in fields(kind)]
    if unknown := sorted(set(data) - set(known)):
        raise UsageError(
            f"{where}: unknown key {', '.join(unknown)}. Known: {', '.join(known)}.",
            f"{where}：未知的键 {'、'.join(unknown)}。可用：{'、'.join(known)}。",
        )
