"""How a model is trained: settings from one TOML file, checked at birth."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from safetynlp.errors import UsageError
from safetynlp.training.fit import FitConfig, check_types

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["CardNotes", "Recipe"]

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class CardNotes:
    """What the model card says that no figure tells; an empty text is left out of it.

    ``license`` is an id as the Hugging Face hub knows it. ``data`` says where the labelled texts
    come from, ``intended_use`` and ``limits`` what the model is for and where it fails.
    """

    license: str = "other"
    data: str = ""
    intended_use: str = ""
    limits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_types(self)
        if not isinstance(self.limits, list | tuple) or not all(
            isinstance(limit, str) for limit in self.limits
        ):
            raise UsageError(
                f"limits: found {self.limits!r}, expected a list of sentences.",
                f"limits：内容为 {self.limits!r}，应为句子的列表。",
            )
        object.__setattr__(self, "limits", tuple(self.limits))


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of a run, apart from its data.

    Raises:
        UsageError: a value of another type or out of range.
    """

    name: str = ""  # of the model; empty: the name of its folder
    version: str = "1"
    # "released", "e5-small-zh", a model or encoder folder, or an id of a model hub
    base: str = "released"
    # "safety-speech" or a YAML file; empty: that of the base, or else what the data show.
    schema: str = ""
    # Shares of the speeches. train is learned from; validation stops training early and, without
    # folds, sets calibration and thresholds; test is only measured. None: 0.84, 0.08, 0.08
    # without folds; with folds no test part, and a tenth for validation.
    shares: Mapping[str, float] | None = None
    split_seed: int = 0
    folds: int | None = None  # 0: none. None: 5 where there are fewer than 60 speeches
    # Share of the released speeches' segments that is trained on too, where they fit the schema.
    replay: float = 0.2
    min_support: int = 20  # labels with fewer segments are warned of
    # Settings of FitConfig; what is not given depends on the base and the amount of data.
    fit: FitConfig | Mapping[str, Any] = field(default_factory=dict)
    # A second run that goes on from where the first ended (a warm restart: Loshchilov & Hutter
    # 2017, arXiv:1608.03983).
    refine: FitConfig | Mapping[str, Any] | None = None
    card: CardNotes = field(default_factory=CardNotes)

    def __post_init__(self) -> None:
        check_types(self)
        self._check_ranges()
        if self.shares is not None:
            if not _are_shares(self.shares):
                raise UsageError(
                    f"shares: found {self.shares}, expected train, validation and test, each from "
                    "0 and train above it, summing to 1.",
                    f"shares 为 {self.shares}，应为 train、validation、test 三项，均不小于 0、"
                    "train 大于 0 且合计为 1。",
                )
            # Their order takes part in the split, so it may not depend on that of a file.
            object.__setattr__(self, "shares", {part: self.shares[part] for part in PARTS})
        for name in ("fit", "refine"):
            given = getattr(self, name)
            if given is not None and not isinstance(given, FitConfig):
                _check_keys(given, FitConfig, f"[{name}]")
                FitConfig(**given)  # a mistake should not wait for the data to be read

    def _check_ranges(self) -> None:
        if self.folds is not None and (type(self.folds) is not int or not 0 <= self.folds != 1):
            raise UsageError(
                f"folds is {self.folds!r}, expected 0 (none) or a number from 2.",
                f"folds 为 {self.folds!r}，应为 0（不分折）或不小于 2 的整数。",
            )
        if not 0 <= self.replay <= 1:
            raise UsageError(
                f"replay is {self.replay}, expected a share from 0 (none) to 1.",
                f"replay 为 {self.replay}，应为 0（不重放）至 1 的比例。",
            )
        if self.min_support < 0:
            raise UsageError(
                f"min_support is {self.min_support}, expected a number from 0.",
                f"min_support 为 {self.min_support}，应为非负整数。",
            )

    @classmethod
    def from_file(cls, path: str | Path) -> Recipe:
        """Read a recipe: TOML, or the ``train_config.json`` of a model folder to repeat its run.

        Raises:
            UsageError: the file cannot be read, or a key or value in it is wrong.
        """
        data = _read(Path(path))
        try:
            _check_keys(data, cls, "recipe")
            if "card" in data:
                _check_keys(data["card"], CardNotes, "[card]")
                data["card"] = CardNotes(**data["card"])
            return cls(**data)
        except UsageError as error:
            raise UsageError(f"{path}: {error.en}", f"{path}：{error.zh}") from error

    def with_fit(self, **settings: Any) -> Recipe:
        """The same with these settings of the first run of training; None changes nothing."""
        given = {name: value for name, value in settings.items() if value is not None}
        if isinstance(self.fit, FitConfig):
            return replace(self, fit=replace(self.fit, **given))
        return replace(self, fit={**self.fit, **given})

    def runs(self, **defaults: Any) -> tuple[FitConfig, ...]:
        """The runs of training one after the other; ``defaults`` fill what ``fit`` leaves open."""
        first = (
            self.fit if isinstance(self.fit, FitConfig) else FitConfig(**{**defaults, **self.fit})
        )
        if self.refine is None:
            return (first,)
        second = self.refine
        if not isinstance(second, FitConfig):
            second = FitConfig(**{"probe": False, "max_tokens": first.max_tokens, **second})
        return first, second

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as :meth:`from_file` reads it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix.lower() == ".json":
            data: dict[str, Any] = json.loads(text)["recipe"]
        else:
            data = tomllib.loads(text)
    # ValueError: neither of the two formats, or no UTF-8.
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path}: cannot be read as a recipe: {error}. Expected a UTF-8 TOML file, or a "
            "train_config.json.",
            f"{path}：无法读作训练配方：{error}。应为 UTF-8 的 TOML 文件，或 train_config.json。",
        ) from error
    return data


def _are_shares(shares: Any) -> bool:
    return (
        isinstance(shares, Mapping)
        and set(shares) == set(PARTS)
        and all(type(share) in (int, float) and share >= 0 for share in shares.values())
        and shares["train"] > 0
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
