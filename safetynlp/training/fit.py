"""Train the network: linear probe, then fine-tuning, epoch by epoch.

All chance is a function of the seed, the epoch, the step and the process, and the learning rate is
one of the step: weights, optimiser and place are all that a checkpoint needs for a resumed run to
end with the weights, bit by bit, of one that was never disturbed (on the same machine).
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from safetynlp.errors import UsageError
from safetynlp.schema import Schema
from safetynlp.training.checkpoint import Checkpoints, EpochRecord, Place, Saved, Weights
from safetynlp.training.fit_config import MIN_TOKENS, FitConfig, check_types
from safetynlp.training.interrupts import Interrupts
from safetynlp.training.lean import lean_encoder
from safetynlp.training.loss import divergence, facet_loss, positive_weights, soft_loss
from safetynlp.training.model import MultiFacetModel
from safetynlp.training.narrator import Narrator
from safetynlp.training.optimiser import make_optimiser, rate_at, set_rate
from safetynlp.training.outputs import embeddings_of, logits_of
from safetynlp.training.probe import init_heads
from safetynlp.training.progress import Lines, Progress, Step
from safetynlp.training.rows import Rows, Sample, batches_of, epoch_batches, load_tokenizer, pad
from safetynlp.training.workers import Workers, workers

__all__ = [
    "MIN_TOKENS",
    "Checkpoints",
    "FitConfig",
    "FitResult",
    "Rows",
    "batches_of",
    "check_types",
    "fit",
    "load_tokenizer",
    "logits_of",
]


@dataclass(frozen=True, slots=True)
class FitResult:
    """What came of training; the model has the weights of ``best_epoch``."""

    epochs_run: int
    best_epoch: int  # the last one where nothing was validated
    best_score: float | None  # mean of its validation figures; None where nothing was validated
    history: tuple[EpochRecord, ...]


def fit(
    model: MultiFacetModel,
    rows: Rows,
    schema: Schema,
    config: FitConfig,
    *,
    validate: Callable[[], Mapping[str, float]] | None = None,
    checkpoints: Checkpoints | None = None,
    progress: Progress | None = None,
    after_epoch: Callable[[int], None] | None = None,
    log: Callable[[str], None] = print,
    lang: str = "en",
) -> FitResult:
    """Train ``model`` in place.

    Under ``torchrun`` or ``accelerate launch`` all processes call this alike and end with equal
    weights; the first one alone calls ``validate`` and ``after_epoch``, logs and writes. Their
    number changes neither the batches nor, but for rounding and dropout, the result.

    Args:
        rows: the training rows only.
        validate: gives figures on rows that are not trained on, after each epoch; the higher
            their mean, the better. The model ends with the weights of the best epoch.
        checkpoints: where the run is saved and resumed from; None: nowhere. Ctrl-C and SIGTERM
            then save before they act.
        progress: shown as it says; None: lines to ``log``. It is not closed.
        after_epoch: called with the number of the finished epoch, from 1. A run that was killed
            between an epoch and its checkpoint calls it, and ``validate``, again.
        log: takes lines of text, in ``lang`` (``"zh"`` or ``"en"``).

    Raises:
        UsageError: there are no rows, ``layers`` is more than the encoder has, soft targets are
            asked for but not there, ``validate`` gives no finite figures, the loss is not finite
            any more, or the checkpoint is of another run or cannot be written.
        ModelError: the checkpoint is damaged.
    """
    _check(rows, config)
    if config.layers is not None:
        model.keep_layers(config.layers)
    team = workers()
    saves = checkpoints is not None
    if not team.is_first:
        validate = after_epoch = checkpoints = None
        log = _nothing
    say = Narrator(log, lang)
    shown = progress if progress is not None and team.is_first else Lines(say)
    with ExitStack() as stack:
        stack.callback(model.to, model.bias.device)  # back to where it came from
        stack.callback(setattr, model, "lean", None)
        if team.device.type == "cpu":
            model.lean = lean_encoder(model.encoder)
        run = _Run(
            model, rows, schema, config, team, validate, checkpoints, shown, after_epoch, say
        )
        # Without checkpoints there is nothing to save first: Ctrl-C acts at once.
        return run.run(stack.enter_context(Interrupts()) if saves else None)


def _nothing(line: str) -> None:
    pass


def _check(rows: Rows, config: FitConfig) -> None:
    if not len(rows):
        raise UsageError("there are no rows to train on.", "没有可供训练的数据行。")
    if config.distill and rows.soft is None:
        raise UsageError(
            f"distill is {config.distill}, but the rows carry no probabilities of a teacher. "
            "Give them with Rows.taught, or set distill to 0.",
            f"distill 为 {config.distill}，但数据行不含教师模型的概率。"
            "请用 Rows.taught 给出，或将 distill 设为 0。",
        )


class _Run:
    """One call of :func:`fit`."""

    def __init__(
        self,
        model: MultiFacetModel,
        rows: Rows,
        schema: Schema,
        config: FitConfig,
        team: Workers,
        validate: Callable[[], Mapping[str, float]] | None,
        checkpoints: Checkpoints | None,
        progress: Progress,
        after_epoch: Callable[[int], None] | None,
        say: Narrator,
    ) -> None:
        self._model = model.to(team.device)
        self._rows, self._schema, self._config, self._team = rows, schema, config, team
        self._validate, self._after_epoch = validate, after_epoch
        self._checkpoints, self._progress, self._say = checkpoints, progress, say
        self._mixed = _mixed(config, team)
        self._optimiser = make_optimiser(model, config)
        # Without effect unless gradients are float16, whose small values would vanish.
        needed = self._mixed and team.half_type == torch.float16
        self._scaler = torch.amp.GradScaler(team.device.type, enabled=needed)
        self._positive = None
        if config.positive_weight:
            weights = positive_weights(rows.y, rows.known, schema, config.positive_weight)
            self._positive = weights.to(team.device)
        self._batches_per_epoch = math.ceil(len(rows) / config.batch_size)
        self._steps = config.epochs * self._batches_per_epoch
        self._identity = _identity(rows, schema, config) if checkpoints else ""
        self._place = Place()
        self._best: tuple[int, Weights] | None = None
        self._recent: dict[int, Weights] = {}

    def run(self, interrupts: Interrupts | None) -> FitResult:
        saved = self._checkpoints.load(self._identity) if self._checkpoints else None
        (resumed,) = self._team.shared([saved is not None])
        if saved:
            self._restore(saved)
        elif not resumed and self._team.is_first:
            self._begin()
        self._share(bool(resumed))
        network = self._network()
        self._started, self._first_step = time.monotonic(), self._step
        while not self._finished():
            self._epoch(network, interrupts)
        return self._end()

    @property
    def _step(self) -> int:
        """Steps that are done."""
        return (self._place.epoch - 1) * self._batches_per_epoch + self._place.batch

    def _begin(self) -> None:
        if self._config.probe:
            embeddings = embeddings_of(
                self._model, self._rows, self._config.max_tokens, self._team, mixed=self._mixed
            )
            rows = self._rows
            loss = init_heads(
                self._model, embeddings, rows.lexicon, rows.y, rows.known, self._schema
            )
            self._say(f"linear probe: loss {loss:.3f}", f"线性探测：损失 {loss:.3f}")
        self._save()

    def _restore(self, saved: Saved) -> None:
        self._model.load_state_dict(saved.model)
        self._optimiser.load_state_dict(saved.optimiser)
        self._scaler.load_state_dict(saved.scaler)
        self._place, self._best, self._recent = saved.place, saved.best, dict(saved.recent)
        self._say(
            f"resumed in epoch {self._place.epoch} after {self._step} of {self._steps} steps",
            f"从第 {self._place.epoch} 轮继续，已完成 {self._step}/{self._steps} 步",
        )

    def _share(self, resumed: bool) -> None:
        """Let all processes begin where the first one does."""
        place, team = self._place, self._team
        epoch, batch, loss = team.shared([place.epoch, place.batch, place.loss])
        place.epoch, place.batch, place.loss = int(epoch), int(batch), loss
        team.share(self._model.state_dict().values())
        if team.count > 1 and resumed and self._step:
            if not team.is_first:
                _fill(self._optimiser)
            team.share(
                tensor
                for parameter in self._model.parameters()
                for _, tensor in sorted(self._optimiser.state[parameter].items())
            )

    def _network(self) -> Callable[..., Tensor]:
        if self._team.count == 1:
            return self._model
        ids = [self._team.device.index] if self._team.device.type == "cuda" else None
        return DistributedDataParallel(self._model, device_ids=ids)

    def _finished(self) -> bool:
        place, patience = self._place, self._config.patience
        tired = (
            patience > 0
            and bool(place.history)
            and place.history[-1].epoch - _best_of(place.history).epoch >= patience
        )
        (tired_or_done,) = self._team.shared([tired or place.epoch > self._config.epochs])
        return bool(tired_or_done)

    def _epoch(self, network: Callable[..., Tensor], interrupts: Interrupts | None) -> None:
        self._model.train()
        place = self._place
        batches = epoch_batches(self._rows, self._schema, self._config, place.epoch)
        for batch in batches[place.batch :]:
            came = interrupts is not None and interrupts.came
            if self._team.summed(came)[0]:
                self._stop(interrupts or Interrupts())
            loss = self._train_on(batch, network)
            place.loss += loss
            place.batch += 1
            self._progress.on_step(self._told(loss))
            if self._checkpoints and self._checkpoints.due and place.batch < len(batches):
                self._save()
        record = self._record(place.loss / len(batches))
        place.history.append(record)
        place.epoch, place.batch, place.loss = place.epoch + 1, 0, 0.0
        self._progress.on_epoch(record, self._step)
        if self._after_epoch is not None:
            self._after_epoch(record.epoch)
        self._save()

    def _train_on(self, batch: list[Sample], network: Callable[..., Tensor]) -> float:
        """One step; returns the loss of the whole batch, over all processes."""
        config, step = self._config, self._step
        seed = _mix(config.seed, step, self._team.rank)
        torch.manual_seed(seed)
        if self._model.lean is not None:
            self._model.lean.seed(seed)
        loss = self._loss(batch, network)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        (value,) = self._team.summed(loss.item() / self._team.count)
        if not math.isfinite(value):
            raise UsageError(
                f"the loss of step {step + 1} is {value}. Lower learning_rate, or set bf16 to "
                "false.",
                f"第 {step + 1} 步的损失为 {value}。请调低 learning_rate，或将 bf16 设为 false。",
            )
        self._scaler.unscale_(self._optimiser)
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), config.max_grad_norm)
        set_rate(self._optimiser, rate_at(step, self._steps, config.warmup))
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self._optimiser.zero_grad(set_to_none=True)
        return value

    def _loss(self, batch: list[Sample], network: Callable[..., Tensor]) -> Tensor:
        """Loss of this process's share of a batch, such that their mean is that of the batch."""
        config, schema, team = self._config, self._schema, self._team
        mine = batch[team.rank :: team.count]
        share = len(mine) * team.count / len(batch)
        mine = mine or batch[:1]  # all processes must take part; this one counts for nothing
        ids, lexicon, y, known, soft = _tensors(mine, self._model, team.device)
        if config.rdrop:
            ids = tuple(torch.cat([tensor, tensor]) for tensor in ids)
            lexicon, y, known = (torch.cat([tensor] * 2) for tensor in (lexicon, y, known))
            soft = None if soft is None else torch.cat([soft, soft])
        with team.autocast(self._mixed):
            logits = network(*ids, lexicon)
        logits = logits.float()
        loss = facet_loss(
            logits, y, known, schema, positive=self._positive, smoothing=config.label_smoothing
        )
        if config.distill and soft is not None:
            taught = soft_loss(logits, soft, schema)
            loss = (1 - config.distill) * loss + config.distill * taught
        if config.rdrop:
            one, other = logits.chunk(2)
            loss = loss + config.rdrop * divergence(one, other, known[: len(mine)], schema)
        return loss * share

    def _told(self, loss: float) -> Step:
        step = self._step
        per_step = (time.monotonic() - self._started) / (step - self._first_step)
        rate = rate_at(step - 1, self._steps, self._config.warmup) * self._config.learning_rate
        return Step(
            epoch=self._place.epoch,
            epochs=self._config.epochs,
            step=step,
            steps=self._steps,
            loss=loss,
            learning_rate=rate,
            seconds_left=per_step * (self._steps - step),
        )

    def _record(self, loss: float) -> EpochRecord:
        """Validate, and keep the weights if they are the best so far."""
        epoch = self._place.epoch
        record = EpochRecord(epoch, loss, {}, None)
        if not self._team.is_first:
            return record
        own = _copy(self._model)
        averaged = own
        if self._config.average > 1:
            late = [e for e in self._recent if e > epoch - self._config.average]
            self._recent = {**{e: self._recent[e] for e in late}, epoch: own}
            averaged = _mean(list(self._recent.values()))
        if self._validate is not None:
            self._model.load_state_dict(averaged)
            figures = dict(self._validate())
            record = replace(record, figures=figures, score=_score(figures))
            self._model.load_state_dict(own)
        if _best_of([*self._place.history, record]) is record:
            self._best = (epoch, averaged)
        return record

    def _save(self) -> None:
        if self._checkpoints is None:
            return
        saved = Saved(
            self._place,
            self._model.state_dict(),
            self._optimiser.state_dict(),
            self._scaler.state_dict(),
            self._best,
            self._recent,
        )
        self._checkpoints.save(saved, self._identity)

    def _stop(self, interrupts: Interrupts) -> None:
        self._save()
        if self._checkpoints is not None:
            folder = self._checkpoints.folder
            self._say(
                f"stopped after {self._step} of {self._steps} steps; what is done is kept in {folder}",
                f"已停止，完成 {self._step}/{self._steps} 步；已完成的部分保存在 {folder}",
            )
        interrupts.act()

    def _end(self) -> FitResult:
        if self._best is not None:
            self._model.load_state_dict(self._best[1])
        self._team.share(self._model.state_dict().values())
        self._model.eval()
        history = tuple(self._place.history)
        best = _best_of(history)
        # Only the first process has validated: let all tell the same.
        epoch, score, run = self._team.shared(
            [best.epoch, math.nan if best.score is None else best.score, len(history)]
        )
        return FitResult(int(run), int(epoch), None if math.isnan(score) else score, history)


def _mixed(config: FitConfig, team: Workers) -> bool:
    if config.bf16 is None and team.device.type != "cpu":
        return True
    return config.mixed_precision


def _identity(rows: Rows, schema: Schema, config: FitConfig) -> str:
    """Hash of settings and data: what must be the same for a run to be gone on with."""
    digest = hashlib.sha256(repr((astuple(config), schema)).encode())
    digest.update(repr(rows.ids).encode())
    for array in (rows.lexicon, rows.y, rows.known, rows.soft):
        digest.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _mix(seed: int, step: int, rank: int) -> int:
    """One number of three, unlike for unlike ones; torch takes 64 bits."""
    digest = hashlib.blake2b(f"{seed}/{step}/{rank}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big")


def _fill(optimiser: torch.optim.Optimizer) -> None:
    """Make the state that the first step would make, without changing a weight."""
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.zeros_like(parameter)
    set_rate(optimiser, 0.0)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def _tensors(batch: list[Sample], model: MultiFacetModel, device: torch.device) -> Any:
    def stacked(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(sample, name) for sample in batch])).to(device)

    ids = pad([sample.ids for sample in batch], model.encoder.config.pad_token_id)
    soft = None if batch[0].soft is None else stacked("soft")
    on_device = tuple(tensor.to(device) for tensor in ids)
    return on_device, stacked("lexicon"), stacked("y"), stacked("known"), soft


def _copy(model: MultiFacetModel) -> Weights:
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


def _mean(weights: Sequence[Weights]) -> Weights:
    """Their uniform mean (Izmailov et al. 2018, arXiv:1803.05407)."""
    return {name: torch.stack([w[name] for w in weights]).mean(dim=0) for name in weights[0]}


def _best_of(history: Sequence[EpochRecord]) -> EpochRecord:
    """The first epoch with the highest score; where nothing is validated, the last."""
    if history[-1].score is None:
        return history[-1]
    return max(history, key=lambda record: -math.inf if record.score is None else record.score)


def _score(figures: Mapping[str, float]) -> float:
    if not figures or not all(math.isfinite(value) for value in figures.values()):
        raise UsageError(
            f"validation gave {dict(figures)}, expected finite figures. "
            "Are there labelled validation speeches?",
            f"验证结果为 {dict(figures)}，应为有限的数值。请确认验证讲话已标注。",
        )
    return math.fsum(figures.values()) / len(figures)
