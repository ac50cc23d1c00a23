"""The data of a run: read, checked against its schema, and remarked on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from safetynlp.errors import DataError
from safetynlp.labelled import (
    LabelledData,
    LabelledRow,
    first_reading,
    infer_schema,
    read_labelled,
    targets,
)
from safetynlp.schema import Schema
from safetynlp.training.config import TrainConfig
from safetynlp.training.narrator import Narrator
from safetynlp.training.start import Start

__all__ = ["Material", "corpus_sha256", "read_material", "warn_of_rare_labels"]

_SHOWN = 5  # of several remarks of one kind
_SHOWN_LABELS = 12


@dataclass(frozen=True)
class Material:
    """Labelled rows of a run and the schema that they were checked against."""

    schema: Schema
    data: LabelledData
    test: LabelledData | None  # a test set of its own

    @property
    def sha256(self) -> dict[str, str]:
        """Name of the file → hash, of all files; paths are left out, for they name people."""
        read = {**self.data.sha256, **(self.test.sha256 if self.test else {})}
        return _by_name(read)

    @property
    def skipped(self) -> int:
        """How many rows could not be used."""
        return len(self.data.skipped) + (len(self.test.skipped) if self.test else 0)


def read_material(config: TrainConfig, start: Start, say: Narrator) -> Material:
    """Read all labelled files of a run.

    Raises:
        DataError: they are faulty; says where. SchemaError: so is the schema.
    """
    schema, origin = _schema(config, start, say)
    try:
        data = read_labelled(config.data, schema, config.read)
        test = read_labelled(config.test, schema, config.read) if config.test else None
    except DataError as error:
        if not origin:
            raise
        raise DataError(
            f"{error.en}\nThe labels are those of the model {origin}. For labels of your own add "
            "--schema FILE, or --base e5-small-zh to take them from the data.",
            f"{error.zh}\n以上按模型 {origin} 的标签体系检查。如使用自己的标签，请加 --schema 文件，"
            "或加 --base e5-small-zh 由数据得出。",
        ) from error
    if not data.rows:
        names = ", ".join(map(str, config.data))
        raise DataError(
            f"{names}: no labelled segment. Give files with at least two labelled speeches.",
            f"{names}：没有已标注的句子。请给出至少两篇已标注讲话的文件。",
        )
    material = Material(schema, _each_once(data, say), test and _each_once(test, say))
    _remark(material, say)
    return material


def _each_once(data: LabelledData, say: Narrator) -> LabelledData:
    """Of several annotators' labels of a segment one: else it would weigh as much as they are."""
    rows = tuple(first_reading(data.rows))
    if more := len(data.rows) - len(rows):
        say(
            f"{more} further readings of the same segments by other annotators are not used",
            f"同一句有多人标注，其余 {more} 份未用",
        )
    return replace(data, rows=rows)


def _schema(config: TrainConfig, start: Start, say: Narrator) -> tuple[Schema, str]:
    """The schema, and the name of the model it comes from if nobody asked for it."""
    if config.schema is not None:
        return config.schema, ""
    named = config.recipe.schema
    if named == Schema.default().id:
        return Schema.default(), ""
    if named:
        return Schema.from_yaml(named), ""
    if start.settings is not None:
        return start.settings.schema, start.settings.name
    schema = infer_schema([*config.data, *config.test], config.read)
    for facet in schema.facets:
        shown = ", ".join(facet.label_ids[:20]) + (" …" if len(facet.labels) > 20 else "")
        say(
            f"labels taken from the data: {facet.id} ({facet.kind}-label), {len(facet.labels)}: "
            f"{shown}",
            f"由数据得出标签：{facet.id}（{'单' if facet.kind == 'single' else '多'}标签）"
            f"{len(facet.labels)} 个：{shown}",
        )
    return schema, ""


def _remark(material: Material, say: Narrator) -> None:
    for read in filter(None, (material.data, material.test)):
        for warning in read.warnings[:_SHOWN]:
            say(f"warning: {warning.en}", f"注意：{warning.zh}")
        if (more := len(read.warnings) - _SHOWN) > 0:
            say(f"warning: {more} more of the kind", f"注意：另有 {more} 处类似情况")
        for skipped in read.skipped[:_SHOWN]:
            say(
                f"skipped {skipped.where}: {skipped.reason_en}",
                f"跳过 {skipped.where}：{skipped.reason_zh}",
            )
    if material.skipped:
        say(
            f"{material.skipped} rows skipped; all of them will be in skipped.jsonl of the model",
            f"共跳过 {material.skipped} 行，全部记在模型文件夹的 skipped.jsonl 中",
        )


def warn_of_rare_labels(
    rows: Sequence[LabelledRow], schema: Schema, min_support: int, say: Narrator
) -> dict[str, int]:
    """Tell which labels have fewer than ``min_support`` segments to be learned from.

    Returns: ``"facet.label"`` → its segments, of these labels.
    """
    y, known = targets(rows, schema)
    support = y.sum(axis=0).astype(int)
    rare = {
        f"{facet.id}.{id}": int(support[part.start + n])
        for index, (facet, part) in enumerate(schema.columns())
        if known[:, index].any()
        for n, id in enumerate(facet.label_ids)
        if support[part.start + n] < min_support
    }
    if rare:
        rarest = sorted(rare.items(), key=lambda item: item[1])[:_SHOWN_LABELS]
        names = ", ".join(f"{name} {count}" for name, count in rarest)
        more = len(rare) - len(rarest)
        say(
            f"warning: {len(rare)} labels have fewer than {min_support} segments and are hard to "
            f"learn: {names}" + (f" and {more} more, all in metrics.json" if more else ""),
            f"注意：{len(rare)} 个标签不足 {min_support} 句，难以学好：{names}"
            + (f" 等，其余 {more} 个见 metrics.json" if more else ""),
        )
    return rare


def corpus_sha256(sha256: Mapping[str, str]) -> str:
    """One hash of labelled files, by the names and hashes of all.

    Args:
        sha256: file → hash of its content.
    """
    digest = hashlib.sha256()
    for name, value in sorted(_by_name(sha256).items()):
        digest.update(f"{name} {value}\n".encode())
    return digest.hexdigest()


def _by_name(sha256: Mapping[str, str]) -> dict[str, str]:
    """Files by name alone, where two of one name get a number."""
    named: dict[str, str] = {}
    for path, value in sorted(sha256.items()):
        name, n = Path(path).name, 2
        while name in named:
            name, n = f"{Path(path).name} ({n})", n + 1
        named[name] = value
    return named
