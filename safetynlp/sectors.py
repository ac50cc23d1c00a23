"""The topics of the rubric ``sectors``: one for each sector that the user names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from safetynlp.errors import UsageError
from safetynlp.schema import Facet, Label, Schema

__all__ = ["SECTORS", "of_sectors"]

SECTORS = "sectors"  # id of the rubric
FACET = "sector"
_COMMAS = re.compile("[,，、;；]")


def of_sectors(
    rubric: Mapping[str, Any], schema: Schema, wanted: str | Iterable[str] | None
) -> dict[str, Any]:
    """The packaged rubric with a topic for each sector wanted, as data in the form of its file.

    Args:
        rubric: the packaged rubric; a label that it has no topic for gets one by its name.
        wanted: ids or names (Chinese or English) of labels of the facet ``sector``; a text may
            hold several with commas between; None wants all of them. Order and repetition do
            not matter.

    Returns: topics in the order of the schema. Sectors that were asked for by name are vital, and
    the version tells them (``1+urban_gas+fire_safety``), so that scores of other sectors are not
    taken for comparable.

    Raises:
        SchemaError: the schema has no facet ``sector``.
        UsageError: no sector is named, or there is none of that name; names the nearest.
    """
    facet = schema.facet(FACET)
    known = {topic["id"]: topic for topic in rubric["topics"]}
    chosen = set(facet.label_ids) if wanted is None else _label_ids(facet, wanted)
    labels = [label for label in facet.labels if label.id in chosen]
    topics = [
        known.get(label.id.replace("_", "-")) or _topic(label, number)
        for number, label in enumerate(labels, 1)
    ]
    data = {**rubric, "topics": topics}
    if wanted is not None:
        data["topics"] = [{**topic, "vital": True} for topic in topics]
        data["version"] = "+".join([rubric["version"], *(label.id for label in labels)])
    return data


def _topic(label: Label, number: int) -> dict[str, Any]:
    """A topic for a label of another schema than the package's."""
    zh, en = label.name.zh, label.name.en
    return {
        "id": "-".join(re.findall("[a-z0-9]+", label.id.lower())) or f"sector-{number}",
        "name": {"zh": zh, "en": en},
        "group": SECTORS,
        "source": {"clause": "标签体系中的行业领域", "status": "memory"},
        "match": {"labels": {FACET: [label.id]}},
        "hints": {"task": {"zh": f"对{zh}提出具体举措", "en": f"demand measures for {en}"}},
    }


def _label_ids(facet: Facet, wanted: str | Iterable[str]) -> set[str]:
    listed = _COMMAS.split(wanted) if isinstance(wanted, str) else wanted
    words = [word.strip() for word in listed if word.strip()]
    if not words:
        raise UsageError(
            f"sectors: none is named. Give ids or names such as {facet.label_ids[0]}, with commas "
            f"between; they are listed by `safetynlp labels --facet {FACET}`.",
            f"行业（sectors）：没有写任何行业。请写编号或名称，如 {facet.labels[0].name.zh}，用逗号分开；"
            f"全部行业见 `safetynlp labels --facet {FACET}`。",
        )
    return {_label_id(facet, word) for word in words}


def _label_id(facet: Facet, word: str) -> str:
    for label in facet.labels:
        if word.lower() in (label.id.lower(), label.name.zh.lower(), label.name.en.lower()):
            return label.id
    near = _near(facet, word)
    hint_en = f" Did you mean {' or '.join(f'{x.id} ({x.name.zh})' for x in near)}?" if near else ""
    hint_zh = f"是否想写 {'、'.join(f'{x.name.zh}（{x.id}）' for x in near)}？" if near else ""
    raise UsageError(
        f'sectors: there is no sector "{word}".{hint_en} '
        f"Sectors are listed by `safetynlp labels --facet {FACET}`.",
        f"行业（sectors）：没有“{word}”。{hint_zh}全部行业见 `safetynlp labels --facet {FACET}`。",
    )


def _near(facet: Facet, word: str) -> list[Label]:
    """At most three labels that the word may mean: of such a name, defined by it, or written so."""
    named = [x for x in facet.labels if word in x.name.zh or x.name.zh in word]
    defined = [x for x in facet.labels if word in x.definition.zh]
    by_form = {form: x for x in facet.labels for form in (x.id, x.name.zh)}
    similar = difflib.get_close_matches(word.lower(), by_form, n=3, cutoff=0.3)
    return (named or defined or [by_form[form] for form in similar])[:3]
