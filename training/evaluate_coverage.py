"""Print how far the coverage score agrees with careful readers.

python training/evaluate_coverage.py --data DIR --gold DIR [--labels gold|model] [--model DIR]

``--data`` holds for each speech a ``NAME.txt`` and a ``NAME.gold.jsonl`` with its labels,
``--gold`` holds ``*.jsonl`` with the readers' levels (format: safetynlp.evaluation.
coverage_agreement). The score is measured twice: with the gold labels, so that only rules and cues
are at fault, and with the labels of the model, as users have it. How far two readers agree with
each other is the ceiling. Below the table stands every topic where the score differs from a
reader, with what speaks for the element in question: ``+`` the score's quote for an element that
the reader did not see, ``-`` the reader's for one that the score does not give.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from safetynlp.classifier import Classifier
from safetynlp.coverage import ELEMENTS, Coverage, TopicCoverage, cover
from safetynlp.document import Document
from safetynlp.errors import DataError, SafetyNLPError
from safetynlp.evaluation.coverage_agreement import SCORE, Agreement, agreement_table
from safetynlp.prediction import LabelledSegment, Prediction
from safetynlp.rubric import available_rubrics, load_rubric
from safetynlp.schema import Schema
from safetynlp.segment import segment

# Labels the segments of one speech: folder and name of the speech → its labelled segments.
SpeechLabeller = Callable[[Path, str], list[LabelledSegment]]
Coverages = Mapping[tuple[str, str], Coverage]  # by doc and rubric id

KEYS = ("doc", "rubric", "topic")  # of a gold row, beside its readers


def read_jsonl(path: Path, keys: Collection[str]) -> list[dict[str, Any]]:
    """Rows of a JSON Lines file, each an object that has ``keys``.

    Raises:
        DataError: the file cannot be read, or a line is broken; says file and line.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read: {error}. Expected UTF-8 JSON Lines.",
            f"{path}：无法读取：{error}。应为 UTF-8 编码的 JSON Lines。",
        ) from error
    rows = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            rows.append(_row(line, f"{path}:{number}", keys))
    return rows


def _row(line: str, where: str, keys: Collection[str]) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DataError(
            f"{where}: not JSON: {error}. Expected one object a line.",
            f"{where}：不是 JSON：{error}。每行应为一个对象。",
        ) from error
    if not isinstance(row, dict) or not set(keys) <= set(row):
        raise DataError(
            f"{where}: expected an object with {', '.join(keys)}, found {line[:60]!r}.",
            f"{where}：应为含 {'、'.join(keys)} 的对象，实为 {line[:60]!r}。",
        )
    return row


def gold_segments(folder: Path, name: str) -> list[LabelledSegment]:
    """Segments of a speech with their gold labels.

    A segment cut like a gold row takes that row; one cut otherwise takes the gold row that it
    shares most characters with, and one that shares none is left out.
    """
    schema = Schema.default()
    rows = read_jsonl(folder / f"{name}.gold.jsonl", ("start", "end", *schema.facet_ids))
    labelled = []
    for piece in segment(Document.from_path(folder / f"{name}.txt")):
        shared = [min(piece.end, row["end"]) - max(piece.start, row["start"]) for row in rows]
        best = max(range(len(rows)), key=shared.__getitem__, default=None)
        if best is not None and shared[best] > 0:
            labelled.append(LabelledSegment(piece, gold_prediction(rows[best], schema)))
    return labelled


def gold_prediction(row: dict[str, Any], schema: Schema) -> Prediction:
    """Gold labels as a prediction that is sure of itself: scores 1.0 and 0.0."""
    labels = {}
    for facet in schema.facets:
        value = row[facet.id]
        given = {value} if isinstance(value, str) else set(value)
        labels[facet.id] = tuple(id for id in facet.label_ids if id in given)
    schema.check_labels(labels)
    scores = {
        facet.id: {id: float(id in labels[facet.id]) for id in facet.label_ids}
        for facet in schema.facets
    }
    return Prediction(labels, scores)


def model_labeller(model: Path | None) -> SpeechLabeller:
    """Labels as the model gives them; None takes the released one.

    Raises:
        ModelError: it cannot be loaded.
    """
    classifier = Classifier.from_pretrained(model)

    def label(folder: Path, name: str) -> list[LabelledSegment]:
        pieces = segment(Document.from_path(folder / f"{name}.txt"))
        predictions = classifier.predict([piece.text for piece in pieces])
        return list(map(LabelledSegment, pieces, predictions))

    return label


def cover_all(
    gold: Iterable[dict[str, Any]], speeches: Path, label: SpeechLabeller
) -> dict[tuple[str, str], Coverage]:
    """Coverage by (doc, rubric id) of all that the gold rows name and the package has."""
    rubrics: dict[str, list[str]] = {}
    for doc, rubric in sorted({(row["doc"], row["rubric"]) for row in gold}):
        if rubric in available_rubrics():
            rubrics.setdefault(doc, []).append(rubric)
    coverages = {}
    for doc, names in rubrics.items():
        segments = label(speeches, doc)
        coverages.update({(doc, name): cover(segments, load_rubric(name)) for name in names})
    return coverages


def print_table(tables: Mapping[str, Sequence[Agreement]]) -> None:
    """One line per pair of judges; two readers need no labels and are printed once."""
    elements = "  ".join(f"{element:>9}" for element in ELEMENTS)
    print(
        f"{'rubric':18} {'judges':20} {'labels':6} {'topics':>6} {'kappa':>6} {'exact':>6} "
        f"{'rho':>6}  F1 of {elements}"
    )
    lines = {
        (row.rubric, row.judges, labels if SCORE in row.judges else "-"): row
        for labels, table in tables.items()
        for row in table
    }
    order = list(dict.fromkeys(rubric for rubric, _, _ in lines))
    for (rubric, judges, labels), row in sorted(lines.items(), key=lambda x: order.index(x[0][0])):
        f1 = "  ".join(f"{row.f1[element]:9.2f}" for element in ELEMENTS)
        print(
            f"{rubric:18} {' : '.join(judges):20} {labels:6} {row.n:6} {row.kappa:6.3f} "
            f"{row.exact:6.3f} {row.rho:6.2f}        {f1}"
        )
    speeches = max((row.speeches for row in lines.values()), default=0)
    print(f"{speeches} speeches: few, so all figures are rough")


def print_disagreements(
    gold: Iterable[dict[str, Any]], coverages: Coverages, texts: Mapping[str, str], labels: str
) -> None:
    """Every topic where the score differs from a reader, with a quote for each such element."""
    print(f"\nlabels: {labels}. Topics where the score differs from a reader (levels → score)")
    for row in gold:
        coverage = coverages.get((row["doc"], row["rubric"]))
        if coverage is None:
            continue
        topic = next(topic for topic in coverage.topics if topic.id == row["topic"])
        readers = {name: row[name] for name in sorted(row) if name.startswith("reader_")}
        lines = list(_differences(topic, readers, texts))
        if lines:
            levels = ", ".join(str(reader["level"]) for reader in readers.values())
            print(f"{row['doc']} {topic.id} {levels} → {topic.level}", *lines, sep="\n")


def _differences(
    topic: TopicCoverage, readers: Mapping[str, Mapping[str, Any]], texts: Mapping[str, str]
) -> Iterator[str]:
    for element in ELEMENTS:
        against = [name for name, reader in readers.items() if _sees(reader, element, topic)]
        if not against:
            continue
        who = "/".join(name.removeprefix("reader_") for name in against)
        if topic.elements[element]:
            quote = next(quote.text for quote in topic.quotes if element in quote.elements)
            yield f"  + {element} ({who}): {quote}"
        else:
            first = readers[against[0]][element][0]
            yield f"  - {element} ({who}): {texts.get(first, first)}"


def _sees(reader: Mapping[str, Any], element: str, topic: TopicCoverage) -> bool:
    """Whether a reader sees it otherwise."""
    return bool(reader[element]) != topic.elements[element]


def segment_texts(speeches: Path, docs: Iterable[str]) -> dict[str, str]:
    """Text of every gold segment that has an id, which the readers name it by."""
    return {
        row["id"]: row["text"]
        for doc in docs
        for row in read_jsonl(speeches / f"{doc}.gold.jsonl", ())
        if "id" in row and "text" in row
    }


def run(options: argparse.Namespace) -> None:
    """Measure with every kind of labels asked for, and print.

    Raises:
        SafetyNLPError: the data or the model cannot be used.
    """
    gold = [row for path in sorted(options.gold.glob("*.jsonl")) for row in read_jsonl(path, KEYS)]
    if not gold:
        raise DataError(
            f"{options.gold}: no *.jsonl with readers' levels found.",
            f"{options.gold}：没有找到人工覆盖度数据（*.jsonl）。",
        )
    coverages: dict[str, Coverages] = {}
    if options.labels in ("gold", "both"):
        coverages["gold"] = cover_all(gold, options.data, gold_segments)
    if options.labels in ("model", "both"):
        coverages["model"] = cover_all(gold, options.data, model_labeller(options.model))
    print_table({labels: agreement_table(gold, found) for labels, found in coverages.items()})
    texts = segment_texts(options.data, sorted({row["doc"] for row in gold}))
    for labels, found in coverages.items():
        print_disagreements(gold, found, texts, labels)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the speeches")
    parser.add_argument("--gold", type=Path, required=True, help="folder of readers' levels")
    parser.add_argument("--labels", choices=("gold", "model", "both"), default="both")
    parser.add_argument("--model", type=Path, help="model folder; default: the released model")
    try:
        run(parser.parse_args(arguments))
    except SafetyNLPError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
