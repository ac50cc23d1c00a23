"""Measure the released model on real speeches with gold labels, beside two baselines.

python training/evaluate_real.py --data DIR [--model DIR] [--errors] [--write]

``DIR`` holds for each speech a ``NAME.txt`` and a ``NAME.gold.jsonl`` (one segment a line: doc,
start, end, text and its labels). Needs the extra ``[train]``. ``--write`` notes the figures in
the ``metrics.json`` of the model folder and renews its model card.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetynlp.classifier import Classifier
from safetynlp.document import Document
from safetynlp.errors import DataError, SafetyNLPError
from safetynlp.evaluation.boundaries import boundary_f1
from safetynlp.evaluation.metrics import FacetMetrics, evaluate
from safetynlp.labelled import LabelledRow, read_labelled
from safetynlp.lexicon import KeywordClassifier, Lexicon
from safetynlp.prediction import Labeller, Prediction, calibrated, decide
from safetynlp.segment import segment
from safetynlp.training.baseline import TfidfClassifier
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


def print_figures(name: str, metrics: Mapping[str, FacetMetrics]) -> None:
    """One line per facet."""
    for facet, figures in metrics.items():
        values = "  ".join(f"{key} {figure}" for key, figure in figures.figures.items())
        print(f"  {name:10} {facet:15} {values}")


def print_errors(rows: Sequence[LabelledRow], predictions: Sequence[Prediction]) -> None:
    """Every segment with a wrong label, by facet."""
    for facet in predictions[0].labels:
        print(f"\nerrors in {facet} (+ too much, - missed)")
        for row, prediction in zip(rows, predictions, strict=True):
            if facet not in row.labels:
                continue
            gold, found = set(row.labels[facet]), set(prediction.labels[facet])
            if gold != found:
                marks = [f"+{x}" for x in sorted(found - gold)] + [
                    f"-{x}" for x in sorted(gold - found)
                ]
                print(f"  {' '.join(marks)}: {row.text}")


def run(arguments: argparse.Namespace) -> None:
    """Measure and print everything."""
    classifier = Classifier.from_pretrained(arguments.model)
    schema = classifier.schema
    rows = read_labelled(sorted(arguments.data.glob("*.gold.jsonl")), schema).rows
    if not rows:
        raise DataError(
            f"{arguments.data}: no *.gold.jsonl in this folder. Name the folder of the speeches.",
            f"{arguments.data}：文件夹中没有 *.gold.jsonl。请指定讲话所在文件夹。",
        )
    print(f"segmentation, boundary F1 on {arguments.data.name}:")
    segmentation = boundaries(arguments.data)
    texts = [row.text for row in rows]
    labellers: dict[str, Labeller] = {
        "released": classifier,
        "keywords": KeywordClassifier(),
        "tfidf": TfidfClassifier(read_labelled([arguments.corpus], schema).rows, schema),
    }
    print(f"labels of {len(rows)} segments in {len({row.doc for row in rows})} speeches, 95 %:")
    predictions = {name: labeller.predict(texts) for name, labeller in labellers.items()}
    figures = {name: evaluate(found, rows, schema) for name, found in predictions.items()}
    for name, metrics in figures.items():
        print_figures(name, metrics)
    precision = compare_precision(rows, predictions["released"], full_precision(classifier, texts))
    if arguments.errors:
        print_errors(rows, predictions["released"])
    if arguments.write:
        content = {
            "speeches": len({row.doc for row in rows}),
            "segments": len(rows),
            "boundary_f1": segmentation,
            "int8_against_full_precision": precision,
            **{
                name: {facet: metrics[facet].to_dict() for facet in metrics}
                for name, metrics in figures.items()
            },
        }
        note_real(classifier.path, content)


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
    parser.add_argument("--corpus", type=Path, default=HERE / "corpus", help="for the baseline")
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
