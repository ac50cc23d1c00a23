"""Make a rubric from the one that its file extends and what the file changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safetynlp._rubric_check import entries, ids_twice, near
from safetynlp._rubric_file import Loc, Problem

__all__ = ["Whole", "alone", "extend"]

# Given anew by every file: two rubrics must not share them.
_OWN_KEYS = ("id", "version", "name")
# Not in the rubric that results, or put together from both.
_SPECIAL_KEYS = ("extends", "off", "groups", "topics", "documents")
# Mappings that are changed key by key; any other value that is given takes the place of the old.
_CHANGED_BY_KEY = ("weights", "hints")


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole rubric as data, and the problems of making it.

    ``entry_of`` maps ``("topics", i)`` and ``("groups", i)`` of ``data`` to the index in the
    file; what was inherited as it is has no entry. None: everything stands in the file.
    """

    data: dict[str, Any]
    problems: tuple[Problem, ...]
    entry_of: Mapping[tuple[str, int], int] | None = None
    inherited_documents: int = 0

    def in_file(self, problem: Problem) -> Problem:
        """The problem at its place in the file."""
        return Problem(self._place(problem.loc), problem.en, problem.zh)

    def _place(self, loc: Loc) -> Loc:
        if self.entry_of is None or len(loc) < 2 or not isinstance(loc[1], int):
            return loc
        if loc[0] == "documents":
            return (loc[0], loc[1] - self.inherited_documents, *loc[2:])
        entry = self.entry_of.get((str(loc[0]), loc[1]))
        return ("extends",) if entry is None else (loc[0], entry, *loc[2:])


def alone(own: Mapping[str, Any]) -> Whole:
    """A file that extends no other."""
    data = {key: value for key, value in own.items() if key != "off"}
    problems = list(ids_twice(own))
    if "off" in own:
        problems.append(_OFF_ALONE)
    return Whole(data, tuple(problems))


_OFF_ALONE = Problem(
    ("off",),
    '"off" switches off topics of the rubric that a file extends, but this file extends none. '
    'Name one with "extends", or remove this line.',
    "off 用于关闭所继承要点表中的要点，而本文件没有继承。请用 extends 写明继承哪张表，或删去此行。",
)


def extend(own: Mapping[str, Any], base: Mapping[str, Any]) -> Whole:
    """Apply the file ``own`` to the rubric ``base``, both as plain data.

    - ``off`` drops topics, by their own ids or by that of their group.
    - A topic or group of ``own`` with an id of ``base`` changes the keys that it gives; one with
      a new id is added at the end. ``weights`` and ``hints`` are changed key by key.
    - ``documents`` are added to those of ``base``; every other key replaces what it was.
    - A group of ``base`` that loses all its topics goes.
    - ``version`` becomes ``1+BASE-2``, so that it changes whenever either of the two does.
    """
    off, problems = _switched_off(own, base)
    data = {key: value for key, value in base.items() if key not in _OWN_KEYS}
    for key, value in own.items():
        if key not in _SPECIAL_KEYS:
            data[key] = _merged(key, data.get(key), value)
    if isinstance(own.get("version"), str):
        data["version"] = f"{own['version']}+{base['id']}-{base['version']}"
    inherited_documents = list(base.get("documents", ()))
    if "documents" in own:
        data["documents"] = [*inherited_documents, *_listed(own["documents"])]
    kept = [topic for topic in base["topics"] if not off & {topic["id"], topic["group"]}]
    dropped = {topic["id"] for topic in base["topics"] if topic not in kept}
    data["topics"], topic_of = _changed(kept, own.get("topics", []), dropped)
    topics = kept if topic_of == {} else [topic for _, topic in entries(data, "topics")]
    used = [topic.get("group") for topic in topics]
    used += [group.get("id") for _, group in entries(own, "groups")]
    groups = [group for group in base["groups"] if group["id"] in used and group["id"] not in off]
    data["groups"], group_of = _changed(groups, own.get("groups", []), off)
    entry_of = {("topics", i): j for i, j in topic_of.items()}
    entry_of |= {("groups", i): j for i, j in group_of.items()}
    problems += [*ids_twice(own), *_id_of_base(own, base)]
    return Whole(data, tuple(problems), entry_of, len(inherited_documents))


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _merged(key: str, old: Any, new: Any) -> Any:
    if key in _CHANGED_BY_KEY and isinstance(old, dict) and isinstance(new, dict):
        return {**old, **new}
    return new


def _changed(
    inherited: list[Any], changes: Any, dropped: Collection[str] = ()
) -> tuple[Any, dict[int, int]]:
    """The entries with their changes, and for each that was changed or added its index there.

    Passed over are mistakes that are told elsewhere: changes of what was ``dropped``, and an id
    that is given again.
    """
    if not isinstance(changes, list):
        return changes, {}  # a mistake of shape
    whole = list(inherited)
    index_of: dict[Any, int] = {entry["id"]: index for index, entry in enumerate(whole)}
    entry_of: dict[int, int] = {}
    for j, change in enumerate(changes):
        id = change.get("id") if isinstance(change, dict) else None
        if not isinstance(id, str):
            id = j  # a mistake of shape: an entry of its own
        i = index_of.get(id)
        if i in entry_of or id in dropped:
            continue
        if i is None:
            i = index_of[id] = len(whole)
            whole.append(change)
        else:
            old = whole[i]
            whole[i] = old | {key: _merged(key, old.get(key), new) for key, new in change.items()}
        entry_of[i] = j
    return whole, entry_of


def _id_of_base(own: Mapping[str, Any], base: Mapping[str, Any]) -> Iterator[Problem]:
    if own.get("id") == base["id"]:
        yield Problem(
            ("id",),
            f'id "{base["id"]}" is that of the rubric it extends, but their scores differ. '
            "Give this one its own.",
            f"编号“{base['id']}”与所继承的要点表相同，而两者得分不同。请另取编号。",
        )


def _switched_off(
    own: Mapping[str, Any], base: Mapping[str, Any]
) -> tuple[set[str], list[Problem]]:
    """The ids that ``off`` names, as far as they can be used, and its mistakes."""
    given = own.get("off", [])
    group_of = {topic["id"]: topic["group"] for topic in base["topics"]}
    known = (*group_of, *(group["id"] for group in base["groups"]))
    if not isinstance(given, list) or not all(isinstance(id, str) for id in given):
        return set(), [
            Problem(
                ("off",),
                f'"off": found {given!r}, expected a list of ids of topics or groups, such as '
                f"[{known[0]}]. Correct the value.",
                f"“off”的值 {given!r} 不合要求，应为要点或分组编号的列表，如 [{known[0]}]。请改正。",
            )
        ]
    off = set(given)
    problems = [_not_in_base(index, id, base["id"], known) for index, id in enumerate(given)
                if id not in known]  # fmt: skip
    if all(off & {*pair} for pair in group_of.items()) and not own.get("topics"):
        problems.append(
            Problem(
                ("off",), "switches off every topic. Leave one.", "关闭了全部要点，请至少保留一项。"
            )
        )
        return set(), problems
    for key in ("topics", "groups"):
        for index, entry in entries(own, key):
            id = str(entry.get("id"))
            if id in off or (key == "topics" and group_of.get(id) in off):
                problems.append(
                    Problem(
                        (key, index, "id"),
                        f'"{id}" is switched off by "off" and changed here. Remove one of the two.',
                        f"“{id}”已在 off 中关闭，此处又作修改，请删去其一。",
                    )
                )
    return off, problems


def _not_in_base(index: int, id: str, base_id: str, known: Sequence[str]) -> Problem:
    near_en, near_zh = near(id, known)
    return Problem(
        ("off", index),
        f'"{base_id}" has no topic or group "{id}" to switch off.{near_en} Remove or correct it.',
        f"“{base_id}”没有可关闭的要点或分组“{id}”。{near_zh}请改正或删去。",
    )
