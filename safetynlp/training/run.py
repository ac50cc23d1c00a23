"""The whole run: labelled speeches in, a model folder with its figures out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from safetynlp.training.config import TrainConfig
from safetynlp.training.deliver import deliver, start_classifier
from safetynlp.training.export import check_target
from safetynlp.training.fit import load_tokenizer
from safetynlp.training.learn import Trainer
from safetynlp.training.measure import Stopwatch, TrainResult
from safetynlp.training.narrator import Narrator
from safetynlp.training.prepare import Prepared, prepare
from safetynlp.training.start import find_start
from safetynlp.training.work import Work
from safetynlp.training.workers import workers

__all__ = ["TrainResult", "train"]


def train(
    config: TrainConfig, *, log: Callable[[str], None] = print, lang: str = "en"
) -> TrainResult:
    """Train a model and write its folder, whole or not at all.

    Until then what is done is kept in a folder ``.NAME.train`` beside it: the same run with
    ``resume`` goes on from there, however it ended. Under ``torchrun`` all processes call this
    alike; the first one alone writes, and the others get a result without figures.

    Args:
        config: settings, data and place. log: takes progress lines, in ``lang`` (``"zh"`` or
            ``"en"``).

    Raises:
        DataError: the data are faulty or have too few speeches.
        SchemaError: so is the schema.
        ModelError: there is nothing to start from, or it is broken.
        UsageError: ``out`` holds other things or cannot be written, an unfinished run is there and
            not to be resumed, or settings do not fit the start.
    """
    first = workers().is_first
    say = Narrator(log if first else _nothing, lang)
    check_target(config.out)
    with tempfile.TemporaryDirectory(prefix="safetynlp-") as scratch:
        start = find_start(config.recipe.base, Path(scratch))
        prepared = prepare(config, start, say)
        start_classifier(start)  # whether it loads should not be found out after the training
        work = Work(config.out, prepared.fingerprint(), resume=config.resume, first=first)
        try:
            result = _trained(prepared, work, say)
        except BaseException:  # Ctrl-C too
            work.remove_if_idle()
            raise
        work.remove()
    return result


def _nothing(line: str) -> None:
    pass


def _trained(prepared: Prepared, work: Work, say: Narrator) -> TrainResult:
    watch = Stopwatch()
    trainer = Trainer(
        start=prepared.start,
        schema=prepared.schema,
        lexicon=prepared.lexicon,
        tokenizer=load_tokenizer(prepared.start.tokenizer_file),
        runs=prepared.runs,
        replay=prepared.replay,
        work=work,
        fingerprint=prepared.fingerprint(),
        say=say,
    )
    plan = prepared.plan
    found = trainer.cross_validate(plan) if plan.folds else None
    if found:
        epochs = ", ".join(map(str, found.epochs))
        say(
            f"final model: all {len(plan.learn)} segments, epochs: {epochs} (median of the folds)",
            f"最终模型：全部 {len(plan.learn)} 句，轮数 {epochs}（各折的中位数）",
        )
    learned = trainer.learn("final", plan.learn, plan.validation, found.epochs if found else None)
    if not workers().is_first:
        return TrainResult(prepared.config.out, None, None, None, prepared.docs)
    return deliver(prepared, trainer, learned, found, watch)
