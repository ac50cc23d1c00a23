"""Label Studio's exports: full JSON (an array of tasks) and JSON-MIN (an array of annotations)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from safetynlp.errors import DataError, SafetyNLPError
from safetynlp.labelled.record import (
    FLAT,
    FLAT_COLUMNS,
    Item,
    Record,
    attempt,
    check_columns,
    rest,
)
from safetynlp.labelled.row import Message, ReadOptions, Skipped
from safetynlp.labelled.vocabulary import FACET_MARK, Vocabulary

__all__ = ["read_json_min", "read_label_studio"]

_MIN_OWN = {
    "id",
    "annotator",
    "annotation_id",
    "created_at",
    "updated_at",
    "lead_time",
    "agreement",
    "i",
}


def read_label_studio(
    text: str, name: str, vocabulary: Vocabulary, options: ReadOptions
) -> Iterator[Item]:
    """The rows of a full export: one for each annotation, or an unlabelled one for a task without.

    Raises:
        DataError: not a JSON array.
    """
    left_out: Counter[str] = Counter()
    for number, task in enumerate(_array(text, name)):
        where = _where(name, task, number)
        try:
            yield from _task(task, where, vocabulary, options, left_out)
        except SafetyNLPError as error:
            yield Skipped(where, error.en, error.zh, _source(task))
    if n := left_out.pop("", 0):
        yield Message(
            f"{name}: {n} annotations that their annotator cancelled were left out.",
            f"{name}：{n} 条被标注人跳过的标注未读取。",
        )
    for kind, n in sorted(left_out.items()):
        yield Message(
            f'{name}: {n} results of type "{kind}" are no choices and were not read.',
            f"{name}：{n} 个类型为 {kind} 的结果不是选项，未读取。",
        )


def read_json_min(
    text: str, name: str, vocabulary: Vocabulary, options: ReadOptions
) -> Iterator[Item]:
    """The rows of a JSON-MIN export.

    Raises:
        DataError: not a JSON array.
    """
    for number, data in enumerate(_array(text, name)):
        where = _where(name, data, number)
        yield attempt(where, _source(data), partial(_min, data, where, vocabulary, options))


def _array(text: str, name: str) -> list[Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{name}: not JSON: {error}. Export it from Label Studio again.",
            f"{name}：不是 JSON：{error}。请从 Label Studio 重新导出。",
        ) from error
    if not isinstance(data, list):
        raise DataError(
            f"{name}: found {type(data).__name__} at the top level, expected an array of tasks.",
            f"{name}：顶层应为任务的数组，实为 {type(data).__name__}。",
        )
    return data


def _where(name: str, data: Any, number: int) -> str:
    """The place by the number of the task, which Label Studio shows; else by position from 1."""
    id = data.get("id") if isinstance(data, dict) else None
    return f"{name}: record {number + 1}" if id is None else f"{name}: task {id}"


def _source(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


def _task(
    task: Any,
    where: str,
    vocabulary: Vocabulary,
    options: ReadOptions,
    left_out: Counter[str],
) -> Iterator[Record]:
    if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
        raise _unexpected('no "data"', "缺 data")
    data = task["data"]
    annotations = task.get("annotations", task.get("completions", []))
    if not isinstance(annotations, list) or not all(isinstance(a, dict) for a in annotations):
        raise _unexpected('"annotations" is no list of objects', "annotations 不是对象的列表")
    valid = [a for a in annotations if not a.get("was_cancelled") and not a.get("skipped")]
    left_out[""] += len(annotations) - len(valid)
    meta = rest(data, {options.text_column, options.doc_column, "i", "para"})
    for annotation in valid or [{}]:
        labels = _results(annotation.get("result") or [], vocabulary, left_out)
        yield Record(
            where,
            _source(task),
            data.get(options.text_column),
            data.get(options.doc_column),
            labels,
            "none-if-any" if annotation else "stated",
            data.get("i"),
            data.get("para"),
            _annotator(annotation.get("completed_by")),
            meta | ({"ground_truth": "true"} if annotation.get("ground_truth") is True else {}),
        )


def _unexpected(en: str, zh: str) -> DataError:
    return DataError(
        f"{en}. Expected a task of Label Studio's JSON export.",
        f"{zh}。应为 Label Studio JSON 导出中的任务。",
    )


def _annotator(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("id", value.get("email"))
    return "" if value is None else str(value)


def _results(
    results: Any, vocabulary: Vocabulary, left_out: Counter[str]
) -> dict[str, tuple[str, ...]]:
    if not isinstance(results, list) or not all(isinstance(r, dict) for r in results):
        raise _unexpected('"result" is no list of objects', "result 不是对象的列表")
    labels: dict[str, list[str]] = defaultdict(list)
    for result in results:
        kind = str(result.get("type"))
        if kind not in ("choices", "taxonomy"):
            left_out[kind] += 1
            continue
        control = str(result.get("from_name", ""))
        check_columns([control], vocabulary)
        column, names = _column(control, result.get("value"), vocabulary)
        labels[column] += names
    return {column: tuple(names) for column, names in labels.items()}


def _column(control: str, value: Any, vocabulary: Vocabulary) -> tuple[str, list[str]]:
    """The column that the labels of a control belong to, and their names."""
    facet = vocabulary.facet(control)
    names = [_name(path, vocabulary, control) for path in _paths(value)]
    if facet is not None:
        return facet.id, names
    if vocabulary.is_open:  # a schema is being inferred: the control is the facet
        names = [f"{control}{FACET_MARK}{name}" for name in names]
    return FLAT, names


def _paths(value: Any) -> list[list[str]]:
    """Each choice as a path; a plain choice is a path of one.

    ``"a"``, ``["a", "b"]``, ``{"choices": ["a"]}``, ``{"taxonomy": [["a", "b"]]}``, and lists of
    such objects, as JSON-MIN has them for taxonomies.
    """
    if isinstance(value, dict):
        return _paths(value.get("choices", value.get("taxonomy")))
    paths: list[list[str]] = []
    for choice in value if isinstance(value, list) else [value]:
        if isinstance(choice, dict) and ("choices" in choice or "taxonomy" in choice):
            paths += _paths(choice)
            continue
        path = choice if isinstance(choice, list) else [choice]
        if not path or not all(isinstance(name, str) for name in path):
            raise DataError(
                f"found {str(value)[:40]!r}, expected choices, or paths of a taxonomy.",
                f"内容 {str(value)[:40]!r} 不合要求，应为选项或分类树的路径。",
            )
        paths.append(path)
    return paths


def _name(path: Sequence[str], vocabulary: Vocabulary, control: str) -> str:
    """The deepest entry that is a label; the last if none is, which will be said."""
    facet = vocabulary.facet(control) or vocabulary.facet(path[0])
    name = next((x for x in reversed(path) if vocabulary.has(x, facet)), path[-1])
    if facet is not None and vocabulary.facet(control) is None and len(path) > 1:
        return f"{facet.id}{FACET_MARK}{name}"
    return name


def _min(data: Any, where: str, vocabulary: Vocabulary, options: ReadOptions) -> Record:
    if not isinstance(data, dict):
        raise _unexpected(f"found {type(data).__name__}", f"实为 {type(data).__name__}")
    check_columns(data, vocabulary)
    columns = [key for key in data if vocabulary.facet(key)]
    flat = (options.facet, *FLAT_COLUMNS) if options.facet else FLAT_COLUMNS
    columns = columns or [key for key in flat if key in data][:1]
    used = _MIN_OWN | {options.text_column, options.doc_column, "para", *columns}
    return Record(
        where,
        _source(data),
        data.get(options.text_column),
        data.get(options.doc_column),
        _min_labels(data, columns, vocabulary),
        "none-if-any",
        data.get("i"),
        data.get("para"),
        _annotator(data.get("annotator")),
        rest(data, used),
    )


def _min_labels(
    data: Mapping[str, Any], columns: Sequence[str], vocabulary: Vocabulary
) -> dict[str, tuple[str, ...]]:
    labels = {}
    for key in columns:
        facet = vocabulary.facet(key)
        names = [_name(path, vocabulary, key) for path in _paths(data[key])]
        labels[facet.id if facet else FLAT] = tuple(names)
    return labels
