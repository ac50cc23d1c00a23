from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from speeches import rubric_of, speech, topic_of

from safetynlp.coverage import ELEMENTS, cover
from safetynlp.errors import DataError
from safetynlp.evaluation import coverage_agreement as agreement
from safetynlp.evaluation.coverage_agreement import (
    agreement_table,
    from_coverage,
    quadratic_kappa,
    spearman_rho,
)
from safetynlp.lexicon import KeywordClassifier


def judged(*reached: str) -> dict[str, Any]:
    return {"level": len(reached)} | {e: ["s1-001"] if e in reached else [] for e in ELEMENTS}


COVERAGE = cover(
    speech(
        ("watch 值班很重要。", "rationale", {}),
        ("drill 每月要演练一次。", "directive", {"action": ("emergency_preparedness",)}),
    ),
    rubric_of(*map(topic_of, ("watch", "drill", "train"))),
)
GOLD = [
    {
        "doc": "s1",
        "rubric": "own",
        "topic": topic,
        "reader_a": judged(*a),
        "reader_b": judged(*b),
    }
    for topic, a, b in (
        ("watch", ["mentioned"], ["mentioned", "deployed"]),
        ("drill", ["mentioned", "deployed", "specified"], ["mentioned", "deployed", "specified"]),
        ("train", ["mentioned"], []),
    )
]


@pytest.mark.parametrize(
    ("first", "second", "kappa"),
    [
        ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4], 1.0),
        ([0, 4], [4, 0], -1.0),
        ([0, 0, 4, 4], [0, 4, 0, 4], 0.0),
        # observed (1-2)² = 1; expected: all pairs of {1,2,2} and {1,1,2} over 3: 5/3
        ([1, 2, 2], [1, 1, 2], 1 - 1 / (5 / 3)),
    ],
)
def test_kappa_by_hand(first: list[int], second: list[int], kappa: float) -> None:
    assert quadratic_kappa(first, second) == pytest.approx(kappa)


def test_kappa_is_undefined_without_variation() -> None:
    assert math.isnan(quadratic_kappa([2, 2], [2, 2]))
    assert math.isnan(quadratic_kappa([], []))


def test_kappa_refuses_other_levels() -> None:
    with pytest.raises(DataError, match="2 levels against 1"):
        quadratic_kappa([1, 2], [1])
    for level in (-1, 5):
        with pytest.raises(DataError, match="expected 0 to 4"):
            quadratic_kappa([level], [0])


def test_rho_by_hand() -> None:
    assert spearman_rho([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert spearman_rho([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert spearman_rho([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.8)  # 1 - 6·2 / (4·15)
    assert spearman_rho([1, 1, 2], [1, 1, 2]) == pytest.approx(1)  # ties


def test_rho_needs_three_speeches_that_differ() -> None:
    assert math.isnan(spearman_rho([1, 2], [1, 2]))
    assert math.isnan(spearman_rho([1, 1, 1], [1, 2, 3]))
    with pytest.raises(ValueError, match="2 values against 1"):
        spearman_rho([1, 2], [1])


def test_judgements_of_a_coverage() -> None:
    found = from_coverage(COVERAGE)
    assert {id: judgement.level for id, judgement in found.items()} == {
        "watch": 1,
        "drill": 3,
        "train": 0,
    }
    assert found["drill"].elements == {"mentioned", "deployed", "specified"}


def test_table_by_hand() -> None:
    table = agreement_table(GOLD, {("s1", "own"): COVERAGE})
    assert [row.judges for row in table] == [
        ("reader_a", "reader_b"),
        ("reader_a", "score"),
        ("reader_b", "score"),
    ]
    among, first, second = table
    assert {row.rubric for row in table} == {"own"}
    assert {row.n for row in table} == {3}
    assert among.exact == pytest.approx(1 / 3)
    assert first.exact == pytest.approx(2 / 3)  # 1, 3, 1 against 1, 3, 0
    assert second.exact == pytest.approx(2 / 3)  # 2, 3, 0 against 1, 3, 0
    assert first.kappa == pytest.approx(quadratic_kappa([1, 3, 1], [1, 3, 0]))
    assert first.f1["mentioned"] == pytest.approx(4 / 5)
    assert second.f1["deployed"] == pytest.approx(2 / 3)
    assert math.isnan(first.f1["assigned"])  # reached by neither


def test_rho_compares_totals_of_speeches() -> None:
    gold, coverages = [], {}
    for doc, extra in (("s1", 0), ("s2", 1), ("s3", 2)):
        lines = [("watch 值班。", "directive", {"action": ("duty_reporting",)})] * bool(extra)
        lines += [("drill 演练。", "rationale", {})] * (extra == 2)
        rubric = rubric_of(*map(topic_of, ("watch", "drill")))
        coverages[doc, "own"] = cover(speech(*lines), rubric)
        for topic in ("watch", "drill"):
            reached = ELEMENTS[: 3 - extra] if topic == "watch" else ()
            gold.append({"doc": doc, "rubric": "own", "topic": topic, "reader_a": judged(*reached)})
    (row,) = agreement_table(gold, coverages)
    assert row.speeches == 3
    assert row.rho == pytest.approx(-1)


def test_total_of_the_score_is_that_of_the_coverage() -> None:
    rows = [
        agreement._Row(COVERAGE, t.id, {"score": from_coverage(COVERAGE)[t.id]})
        for t in COVERAGE.topics
    ]
    assert agreement._totals("score", rows) == [pytest.approx(COVERAGE.total)]


def test_a_reader_who_judged_only_some_topics() -> None:
    gold = [dict(row) for row in GOLD]
    del gold[0]["reader_b"]
    rows = {row.judges: row for row in agreement_table(gold, {("s1", "own"): COVERAGE})}
    assert rows["reader_a", "score"].n == 3
    assert rows["reader_b", "score"].n == rows["reader_a", "reader_b"].n == 2


def test_rows_without_a_coverage_are_left_out() -> None:
    assert agreement_table(GOLD, {}) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"topic": "other"}, 's1/own/other: topic "other" is not scored'),
        ({"reader_a": {"level": 1}}, "s1/own/watch: .*'mentioned'"),
        ({"reader_a": judged() | {"level": "high"}}, "s1/own/watch: .*high"),
        ({"reader_a": 3}, "s1/own/watch: not of the form"),
    ],
)
def test_faulty_row_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        agreement_table([GOLD[0] | changes], {("s1", "own"): COVERAGE})


def test_row_without_a_rubric() -> None:
    with pytest.raises(DataError, match=r"s1/\?/watch"):
        agreement_table([{"doc": "s1", "topic": "watch"}], {})


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(__file__).parent.parent / "training" / "evaluate_coverage.py"
    spec = importlib.util.spec_from_file_location("evaluate_coverage", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TEXT = "要值班。演练要每月一次。"
LABELS = {"sector": [], "responsibility": [], "function": "directive"}
SEGMENTS = [
    {
        "id": "s1-001",
        "text": "要值班。",
        "start": 0,
        "end": 4,
        "action": ["duty_reporting"],
        **LABELS,
    },
    {"start": 4, "end": 12, "action": ["emergency_preparedness"], **LABELS},
]


def arguments(folder: Path, gold: Sequence[Any]) -> list[str]:
    (folder / "gold").mkdir(exist_ok=True)
    for name, rows in (("gold/s1.jsonl", gold), ("s1.gold.jsonl", SEGMENTS)):
        (folder / name).write_text("\n".join(map(json.dumps, rows)), "utf-8")
    (folder / "s1.txt").write_text(TEXT, "utf-8")
    return ["--gold", str(folder / "gold"), "--data", str(folder), "--labels", "gold"]


def test_script_prints_table_and_disagreements(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"doc": "s1", "rubric": "speech-structure"}
    gold = [
        row | {"topic": "st-18", "reader_a": judged(*ELEMENTS)},
        row | {"topic": "st-20", "reader_a": judged("mentioned", "deployed")},
        row | {"topic": "st-26", "reader_a": judged()},
    ]
    assert script.main(arguments(tmp_path, gold)) == 0
    table, disagreements = capsys.readouterr().out.split("\n\n")
    assert "reader_a : score" in table
    assert "0.667" in table  # two of three levels are the same
    assert "1 speeches" in table
    assert disagreements.splitlines()[1:] == ["s1 st-18 4 → 3", "  - assigned (a): 要值班。"]


def test_script_quotes_what_only_the_score_sees(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readers = {"reader_a": judged("mentioned", "deployed"), "reader_b": judged("mentioned")}
    gold = [{"doc": "s1", "rubric": "speech-structure", "topic": "st-18", **readers}]
    assert script.main(arguments(tmp_path, gold)) == 0
    assert capsys.readouterr().out.split("\n\n")[1].splitlines()[1:] == [
        "s1 st-18 2, 1 → 3",
        "  + deployed (b): 演练要每月一次。",
        "  + specified (a/b): 演练要每月一次。",
    ]


def test_script_measures_the_model(
    script: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Model(KeywordClassifier):
        @classmethod
        def from_pretrained(cls, path: Path | None) -> Model:
            assert path == tmp_path / "model"
            return cls()

    monkeypatch.setattr(script, "Classifier", Model)
    gold = [{"doc": "s1", "rubric": "speech-structure", "topic": "st-20", "reader_a": judged()}]
    both = [*arguments(tmp_path, gold)[:-1], "both", "--model", str(tmp_path / "model")]
    assert script.main(both) == 0
    table, by_gold, by_model = capsys.readouterr().out.split("\n\n")
    assert [line.split()[4] for line in table.splitlines()[1:-1]] == ["gold", "model"]
    assert by_gold.startswith("labels: gold.")
    assert by_model.startswith("labels: model.")


@pytest.mark.parametrize(
    ("gold", "message"),
    [([], "no *.jsonl with readers"), ([[1]], "s1.jsonl:1: expected an object")],
)
def test_script_reports_faulty_gold(
    script: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    gold: list[Any],
    message: str,
) -> None:
    assert script.main(arguments(tmp_path, gold)) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert output.out == ""
