# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from rich.console import Console

from safetynlp.training.checkpoint import EpochRecord
from safetynlp.training.narrator import Narrator
from safetynlp.training.progress import Bar, Lines, Several, Step, TensorBoard, progress_for

RECORD = EpochRecord(1, 0.75, {"sector": 0.5, "action": 0.25}, 0.375)


def step(number: int, loss: float = 2.0) -> Step:
    return Step(1, 2, number, 120, loss, 1e-4, 3725.0)


def test_lines() -> None:
    lines: list[str] = []
    progress = Lines(Narrator(lines.append))
    for number in range(1, 121):
        progress.on_step(step(number, loss=1.0 if number <= 50 else 3.0))
    progress.on_epoch(RECORD, 120)
    assert lines == [
        "epoch 1/2: step 50/120: loss 1.000, 1:02:05 left",
        "epoch 1/2: step 100/120: loss 3.000, 1:02:05 left",
        "epoch 1/2: step 120/120: loss 3.000, 1:02:05 left",
        "epoch 1: loss 0.750, validation sector 0.5000, action 0.2500",
    ]


def test_bar() -> None:
    stream = io.StringIO()
    progress = Bar(Narrator(), Console(file=stream, force_terminal=True, width=100))
    progress.on_step(step(1))
    progress.on_epoch(RECORD, 60)
    progress.on_step(step(61))
    progress.close()
    shown = stream.getvalue()
    assert "epoch 1: loss 0.750, validation sector 0.5000, action 0.2500" in shown
    assert "loss 2.000, validation 0.3750, 1:02:05 left" in shown


def test_lines_in_chinese() -> None:
    lines: list[str] = []
    progress = Lines(Narrator(lines.append, "zh"))
    progress.on_step(step(50))
    progress.on_epoch(EpochRecord(1, 0.75, {"sector": 0.5, "released action": 0.25}, 0.375), 60)
    assert lines == [
        "第 1/2 轮，第 50/120 步：损失 2.000，剩余 1:02:05",
        "第 1 轮：损失 0.750，验证 sector 0.5000、随包语料 action 0.2500",
    ]


def test_bar_in_chinese() -> None:
    stream = io.StringIO()
    progress = Bar(Narrator(lang="zh"), Console(file=stream, force_terminal=True, width=100))
    progress.on_step(step(1))
    progress.on_epoch(EpochRecord(1, 0.75, {}, None), 60)
    progress.on_epoch(EpochRecord(2, 0.5, {"sector": 0.375}, 0.375), 60)
    progress.on_step(step(61))
    progress.close()
    shown = stream.getvalue()
    assert "第 1 轮：损失 0.750" in shown
    assert "第 2 轮：损失 0.500，验证 sector 0.3750" in shown
    assert "第 1/2 轮" in shown
    assert "损失 2.000，验证 0.3750，剩余 1:02:05" in shown
    assert not re.search("epoch|loss|validation|left", shown)


def test_tensorboard_reads_it(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    lines: list[str] = []
    progress = Several([Lines(Narrator(lines.append)), TensorBoard(tmp_path / "runs")])
    for number in (1, 2, 3):
        progress.on_step(step(number, loss=float(number)))
    progress.close()
    resumed = TensorBoard(tmp_path / "runs")  # from a checkpoint after step 2
    resumed.on_step(step(3, loss=5.0))
    resumed.on_epoch(RECORD, 3)
    resumed.close()
    events = EventAccumulator(str(tmp_path / "runs")).Reload()
    assert [(e.step, e.value) for e in events.Scalars("train/loss")] == [(1, 1), (2, 2), (3, 5)]
    assert set(events.Tags()["scalars"]) == {
        "train/loss",
        "train/learning_rate",
        "validation/sector",
        "validation/action",
        "validation/mean",
    }


def test_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(progress_for(Narrator()), Lines)
    TensorBoard(Path("nowhere")).close()  # without a value there is no log
    assert not Path("nowhere").exists()
