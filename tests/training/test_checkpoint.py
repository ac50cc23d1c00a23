# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

import torch

import safetynlp
from safetynlp.errors import ModelError, UsageError
from safetynlp.training.checkpoint import Checkpoints, EpochRecord, Place, Saved

SCRIPT = Path(__file__).with_name("toy_run.py")
ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": str(Path(safetynlp.__file__).parents[1]),
}
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(base: Path, tmp_path: Path) -> Run:
    """Starts a toy run with the checkpoints and the result of this name."""

    def run(name: str, *moment: str | int) -> subprocess.Popen[str]:
        places = (base, tmp_path / f"{name}-checkpoints", tmp_path / name)
        return subprocess.Popen(
            [sys.executable, str(SCRIPT), *map(str, (*places, *moment))],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


def weights(tmp_path: Path, name: str) -> bytes:
    return (tmp_path / name / "0.safetensors").read_bytes()


def test_killed_again_and_again_it_ends_with_the_same_weights(start: Run, tmp_path: Path) -> None:
    undisturbed = start("undisturbed")
    told, _ = undisturbed.communicate()
    moments: list[tuple[str, int]] = [
        ("step", 3),
        ("write", 2),  # half of a checkpoint is there
        ("rename", 1),
        ("remove", 3),
        ("validate", 1),
        ("rename", 2),  # the best weights are in place, the checkpoint that names them is not
        ("remove", 4),
    ]
    resumed = 0
    for moment in moments:
        process = start("killed", *moment)
        lines, errors = process.communicate()
        assert process.returncode == -signal.SIGKILL, (moment, lines, errors)
        resumed += "resumed in epoch" in lines
    process = start("killed")
    lines, _ = process.communicate()
    assert process.returncode == 0
    assert resumed == len(moments) - 1
    assert lines.splitlines()[-1] == told.splitlines()[-1]  # the same best epoch and score
    assert weights(tmp_path, "killed") == weights(tmp_path, "undisturbed")
    assert not list(tmp_path.glob("*/*.tmp"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_it_saves_first(start: Run, tmp_path: Path, number: signal.Signals) -> None:
    start("undisturbed").communicate()
    process = start("stopped")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("step 5 "):
            process.send_signal(number)
            break
    rest, errors = process.communicate()
    assert process.returncode == -number, (rest, errors)
    found = re.search(r"stopped after (\d+) of 18 steps; what is done is kept in", rest)
    assert found
    again, _ = start("stopped").communicate()
    assert f"after {found[1]} of 18 steps" in again.splitlines()[0]
    assert weights(tmp_path, "stopped") == weights(tmp_path, "undisturbed")


def a_checkpoint(epoch: int = 1) -> Saved:
    tensors = {"weight": torch.arange(4.0) + epoch}
    record = EpochRecord(epoch, 0.5, {"f1_micro": 0.25}, 0.25)
    place = Place(epoch + 1, 0, 0.0, [record])
    return Saved(place, tensors, {"state": {}}, {}, (epoch, tensors), {epoch: tensors})


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path, resume=True).load("") is None
    before = a_checkpoint()
    Checkpoints(tmp_path, fingerprint="a").save(before, "b")
    after = Checkpoints(tmp_path, resume=True, fingerprint="a").load("b")
    assert after is not None
    assert after.place == before.place
    assert torch.equal(after.model["weight"], before.model["weight"])
    assert after.best is not None
    assert torch.equal(after.best[1]["weight"], before.model["weight"])
    assert list(after.recent) == [1]


def test_only_the_files_of_the_newest_are_kept(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work", "utf-8")
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(a_checkpoint(1), "")
    checkpoints.save(a_checkpoint(2), "")
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "best-2.safetensors",
        "checkpoint.pt",
        "epoch-2.safetensors",
        "thesis.docx",
    ]
    assert Checkpoints(tmp_path).load("") is None  # not asked to resume: it begins anew
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    Checkpoints(tmp_path, fingerprint="one").save(a_checkpoint(), "")
    with pytest.raises(UsageError, match="a run with other settings, data") as caught:
        Checkpoints(tmp_path, resume=True, fingerprint="other").load("")
    assert "--resume" in caught.value.zh


@pytest.mark.parametrize("name", ["checkpoint.pt", "best-1.safetensors"])
def test_a_damaged_checkpoint(tmp_path: Path, name: str) -> None:
    Checkpoints(tmp_path).save(a_checkpoint(), "")
    os.truncate(tmp_path / name, 40)
    with pytest.raises(ModelError, match="its checkpoint cannot be read") as caught:
        Checkpoints(tmp_path, resume=True).load("")
    assert "\n" not in str(caught.value)


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def test_foreign_objects_are_not_loaded(tmp_path: Path) -> None:
    torch.save({"version": 1, "identity": "", "place": _Evil()}, tmp_path / "checkpoint.pt")
    with pytest.raises(ModelError, match="cannot be read"):
        Checkpoints(tmp_path, resume=True).load("")


def test_no_place_for_checkpoints(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(UsageError, match="no folder for checkpoints"):
        Checkpoints(tmp_path / "file").load("")


def test_a_full_disk_leaves_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(a_checkpoint(1), "")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UsageError, match="No space left on device"):
        checkpoints.save(a_checkpoint(2), "")
    saved = Checkpoints(tmp_path, resume=True).load("")
    assert saved is not None
    assert saved.place.epoch == 2  # the first one's


def test_one_is_due_every_so_many_seconds(tmp_path: Path) -> None:
    seldom, ever = Checkpoints(tmp_path, every_seconds=900), Checkpoints(tmp_path, every_seconds=0)
    for checkpoints in (seldom, ever):
        checkpoints.load("")
        checkpoints.save(a_checkpoint(), "")
    assert not seldom.due
    assert ever.due
