"""Folders that the ``datasets`` library wrote by ``save_to_disk`` (extra ``[train]``)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from safetynlp.errors import DataError
from safetynlp.labelled.record import (
    FLAT,
    FLAT_COLUMNS,
    Item,
    Record,
    attempt,
    check_columns,
    label_names,
    rest,
)
from safetynlp.labelled.row import ReadOptions
from safetynlp.labelled.vocabulary import Vocabulary

__all__ = ["read_datasets"]


def read_datasets(path: Path, vocabulary: Vocabulary, options: ReadOptions) -> Iterator[Item]:
    """The rows of all parts of a data set; ``meta["split"]`` says which part.

    Raises:
        DataError: ``datasets`` is not installed, the folder is damaged, or no column has labels.
    """
    for part, table in _parts(path).items():
        place = f"{path}:{part}" if part else str(path)
        check_columns(table.column_names, vocabulary)
        columns = _columns(table.column_names, place, vocabulary, options)
        classes = {name: _class_names(table.features[name]) for name in columns}
        for number, data in enumerate(table):
            where = f"{place}:{number}"
            source = json.dumps(data, ensure_ascii=False, default=str)
            yield attempt(
                where,
                source,
                partial(_record, data, where, source, columns, classes, part, options),
            )


def _parts(path: Path) -> dict[str, Any]:
    """Name of the part → its table; one without a name if the folder has no parts."""
    try:
        import datasets
    except ImportError as error:
        raise DataError(
            f"{path}: reading this folder needs datasets: pip install 'safetynlp[train]'; or save "
            f"it as JSON Lines.",
            f"{path}：读取该文件夹需要 datasets：pip install 'safetynlp[train]'；也可另存为 JSON Lines。",
        ) from error
    try:
        loaded = datasets.load_from_disk(str(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: cannot be read as a data set: {error}. Save it again by save_to_disk.",
            f"{path}：无法读作数据集：{error}。请用 save_to_disk 重新保存。",
        ) from error
    return dict(loaded) if isinstance(loaded, datasets.DatasetDict) else {"": loaded}


def _columns(
    names: list[str], place: str, vocabulary: Vocabulary, options: ReadOptions
) -> dict[str, str]:
    """Column of the table → facet id, or :data:`FLAT`."""
    found = {name: facet.id for name in names if (facet := vocabulary.facet(name))}
    if found:
        return found
    for name in (options.facet, *FLAT_COLUMNS):
        if name in names:
            return {name: FLAT}
    shown = ", ".join(names)
    raise DataError(
        f"{place}: no column of labels among {shown}. Expected one named like a facet of the "
        f'schema, or "label".',
        f"{place}：没有标签列，现有列：{shown}。应有以标签体系的分面命名的列，或名为 label 的列。",
    )


def _class_names(feature: Any) -> list[str] | None:
    """Names of the classes of a ``ClassLabel`` or a sequence of them."""
    return getattr(feature, "names", None) or getattr(
        getattr(feature, "feature", None), "names", None
    )


def _record(
    data: Mapping[str, Any],
    where: str,
    source: str,
    columns: Mapping[str, str],
    classes: Mapping[str, list[str] | None],
    part: str,
    options: ReadOptions,
) -> Record:
    labels = {
        facet: label_names(_named(data[name], classes[name]), name)
        for name, facet in columns.items()
        if data[name] not in (None, -1)  # -1: a class that is not known
    }
    used = {options.text_column, options.doc_column, "i", "para", "annotator", *columns}
    return Record(
        where,
        source,
        data.get(options.text_column),
        data.get(options.doc_column),
        labels,
        "none" if FLAT in labels else "stated",
        data.get("i"),
        data.get("para"),
        str(data.get("annotator") or ""),
        rest(data, used) | ({"split": part} if part else {}),
    )


def _named(value: Any, classes: list[str] | None) -> Any:
    if classes is None:
        return value
    return [classes[n] for n in (value if isinstance(value, list) else [value])]
