"""List labels of the corpus that are likely wrong, by confident learning on out-of-fold probabilities.

python training/find_label_issues.py [--corpus DIR] [--oof FILE] [--top N] [--out FILE]

Probabilities come from ``oof.jsonl``, which ``safetynlp train --folds`` leaves, or else from the
TF-IDF baseline in five folds by speech. For every label cleanlab (Northcutt et al. 2021,
arXiv:1911.00068) estimates how many segments have it wrongly, or wrongly not, and ranks them. Needs
the extras ``[train]`` and ``[dev]``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues

from safetynlp.errors import DataError, SafetyNLPError
from safetynlp.labelled import LabelledRow, folds, near_duplicate_groups, read_labelled, targets
from safetynlp.output import write_output
from safetynlp.schema import Schema
from safetynlp.training.baseline import TfidfClassifier

HERE = Path(__file__).parent
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Issue:
    """A label that a row has and seems not to deserve, or the other way round."""

    row: LabelledRow
    facet: str
    label: str
    given: bool
    probability: float  # of the label, by a model that did not see the row

    @property
    def doubt(self) -> float:
        """In [0, 1]: how far the probability is from what is given."""
        return 1 - self.probability if self.given else self.probability

    def __str__(self) -> str:
        sign = "-" if self.given else "+"
        place = f"{self.row.doc}\t{self.row.index}"
        return f"{place}\t{self.facet}\t{sign}{self.label}\t{self.probability:.2f}\t{self.row.text}"


def tfidf_probabilities(rows: Sequence[LabelledRow], schema: Schema) -> np.ndarray:
    """Out-of-fold probabilities: float, shape (rows, labels); folds are by speech."""
    place = {id(row): n for n, row in enumerate(rows)}
    out = np.zeros((len(rows), schema.n_labels))
    for train, held_out in folds(rows, FOLDS, 0, near_duplicate_groups(rows)):
        found = TfidfClassifier(train, schema).predict([row.text for row in held_out])
        for row, prediction in zip(held_out, found, strict=True):
            out[place[id(row)]] = [
                p for scores in prediction.scores.values() for p in scores.values()
            ]
    return out


def oof_probabilities(file: Path, rows: Sequence[LabelledRow], schema: Schema) -> np.ndarray:
    """Those of ``oof.jsonl``, in the order of ``rows``: float, shape (rows, labels).

    A prediction belongs to the row of the same speech, position and text; its labels may have been
    mended since.

    Raises:
        DataError: the file cannot be read, or has none for a row.
    """
    found = _read_oof(file, schema)
    out = np.zeros((len(rows), schema.n_labels))
    for n, row in enumerate(rows):
        key = (row.doc, row.index, row.text)
        if key not in found:
            raise DataError(
                f"{file}: has no prediction for segment {row.index} of {row.doc} as its text is "
                f"now ({row.where}). Train with --folds on the same corpus.",
                f"{file}：没有 {row.doc} 第 {row.index} 句现有文字的预测（{row.where}）。"
                "请用同一语料加 --folds 训练。",
            )
        out[n] = found[key]
    return out


def _read_oof(file: Path, schema: Schema) -> dict[tuple[str, int, str], list[float]]:
    """Speech, position and text → probability of each label, in the order of the schema."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, ValueError) as error:  # ValueError: no UTF-8
        raise DataError(
            f"{file}: cannot be read: {error}. Expected the oof.jsonl of a training with --folds.",
            f"{file}：无法读取：{error}。应为加 --folds 训练所得的 oof.jsonl。",
        ) from error
    found = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            key = (entry["doc"], entry["i"], entry["text"])
            found[key] = [
                _probability(entry["probabilities"][facet.id][id])
                for facet in schema.facets
                for id in facet.label_ids
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{file}:{number}: not an out-of-fold prediction with labels of {schema.id}: "
                f"{error!r}. Expected a line of the oof.jsonl of a training with --folds.",
                f"{file}:{number}：不是 {schema.id} 标签体系的折外预测：{error!r}。"
                "应为加 --folds 训练所得 oof.jsonl 的一行。",
            ) from error
    return found


def _probability(value: object) -> float:
    if not (isinstance(value, (int, float)) and 0 <= value <= 1):
        raise ValueError(f"{value!r} is no probability")
    return float(value)


def issues(rows: Sequence[LabelledRow], probabilities: np.ndarray, schema: Schema) -> list[Issue]:
    """What is likely wrong, the most doubtful first.

    Args:
        probabilities: of each label by a model that did not see the row, float, in [0, 1], shape
            (rows, labels).
    """
    y, known = targets(rows, schema)
    found: list[Issue] = []
    for index, (facet, part) in enumerate(schema.columns()):
        here = np.flatnonzero(known[:, index])
        for column, label in zip(range(part.start, part.stop), facet.label_ids, strict=True):
            given, p = y[here, column].astype(int), probabilities[here, column]
            if given.all() or not given.any():
                continue  # a label that all or none have tells nothing
            # 0: it is a list to look at, so the only row of a label may stand in it too.
            flagged = find_label_issues(
                given, np.stack([1 - p, p], axis=1), n_jobs=1, min_examples_per_class=0
            )
            found += [
                Issue(rows[here[n]], facet.id, label, bool(given[n]), float(p[n]))
                for n in np.flatnonzero(flagged)
            ]
    return sorted(found, key=lambda issue: -issue.doubt)


def lines(found: Sequence[Issue]) -> Iterator[str]:
    """A header, then one issue a line."""
    yield "doc\ti\tfacet\tchange\tprobability\ttext"
    yield from map(str, found)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--corpus", type=Path, default=HERE / "corpus")
    parser.add_argument("--oof", type=Path, help="oof.jsonl of a training with --folds")
    parser.add_argument("--top", type=int, default=200, help="issues to list")
    parser.add_argument("--out", type=Path, help="write them to this file (tab-separated)")
    options = parser.parse_args(arguments)
    schema = Schema.default()
    try:
        rows = read_labelled([options.corpus], schema).rows
        probabilities = (
            oof_probabilities(options.oof, rows, schema)
            if options.oof
            else tfidf_probabilities(rows, schema)
        )
        found = issues(rows, probabilities, schema)
        text = "\n".join(lines(found[: options.top])) + "\n"
        if options.out:
            write_output(options.out, text)
        else:
            print(text, end="")
        print(f"{len(found)} likely issues in {len(rows)} segments", file=sys.stderr)
    except SafetyNLPError as error:
        print(f"find_label_issues: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
