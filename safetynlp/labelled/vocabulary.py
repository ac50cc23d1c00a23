"""Facets and labels of a schema by id or by Chinese or English name."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeVar

from safetynlp.errors import SchemaError
from safetynlp.schema import Facet, Names, Schema

__all__ = ["FACET_MARK", "Vocabulary"]

FACET_MARK = "##"  # facet##label, where a format has one flat list of labels
_SEPARATORS = re.compile(r"([,，、;；|\n])")
_NEAR = 0.88  # sectors, sectr; not sector_b, which may be a column of its own

T = TypeVar("T")


class Vocabulary:
    """The names by which files may call what is in a schema.

    Without a schema no facet is known and every label is taken as it is.
    """

    def __init__(self, schema: Schema | None) -> None:
        facets = schema.facets if schema else ()
        self._all = list(facets)
        self._facets = _by_name((facet.id, facet.name, facet) for facet in facets)
        self._labels = {
            facet.id: _by_name((label.id, label.name, label.id) for label in facet.labels)
            for facet in facets
        }
        self._near: dict[str, str | None] = {}
        self._names = {name for names in self._labels.values() for name in names}
        self._longest = max((len(_SEPARATORS.split(name)) for name in self._names), default=1)

    @property
    def is_open(self) -> bool:
        """Whether there is no schema."""
        return not self._names

    def facet(self, name: str) -> Facet | None:
        """The facet of this id or name."""
        return _look_up(self._facets, name)

    def near_facet(self, name: str) -> str | None:
        """Id of the facet that a column of this name was probably meant to be, unless it is one."""
        if name not in self._near:  # the same few keys stand in every line
            near = difflib.get_close_matches(_key(name), self._facets, n=1, cutoff=_NEAR)
            known = self.facet(name) is not None or not near
            self._near[name] = None if known else self._facets[near[0]].id
        return self._near[name]

    def label(self, facet: Facet, name: str) -> str:
        """Id of the label of this id or name.

        Raises:
            SchemaError: the facet has no such label.
        """
        return _look_up(self._labels[facet.id], name) or facet.label(name).id

    def locate(self, name: str, hint: str | None = None) -> tuple[Facet, str]:
        """Facet and label id of a label that stands in no facet's column.

        Args:
            name: ``label`` or ``facet##label``, each by id or name.
            hint: the facet to look in, else all.

        Raises:
            SchemaError: no facet or several have it.
        """
        facets = self._candidates(hint)
        found = [facet for facet in facets if _key(name) in self._labels[facet.id]]
        if not found and FACET_MARK in name:
            facet_name, _, name = name.partition(FACET_MARK)
            facets = self._candidates(facet_name)
            found = [facet for facet in facets if _key(name) in self._labels[facet.id]]
        if not found and len(facets) == 1:
            return facets[0], facets[0].label(name).id  # raises, and names the nearest
        if len(found) == 1:
            return found[0], self.label(found[0], name)
        ids = ", ".join(facet.id for facet in found or facets)
        if found:
            raise SchemaError(
                f'label "{name}" is in several facets: {ids}. Name one, or write facet##label.',
                f"标签“{name}”见于多个分面：{ids}。请指定分面，或写成“分面##标签”。",
            )
        near = self._near_labels(name)
        hint_en = f" Did you mean {', '.join(map(repr, near))}?" if near else ""
        hint_zh = f"是否想写 {'、'.join(near)}？" if near else ""
        raise SchemaError(
            f'no facet has a label "{name}" (facets: {ids}).{hint_en} '
            f"Labels are listed by `safetynlp labels`.",
            f"各分面（{ids}）都没有标签“{name}”。{hint_zh}全部标签见 `safetynlp labels`。",
        )

    def has(self, name: str, facet: Facet | None = None) -> bool:
        """Whether a facet, or any facet, has a label of this id or name."""
        return _key(name) in (self._names if facet is None else self._labels[facet.id])

    def split(self, cell: str, facet: Facet | None = None) -> tuple[str, ...]:
        """The labels of a cell, which stand between ``,`` ``、`` ``;`` ``|`` or line ends.

        The name of a label is not cut at separators inside it: ``Rail, aviation and metro``.
        """
        pieces = _SEPARATORS.split(cell)  # name, separator, name, …
        found: list[str] = []
        start = 0
        while start < len(pieces):
            ends = range(start + 1, min(len(pieces), start + self._longest) + 1, 2)
            end, name = next(
                (end, name)
                for end in reversed(ends)
                if self.has(name := "".join(pieces[start:end]), facet) or end == start + 1
            )
            if name.strip():
                found.append(name.strip())
            start = end + 1
        return tuple(found)

    def _candidates(self, name: str | None) -> list[Facet]:
        if name is None:
            return self._all
        facet = self.facet(name)
        if facet is None:
            known = ", ".join(self._labels)
            raise SchemaError(
                f'there is no facet "{name}". Facets are: {known}.',
                f"没有分面“{name}”，现有分面：{known}。",
            )
        return [facet]

    def _near_labels(self, name: str) -> list[str]:
        ids = {key: id for names in self._labels.values() for key, id in names.items()}
        near = difflib.get_close_matches(_key(name), ids, n=3, cutoff=0.5)
        return list(dict.fromkeys(ids[key] for key in near))[:2]


def _by_name(entries: Iterable[tuple[str, Names, T]]) -> dict[str, T]:
    """Entries by id and by name; an id outranks a name that another entry has."""
    listed = list(entries)
    found = {id: entry for id, _, entry in listed}
    for id, _, entry in listed:
        found.setdefault(_key(id), entry)
    for _, name, entry in listed:
        found.setdefault(_key(name.zh), entry)
        found.setdefault(_key(name.en), entry)
    return found


def _look_up(entries: Mapping[str, T], name: str) -> T | None:
    """By the id as it stands, else without regard to case, width and blanks around it."""
    found = entries.get(name)
    return entries.get(_key(name)) if found is None else found


@lru_cache(maxsize=4096)  # a few names stand in every row
def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
