"""Measure the released model on real speeches with gold labels, beside three baselines.

python training/evaluate_real.py --data DIR [--model DIR] [--errors] [--write]

``DIR`` holds for each speech a ``NAME.txt`` and a ``NAME.gold.jsonl`` (one segment a line: doc,
start, end, text and its labels). Needs the extra ``[train]``. ``--write`` notes the figures in
the ``metrics.json`` of the model folder and renews its model card.

To measure labels alone, on data of any kind, there is ``safetynlp evaluate``; this adds how well
the segments are cut, and whether the weights in int8 label as those in full precision do.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetynlp.classifier import Classifier
from safetynlp.document import Document
from safetynlp.errors import DataError, SafetyNLPError
from safetynlp.evaluation.bootstrap import Bootstrap
from safetynlp.evaluation.boundaries import boundary_f1
from safetynlp.evaluation.evaluation import Evaluation, gold_rows, measure
from safetynlp.evaluation.mistakes import Mistake, mistakes
from safetynlp.labelled import LabelledData, LabelledRow, ReadOptions, read_labelled
from safetynlp.lexicon import KeywordClassifier, Lexicon
from safetynlp.prediction import Prediction, calibrated, decide
from safetynlp.report.evaluation_text import evaluation_text
from safetynlp.segment import segment
from safetynlp.training.baselines import Baselines
from safetynlp.training.card import write_card
from safetynlp.training.fit import Rows, load_tokenizer, logits_of
from safetynlp.training.model import MultiFacetModel

HERE = Path(__file__).parent


def boundaries(data: Path) -> dict[str, float]:
    """Boundary F1 of the segmenter by speech; prints what differs."""
    figures = {}
    for gold_file in sorted(data.glob("*.gold.jsonl")):
        name = gold_file.name.removesuffix(".gold.jsonl")
        text = Document.from_path(data / f"{name}.txt")
        result = boundary_f1([(s.start, s.end) for s in segment(text)], gold_spans(gold_file))
        figures[name] = round(result.f1, 4)
        print(
            f"  {name}: F1 {result.f1:.4f}, {len(result.missed)} missed, {len(result.extra)} extra"
        )
    return figures


def gold_spans(file: Path) -> list[tuple[int, int]]:
    """Start and end of every gold segment.

    Raises:
        DataError: a row without; says file and line.
    """
    spans = []
    for number, line in enumerate(file.read_text("utf-8-sig").split("\n"), 1):
        if not line.strip():
            continue
        row = json.loads(line)
        start, end = row.get("start"), row.get("end")
        if not (isinstance(start, int) and isinstance(end, int)):
            raise DataError(
                f"{file}:{number}: found start {start!r} and end {end!r}, expected two numbers of "
                "characters.",
                f"{file}:{number}：start 为 {start!r}，end 为 {end!r}，应为两个字符位置。",
            )
        spans.append((start, end))
    return spans


def full_precision(classifier: Classifier, texts: Sequence[str]) -> list[Prediction]:
    """Predictions of the same model with its unquantised weights, run by torch."""
    schema = classifier.schema
    model = MultiFacetModel.from_config(classifier.path / "config.json", schema)
    model.load_weights(classifier.path / "model.safetensors")
    rows = Rows.encode(
        [LabelledRow("", text, {}) for text in texts],
        load_tokenizer(classifier.path / "tokenizer.json"),
        Lexicon(classifier.settings.lexicon, schema),
        schema,
    )
    logits = logits_of(model, rows, classifier.settings.max_tokens)
    settings = classifier.settings
    return decide(calibrated(logits, settings.calibration, schema), schema, settings.thresholds)


def compare_precision(
    rows: Sequence[LabelledRow], int8: Sequence[Prediction], full: Sequence[Prediction]
) -> dict[str, Any]:
    """Share of segments with the same label sets in every facet; lists the others."""
    same = 0
    print("segments that int8 and full precision label differently:")
    for row, a, b in zip(rows, int8, full, strict=True):
        parts = [facet for facet in a.labels if set(a.labels[facet]) != set(b.labels[facet])]
        same += not parts
        for facet in parts:
            only = ", ".join(f"+{x}" for x in a.labels[facet] if x not in b.labels[facet])
            lost = ", ".join(f"-{x}" for x in b.labels[facet] if x not in a.labels[facet])
            print(f"  {row.doc} {facet}: {' '.join(filter(None, (only, lost)))}: {row.text[:40]}")
    share = same / len(rows)
    print(f"same label sets on {share:.2%} of {len(rows)} segments")
    return {"same_label_sets": round(share, 4), "segments": len(rows)}


def print_errors(rows: Sequence[LabelledRow], found: Sequence[Mistake]) -> None:
    """Every segment with a wrong label, by facet; `safetynlp errors` shows them with context."""
    for facet in dict.fromkeys(mistake.facet for mistake in found):
        print(f"\nerrors in {facet} (+ too much, - missed)")
        marks: dict[int, list[str]] = {}
        for mistake in found:
            if mistake.facet == facet:
                sign = "+" if mistake.kind == "false_positive" else "-"
                marks.setdefault(mistake.row, []).append(sign + mistake.label)
        for row in sorted(marks):
            print(f"  {' '.join(sorted(marks[row]))}: {rows[row].text}")


def measured(classifier: Classifier, data: LabelledData, corpus: Path, base: str) -> Evaluation:
    """The released model beside keywords, TF-IDF and a frozen encoder trained on the corpus."""
    rows, notes = gold_rows(data)
    bootstrap = Bootstrap()
    learners = Baselines(classifier.schema, rows, [str(corpus)], ReadOptions(), base)
    labellers = {"keywords": KeywordClassifier(), **learners.fitted()}
    notes += learners.notes
    return Evaluation(
        schema=classifier.schema,
        speeches=len({row.doc for row in rows}),
        segments=len(rows),
        model=measure(classifier.name, classifier, rows, bootstrap)[0],
        bootstrap=bootstrap,
        baselines=tuple(
            measure(name, labeller, rows, bootstrap)[0] for name, labeller in labellers.items()
        ),
        notes=tuple(notes),
        model_sha256=classifier.sha256,
        data_sha256=data.sha256,
    )


def run(arguments: argparse.Namespace) -> None:
    """Measure and print everything."""
    classifier = Classifier.from_pretrained(arguments.model)
    files = sorted(arguments.data.glob("*.gold.jsonl"))
    if not files:
        raise DataError(
            f"{arguments.data}: no *.gold.jsonl in this folder. Name the folder of the speeches.",
            f"{arguments.data}：文件夹中没有 *.gold.jsonl。请指定讲话所在文件夹。",
        )
    data = read_labelled(files, classifier.schema)
    print(f"segmentation, boundary F1 on {arguments.data.name}:")
    segmentation = boundaries(arguments.data)
    evaluation = measured(classifier, data, arguments.corpus, arguments.base)
    print(evaluation_text(evaluation, "en"))
    rows = data.rows
    predictions = classifier.predict([row.text for row in rows])
    full = full_precision(classifier, [row.text for row in rows])
    precision = compare_precision(rows, predictions, full)
    if arguments.errors:
        print_errors(rows, mistakes(predictions, rows, classifier.schema))
    if arguments.write:
        note_real(classifier.path, content_of(evaluation, segmentation, precision))


def content_of(
    evaluation: Evaluation, segmentation: dict[str, float], precision: dict[str, Any]
) -> dict[str, Any]:
    """What ``metrics.json`` keeps of it under ``real``."""
    named = [("released", evaluation.model), *((each.name, each) for each in evaluation.baselines)]
    return {
        "speeches": evaluation.speeches,
        "segments": evaluation.segments,
        "boundary_f1": segmentation,
        "int8_against_full_precision": precision,
        **{
            name: {facet: metrics.to_dict() for facet, metrics in each.facets.items()}
            for name, each in named
        },
    }


def note_real(model: Path, content: dict[str, Any]) -> None:
    """Put the figures into ``metrics.json`` and renew the model card."""
    file = model / "metrics.json"
    if not file.is_file():
        raise DataError(
            f"{file}: not there, so nothing can be noted in it. Train the model again.",
            f"{file}：文件不存在，无法写入指标。请重新训练模型。",
        )
    metrics = json.loads(file.read_text("utf-8"))
    metrics["real"] = content
    file.write_text(json.dumps(metrics, ensure_ascii=False, indent=1) + "\n", "utf-8")
    write_card(model)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with real speeches")
    parser.add_argument("--model", type=Path, help="model folder; default: the released model")
    parser.add_argument("--corpus", type=Path, default=HERE / "corpus", help="for the baselines")
    parser.add_argument("--base", default="e5-small-zh", help="encoder of the frozen baseline")
    parser.add_argument("--errors", action="store_true", help="list every wrong segment")
    parser.add_argument("--write", action="store_true", help="note the figures in metrics.json")
    try:
        run(parser.parse_args())
    except SafetyNLPError as error:
        print(f"evaluate_real: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
