"""Which facets and labels there are. The schema decides the classes, never the data."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from safetynlp.errors import SchemaError

__all__ = ["Facet", "Label", "Names", "Schema"]


class Names(BaseModel):
    """The same text in Chinese and English."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: str
    en: str

    def get(self, lang: str) -> str:
        """The text in ``lang`` (``"zh"`` or ``"en"``)."""
        return self.zh if lang == "zh" else self.en


class Label(BaseModel):
    """One class of a facet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    name: Names
    definition: Names = Names(zh="", en="")


class Facet(BaseModel):
    """One question asked of every segment.

    ``kind`` is ``"multi"`` (zero, one or several labels) or ``"single"`` (exactly one).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    name: Names
    kind: Literal["multi", "single"]
    definition: Names = Names(zh="", en="")
    labels: tuple[Label, ...] = Field(min_length=1)

    @cached_property
    def label_ids(self) -> tuple[str, ...]:
        """Ids of the labels in schema order: the column order of probabilities."""
        return tuple(label.id for label in self.labels)

    def label(self, id: str) -> Label:
        """The label with this id.

        Raises:
            SchemaError: the facet has no such label; names the nearest ones.
        """
        for label in self.labels:
            if label.id == id:
                return label
        near = difflib.get_close_matches(id, self.label_ids, n=2) or self._near_names(id)
        hint_en = f" Did you mean {', '.join(map(repr, near))}?" if near else ""
        hint_zh = f"是否想写 {'、'.join(near)}？" if near else ""
        raise SchemaError(
            f'facet "{self.id}" has no label "{id}".{hint_en} '
            f"Labels are listed by `safetynlp labels`.",
            f"分面“{self.id}”没有标签“{id}”。{hint_zh}全部标签见 `safetynlp labels`。",
        )

    def _near_names(self, name: str) -> list[str]:
        """Ids of at most two labels whose Chinese names are like ``name``, nearest first."""
        by_name = {label.name.zh: label.id for label in self.labels}
        inside = [zh for zh in by_name if name and (name in zh or zh in name)]
        found = inside or difflib.get_close_matches(name, by_name, n=2, cutoff=0.3)
        return [by_name[zh] for zh in found[:2]]


class Schema(BaseModel):
    """The facets and labels of a model, in the order of its probability columns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    version: str
    name: Names
    facets: tuple[Facet, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Schema:
        for where, ids in [
            ("facets", [facet.id for facet in self.facets]),
            *[(f'facet "{facet.id}"', list(facet.label_ids)) for facet in self.facets],
        ]:
            twice = {id for id in ids if ids.count(id) > 1}
            if twice:
                raise ValueError(f"{where}: id given twice: {', '.join(sorted(twice))}")
        return self

    @property
    def facet_ids(self) -> tuple[str, ...]:
        """Ids of the facets in schema order."""
        return tuple(facet.id for facet in self.facets)

    @property
    def n_labels(self) -> int:
        """Number of labels of all facets: the width of a probability matrix."""
        return sum(len(facet.labels) for facet in self.facets)

    def columns(self) -> Iterator[tuple[Facet, slice]]:
        """Each facet with the columns that its labels take in a probability matrix."""
        start = 0
        for facet in self.facets:
            yield facet, slice(start, start + len(facet.labels))
            start += len(facet.labels)

    def facet(self, id: str) -> Facet:
        """The facet with this id.

        Raises:
            SchemaError: the schema has no such facet.
        """
        for facet in self.facets:
            if facet.id == id:
                return facet
        known = ", ".join(self.facet_ids)
        raise SchemaError(
            f'schema "{self.id}" has no facet "{id}". Its facets are: {known}.',
            f"标签体系“{self.id}”没有分面“{id}”，现有分面：{known}。",
        )

    def check_labels(self, labels: Mapping[str, Iterable[str] | str]) -> None:
        """Check that every facet and label of one row is in the schema.

        Raises:
            SchemaError: an unknown facet or label, or not exactly one label in a
                single-label facet.
        """
        for facet_id, value in labels.items():
            facet = self.facet(facet_id)
            ids = [value] if isinstance(value, str) else list(value)
            for id in ids:
                facet.label(id)
            if facet.kind == "single" and len(ids) != 1:
                raise SchemaError(
                    f'facet "{facet_id}" takes exactly one label, found {len(ids)}: {ids}.',
                    f"分面“{facet_id}”须恰好一个标签，实有 {len(ids)} 个：{ids}。",
                )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: str = "<schema>") -> Schema:
        """Build a schema from plain data, as ``yaml.safe_load`` gives it.

        Raises:
            SchemaError: with the place of the first mistake.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "top level"
            raise SchemaError(
                f"{source}: {where}: {first['msg']} ({error.error_count()} mistakes in all).",
                f"{source}：{where}：{first['msg']}（共 {error.error_count()} 处错误）。",
            ) from error

    @classmethod
    def from_yaml(cls, path: str | Path) -> Schema:
        """Read a schema file.

        Raises:
            SchemaError: the file cannot be read, is not YAML, or is not a schema.
        """
        try:
            data = yaml.safe_load(Path(path).read_text("utf-8-sig"))
        # ValueError: text that is no UTF-8, or a date that does not exist.
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            raise SchemaError(
                f"{path}: cannot be read as a schema: {error}. Expected a UTF-8 YAML file.",
                f"{path}：无法读作标签体系：{error}。应为 UTF-8 的 YAML 文件。",
            ) from error
        if not isinstance(data, dict):
            raise SchemaError(
                f"{path}: found {type(data).__name__} at the top level, expected a mapping with "
                f"id, version, name and facets.",
                f"{path}：顶层应为含 id、version、name、facets 的映射，实为 {type(data).__name__}。",
            )
        return cls.from_dict(data, source=str(path))

    @classmethod
    def default(cls) -> Schema:
        """The schema of work-safety speeches that ships with the package."""
        return _default_schema()


@lru_cache(maxsize=1)
def _default_schema() -> Schema:
    with resources.as_file(resources.files("safetynlp") / "schemas" / "safety-speech.yaml") as path:
        return Schema.from_yaml(path)
