# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
"""The script that lists labels which are likely wrong."""

from __future__ import annotations

import importlib.util
import json
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("cleanlab")
pytestmark = pytest.mark.slow

from mini import SPEECHES, labelled_rows, one_line_of, write_corpus

from safetynlp.errors import DataError
from safetynlp.labelled import LabelledRow, read_labelled, targets
from safetynlp.prediction import decide
from safetynlp.schema import Schema
from safetynlp.training.measure import oof_lines

SCRIPT = Path(__file__).parents[2] / "training" / "find_label_issues.py"
SCHEMA = Schema.default()


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[SCRIPT.stem] = module  # dataclasses look their module up
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba asks for pkg_resources, which is said to go
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows(corpus: Path) -> tuple[LabelledRow, ...]:
    return read_labelled([corpus], SCHEMA).rows


def sure_of(rows: list[LabelledRow] | tuple[LabelledRow, ...]) -> np.ndarray:
    """What a good model says: 0.97 for the labels of ``rows``, 0.02 for all else."""
    y, _ = targets(rows, SCHEMA)
    probabilities: np.ndarray = np.where(y > 0, 0.97, 0.02)
    return probabilities


def write_oof(file: Path, rows: tuple[LabelledRow, ...], probabilities: np.ndarray) -> Path:
    predictions = decide(probabilities, SCHEMA, 0.5)
    fold = np.arange(len(rows)) % 5
    file.write_text(oof_lines(rows, fold, probabilities, predictions, SCHEMA), "utf-8")
    return file


def test_planted_wrong_labels_are_found(script: ModuleType) -> None:
    right = labelled_rows()
    wrong = list(right)
    place = next(n for n, row in enumerate(right) if row.labels["sector"] == ("coal_mining",))
    wrong[place] = replace(right[place], labels={**right[place].labels, "sector": ("fire_safety",)})
    found = script.issues(wrong, sure_of(right), SCHEMA)
    assert {(issue.label, issue.given) for issue in found} == {
        ("fire_safety", True),
        ("coal_mining", False),
    }
    assert all(issue.row is wrong[place] and issue.facet == "sector" for issue in found)
    assert [issue.doubt for issue in found] == pytest.approx([0.98, 0.97])
    line = f"{right[place].doc}\t{right[place].index}\tsector\t-fire_safety\t0.02\t"
    assert str(found[0]) == line + right[place].text


def test_where_all_is_right_nothing_is_found(script: ModuleType) -> None:
    assert script.issues(labelled_rows(), sure_of(labelled_rows()), SCHEMA) == []


def test_rows_without_a_facet_are_not_judged_by_it(script: ModuleType) -> None:
    rows = [
        replace(row, labels={k: v for k, v in row.labels.items() if k != "sector"})
        for row in labelled_rows()
    ]
    assert script.issues(rows, sure_of(labelled_rows()), SCHEMA) == []


def test_predictions_come_in_the_order_of_the_rows(
    script: ModuleType, rows: tuple[LabelledRow, ...], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.random((len(rows), SCHEMA.n_labels)).round(5)
    file = write_oof(tmp_path / "oof.jsonl", rows, probabilities)
    assert np.array_equal(script.oof_probabilities(file, rows, SCHEMA), probabilities)
    shuffled = [rows[n] for n in rng.permutation(len(rows))]
    found = script.oof_probabilities(file, shuffled, SCHEMA)
    place = {(row.doc, row.index): n for n, row in enumerate(rows)}
    order = [place[row.doc, row.index] for row in shuffled]
    assert np.array_equal(found, probabilities[order])


def test_a_row_without_prediction(
    script: ModuleType, rows: tuple[LabelledRow, ...], tmp_path: Path
) -> None:
    file = write_oof(tmp_path / "oof.jsonl", rows[1:], sure_of(rows[1:]))
    with pytest.raises(DataError, match="no prediction for segment 0 of county-1") as caught:
        script.oof_probabilities(file, rows, SCHEMA)
    assert "county-1 第 0 句" in caught.value.zh


def test_a_prediction_for_another_text(
    script: ModuleType, rows: tuple[LabelledRow, ...], tmp_path: Path
) -> None:
    """A sentence was put in since: what was said of its place is not of it."""
    file = write_oof(tmp_path / "oof.jsonl", rows, sure_of(rows))
    changed = [replace(rows[0], text="大家好。"), *rows[1:]]
    with pytest.raises(DataError, match="segment 0 of county-1 as its text is now"):
        script.oof_probabilities(file, changed, SCHEMA)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"probabilities": {"sector": {"coal_mining": 0.5}}}, "KeyError"),
        ({"probabilities": None}, "TypeError"),
        ({"doc": ["a"]}, "TypeError"),
        ({"probabilities": "high"}, "TypeError"),
    ],
)
def test_a_line_that_is_no_prediction(
    script: ModuleType,
    rows: tuple[LabelledRow, ...],
    changes: dict[str, Any],
    expected: str,
    tmp_path: Path,
) -> None:
    file = write_oof(tmp_path / "oof.jsonl", rows[:2], sure_of(rows[:2]))
    first, second = file.read_text("utf-8").splitlines()
    file.write_text(f"{first}\n{json.dumps({**json.loads(second), **changes})}\n", "utf-8")
    with pytest.raises(DataError, match=rf"oof\.jsonl:2: not an out-of-fold .*{expected}"):
        script.oof_probabilities(file, rows[:2], SCHEMA)


def test_a_number_that_is_no_probability(
    script: ModuleType, rows: tuple[LabelledRow, ...], tmp_path: Path
) -> None:
    file = write_oof(tmp_path / "oof.jsonl", rows[:1], sure_of(rows[:1]))
    file.write_text(file.read_text("utf-8").replace("0.97", "NaN"), "utf-8")
    with pytest.raises(DataError, match="nan is no probability"):
        script.oof_probabilities(file, rows[:1], SCHEMA)


def test_what_it_lists(
    script: ModuleType,
    rows: tuple[LabelledRow, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    speech = corpus / "county-3.jsonl"
    speech.write_text(
        speech.read_text("utf-8").replace('"coal_mining"', '"fire_safety"', 1), "utf-8"
    )
    oof = write_oof(tmp_path / "oof.jsonl", rows, sure_of(rows))  # by the right labels
    arguments = ["--corpus", str(corpus), "--oof", str(oof)]
    assert script.main(arguments) == 0
    shown, said = capsys.readouterr()
    header, *listed = shown.splitlines()
    assert header == "doc\ti\tfacet\tchange\tprobability\ttext"
    text = SPEECHES["county-3"][0][0]
    assert listed == [
        f"county-3\t0\tsector\t-fire_safety\t0.02\t{text}",
        f"county-3\t0\tsector\t+coal_mining\t0.97\t{text}",
    ]
    assert said == "2 likely issues in 60 segments\n"
    out = tmp_path / "issues.tsv"
    assert script.main([*arguments, "--top", "1", "--out", str(out)]) == 0
    assert out.read_text("utf-8").splitlines() == [header, listed[0]]
    assert capsys.readouterr().out == ""


def test_without_a_file_the_baseline_judges(
    script: ModuleType, rows: tuple[LabelledRow, ...], corpus: Path, capsys: Any
) -> None:
    probabilities = script.tfidf_probabilities(rows, SCHEMA)
    assert probabilities.shape == (60, SCHEMA.n_labels)
    columns = {facet.id: part for facet, part in SCHEMA.columns()}
    function = probabilities[:, columns["function"]]
    y, _ = targets(rows, SCHEMA)
    right = function.argmax(1) == y[:, columns["function"]].argmax(1)
    assert right.mean() > 0.7  # speeches are much alike, and each is judged by the others
    assert script.main(["--corpus", str(corpus)]) == 0
    assert capsys.readouterr().err.endswith("in 60 segments\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--corpus", "nowhere"], "find_label_issues: nowhere"),
        (["--oof", "nowhere.jsonl"], "nowhere.jsonl: cannot be read"),
        (["--oof", "broken.jsonl"], "broken.jsonl:1: not an out-of-fold prediction"),
        (["--oof", "foreign.jsonl"], "foreign.jsonl: cannot be read"),
        (["--oof", "empty.jsonl"], "empty.jsonl: has no prediction for segment 0 of county-1"),
        (["--corpus", "one"], "5 folds of 1 speeches"),
    ],
)
def test_errors_are_one_line(
    script: ModuleType,
    corpus: Path,
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.jsonl").write_text('{"doc": \n', "utf-8")
    Path("foreign.jsonl").write_bytes("讲话".encode("gb18030"))
    Path("empty.jsonl").touch()
    write_corpus(Path("one"), ("county-1",))
    assert script.main(["--corpus", str(corpus), *arguments]) == 2
    assert expected in one_line_of(capsys.readouterr().err)
