"""``safetynlp explain``, ``diff``, ``rank`` and ``annotate``: what is behind a score, and beside it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safetynlp.cli import console, options
from safetynlp.cli.prepare import rubric_and_model
from safetynlp.errors import UsageError

if TYPE_CHECKING:
    from safetynlp.analyzer import Analysis
    from safetynlp.coverage import Coverage
    from safetynlp.document import Document
    from safetynlp.ranking import Rank, Reference, ScoredSpeech
    from safetynlp.rubric import Rubric

__all__ = ["register"]

_DRAFT = "讲话文件，- 表示标准输入 / a speech; - is standard input"
File = Annotated[str, typer.Argument(metavar="FILE", show_default=False, help=_DRAFT)]
Draft1 = Annotated[str, typer.Argument(metavar="DRAFT_1", show_default=False, help=_DRAFT)]
Draft2 = Annotated[str, typer.Argument(metavar="DRAFT_2", show_default=False, help=_DRAFT)]
WordFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE.docx", show_default=False, help="Word 稿，原文件不动 / a Word file; it stays"
    ),
]
MarkedFile = Annotated[
    str | None,
    typer.Option(
        "--out",
        metavar="PATH.docx",
        show_default=False,
        help="带批注的 Word 文件写到哪里（必填） / where to write the file with comments; required",
    ),
]
Topic = Annotated[
    str,
    typer.Option(
        metavar="ID",
        show_default=False,
        help="要点编号，如 st-20，见 `safetynlp rubrics NAME` / id of the topic, such as st-20",
    ),
]
ReferenceFile = Annotated[
    str | None,
    typer.Option(
        "--reference",
        metavar="PATH",
        help="参照语料的得分（由 --out scores.parquet 写出），给出百分位 / scores of a corpus, as "
        "--out scores.parquet writes them, for percentiles (needs safetynlp[parquet])",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(
        help="说明一个要点为何是这一级：逐句依据、差一点的句子、怎样提高 / "
        "Explain the level of a topic: every evidence, near misses, how to reach more."
    )(explain)
    app.command(
        help="比较同一篇讲话的两稿：新增、丢失、更具体、更空的要点 / "
        "Compare two drafts: topics gained, lost, deepened, shallower."
    )(diff)
    app.command(
        help="按得分给多篇讲话排名，可与参照语料比百分位 / "
        "Rank speeches by their scores, with percentiles against a corpus."
    )(rank)
    app.command(
        help="在自己的 Word 稿上逐句加批注：标签和所支持的要点 / "
        "Your own Word file with a comment at each labelled sentence."
    )(annotate)


def explain(
    file: File,
    topic: Topic,
    rubric: options.Rubric = "speech-structure",
    sectors: options.Sectors = None,
    date: options.Date = None,
    audience: options.Audience = None,
    level: options.Level = None,
    format: options.TopicFormat = None,
    out: options.Out = None,
    threshold: options.Threshold = None,
    model: options.Model = None,
    lang: options.Lang = "",
) -> None:
    """Run ``safetynlp explain``."""
    from safetynlp import report
    from safetynlp.explanation import explain as explain_topic

    form = options.choose_format(format, out, ("text", "json"))
    console.check_out(out, [file])
    chosen, load = rubric_and_model(rubric, sectors, date, audience, level, model)
    # Without a speech, so that a mistake in the topic need not wait for the model.
    explain_topic([], chosen, topic, date=date, audience=audience, level=level)
    analysis = load().analyze(console.read(file), threshold=threshold)
    found = analysis.explain(topic, chosen, date=date, audience=audience, level=level)
    text = (
        console.json_text(report.explanation_record(analysis, found))
        if form == "json"
        else report.explanation_text(analysis, found, lang, width=console.text_width(out))
    )
    console.deliver(text, out, lang)


def diff(
    draft_1: Draft1,
    draft_2: Draft2,
    rubric: options.Rubric = "speech-structure",
    sectors: options.Sectors = None,
    date: options.Date = None,
    audience: options.Audience = None,
    level: options.Level = None,
    format: options.TopicFormat = None,
    out: options.Out = None,
    threshold: options.Threshold = None,
    model: options.Model = None,
    lang: options.Lang = "",
) -> None:
    """Run ``safetynlp diff``."""
    from safetynlp import report
    from safetynlp.comparison import diff as compare

    files = [draft_1, draft_2]
    form = options.choose_format(format, out, ("text", "json"))
    console.check_out(out, files)
    console.check_stdin(files)
    chosen, load = rubric_and_model(rubric, sectors, date, audience, level, model)
    documents = [console.read(file) for file in files]
    analyzer = load()
    before, after = (
        analyzer.analyze(document, threshold=threshold).coverage(
            chosen, date=date, audience=audience, level=level
        )
        for document in documents
    )
    found, names = compare(before, after), (documents[0].source, documents[1].source)
    text = (
        console.json_text(report.diff_record(found, names))
        if form == "json"
        else report.diff_text(found, names, lang, width=console.text_width(out))
    )
    console.deliver(text, out, lang)


def rank(
    files: options.Files,
    reference: ReferenceFile = None,
    rubric: options.Rubric = "speech-structure",
    sectors: options.Sectors = None,
    date: options.Date = None,
    audience: options.Audience = None,
    level: options.Level = None,
    format: options.RankFormat = None,
    out: options.Out = None,
    threshold: options.Threshold = None,
    model: options.Model = None,
    lang: options.Lang = "",
) -> None:
    """Run ``safetynlp rank``."""
    from safetynlp.ranking import ScoredSpeech
    from safetynlp.ranking import rank as order
    from safetynlp.reference import reference_parquet

    form = options.choose_format(format, out, ("text", "csv", "json", "parquet"))
    console.check_out(out, files)
    console.check_binary(form, out)
    chosen, load = rubric_and_model(rubric, sectors, date, audience, level, model)
    compared = _reference(reference, chosen)
    analyzer = load()

    def work(document: Document) -> tuple[Analysis, Coverage]:
        analysis = analyzer.analyze(document, threshold=threshold)
        return analysis, analysis.coverage(chosen, date=date, audience=audience, level=level)

    batch = console.Batch.run(files, work, lang)
    scored = [
        ScoredSpeech.of(
            analysis.document.source, coverage, analysis.audit.model, analysis.audit.model_sha256
        )
        for analysis, coverage in batch.results
    ]
    if scored and form == "parquet":
        console.deliver(reference_parquet(scored), out, lang)
    elif scored:
        if compared is not None:
            _note_other_model(compared, scored[0], lang)
        text = _rank_result(order(scored, compared), compared, chosen, form, lang, out)
        console.deliver(text, out, lang, bom=form == "csv")
    batch.finish(lang)


def annotate(
    file: WordFile,
    rubric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH", help="另注明所支持的要点 / add the topics of this rubric"
        ),
    ] = None,
    sectors: options.Sectors = None,
    date: options.Date = None,
    audience: options.Audience = None,
    level: options.Level = None,
    out: MarkedFile = None,
    threshold: options.Threshold = None,
    model: options.Model = None,
    lang: options.Lang = "",
) -> None:
    """Run ``safetynlp annotate``."""
    from safetynlp.analyzer import Analyzer
    from safetynlp.document import Document, file_content
    from safetynlp.report.annotate import annotate_docx

    _check_marked(out)
    console.check_out(out, [file])
    chosen = None
    if rubric is not None:
        chosen, load = rubric_and_model(rubric, sectors, date, audience, level, model)
    elif any((sectors, date, audience, level)):
        raise UsageError(
            "--sectors, --date, --audience and --level choose among the topics of a rubric, and none "
            "is given. Add --rubric speech-structure, say.",
            "--sectors、--date、--audience、--level 用来选要点表中的要点，但没有指定要点表。"
            "请加上 --rubric，如 --rubric speech-structure。",
        )
    else:
        load = partial(Analyzer.from_pretrained, model)
    data = file_content(file)
    document = Document.from_bytes(data, file)
    if document.encoding is not None or not data.startswith(b"PK"):
        raise UsageError(
            f"{file}: comments can only be put into a Word file (.docx). Save it as .docx first, or "
            "use `safetynlp classify`.",
            f"{file}：只能在 Word 文件（.docx）上加批注。请先另存为 .docx，或改用 `safetynlp classify`。",
        )
    analysis = load().analyze(document, threshold=threshold)
    coverage = None
    if chosen is not None:
        coverage = analysis.coverage(chosen, date=date, audience=audience, level=level)
    marked = annotate_docx(data, analysis, coverage, lang)
    console.deliver(marked.data, out, lang)
    n, missed = marked.n_comments, len(marked.missed)
    console.say(f"批注 {n} 处" if lang == "zh" else f"{n} comments")
    if missed:
        console.say(
            f"另有 {missed} 句在文本框中，Word 不允许在那里加批注。"
            if lang == "zh"
            else f"{missed} more sentences are in text boxes, where Word allows no comment."
        )


def _check_marked(out: str | None) -> None:
    """Refuse any name but that of a Word file."""
    found = "" if out is None else f" {out}"
    if Path(out or "").suffix.lower() != ".docx":
        raise UsageError(
            f"--out{found}: name the Word file to be written; it must end in .docx, such as "
            "--out marked.docx.",
            f"--out{found}：请写明带批注的 Word 文件存为什么名字，须以 .docx 结尾，如 --out 批注.docx。",
        )


def _reference(path: str | None, rubric: Rubric) -> Reference | None:
    """The reference asked for, which must have been scored by the rubric."""
    if path is None:
        return None
    from safetynlp.ranking import check_rubric
    from safetynlp.reference import read_reference

    found = read_reference(path)
    check_rubric(found, rubric.id, rubric.version)
    return found


def _note_other_model(reference: Reference, speech: ScoredSpeech, lang: str) -> None:
    models = {s.model_sha256 for s in reference.speeches} - {"", speech.model_sha256}
    if models:
        console.say(
            "注意：参照语料由另一模型标注，百分位会有偏差；最好用现在的模型重新评分。"
            if lang == "zh"
            else "note: another model labelled the reference, so percentiles are biased; better "
            "score it again with this one."
        )


def _rank_result(
    ranks: Sequence[Rank],
    reference: Reference | None,
    rubric: Rubric,
    form: str,
    lang: str,
    out: str | None,
) -> str:
    from safetynlp import report

    if form == "csv":
        return report.rank_csv(ranks)
    if form == "json":
        return console.json_text(report.rank_record(ranks, reference))
    names = {group.id: group.name.model_dump() for group in rubric.groups}
    return report.rank_text(ranks, reference, names, lang, width=console.text_width(out))
