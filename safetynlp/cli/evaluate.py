"""``safetynlp evaluate``, ``compare`` and ``errors``: how good is a model, and where does it err?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from safetynlp.cli import console, options
from safetynlp.cli.train import Absent, DataFormat, DocColumn, FlatFacet, GroupByRow, TextColumn
from safetynlp.errors import DataError, UsageError

if TYPE_CHECKING:
    from safetynlp.evaluation.evaluation import Evaluation, Measured
    from safetynlp.evaluation.learning_curve import LearningCurve
    from safetynlp.labelled import LabelledData, LabelledRow, Message, ReadOptions
    from safetynlp.prediction import Labeller
    from safetynlp.schema import Facet, Schema

__all__ = ["load_labeller", "register"]

RELEASED, KEYWORDS = "released", "keywords"
_ENCODER = "e5-small-zh"


def _option(metavar: str, zh: str, en: str, *names: str) -> Any:
    return typer.Option(*names, metavar=metavar, show_default=False, help=f"{zh} / {en}")


def _argument(metavar: str, zh: str, en: str) -> Any:
    return typer.Argument(metavar=metavar, show_default=False, help=f"{zh} / {en}")


_MODEL = (
    "模型文件夹，或 released（自带模型）、keywords（关键词规则）",
    "folder of a model, released (the one built in) or keywords (rules)",
)
Model = Annotated[str, _argument("MODEL", *_MODEL)]
ModelA = Annotated[str, _argument("MODEL_A", *_MODEL)]
ModelB = Annotated[str, _argument("MODEL_B", *_MODEL)]
MoreData = Annotated[
    list[str] | None, _argument("[DATA]...", "更多数据，同 --data", "more data, as with --data")
]
Data = Annotated[
    list[str] | None,
    _option(
        "DATA",
        "已标注的讲话：文件或文件夹，可重复",
        "labelled speeches, files or folders; may be given several times",
    ),
]
By = Annotated[
    str | None,
    _option(
        "doc|level|COLUMN",
        "另按此列分组：doc 为逐篇，或数据及其 index.csv 的任一列",
        "also by this column: doc for each speech, or any column of the data or their index.csv",
    ),
]
Baselines = Annotated[
    bool,
    typer.Option(
        "--baselines",
        help="同表列出基线：关键词规则、TF-IDF、冻结编码器加逻辑回归（需 safetynlp[train]）/ "
        "beside keyword rules, TF-IDF and a frozen encoder with logistic regression "
        "(needs safetynlp[train])",
    ),
]
Curve = Annotated[
    bool,
    typer.Option(
        "--learning-curve",
        help="指标随已标注讲话篇数的变化：TF-IDF，加 --encoder 则另有冻结编码器"
        "（需 safetynlp[train]）/ figures by number of labelled speeches: TF-IDF and, "
        "with --encoder, a frozen encoder (needs safetynlp[train])",
    ),
]
TrainData = Annotated[
    list[str] | None,
    _option(
        "DATA",
        "基线和学习曲线的训练数据，可重复，默认为随包语料；与待评数据近似重复的讲话不用",
        "what baselines and learning curves learn from; may be given several times; by default "
        "the released corpus; speeches too much like the data are left out",
    ),
]
Encoder = Annotated[
    str | None,
    _option(
        "e5-small-zh|PATH|HUB_ID",
        "冻结编码器，--baselines 默认 e5-small-zh",
        "the frozen encoder, for --baselines e5-small-zh by default",
    ),
]
Draws = Annotated[
    int, typer.Option(metavar="N", help="学习曲线每点抽取次数 / draws of each point of a curve")
]
Confidence = Annotated[
    float, typer.Option(metavar="0..1", help="区间的置信水平 / confidence level of the intervals")
]
Resamples = Annotated[
    int, typer.Option(metavar="N", help="重抽样次数 / drawings of speeches for the intervals")
]
Seed = Annotated[int, typer.Option(metavar="N", help="随机种子 / seed of all drawings")]
TextOrJson = Annotated[
    str | None, _option("text|json", "输出格式，默认 text", "format of the result, text by default")
]
TextJsonHtml = Annotated[
    str | None,
    _option(
        "text|json|html",
        "输出格式，默认 text 或按 --out 的后缀",
        "format of the result; by default text, or what the name given with --out tells",
    ),
]
ErrorsOut = Annotated[str, _option("PATH", "网页文件", "the page", "--out")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(
        help="用已标注的讲话评估模型，指标带置信区间 / "
        "Measure a model on labelled speeches, with intervals."
    )(evaluate)
    app.command(
        help="在相同讲话上比较两个模型 / Compare two models on the same labelled speeches."
    )(compare)
    app.command(
        help="把模型的错误写成一个网页 / Write the mistakes of a model as one page (HTML)."
    )(errors)


def evaluate(
    model: Model,
    more: MoreData = None,
    data: Data = None,
    by: By = None,
    baselines: Baselines = False,
    learning_curve: Curve = False,
    train_data: TrainData = None,
    encoder: Encoder = None,
    draws: Draws = 5,
    confidence_level: Confidence = 0.95,
    n_resamples: Resamples = 1000,
    random_state: Seed = 0,
    data_format: DataFormat = None,
    text_column: TextColumn = "text",
    doc_column: DocColumn = "doc",
    absent: Absent = None,
    facet: FlatFacet = None,
    group_by_row: GroupByRow = False,
    format: TextJsonHtml = None,
    out: options.Out = None,
    lang: options.Lang = "",
) -> None:
    """The command; see :func:`register`."""
    from safetynlp.evaluation.bootstrap import Bootstrap
    from safetynlp.evaluation.evaluation import Evaluation, measure

    form = options.choose_format(format, out, ("text", "json", "html"))
    bootstrap = Bootstrap(confidence_level, n_resamples, random_state)
    if draws < 1:
        raise UsageError(
            f"--draws is {draws}, expected at least 1.", f"--draws 为 {draws}，应不小于 1。"
        )
    files = _files(data, more)
    console.check_out(out, files)
    reading = _reading(data_format, text_column, doc_column, absent, facet, group_by_row)
    labeller, name = load_labeller(model)
    exam = _Exam.of(files, labeller.schema, reading)
    notes = [*exam.notes, *_seen_in_training(labeller, exam.rows)]
    measured, groups = measure(name, labeller, exam.rows, bootstrap, by=by or "")
    others: list[Measured] = []
    curves: list[LearningCurve] = []
    if baselines or learning_curve:
        from safetynlp.training.baselines import Baselines as Learners

        base = encoder or (_ENCODER if baselines else None)
        learners = Learners(
            labeller.schema,
            exam.rows,
            train_data,
            reading,
            base,
            lambda message: console.note(message.zh if lang == "zh" else message.en),
        )
        if baselines:
            known = {**_keyword_rules(labeller), **learners.fitted()}
            others = [measure(key, other, exam.rows, bootstrap)[0] for key, other in known.items()]
        if learning_curve:
            curves = learners.curves(draws, random_state)
        notes += learners.notes
    found = Evaluation(
        schema=labeller.schema,
        speeches=exam.n_speeches,
        segments=len(exam.rows),
        model=measured,
        bootstrap=bootstrap,
        baselines=tuple(others),
        by=by or "",
        groups=groups,
        notes=tuple(notes),
        curves=tuple(curves),
        model_sha256=_sha256(labeller),
        data_sha256=exam.sha256,
    )
    console.deliver(_evaluation_result(found, form, lang, out), out, lang)


def _evaluation_result(found: Evaluation, form: str, lang: str, out: str | None) -> str:
    if form == "json":
        from safetynlp.report.evaluation_record import evaluation_record

        return console.json_text(evaluation_record(found))
    if form == "html":
        from safetynlp.report.evaluation_page import evaluation_page

        return evaluation_page(found, lang)
    from safetynlp.report.evaluation_text import evaluation_text

    return evaluation_text(found, lang, width=console.text_width(out))


def compare(
    model_a: ModelA,
    model_b: ModelB,
    more: MoreData = None,
    data: Data = None,
    confidence_level: Confidence = 0.95,
    n_resamples: Resamples = 1000,
    random_state: Seed = 0,
    data_format: DataFormat = None,
    text_column: TextColumn = "text",
    doc_column: DocColumn = "doc",
    absent: Absent = None,
    facet: FlatFacet = None,
    group_by_row: GroupByRow = False,
    format: TextOrJson = None,
    out: options.Out = None,
    lang: options.Lang = "",
) -> None:
    """The command; see :func:`register`."""
    from safetynlp.evaluation.bootstrap import Bootstrap
    from safetynlp.evaluation.compare import compare as compared

    form = options.choose_format(format, out, ("text", "json"))
    bootstrap = Bootstrap(confidence_level, n_resamples, random_state)
    files = _files(data, more)
    console.check_out(out, files)
    reading = _reading(data_format, text_column, doc_column, absent, facet, group_by_row)
    (first, name_a), (second, name_b) = load_labeller(model_a), load_labeller(model_b)
    facets = _shared_facets(first, second, (model_a, model_b))
    exam = _Exam.of(files, first.schema, reading)
    texts = [row.text for row in exam.rows]
    found = compared(
        first.predict(texts), second.predict(texts), exam.rows, facets, bootstrap=bootstrap
    )
    notes = [
        *exam.notes,
        *_seen_in_training(first, exam.rows, name_a),
        *_seen_in_training(second, exam.rows, name_b),
    ]
    if form == "json":
        from safetynlp.report.evaluation_record import comparison_record

        models = [(name_a, _sha256(first)), (name_b, _sha256(second))]
        size = exam.n_speeches, len(exam.rows), exam.sha256
        text = console.json_text(comparison_record(found, models, size, bootstrap, notes))
    else:
        from safetynlp.report.evaluation_text import comparison_text

        width = console.text_width(out)
        text = comparison_text(found, (name_a, name_b), notes, lang, width=width)
    console.deliver(text, out, lang)


def errors(
    model: Model,
    out: ErrorsOut,
    more: MoreData = None,
    data: Data = None,
    data_format: DataFormat = None,
    text_column: TextColumn = "text",
    doc_column: DocColumn = "doc",
    absent: Absent = None,
    facet: FlatFacet = None,
    group_by_row: GroupByRow = False,
    lang: options.Lang = "",
) -> None:
    """The command; see :func:`register`."""
    from safetynlp.evaluation.agreement import agreement
    from safetynlp.evaluation.bootstrap import Bootstrap
    from safetynlp.report.errors_page import errors_page

    files = _files(data, more)
    console.check_out(out, files)
    reading = _reading(data_format, text_column, doc_column, absent, facet, group_by_row)
    labeller, name = load_labeller(model)
    exam = _Exam.of(files, labeller.schema, reading)
    page = errors_page(
        name,
        labeller.predict([row.text for row in exam.rows]),
        exam.rows,
        labeller.schema,
        agreement(exam.data.rows, labeller.schema),
        [*exam.notes, *_seen_in_training(labeller, exam.rows)],
        Bootstrap(),
        lang,
    )
    console.deliver(page, out, lang)


@dataclass(frozen=True)
class _Exam:
    """The labelled data of a command: gold rows, and what there is to say of them."""

    data: LabelledData
    rows: list[LabelledRow]
    notes: list[Message]

    @classmethod
    def of(cls, files: Sequence[str], schema: Schema, reading: ReadOptions) -> _Exam:
        from safetynlp.evaluation.evaluation import gold_rows
        from safetynlp.labelled import read_labelled

        data = read_labelled(files, schema, reading)
        if not data.rows:
            raise DataError(
                f"{', '.join(files)}: no labelled row. Name files of labelled speeches.",
                f"{'、'.join(files)}：没有标注数据。请给出已标注的讲话。",
            )
        return cls(data, *gold_rows(data))

    @property
    def n_speeches(self) -> int:
        return len({row.doc for row in self.rows})

    @property
    def sha256(self) -> Mapping[str, str]:
        return self.data.sha256


def load_labeller(model: str) -> tuple[Labeller, str]:
    """What the argument MODEL means, and its name for the reader.

    Raises:
        ModelError: it is no model.
    """
    if model == KEYWORDS and not os.path.isdir(model):
        from safetynlp.lexicon import KeywordClassifier

        return KeywordClassifier(), KEYWORDS
    from safetynlp.classifier import Classifier

    folder = None if model == RELEASED and not os.path.isdir(model) else model
    classifier = Classifier.from_pretrained(folder)
    return classifier, classifier.name


def _keyword_rules(labeller: Labeller) -> dict[str, Labeller]:
    """The keyword baseline for the labels of ``labeller``, unless it is that or there are none."""
    from safetynlp.classifier import Classifier
    from safetynlp.lexicon import KeywordClassifier, Lexicon
    from safetynlp.schema import Schema

    if isinstance(labeller, KeywordClassifier):
        return {}
    if labeller.schema == Schema.default():
        return {KEYWORDS: KeywordClassifier()}
    entries = labeller.settings.lexicon if isinstance(labeller, Classifier) else {}
    return {KEYWORDS: KeywordClassifier(Lexicon(entries, labeller.schema))} if entries else {}


def _files(data: Sequence[str] | None, more: Sequence[str] | None) -> list[str]:
    """All data; those after the model come from patterns that the shell spells out."""
    files = [*(data or ()), *(more or ())]
    if not files:
        raise UsageError(
            "no data given. Name labelled speeches with --data FILE or --data FOLDER.",
            "没有给出数据。请用 --data 指定已标注的讲话文件或文件夹。",
        )
    return files


def _reading(
    data_format: str | None,
    text_column: str,
    doc_column: str,
    absent: str | None,
    facet: str | None,
    group_by_row: bool,
) -> ReadOptions:
    from safetynlp.labelled import ReadOptions

    return ReadOptions(
        format=data_format,  # type: ignore[arg-type]  # checked there
        text_column=text_column,
        doc_column=doc_column,
        group_by_row=group_by_row,
        absent=absent,  # type: ignore[arg-type]
        facet=facet,
    )


def _sha256(labeller: Labeller) -> str:
    return str(getattr(labeller, "sha256", ""))


def _seen_in_training(
    labeller: Labeller, rows: Sequence[LabelledRow], name: str = ""
) -> Iterator[Message]:
    """A warning if the model learned from speeches of these names."""
    from safetynlp.evaluation.evaluation import speeches_trained_on
    from safetynlp.labelled import Message

    path = getattr(labeller, "path", None)
    docs = {row.doc for row in rows}
    seen = docs & speeches_trained_on(path) if path is not None else set()
    if seen:
        some = ", ".join(sorted(seen)[:5]) + (" …" if len(seen) > 5 else "")
        who_en, who_zh = (f"{name}: this", f"{name}：该") if name else ("This", "该")
        yield Message(
            f"{who_en} model was trained on {len(seen)} of these {len(docs)} speeches, by their "
            f"names: {some}. Its figures are too good; measure on others.",
            f"{who_zh}模型训练时见过这 {len(docs)} 篇中的 {len(seen)} 篇（按名称）：{some}。"
            "指标偏高，请换用其他讲话评估。",
        )


def _shared_facets(first: Labeller, second: Labeller, names: tuple[str, str]) -> list[Facet]:
    """Facets that both have with the same labels.

    Raises:
        UsageError: there is none.
    """
    others = {facet.id: facet for facet in second.schema.facets}
    shared = [
        facet
        for facet in first.schema.facets
        if (other := others.get(facet.id)) is not None
        and (other.kind, other.label_ids) == (facet.kind, facet.label_ids)
    ]
    if not shared:
        raise UsageError(
            f"{names[0]} and {names[1]} have no facet with the same labels, so there is nothing to "
            "compare.",
            f"{names[0]} 与 {names[1]} 没有标签相同的分面，无从比较。",
        )
    return shared
