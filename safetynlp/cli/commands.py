"""The commands and their options."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
import typer.main

from safetynlp.cli import console, evaluate, options, scores
from safetynlp.cli.prepare import rubric_and_model
from safetynlp.cli.train import train
from safetynlp.errors import UsageError

if TYPE_CHECKING:
    from safetynlp.analyzer import Analysis
    from safetynlp.coverage import Coverage
    from safetynlp.document import Document
    from safetynlp.schema import Schema

__all__ = ["app", "main"]

app = typer.Typer(
    name="safetynlp",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="给安全生产讲话逐句标注并按要点表评分 / "
    "Label Chinese work-safety speeches sentence by sentence and score what they cover.",
    epilog="例 / example: safetynlp score 讲话稿.docx --date 2024-07 --out 报告.html",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from safetynlp import __version__

        console.deliver(f"safetynlp {__version__}", None, "zh")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    lang: options.Lang = "",
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="显示版本 / show the version"
        ),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        console.deliver(context.get_help(), None, lang)


@app.command(help="按要点表给讲话评分 / Score speeches against a rubric.")
def score(
    files: options.Files,
    rubric: options.Rubric = "speech-structure",
    sectors: options.Sectors = None,
    date: options.Date = None,
    audience: options.Audience = None,
    level: options.Level = None,
    format: options.ScoreFormat = None,
    out: options.Out = None,
    threshold: options.Threshold = None,
    model: options.Model = None,
    no_uncertainty: Annotated[
        bool,
        typer.Option(
            "--no-uncertainty",
            help="不算总分的区间，略快 / leave out the interval of the total; a little faster",
        ),
    ] = False,
    pmc: Annotated[
        bool,
        typer.Option("--pmc", help="另给 PMC 指数 / give the PMC index too (Ruiz Estrada 2011)"),
    ] = False,
    lang: options.Lang = "",
) -> None:
    form = options.choose_format(
        format, out, ("text", "json", "csv", "parquet", "html", "docx", "markdown")
    )
    console.check_out(out, files)
    console.check_binary(form, out)
    chosen, load = rubric_and_model(rubric, sectors, date, audience, level, model)
    analyzer = load()

    def work(document: Document) -> tuple[Analysis, Coverage]:
        analysis = analyzer.analyze(document, threshold=threshold)
        return analysis, analysis.coverage(
            chosen, date=date, audience=audience, level=level, uncertain=not no_uncertainty
        )

    batch = console.Batch.run(files, work, lang)
    if batch.results:
        result = _score_result(batch.results, form, lang, out, len(files), pmc=pmc)
        console.deliver(result, out, lang, bom=form == "csv")
    batch.finish(lang)


def _score_result(
    pairs: Sequence[tuple[Analysis, Coverage]],
    form: str,
    lang: str,
    out: str | None,
    asked: int,
    *,
    pmc: bool,
) -> str | bytes:
    """``asked``: how many files were given; of several, JSON has a list even if one is left."""
    from safetynlp import report

    if form == "docx":
        from safetynlp.report.docx import report_docx

        return report_docx(pairs, lang, pmc=pmc)
    if form in ("csv", "parquet"):
        rows = report.topic_rows(pairs)
        return report.topics_csv(rows) if form == "csv" else report.topics_parquet(rows)
    if form == "html":
        return report.report_html(pairs, lang, pmc=pmc)
    if form == "markdown":
        return report.report_markdown(pairs, lang, pmc=pmc)
    if form == "text":
        width = console.text_width(out)
        return "\n".join(report.score_text(*pair, lang, width=width, pmc=pmc) for pair in pairs)
    records = [report.score_record(*pair, pmc=pmc) for pair in pairs]
    return console.json_text(records if asked > 1 else records[0])


@app.command(help="给讲话逐句标注 / Label speeches sentence by sentence.")
def classify(
    files: options.Files,
    format: options.ClassifyFormat = None,
    out: options.Out = None,
    facet: options.Facets = None,
    threshold: options.Threshold = None,
    model: options.Model = None,
    lang: options.Lang = "",
) -> None:
    from safetynlp.analyzer import Analyzer

    form = options.choose_format(format, out, ("text", "jsonl", "csv", "parquet"))
    console.check_out(out, files)
    console.check_binary(form, out)
    analyzer = Analyzer.from_pretrained(model)
    facets = [
        analyzer.schema.facet(id).id for id in dict.fromkeys(facet or analyzer.schema.facet_ids)
    ]
    batch = console.Batch.run(
        files, lambda document: analyzer.analyze(document, threshold=threshold), lang
    )
    if batch.results:
        result = _classify_result(batch.results, form, lang, out, facets)
        console.deliver(result, out, lang, bom=form == "csv")
    batch.finish(lang)


def _classify_result(
    analyses: Sequence[Analysis], form: str, lang: str, out: str | None, facets: Sequence[str]
) -> str | bytes:
    from safetynlp import report

    if form == "text":
        width = console.text_width(out)
        return "\n".join(report.classify_text(a, lang, facets, width=width) for a in analyses)
    records = [
        report.segment_record(
            analysis.document.source, index, segment, facets, schema=analysis.schema
        )
        for analysis in analyses
        for index, segment in enumerate(analysis.segments)
    ]
    if form == "jsonl":
        return report.to_jsonl(records)
    if form == "parquet":
        return report.segments_parquet(records, facets)
    return report.to_csv(records, facets)


@app.command(help="把讲话切分成句 / Cut speeches into sentences.")
def segment(
    files: options.Files,
    format: options.SegmentFormat = None,
    out: options.Out = None,
    lang: options.Lang = "",
) -> None:
    options.choose_format(format, out, ("jsonl",))
    console.check_out(out, files)
    from safetynlp import report
    from safetynlp.segment import segment as cut

    batch = console.Batch.run(files, lambda document: (document, cut(document)), lang)
    if batch.results:
        records = [
            report.segment_only_record(document.source, index, piece)
            for document, pieces in batch.results
            for index, piece in enumerate(pieces)
        ]
        console.deliver(report.to_jsonl(records), out, lang)
    batch.finish(lang)


@app.command(help="列出全部标签及中英文名称和定义 / List the labels with names and definitions.")
def labels(
    facet: options.Facets = None,
    format: options.ListFormat = "text",
    lang: options.Lang = "",
) -> None:
    from safetynlp.cli.listing import schema_text
    from safetynlp.schema import Schema

    form = options.choose_format(format, None, ("text", "json"))
    schema = Schema.default()
    if facet:
        facets = tuple(schema.facet(id) for id in dict.fromkeys(facet))
        schema = schema.model_copy(update={"facets": facets})
    text = (
        schema_text(schema) if form == "text" else console.json_text(schema.model_dump(mode="json"))
    )
    console.deliver(text, None, lang)


@app.command(help="列出自带要点表，显示或检查一个 / List the rubrics, show or check one.")
def rubrics(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|PATH",
            show_default=False,
            help="要点表编号或 YAML 文件 / id of a rubric, or a file",
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="只检查，逐条报告错误所在的行 / only check it; each mistake is told with its line",
        ),
    ] = False,
    json_schema: Annotated[
        bool,
        typer.Option(
            "--json-schema",
            help="输出要点表文件的 JSON Schema，供编辑器使用 / "
            "the JSON Schema of rubric files, for editors",
        ),
    ] = False,
    format: options.ListFormat = "text",
    model: options.Model = None,
    lang: options.Lang = "",
) -> None:
    from safetynlp.cli import listing
    from safetynlp.rubric import available_rubrics, load_rubric

    form = options.choose_format(format, None, ("text", "json"))
    schema = _schema_of(model)
    if json_schema:
        from safetynlp.rubric_schema import rubric_schema

        text = console.json_text(rubric_schema())
    elif check:
        text = _checked(name, schema, lang)
    elif name is not None:
        rubric = load_rubric(name, schema)
        text = (
            listing.rubric_text(rubric, lang, schema)
            if form == "text"
            else console.json_text(rubric.to_dict())
        )
    else:
        found = [load_rubric(id) for id in available_rubrics()]
        text = (
            listing.rubrics_text(found, lang)
            if form == "text"
            else console.json_text([listing.rubric_summary(rubric) for rubric in found])
        )
    console.deliver(text, None, lang)


def _schema_of(model: str | None) -> Schema:
    """The labels of a model; of the package's schema if none is given."""
    if model is None:
        from safetynlp.schema import Schema

        return Schema.default()
    from safetynlp.analyzer import Analyzer

    return Analyzer.from_pretrained(model).schema


def _checked(name: str | None, schema: Schema, lang: str) -> str:
    """One line about a rubric without mistakes."""
    from safetynlp.cli import listing
    from safetynlp.rubric import load_rubric

    if name is None:
        raise UsageError(
            "--check: no rubric is given. Name the file: safetynlp rubrics --check FILE.",
            "--check：没有写要检查的要点表。用法：safetynlp rubrics --check 文件。",
        )
    line = listing.rubric_line(load_rubric(name, schema), lang)
    return f"{name}：没有错误。{line}" if lang == "zh" else f"{name}: no mistakes. {line}"


app.command(
    help="用已标注的讲话训练模型 / Train a model on labelled speeches (needs safetynlp[train])."
)(train)
scores.register(app)
evaluate.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the name of the program; None takes those of the process.

    Returns: the exit code: 0 done, 1 some of several files failed, 2 an error, 130 interrupted.
    """
    console.use_utf8()
    lang = console.language(sys.argv[1:] if arguments is None else arguments)
    args = None if arguments is None else list(arguments)
    try:
        code = typer.main.get_command(app).main(
            args=args, prog_name="safetynlp", standalone_mode=False
        )
    except (KeyboardInterrupt, typer.Abort):  # Abort: what older versions of typer make of it
        code = console.EXIT_INTERRUPTED
    except Exception as error:
        console.say(console.describe(error, lang))
        return console.EXIT_ERROR
    if code == console.EXIT_INTERRUPTED:
        console.say("已中断" if lang == "zh" else "interrupted")
    return int(code or 0)
