"""Facets and labels of a schema by id or by Chinese or English name."""

from __future__ import annotations

import difflib
import re
import unicodedata

from safetynlp.errors import SchemaError
from safetynlp.schema import Facet, Schema

__all__ = ["FACET_MARK", "Vocabulary"]

FACET_MARK = "##"  # facet##label, where a format has one flat list of labels
_SEPARATORS = re.compile(r"([,，、;；|\n])")
_NEAR = 0.88  # sectors, sectr; not sector_b, which may be a column of its own


class Vocabulary:
    """The names by which files may call what is in a schema.

    Without a schema no facet is known and every label is taken as it is.
    """

    def __init__(self, schema: Schema | None) -> None:
        self._facets: dict[str, Facet] = {}
        self._labels: dict[str, dict[str, str]] = {}
        for facet in schema.facets if schema else ():
            names: dict[str, str] = {}
            for label in facet.labels:  # an id outranks a name that another label has
                names[_key(label.id)] = label.id
            for label in facet.labels:
                names.setdefault(_key(label.name.zh), label.id)
                names.setdefault(_key(label.name.en), label.id)
            self._labels[facet.id] = names
            self._facets[_key(facet.id)] = facet
        for facet in schema.facets if schema else ():
            self._facets.setdefault(_key(facet.name.zh), facet)
            self._facets.setdefault(_key(facet.name.en), facet)
        self._names = {name for names in self._labels.values() for name in names}
        self._longest = max((len(_SEPARATORS.split(name)) for name in self._names), default=1)

    @property
    def is_open(self) -> bool:
        """Whether there is no schema."""
        return not self._names

    def facet(self, name: str) -> Facet | None:
        """The facet of this id or name."""
        return self._facets.get(_key(name))

    def near_facet(self, name: str) -> str | None:
        """Id of the facet that a column of this name was probably meant to be, unless it is one."""
        key = _key(name)
        if key in self._facets:
            return None
        near = difflib.get_close_matches(key, self._facets, n=1, cutoff=_NEAR)
        return self._facets[near[0]].id if near else None

    def label(self, facet: Facet, name: str) -> str:
        """Id of the label of this id or name.

        Raises:
            SchemaError: the facet has no such label.
        """
        return self._labels[facet.id].get(_key(name)) or facet.label(name).id

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
            return list({facet.id: facet for facet in self._facets.values()}.values())
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


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
