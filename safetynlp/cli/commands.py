"""The commands and their options."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.main

from safetynlp.cli import console, evaluate, options, scores
from safetynlp.cli.train import train

if TYPE_CHECKING:
    from safetynlp.analyzer import Analysis
    from safetynlp.coverage import Coverage
    from safetynlp.document import Document
    from safetynlp.rubric import Rubric

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
    from safetynlp.analyzer import Analyzer
    from safetynlp.applicability import occasion
    from safetynlp.rubric import load_rubric

    form = options.choose_format(format, out, ("text", "json", "html"))
    console.check_out(out, files)
    occasion(date, audience, level)  # a mistake in these should not wait for the model
    chosen = load_rubric(rubric)
    analyzer = Analyzer.from_pretrained(model)

    def work(document: Document) -> tuple[Analysis, Coverage]:
        analysis = analyzer.analyze(document, threshold=threshold)
        return analysis, analysis.coverage(
            chosen, date=date, audience=audience, level=level, uncertain=not no_uncertainty
        )

    batch = console.Batch.run(files, work, lang)
    if batch.results:
        text = _score_result(batch.results, form, lang, out, len(files), pmc=pmc)
        console.deliver(text, out, lang)
    batch.finish(lang)


def _score_result(
    pairs: Sequence[tuple[Analysis, Coverage]],
    form: str,
    lang: str,
    out: str | None,
    asked: int,
    *,
    pmc: bool,
) -> str:
    """``asked``: how many files were given; of several, JSON has a list even if one is left."""
    from safetynlp import report

    if form == "html":
        return report.report_html(pairs, lang)
    if form == "text":
        width = console.text_width(out)
        return "\n".join(report.score_text(*pair, lang, width=width, pmc=pmc) for pair in pairs)
    records = [report.score_record(*pair, pmc=pmc) for pair in pairs]
    return _json(records if asked > 1 else records[0])


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

    form = options.choose_format(format, out, ("text", "jsonl", "csv"))
    console.check_out(out, files)
    analyzer = Analyzer.from_pretrained(model)
    facets = [
        analyzer.schema.facet(id).id for id in dict.fromkeys(facet or analyzer.schema.facet_ids)
    ]
    batch = console.Batch.run(
        files, lambda document: analyzer.analyze(document, threshold=threshold), lang
    )
    if batch.results:
        text = _classify_result(batch.results, form, lang, out, facets)
        console.deliver(text, out, lang, bom=form == "csv")
    batch.finish(lang)


def _classify_result(
    analyses: Sequence[Analysis], form: str, lang: str, out: str | None, facets: Sequence[str]
) -> str:
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
    text = schema_text(schema) if form == "text" else _json(schema.model_dump(mode="json"))
    console.deliver(text, None, lang)


@app.command(help="列出自带要点表，或显示一个 / List the rubrics, or show one.")
def rubrics(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|PATH",
            show_default=False,
            help="要点表编号或 YAML 文件 / id of a rubric, or a file",
        ),
    ] = None,
    format: options.ListFormat = "text",
    lang: options.Lang = "",
) -> None:
    from safetynlp.cli import listing
    from safetynlp.rubric import available_rubrics, load_rubric

    form = options.choose_format(format, None, ("text", "json"))
    if name is not None:
        rubric = load_rubric(name)
        text = listing.rubric_text(rubric, lang) if form == "text" else _json(_rubric_data(rubric))
    else:
        found = [load_rubric(id) for id in available_rubrics()]
        text = (
            listing.rubrics_text(found, lang)
            if form == "text"
            else _json([listing.rubric_summary(rubric) for rubric in found])
        )
    console.deliver(text, None, lang)


def _rubric_data(rubric: Rubric) -> dict[str, Any]:
    """As in its YAML file, without what is not given there."""
    return rubric.model_dump(mode="json", by_alias=True, exclude_none=True)


app.command(
    help="用已标注的讲话训练模型 / Train a model on labelled speeches (needs safetynlp[train])."
)(train)
scores.register(app)
evaluate.register(app)


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)


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
