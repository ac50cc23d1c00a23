"""``safetynlp train``: labelled speeches in, a model folder out."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from safetynlp.cli import console, options
from safetynlp.errors import UsageError

if TYPE_CHECKING:
    from safetynlp.training.config import TrainConfig
    from safetynlp.training.measure import TrainResult
    from safetynlp.training.recipe import Recipe

__all__ = ["train"]


def _option(metavar: str, zh: str, en: str, *names: str) -> Any:
    return typer.Option(*names, metavar=metavar, show_default=False, help=f"{zh} / {en}")


Data = Annotated[
    list[str],
    typer.Argument(
        metavar="DATA...",
        show_default=False,
        help="已标注的讲话：文件或文件夹（jsonl csv tsv xlsx，Label Studio、doccano、PaddleNLP 导出，"
        "datasets 文件夹）/ labelled speeches, files or folders",
    ),
]
OutFolder = Annotated[
    str,
    _option("DIR", "模型文件夹，完成后才出现", "folder of the model; it appears when all is done"),
]
Base = Annotated[
    str | None,
    _option(
        "released|e5-small-zh|PATH|HUB_ID",
        "从何处开始：自带模型（默认）、基础编码器、本地文件夹或模型库编号",
        "what to start from: the released model (default), the base encoder, a folder, a hub id",
    ),
]
SchemaFile = Annotated[
    str | None,
    _option(
        "FILE",
        "标签体系 YAML，或 safety-speech；默认用起点模型的，起点是编码器时由数据得出",
        "label schema (YAML), or safety-speech; by default that of the start, or for an encoder "
        "what the data show",
    ),
]
RecipeFile = Annotated[
    str | None,
    _option("FILE", "训练配方 TOML；命令行选项优先", "recipe (TOML); options given here win"),
]
Folds = Annotated[
    int | None,
    _option(
        "K",
        "交叉验证折数，0 为不做；默认不足 60 篇时 5 折",
        "folds of cross-validation, 0 for none; by default 5 with fewer than 60 speeches",
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="继续未完成的训练 / go on with an unfinished training")
]
OnError = Annotated[
    str,
    _option(
        "raise|skip",
        "数据有误时停止（默认），或跳过并记入 skipped.jsonl",
        "stop at faulty rows (default), or skip them and note them in skipped.jsonl",
    ),
]
GroupByRow = Annotated[
    bool,
    typer.Option(
        "--group-by-row",
        help="没有 doc 的行各自成篇 / rows without doc are speeches of their own",
    ),
]
NoReplay = Annotated[
    bool,
    typer.Option("--no-replay", help="不重放随包语料 / do not train on the released corpus too"),
]
ReplayShare = Annotated[
    float | None,
    _option(
        "SHARE",
        "同时训练的随包语料比例，默认 0.2",
        "share of the released corpus that is trained on too, 0.2 by default",
        "--replay",
    ),
]
Test = Annotated[
    list[str] | None,
    _option(
        "DATA",
        "只用于测试的讲话，可重复",
        "speeches that are only measured; may be given several times",
    ),
]
Epochs = Annotated[int | None, _option("N", "训练轮数（上限）", "epochs, at most")]
Seed = Annotated[
    int | None, _option("N", "训练的随机种子；划分不变", "seed of the training; the split stays")
]
DataFormat = Annotated[
    str | None,
    _option(
        "NAME",
        "数据格式，默认自动判断",
        "format of the data, told from the files by default: jsonl, csv, xlsx, datasets, "
        "label-studio, json-min, doccano, paddlenlp",
    ),
]
TextColumn = Annotated[str, _option("NAME", "正文列名，默认 text", "column of the text")]
DocColumn = Annotated[str, _option("NAME", "讲话列名，默认 doc", "column of the speech")]
Absent = Annotated[
    str | None,
    _option(
        "none|unlabelled",
        "空缺表示没有标签还是未标注，默认依格式",
        "whether a missing label means none or not labelled; by default as the format has it",
    ),
]
FlatFacet = Annotated[
    str | None,
    _option("ID", "不带分面的标签属于哪个分面", "facet of labels that name none", "--facet"),
]


def train(
    data: Data,
    out: OutFolder,
    base: Base = None,
    schema: SchemaFile = None,
    recipe: RecipeFile = None,
    folds: Folds = None,
    resume: Resume = False,
    on_error: OnError = "raise",
    group_by_row: GroupByRow = False,
    no_replay: NoReplay = False,
    replay: ReplayShare = None,
    test: Test = None,
    epochs: Epochs = None,
    seed: Seed = None,
    data_format: DataFormat = None,
    text_column: TextColumn = "text",
    doc_column: DocColumn = "doc",
    absent: Absent = None,
    facet: FlatFacet = None,
    format: options.ListFormat = "text",
    lang: options.Lang = "",
) -> None:
    """The command; registered in :mod:`safetynlp.cli.commands`."""
    form = options.choose_format(format, None, ("text", "json"))
    if no_replay and replay:
        raise UsageError(
            f"--no-replay and --replay {replay} contradict each other. Give one of them.",
            f"--no-replay 与 --replay {replay} 矛盾。请只给一个。",
        )
    changes = {
        "base": base,
        "schema": schema,
        "folds": folds,
        "replay": 0.0 if no_replay else replay,
    }
    chosen = _recipe(recipe, changes).with_fit(epochs=epochs, seed=seed)
    reading = {
        "format": data_format,
        "text_column": text_column,
        "doc_column": doc_column,
        "group_by_row": group_by_row,
        "absent": absent,
        "facet": facet,
        "on_error": on_error,
    }
    config = _config(data, out, chosen, reading, test or [], resume)
    result = _run(config, lang)
    if result is not None:
        as_json = json.dumps(result.to_dict(), ensure_ascii=False, indent=2)
        from safetynlp.cli.trained import result_text

        console.deliver(as_json if form == "json" else result_text(result, lang), None, lang)


def _recipe(file: str | None, changes: dict[str, Any]) -> Recipe:
    from safetynlp.training.recipe import Recipe

    recipe = Recipe.from_file(file) if file else Recipe()
    return replace(recipe, **{k: v for k, v in changes.items() if v is not None})


def _config(
    data: list[str],
    out: str,
    recipe: Recipe,
    reading: dict[str, Any],
    test: list[str],
    resume: bool,
) -> TrainConfig:
    from safetynlp.labelled import ReadOptions
    from safetynlp.training.config import TrainConfig

    return TrainConfig(
        data=tuple(map(Path, data)),
        out=Path(out),
        recipe=recipe,
        test=tuple(map(Path, test)),
        read=ReadOptions(**reading),
        resume=resume,
    )


def _run(config: TrainConfig, lang: str) -> TrainResult | None:
    """The result; None in a process that only helps the first one."""
    # Set before the library is loaded: its forks warn of it in the middle of the progress bar.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    from safetynlp.training.run import train as run
    from safetynlp.training.workers import workers

    result = run(config, log=console.note, lang=lang)
    return result if workers().is_first else None
