# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
"""``safetynlp train`` as a user starts it; what ends in an error calls ``main`` in this process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from mini import one_line_of, write_corpus, write_titles
from safetensors.torch import load_file

from safetynlp.classifier import Classifier
from safetynlp.cli import main
from safetynlp.training import TrainResult

ROOT = Path(__file__).parents[2]
ENV = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "safetynlp", "train", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        env=ENV,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )


@pytest.fixture
def titles(tmp_path: Path) -> Path:
    return write_titles(tmp_path / "titles.tsv")


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "own.toml"
    file.write_text(
        'name = "own"\nversion = "3"\n[fit]\nmax_tokens = 64\nlearning_rate = 1e-3\nbf16 = false\n',
        "utf-8",
    )
    return file


def test_a_foreign_data_set(titles: Path, settings: Path, base: Path, tmp_path: Path) -> None:
    out = tmp_path / "own"
    done = run(
        *(titles, "--base", base, "--recipe", settings, "--group-by-row", "--folds", 5),
        *("--epochs", 4, "--seed", 4, "--out", out, "--format", "json", "--lang", "en"),
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["cross_validation"]["after"]["label"]["accuracy"]["value"] > 0.6
    assert "labels taken from the data: label (single-label), 6" in done.stderr
    assert "Traceback" not in done.stderr
    assert Classifier.from_pretrained(out).name == "own 3"
    config = json.loads((out / "train_config.json").read_text("utf-8"))
    assert config["recipe"]["fit"]["seed"] == 4
    assert config["recipe"]["folds"] == 5


def test_tables_in_chinese(
    trained: TrainResult, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        *(str(corpus), "--base", str(trained.path), "--no-replay", "--folds", "2"),
        *("--epochs", "1", "--out", str(tmp_path / "own")),
    ]
    assert main(["train", *arguments]) == 0
    shown, said = capsys.readouterr()
    assert shown.startswith("交叉验证（新讲话）：10 篇 60 句\n")
    assert "训练前" in shown
    assert f"已写入 {tmp_path / 'own'}" in shown
    assert "交叉验证：2 折" in said
    assert [line for line in said.splitlines() if not re.search("[一-鿿]", line)] == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["none.jsonl", "--out", "own"], "none.jsonl: there is no such file"),
        (["data", "--out", "own", "--folds", "1"], "folds is 1, expected 0"),
        (["data", "--out", "own", "--replay", "3"], "replay is 3"),
        (["data", "--out", "own", "--no-replay", "--replay", "0.1"], "contradict each other"),
        (["data", "--out", "own", "--on-error", "ignore"], 'on_error is "ignore"'),
        (["data", "--out", "own", "--base", "nobody/nothing"], '"nobody/nothing": there is no'),
        (["data", "--out", "own", "--schema", "none.yaml"], "none.yaml: cannot be read"),
        (["data", "--out", "own", "--recipe", "none.toml"], "none.toml: cannot be read"),
        (["data", "--out", "own", "--epochs", "0"], "epochs is 0"),
        (["data", "--out", "data"], "is the data, and would be replaced"),
        (["data", "--out", "own", "--format", "xml"], 'does not write "xml"'),
        (["data"], "Missing option"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_corpus(Path("data"))
    assert main(["train", *arguments, "--lang", "en"]) == 2
    assert expected in one_line_of(capsys.readouterr().err)
    assert sorted(os.listdir()) == ["data"]


def test_killed_and_resumed(corpus: Path, settings: Path, base: Path, tmp_path: Path) -> None:
    """Killed in the second fold: the first is not done again, and the end is the same."""
    arguments = [
        *(corpus, "--base", base, "--schema", "safety-speech", "--recipe", settings),
        *("--folds", 2, "--epochs", 3, "--lang", "en"),
    ]
    whole = run(*arguments, "--out", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    out = tmp_path / "own"
    process = subprocess.Popen(
        command(*arguments, "--out", out), env=ENV, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    done = tmp_path / ".own.train" / "fold-1" / "done.json"
    deadline = time.monotonic() + 300
    while not done.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert done.exists()
    assert not out.exists()
    refused = run(*arguments, "--out", out)
    assert refused.returncode == 2
    assert "an unfinished training is there. Add --resume" in refused.stderr
    resumed = run(*arguments, "--out", out, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "fold-1: done before" in resumed.stderr
    assert not (tmp_path / ".own.train").exists()
    first, second = (
        load_file(folder / "model.safetensors") for folder in (tmp_path / "whole", out)
    )
    assert all((first[name] == second[name]).all() for name in first)
    texts = [(folder / "oof.jsonl").read_bytes() for folder in (tmp_path / "whole", out)]
    assert texts[0] == texts[1]
