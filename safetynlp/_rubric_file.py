"""A rubric file as plain data that knows its lines, and mistakes told with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from safetynlp.errors import RubricError

__all__ = ["Loc", "Problem", "Tree", "as_error", "read", "too_deep"]

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake at a place of the data, such as ``("topics", 3, "match", "cues", 0)``."""

    loc: Loc
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Tree:
    """A YAML file as plain data, and as nodes that know their lines.

    ``twice`` holds (line, key) of keys that are given again in one mapping.
    """

    data: dict[str, Any]
    root: yaml.Node
    twice: tuple[tuple[int, str], ...] = ()

    def line(self, loc: Loc) -> int:
        """Line, from 1, of the deepest part of ``loc`` that exists in the file."""
        node, mark = self.root, self.root.start_mark
        for step in loc:
            if isinstance(node, yaml.MappingNode):
                # The last of that name: before it stands what a merge (<<) brought in.
                pairs = reversed(node.value)
                found = next((pair for pair in pairs if pair[0].value == str(step)), None)
                if found is None:
                    break
                mark, node = found[0].start_mark, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                node = node.value[step]
                mark = node.start_mark
            else:
                break
        return int(mark.line) + 1


class _Loader(yaml.SafeLoader):
    """Reads ``off`` as a key and ``en: No`` as a name: only true and false are truth values."""


_BOOL = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile("(?:true|True|TRUE|false|False|FALSE)$"), [*"tTfF"])


def read(path: str | Path) -> Tree:
    """Parse a YAML file.

    Raises:
        RubricError: it cannot be read, is not YAML or is no mapping.
    """
    try:
        text = Path(path).read_text("utf-8-sig")
        loader = _Loader(text)
        root = loader.get_single_node()
        twice = () if root is None else tuple(_keys_twice(root))  # before a merge fills them up
        data = None if root is None else loader.construct_document(root)
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
    return Tree(data, root, tuple((key.start_mark.line + 1, str(key.value)) for key in twice))


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
    """One error for all problems and keys given twice, one line each, in the order of the file."""
    placed = [(line, *_given_twice(key)) for line, key in tree.twice]
    for problem in problems:
        where_en, where_zh = _where(tree, problem.loc)
        placed.append((tree.line(problem.loc), where_en + problem.en, where_zh + problem.zh))
    placed.sort(key=lambda entry: entry[0])
    return RubricError(
        "\n".join(f"{source}:{line}: {en}" for line, en, _ in placed),
        "\n".join(f"{source}:{line}：{zh}" for line, _, zh in placed),
    )


def _given_twice(key: str) -> tuple[str, str]:
    return (
        f'key "{key}" is given twice in one mapping. Keep one of them.',
        f"同一映射中“{key}”出现两次，请保留一处。",
    )


_ENTRY = {"topics": ("topic", "要点"), "groups": ("group", "分组")}


def _where(tree: Tree, loc: Loc) -> tuple[str, str]:
    """``topic st-04: ``, in English and Chinese, for a place inside a topic or group."""
    if len(loc) < 2 or loc[0] not in _ENTRY or not isinstance(loc[1], int):
        return "", ""
    en, zh = _ENTRY[loc[0]]
    entry = tree.data[loc[0]][loc[1]]
    id = entry.get("id", f"#{loc[1] + 1}") if isinstance(entry, dict) else f"#{loc[1] + 1}"
    return f"{en} {id}: ", f"{zh} {id}："
