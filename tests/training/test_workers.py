# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

import torch
from safetensors.torch import load_file
from test_checkpoint import ENVIRONMENT, SCRIPT

from safetynlp.training.workers import workers

TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_processes_train_one_model(base: Path, tmp_path: Path) -> None:
    done = run(*TORCHRUN, SCRIPT, base, tmp_path / "both", tmp_path / "two", "plain", 0)
    assert done.returncode == 0, done.stderr
    first, second = (load_file(tmp_path / "two" / f"{rank}.safetensors") for rank in (0, 1))
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())
    assert done.stdout.count("linear probe") == 1  # the second process is silent
    assert done.stdout.count("epoch 3:") == 1
    assert done.stdout.count("step 18 ") == 1
    # The two may write into one line.
    best = re.findall(r"best epoch 3 of 3, -\d\.\d{6}", done.stdout)
    assert len(best) == 2
    assert best[0] == best[1]

    alone = run(SCRIPT, base, tmp_path / "alone", tmp_path / "one", "plain", 0)
    assert alone.returncode == 0, alone.stderr
    one = load_file(tmp_path / "one" / "0.safetensors")
    # Without dropout the number of processes changes nothing but the rounding.
    assert all(torch.allclose(first[name], one[name], atol=5e-3) for name in one)


def test_two_processes_are_resumed(base: Path, tmp_path: Path) -> None:
    whole = run(*TORCHRUN, SCRIPT, base, tmp_path / "1", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    killed = run(*TORCHRUN, SCRIPT, base, tmp_path / "2", tmp_path / "again", "write", 10)
    assert killed.returncode != 0
    resumed = run(*TORCHRUN, SCRIPT, base, tmp_path / "2", tmp_path / "again")
    assert resumed.returncode == 0, resumed.stderr
    assert "resumed in epoch" in resumed.stdout
    for rank in (0, 1):
        name = f"{rank}.safetensors"
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_alone_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    team = workers()
    assert (team.rank, team.count, team.is_first) == (0, 1, True)
    assert team.shared([1.5]) == [1.5]
    assert team.summed(2.0, 1.0) == [2.0, 1.0]
