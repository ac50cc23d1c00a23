"""How far training has come: on a terminal, in lines, for TensorBoard."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as RichProgress

from safetynlp.training.checkpoint import EpochRecord
from safetynlp.training.narrator import Narrator

__all__ = [
    "RELEASED",
    "Bar",
    "Lines",
    "Progress",
    "Several",
    "Step",
    "TensorBoard",
    "progress_for",
]

RELEASED = "released "  # before the names of figures on rows of the released corpus
_EVERY = 50  # steps between two lines


@dataclass(frozen=True, slots=True)
class Step:
    """Where training stands after a step."""

    epoch: int  # from 1
    epochs: int
    step: int  # from 1, over all epochs
    steps: int
    loss: float  # of this step
    learning_rate: float  # of the encoder
    seconds_left: float


class Progress(Protocol):
    """What :func:`~safetynlp.training.fit.fit` tells how far it has come; close it at the end."""

    def on_step(self, step: Step) -> None:
        """After every step."""

    def on_epoch(self, record: EpochRecord, step: int) -> None:
        """After every epoch, when ``step`` steps are done."""

    def close(self) -> None:
        """No more will come."""


class Lines:
    """A line every 50 steps and every epoch, for a log file.

    Args:
        say: takes each line.
    """

    def __init__(self, say: Narrator) -> None:
        self._say = say
        self._losses: list[float] = []

    def on_step(self, step: Step) -> None:
        """After every step."""
        self._losses.append(step.loss)
        if step.step % _EVERY == 0 or step.step == step.steps:
            loss = sum(self._losses) / len(self._losses)
            self._losses = []
            left = _clock(step.seconds_left)
            self._say(
                f"epoch {step.epoch}/{step.epochs}: step {step.step}/{step.steps}: "
                f"loss {loss:.3f}, {left} left",
                f"第 {step.epoch}/{step.epochs} 轮，第 {step.step}/{step.steps} 步："
                f"损失 {loss:.3f}，剩余 {left}",
            )

    def on_epoch(self, record: EpochRecord, step: int) -> None:
        """After every epoch."""
        if record.figures:
            self._say(*_told(record))

    def close(self) -> None:
        """No more will come."""


class Bar:
    """A bar with loss, validation figure and time left; finished epochs stand above it.

    Args:
        say: in whose language it speaks; its log is not used.
        console: None: the standard error stream.
    """

    def __init__(self, say: Narrator, console: Console | None = None) -> None:
        self._worded = say.worded
        self._bar = RichProgress(
            TextColumn("{task.fields[epoch]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[told]}"),
            console=console or Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, epoch="", told="")
        self._loss = 0.0
        self._score = ""

    def on_step(self, step: Step) -> None:
        """After every step."""
        self._bar.start()
        self._loss = 0.95 * self._loss + 0.05 * step.loss if self._loss else step.loss
        left = _clock(step.seconds_left)
        self._bar.update(
            self._task,
            total=step.steps,
            completed=step.step,
            epoch=self._worded(
                f"epoch {step.epoch}/{step.epochs}", f"第 {step.epoch}/{step.epochs} 轮"
            ),
            told=self._worded(
                f"loss {self._loss:.3f}{self._score}, {left} left",
                f"损失 {self._loss:.3f}{self._score}，剩余 {left}",
            ),
        )

    def on_epoch(self, record: EpochRecord, step: int) -> None:
        """After every epoch."""
        if record.score is not None:
            self._score = self._worded(
                f", validation {record.score:.4f}", f"，验证 {record.score:.4f}"
            )
        self._bar.console.print(self._worded(*_told(record)), highlight=False, markup=False)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()


class TensorBoard:
    """Event files: loss, learning rate and the validation figures.

    Args:
        folder: for ``tensorboard --logdir``; made when the first value comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: object | None = None

    def _scalar(self, name: str, value: float, step: int) -> None:
        from torch.utils.tensorboard.writer import SummaryWriter

        if not isinstance(self._writer, SummaryWriter):
            # A resumed run repeats steps: what an earlier one wrote of them is hidden.
            self._writer = SummaryWriter(str(self._folder), purge_step=step)
        self._writer.add_scalar(name, value, step)

    def on_step(self, step: Step) -> None:
        """After every step."""
        self._scalar("train/loss", step.loss, step.step)
        self._scalar("train/learning_rate", step.learning_rate, step.step)

    def on_epoch(self, record: EpochRecord, step: int) -> None:
        """After every epoch."""
        for name, value in record.figures.items():
            self._scalar(f"validation/{name}", value, step)
        if record.score is not None:
            self._scalar("validation/mean", record.score, step)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()  # type: ignore[attr-defined]


class Several:
    """Tells each of several."""

    def __init__(self, members: Sequence[Progress]) -> None:
        self._members = members

    def on_step(self, step: Step) -> None:
        """After every step."""
        for member in self._members:
            member.on_step(step)

    def on_epoch(self, record: EpochRecord, step: int) -> None:
        """After every epoch."""
        for member in self._members:
            member.on_epoch(record, step)

    def close(self) -> None:
        """No more will come."""
        for member in self._members:
            member.close()


def progress_for(say: Narrator, tensorboard: Path | None = None) -> Progress:
    """A bar where the standard error stream is a terminal, else lines; TensorBoard's log beside it.

    Args:
        say: takes the lines. tensorboard: folder of its log; None: no log.
    """
    shown: Progress = Bar(say) if sys.stderr.isatty() else Lines(say)
    return shown if tensorboard is None else Several([shown, TensorBoard(tensorboard)])


def _told(record: EpochRecord) -> tuple[str, str]:
    """What came of an epoch, in English and in Chinese."""
    en = f"epoch {record.epoch}: loss {record.loss:.3f}"
    zh = f"第 {record.epoch} 轮：损失 {record.loss:.3f}"
    if not record.figures:
        return en, zh
    figures = [f"{name} {value:.4f}" for name, value in record.figures.items()]
    figures_zh = [figure.replace(RELEASED, "随包语料 ") for figure in figures]
    return f"{en}, validation {', '.join(figures)}", f"{zh}，验证 {'、'.join(figures_zh)}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
