"""Train a toy model in a process of its own, which may kill itself at a given moment.

    python toy_run.py BASE CHECKPOINTS OUT [MOMENT NUMBER]

MOMENT is ``plain`` (train to the end, without dropout), ``step``, ``write`` (half of a checkpoint
is written), ``rename`` (all of it is, under its temporary name), ``remove`` (of what the checkpoint
before needed) or ``validate``; NUMBER says which one, from 1. The weights go to
``OUT/RANK.safetensors``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from mini import labelled_rows
from safetensors.torch import save_file

from safetynlp.lexicon import Lexicon
from safetynlp.schema import Schema
from safetynlp.training import checkpoint
from safetynlp.training.checkpoint import Checkpoints
from safetynlp.training.fit import FitConfig, Rows, fit, load_tokenizer, logits_of
from safetynlp.training.loss import facet_loss
from safetynlp.training.model import MultiFacetModel
from safetynlp.training.narrator import Narrator
from safetynlp.training.progress import Lines, Step

SCHEMA = Schema.default()
CONFIG = FitConfig(
    epochs=3,
    batch_size=8,
    learning_rate=2e-3,
    max_tokens=64,
    average=2,
    layer_decay=0.9,
    positive_weight=4,
    bf16=False,
)


def killing(call: Callable[..., Any], number: int, half: bool = False) -> Callable[..., Any]:
    """``call``, but its ``number``-th call is the end."""
    left = [number]

    def until(*arguments: Any, **options: Any) -> Any:
        left[0] -= 1
        if left[0]:
            return call(*arguments, **options)
        if half:
            call(*arguments, **options)
            os.truncate(arguments[1], os.path.getsize(arguments[1]) // 2)
        os.kill(os.getpid(), signal.SIGKILL)

    return until


class Loud(Lines):
    """Tells of every step."""

    def on_step(self, step: Step) -> None:
        print(f"step {step.step} loss {step.loss!r}", flush=True)


def rows_of(base: Path) -> Rows:
    tokenizer = load_tokenizer(base / "tokenizer.json")
    return Rows.encode(labelled_rows(), tokenizer, Lexicon.default(), SCHEMA)


def main(base: Path, checkpoints: Path, out: Path, moment: str = "", number: int = 0) -> None:
    rows, model = rows_of(base), MultiFacetModel.from_encoder(base, SCHEMA)
    learned, held_out = rows.take(range(0, 48)), rows.take(range(48, 60))

    def validate() -> dict[str, float]:
        logits = torch.from_numpy(logits_of(model, held_out))
        y, known = torch.from_numpy(held_out.y), torch.from_numpy(held_out.known)
        return {"minus_loss": -facet_loss(logits, y, known, SCHEMA).item()}

    progress = Loud(Narrator())
    if moment == "step":
        progress.on_step = killing(progress.on_step, number)  # type: ignore[method-assign]
    if moment == "write":
        torch.save = killing(torch.save, number, half=True)
    if moment == "rename":
        checkpoint.os.replace = killing(os.replace, number)  # type: ignore[attr-defined]
    if moment == "remove":
        Checkpoints._remove = killing(Checkpoints._remove, number)  # type: ignore[method-assign]
    if moment == "validate":
        validate = killing(validate, number)
    if moment == "plain":  # without what depends on the number of processes
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
    result = fit(
        model,
        learned,
        SCHEMA,
        CONFIG,
        validate=validate,
        checkpoints=Checkpoints(checkpoints, every_seconds=0, resume=True, fingerprint="toy"),
        progress=progress,
        log=lambda line: print(line, flush=True),
    )
    print(f"best epoch {result.best_epoch} of {result.epochs_run}, {result.best_score}", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    save_file(dict(model.state_dict()), out / f"{os.environ.get('RANK', '0')}.safetensors")


if __name__ == "__main__":
    # A shell starts jobs in the background deaf to Ctrl-C, and their children inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    places, rest = map(Path, sys.argv[1:4]), sys.argv[4:]
    main(*places, *rest[:1], *map(int, rest[1:2]))
