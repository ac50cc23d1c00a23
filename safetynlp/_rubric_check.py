"""Find the mistakes in a rubric file and the line each stands in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from safetynlp.errors import RubricError, SchemaError
from safetynlp.rule import Rule, is_regex
from safetynlp.schema import Schema

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from safetynlp.rubric import Rubric, Scope

__all__ = ["Problem", "Tree", "as_error", "of_content", "of_shape", "read", "too_deep"]

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake at a place of the data, such as ``("topics", 3, "match", "cues", 0)``."""

    loc: Loc
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Tree:
    """A YAML file as plain data, and as nodes that know their lines."""

    data: dict[str, Any]
    root: yaml.Node

    def line(self, loc: Loc) -> int:
        """Line, from 1, of the deepest part of ``loc`` that exists in the file."""
        node, mark = self.root, self.root.start_mark
        for step in loc:
            if isinstance(node, yaml.MappingNode):
                found = next((pair for pair in node.value if pair[0].value == str(step)), None)
                if found is None:
                    break
                mark, node = found[0].start_mark, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                node = node.value[step]
                mark = node.start_mark
            else:
                break
        return int(mark.line) + 1


def read(path: str | Path) -> Tree:
    """Parse a YAML file.

    Raises:
        RubricError: it cannot be read, is not YAML, gives a key twice or is no mapping.
    """
    try:
        text = Path(path).read_text("utf-8-sig")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(path, error) from error
    except RecursionError as error:
        raise too_deep(str(path)) from error
    # ValueError: text that is no UTF-8, or a date that does not exist.
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RubricError(
            f"{path}: cannot be read as a rubric: {error}. Expected a UTF-8 YAML file.",
            f"{path}：无法读作要点表：{error}。应为 UTF-8 的 YAML 文件。",
        ) from error
    if not isinstance(data, dict) or root is None:
        raise RubricError(
            f"{path}:1: found {type(data).__name__} at the top level, expected a mapping with id, "
            f"version, name, source, groups and topics.",
            f"{path}:1：顶层应为含 id、version、name、source、groups、topics 的映射，"
            f"实为 {type(data).__name__}。",
        )
    tree = Tree(data, root)
    if twice := list(_keys_twice(root)):
        raise RubricError(
            "\n".join(
                f'{path}:{key.start_mark.line + 1}: key "{key.value}" is given twice in one '
                f"mapping. Keep one of them."
                for key in twice
            ),
            "\n".join(
                f"{path}:{key.start_mark.line + 1}：同一映射中“{key.value}”出现两次，请保留一处。"
                for key in twice
            ),
        )
    return tree


def _not_yaml(path: str | Path, error: yaml.MarkedYAMLError) -> RubricError:
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    begun = error.context_mark.line + 1 if error.context_mark else line
    en = f" (in what begins in line {begun})" if begun != line else ""
    zh = f"（所在结构始于第 {begun} 行）" if begun != line else ""
    return RubricError(
        f"{path}:{line}: not valid YAML: {error.problem}{en}. Check indentation, colons and quotes.",
        f"{path}:{line}：不是合法的 YAML：{error.problem}{zh}。请检查缩进、冒号和引号。",
    )


def too_deep(source: str) -> RubricError:
    """The error for a file whose parts lie in each other too deeply, or contain themselves."""
    return RubricError(
        f"{source}: nested too deeply, or an alias (*name) contains itself. Write it flatter.",
        f"{source}：嵌套过深，或别名（*name）包含自身。请减少嵌套。",
    )


def _keys_twice(node: yaml.Node, seen_nodes: set[int] | None = None) -> Iterator[yaml.Node]:
    # Aliases let one node stand in several places, even inside itself: look at each once.
    seen_nodes = set() if seen_nodes is None else seen_nodes
    if id(node) in seen_nodes:
        return
    seen_nodes.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _keys_twice(item, seen_nodes)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                yield key
            seen.add(str(key.value))
            yield from _keys_twice(value, seen_nodes)


def as_error(source: str, tree: Tree, problems: Iterable[Problem]) -> RubricError:
    """One error for all problems, one line each, in the order of the file."""
    placed = sorted(((tree.line(problem.loc), problem) for problem in problems), key=lambda p: p[0])
    return RubricError(
        "\n".join(f"{source}:{line}: {_where(tree, p.loc)}{p.en}" for line, p in placed),
        "\n".join(f"{source}:{line}：{_where(tree, p.loc)}{p.zh}" for line, p in placed),
    )


def _where(tree: Tree, loc: Loc) -> str:
    """``topic st-04: `` for a place inside a topic that has an id."""
    if len(loc) < 2 or loc[0] not in ("topics", "groups") or not isinstance(loc[1], int):
        return ""
    entry = tree.data[loc[0]][loc[1]]
    id = entry.get("id", f"#{loc[1] + 1}") if isinstance(entry, dict) else f"#{loc[1] + 1}"
    return f"{str(loc[0])[:-1]} {id}: "


def of_shape(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Problems of keys and values: what pydantic found, in the words of a rubric's author."""
    items = error.errors()
    return [_shape_problem(dict(item), model) for item in items if not _follows(item, items)]


def _follows(item: ErrorDetails, items: Iterable[ErrorDetails]) -> bool:
    """Whether a list counts as too short only because a part of it is wrong."""
    loc = item["loc"]
    return item["type"] == "too_short" and any(
        len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in items
    )


def _shape_problem(item: dict[str, Any], model: type[BaseModel]) -> Problem:
    loc, kind = tuple(item["loc"]), item["type"]
    key = next((part for part in reversed(loc) if isinstance(part, str)), "")  # not an index
    if kind == "missing":
        return Problem(loc, f'key "{key}" is missing. Add it.', f"缺少“{key}”，请补上。")
    if kind == "extra_forbidden":
        known = _keys_at(loc[:-1], model)
        near_en, near_zh = _near(str(key), known)
        return Problem(
            loc,
            f'unknown key "{key}".{near_en} Known here: {", ".join(known)}.',
            f"未知的键“{key}”。{near_zh}此处可用：{'、'.join(known)}。",
        )
    found = repr(item["input"])
    found = found if len(found) <= 40 else found[:37] + "…"
    return Problem(
        loc,
        f'"{key}": found {found}: {item["msg"]}. Correct the value.',
        f"“{key}”的值 {found} 不合要求（{item['msg']}），请改正。",
    )


def _keys_at(loc: Loc, model: type[BaseModel]) -> tuple[str, ...]:
    """Keys that the mapping at ``loc`` may have, found by walking down the models."""
    for step in loc:
        for name, field in model.model_fields.items():
            if (field.alias or name) == step:
                model = next(_models_in(field.annotation), model)
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _near(word: str, known: Iterable[str]) -> tuple[str, str]:
    near = difflib.get_close_matches(word, list(known), n=2)
    if not near:
        return "", ""
    return f" Did you mean {', '.join(map(repr, near))}?", f"是否想写 {'、'.join(near)}？"


def of_content(rubric: Rubric, schema: Schema) -> list[Problem]:
    """Problems between parts of a rubric that is well-formed: ids, groups, labels, terms."""
    return [
        *_ids_twice(rubric),
        *_unknown_groups(rubric),
        *_faulty_periods(rubric),
        *_faulty_terms(rubric.documents or (), ("documents",)),
        *(problem for loc, rule in _rules(rubric) for problem in _of_rule(loc, rule, schema)),
    ]


def _ids_twice(rubric: Rubric) -> Iterator[Problem]:
    groups, topics = [g.id for g in rubric.groups], [t.id for t in rubric.topics]
    for key, ids in (("groups", groups), ("topics", topics)):
        for index, id in enumerate(ids):
            first = ids.index(id)
            if first < index:
                yield Problem(
                    (key, index, "id"),
                    f'id "{id}" is taken by entry {first + 1} of {key}. Give each its own.',
                    f"编号“{id}”已被 {key} 第 {first + 1} 项占用，请另取。",
                )


def _faulty_periods(rubric: Rubric) -> Iterator[Problem]:
    places: list[tuple[Loc, Scope]] = [((), rubric)]
    places += [(("topics", index), topic) for index, topic in enumerate(rubric.topics)]
    for loc, scope in places:
        if scope.valid_from and scope.valid_until and scope.valid_from > scope.valid_until:
            yield Problem(
                (*loc, "valid_until"),
                f"ends ({scope.valid_until}) before it begins ({scope.valid_from}). Correct one.",
                f"截止（{scope.valid_until}）早于起始（{scope.valid_from}），请改正。",
            )


def _unknown_groups(rubric: Rubric) -> Iterator[Problem]:
    known = tuple(group.id for group in rubric.groups)
    for index, topic in enumerate(rubric.topics):
        if topic.group not in known:
            near_en, near_zh = _near(topic.group, known)
            yield Problem(
                ("topics", index, "group"),
                f'no group "{topic.group}".{near_en} Groups: {", ".join(known)}.',
                f"没有分组“{topic.group}”。{near_zh}现有分组：{'、'.join(known)}。",
            )
    used = {topic.group for topic in rubric.topics}
    for index, group in enumerate(rubric.groups):
        if group.id not in used:
            yield Problem(
                ("groups", index, "id"),
                "no topic belongs to this group. Remove it or give it topics.",
                "没有要点属于本组，请删去或补上要点。",
            )


def _rules(rubric: Rubric) -> Iterator[tuple[Loc, Rule]]:
    for index, topic in enumerate(rubric.topics):
        yield from topic.match.walk(("topics", index, "match"))
        for key, rule in (("exclude", topic.exclude), ("bearer", topic.bearer)):
            if rule is not None:
                yield from rule.walk(("topics", index, key))


def _of_rule(loc: Loc, rule: Rule, schema: Schema) -> Iterator[Problem]:
    if not rule.model_fields_set:
        known = ", ".join(_keys_at((), Rule))
        yield Problem(
            loc,
            f"the rule is empty and would hold for every sentence. Give one of: {known}.",
            f"规则为空，会命中所有句子。请至少写一项：{known}。",
        )
    for facet_id, label_ids in (rule.labels or {}).items():
        if facet_id not in schema.facet_ids:
            near_en, near_zh = _near(facet_id, schema.facet_ids)
            yield Problem(
                (*loc, "labels", facet_id),
                f'no facet "{facet_id}".{near_en} Facets: {", ".join(schema.facet_ids)}.',
                f"没有分面“{facet_id}”。{near_zh}现有分面：{'、'.join(schema.facet_ids)}。",
            )
            continue
        for index, label_id in enumerate(label_ids):
            try:
                schema.facet(facet_id).label(label_id)
            except SchemaError as error:
                yield Problem((*loc, "labels", facet_id, index), error.en, error.zh)
    yield from _faulty_terms(rule.cues or (), (*loc, "cues"))
    yield from _faulty_terms(rule.heading or (), (*loc, "heading"))


def _faulty_terms(terms: Iterable[str], loc: Loc) -> Iterator[Problem]:
    for index, term in enumerate(terms):
        if not is_regex(term):
            continue
        try:
            matches_nothing = re.compile(term[1:-1]).search("") is not None
        except re.error as error:
            yield Problem(
                (*loc, index),
                f"{term} is not a regular expression: {error}. Correct it, or drop the slashes "
                f"to match the words as they stand.",
                f"{term} 不是合法的正则表达式：{error}。请改正，或去掉斜杠按原文匹配。",
            )
            continue
        if matches_nothing:
            yield Problem(
                (*loc, index),
                f"{term} matches the empty text and so every sentence. Make it match some words.",
                f"{term} 能匹配空文本，会命中所有句子，请改为匹配具体词语。",
            )
