"""What a released model is made from: one TOML file, checked at birth."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from safetynlp.errors import UsageError
from safetynlp.training.fit import FitConfig, check_types

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
    calibration and thresholds, ``test`` is only measured. ``refine`` is a second run of training
    on the same speeches that goes on from where ``fit`` ended (a warm restart: Loshchilov & Hutter
    2017, arXiv:1608.03983).

    Raises:
        UsageError: a value of another type, or shares that are not those three or not 1 in sum.
    """

    name: str
    version: str
    base: str = "e5-small-zh"
    shares: Mapping[str, float] = field(
        default_factory=lambda: {"train": 0.84, "validation": 0.08, "test": 0.08}
    )
    split_seed: int = 0
    fit: FitConfig = field(default_factory=FitConfig)
    refine: FitConfig | None = None

    def __post_init__(self) -> None:
        check_types(self)
        if not _are_shares(self.shares):
            raise UsageError(
                f"shares: found {self.shares}, expected train, validation and test, each above 0, "
                "summing to 1.",
                f"shares 为 {self.shares}，应为 train、validation、test 三项，均大于 0 且合计为 1。",
            )
        # Their order takes part in the split, so it may not depend on that of a file.
        object.__setattr__(self, "shares", {part: self.shares[part] for part in PARTS})

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
        runs = {name: data.pop(name) for name in ("fit", "refine") if name in data}
        for name, settings in runs.items():
            _check_keys(settings, FitConfig, f"{path}: [{name}]")
        if missing := [name for name in ("name", "version") if name not in data]:
            raise UsageError(
                f"{path}: no {' and no '.join(missing)}. "
                "Compare it with training/recipes/released.toml.",
                f"{path}：缺 {'、'.join(missing)}。请对照 training/recipes/released.toml。",
            )
        try:
            data |= {name: FitConfig(**settings) for name, settings in runs.items()}
            return cls(**data)
        except UsageError as error:
            raise UsageError(f"{path}: {error.en}", f"{path}：{error.zh}") from error


def _are_shares(shares: Any) -> bool:
    return (
        isinstance(shares, Mapping)
        and set(shares) == set(PARTS)
        and all(type(share) in (int, float) and share > 0 for share in shares.values())
        and math.isclose(sum(shares.values()), 1, abs_tol=1e-6)
    )


def _check_keys(data: Any, kind: type, where: str) -> None:
    if not isinstance(data, Mapping):
        raise UsageError(
            f"{where}: found {data!r}, expected a table of settings.",
            f"{where}：内容为 {data!r}，应为一组设置。",
        )
    known = [entry.name for entry in fields(kind)]
    if unknown := sorted(set(data) - set(known)):
        raise UsageError(
            f"{where}: unknown key {', '.join(unknown)}. Known: {', '.join(known)}.",
            f"{where}：未知的键 {'、'.join(unknown)}。可用：{'、'.join(known)}。",
        )
