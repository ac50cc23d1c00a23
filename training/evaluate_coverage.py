"""Print how far the coverage score agrees with careful readers.

    python training/evaluate_coverage.py --gold DIR --speeches DIR

``--gold`` holds ``*.jsonl`` with the readers' levels (format: safetynlp.evaluation.
coverage_agreement), ``--speeches`` for each speech a ``NAME.txt`` and a ``NAME.gold.jsonl`` with
its labels. Labels are the gold ones, so that only rules and cues are measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from safetynlp.coverage import Coverage, cover
from safetynlp.document import Document
from safetynlp.errors import DataError, SafetyNLPError
from safetynlp.evaluation.coverage_agreement import Agreement, agreement_table
from safetynlp.prediction import LabelledSegment, Prediction
from safetynlp.rubric import available_rubrics, load_rubric
from safetynlp.schema import Schema
from safetynlp.segment import segment

# Labels the segments of one speech: folder and name of the speech → its labelled segments.
SpeechLabeller = Callable[[Path, str], list[LabelledSegment]]


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


def cover_all(
    gold: Iterable[dict[str, Any]], speeches: Path, label: SpeechLabeller
) -> dict[tuple[str, str], Coverage]:
    """Coverage by (doc, rubric id) of all that the gold rows name and the package has."""
    coverages = {}
    for doc, rubric in sorted({(row["doc"], row["rubric"]) for row in gold}):
        if rubric in available_rubrics():
            coverages[doc, rubric] = cover(label(speeches, doc), load_rubric(rubric))
    return coverages


def print_table(table: Sequence[Agreement]) -> None:
    """One line per pair of judges."""
    print(f"{'rubric':18} {'judges':22} {'n':>4} {'kappa':>6} {'exact':>6}  F1 of each element")
    for row in table:
        f1 = "  ".join(f"{element} {value:.2f}" for element, value in row.f1.items())
        judges = " : ".join(row.judges)
        print(f"{row.rubric:18} {judges:22} {row.n:4} {row.kappa:6.3f} {row.exact:6.3f}  {f1}")


def print_disagreements(
    gold: Iterable[dict[str, Any]], coverages: dict[tuple[str, str], Coverage]
) -> None:
    """Every topic where the score is no reader's level, with its best quote."""
    print("\ntopics scored unlike every reader (their levels → score)")
    for row in gold:
        coverage = coverages.get((row["doc"], row["rubric"]))
        if coverage is None:
            continue
        topic = next(topic for topic in coverage.topics if topic.id == row["topic"])
        levels = [row[name]["level"] for name in sorted(row) if name.startswith("reader_")]
        if topic.level not in levels:
            quote = topic.quotes[0].text if topic.quotes else "-"
            readers = ", ".join(map(str, levels))
            print(f"{row['doc']} {topic.id} {readers} → {topic.level}  {quote}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--gold", type=Path, required=True, help="folder of readers' levels")
    parser.add_argument("--speeches", type=Path, required=True, help="folder of the speeches")
    parser.add_argument("--disagreements", action="store_true", help="list them with quotes")
    options = parser.parse_args(arguments)
    try:
        gold = [
            row for path in sorted(options.gold.glob("*.jsonl")) for row in read_jsonl(path, KEYS)
        ]
        if not gold:
            raise DataError(
                f"{options.gold}: no *.jsonl with readers' levels found.",
                f"{options.gold}：没有找到人工覆盖度数据（*.jsonl）。",
            )
        coverages = cover_all(gold, options.speeches, gold_segments)
        print_table(agreement_table(gold, coverages))
        if options.disagreements:
            print_disagreements(gold, coverages)
    except SafetyNLPError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
