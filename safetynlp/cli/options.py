"""The options that commands share, with their help in Chinese and English."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from safetynlp.errors import UsageError

__all__ = [
    "Audience",
    "ClassifyFormat",
    "Date",
    "Facets",
    "Files",
    "Lang",
    "Level",
    "ListFormat",
    "Model",
    "Out",
    "RankFormat",
    "Rubric",
    "ScoreFormat",
    "Sectors",
    "SegmentFormat",
    "Threshold",
    "TopicFormat",
    "choose_format",
]

# Result formats by the ending of the file given with --out.
_FORMAT_OF_SUFFIX = {
    ".txt": "text",
    ".json": "json",
    ".jsonl": "jsonl",
    ".csv": "csv",
    ".html": "html",
    ".htm": "html",
    ".parquet": "parquet",
    ".docx": "docx",
    ".md": "markdown",
    # No command writes these, and text under such a name would only confuse.
    ".pdf": "pdf",
    ".doc": "doc",
    ".wps": "wps",
    ".xls": "xls",
    ".xlsx": "xlsx",
}


def _check_lang(context: typer.Context, value: str) -> str:
    """The language given with the command, else before it, else Chinese."""
    if not value:
        value = context.parent.params["lang"] if context.parent else "zh"
    if value not in ("zh", "en"):
        raise UsageError(
            f'--lang: found "{value}", expected zh or en.',
            f"--lang：“{value}”有误，应为 zh 或 en。",
        )
    return value


def choose_format(given: str | None, out: str | None, known: tuple[str, ...]) -> str:
    """The format asked for, else the one that the name of the result file tells, else the first.

    Raises:
        UsageError: it is not among ``known``.
    """
    told = _FORMAT_OF_SUFFIX.get(Path(out or "").suffix.lower())
    form = given or told or known[0]
    if form in known:
        return form
    where = "--format" if given else f"--out {out}"
    raise UsageError(
        f'{where}: this command does not write "{form}", only {", ".join(known)}. '
        "Choose one of these with --format.",
        f"{where}：本命令不能输出 {form}，可输出 {'、'.join(known)}。请用 --format 指定其中之一。",
    )


def _format_option(formats: str) -> Any:
    return typer.Option(
        metavar=formats,
        help="输出格式，默认 text 或按 --out 的后缀 / "
        "format of the result; by default text, or what the name given with --out tells",
    )


Lang = Annotated[
    str,
    typer.Option(
        metavar="zh|en",
        callback=_check_lang,
        show_default=False,
        help="消息和报告的语言，默认 zh / language of messages and reports, zh by default",
    ),
]
Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE",
        show_default=False,
        help="讲话文件（.docx .pdf .txt .md .html），- 表示标准输入 / "
        "speeches; - is standard input",
    ),
]
ScoreFormat = Annotated[str | None, _format_option("text|json|csv|parquet|html|docx|markdown")]
RankFormat = Annotated[str | None, _format_option("text|csv|json|parquet")]
TopicFormat = Annotated[str | None, _format_option("text|json")]
ClassifyFormat = Annotated[str | None, _format_option("text|jsonl|csv|parquet")]
SegmentFormat = Annotated[str | None, typer.Option(metavar="jsonl", help="输出格式 / format")]
ListFormat = Annotated[
    str, typer.Option(metavar="text|json", help="输出格式 / format of the result")
]
Out = Annotated[
    str | None,
    typer.Option(
        metavar="PATH", help="结果写入此文件 / write the result to this file instead of showing it"
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="模型文件夹，默认用自带模型 / folder of the model, by default the one built in",
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        metavar="0..1",
        help="多标签分面统一用此概率阈值，默认各标签有自己的 / one threshold on the probability "
        "for all multi-label facets; by default each label has its own",
    ),
]
Facets = Annotated[
    list[str] | None,
    typer.Option(
        "--facet",
        metavar="ID",
        help="只要此分面，可重复 / only this facet; may be given several times",
    ),
]
Rubric = Annotated[
    str,
    typer.Option(metavar="NAME|PATH", help="要点表编号或 YAML 文件 / id of a rubric, or a file"),
]
Date = Annotated[
    str | None,
    typer.Option(
        metavar="YYYY-MM", help="讲话年月，决定哪些要点适用 / date; decides which topics apply"
    ),
]
Audience = Annotated[
    str | None,
    typer.Option(
        metavar="government|enterprise",
        help="讲话对象：政府或企业 / whom the speech addresses; decides which topics apply",
    ),
]
Level = Annotated[
    str | None,
    typer.Option(
        metavar="LEVEL",
        help="讲话层级 / who speaks: national, province, city, county, township, department or "
        "enterprise",
    ),
]
Sectors = Annotated[
    str | None,
    typer.Option(
        metavar="ID,…",
        help="要点表 sectors 只看这些行业，编号或名称，逗号分开，如 消防,城镇燃气 / "
        "with the rubric sectors: only these, by id or name, such as fire_safety,urban_gas",
    ),
]
