# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from safetynlp.errors import UsageError
from safetynlp.training.work import FoldResult, Work

RESULT = FoldResult((3, 1), np.ones((2, 4), np.float32), np.zeros((0, 4), np.float32))


def test_a_finished_fold_is_kept(tmp_path: Path) -> None:
    work = Work(tmp_path / "own", "x")
    assert work.load_fold("fold-1") is None
    work.checkpoints("fold-1", "run-1").mkdir(parents=True)
    work.save_fold("fold-1", RESULT)
    assert not work.checkpoints("fold-1").exists()
    again = Work(tmp_path / "own", "x", resume=True).load_fold("fold-1")
    assert again is not None
    assert again.best_epochs == (3, 1)
    np.testing.assert_array_equal(again.held_out, RESULT.held_out)
    assert again.beside.shape == (0, 4)


def test_a_fold_killed_while_it_was_saved(tmp_path: Path) -> None:
    work = Work(tmp_path / "own", "x")
    work.save_fold("fold-1", RESULT)
    (work.folder / "fold-1" / "done.json").unlink()
    assert work.load_fold("fold-1") is None


def test_an_unfinished_run_is_not_thrown_away(tmp_path: Path) -> None:
    Work(tmp_path / "own", "x")
    with pytest.raises(UsageError, match="Add --resume to go on") as caught:
        Work(tmp_path / "own", "x")
    assert "--resume" in caught.value.zh


def test_other_data_are_not_gone_on_with(tmp_path: Path) -> None:
    Work(tmp_path / "own", "x")
    with pytest.raises(UsageError, match="had other data or settings"):
        Work(tmp_path / "own", "y", resume=True)


def test_resume_before_there_was_anything(tmp_path: Path) -> None:
    assert Work(tmp_path / "own", "x", resume=True).folder.is_dir()


def test_resume_after_the_end(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "safetynlp.json").write_text("{}", "utf-8")
    with pytest.raises(UsageError, match="the model is finished"):
        Work(tmp_path / "own", "x", resume=True)


def test_a_damaged_note(tmp_path: Path) -> None:
    work = Work(tmp_path / "own", "x")
    (work.folder / "run.json").write_text("{", "utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        Work(tmp_path / "own", "x", resume=True)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(UsageError, match="cannot be"):
        Work(tmp_path / "file" / "own", "x")


def test_what_saves_no_work_is_removed(tmp_path: Path) -> None:
    idle = Work(tmp_path / "idle", "x")
    idle.remove_if_idle()
    assert not idle.folder.exists()
    busy = Work(tmp_path / "busy", "x")
    busy.save_fold("fold-1", RESULT)
    busy.remove_if_idle()
    assert busy.folder.exists()
    busy.remove()
    assert not busy.folder.exists()


def test_other_processes_leave_it_alone(tmp_path: Path) -> None:
    other = Work(tmp_path / "own", "x", first=False)
    other.save_fold("fold-1", RESULT)
    assert other.load_fold("fold-1") is None
    other.remove()
    assert list(tmp_path.iterdir()) == []
