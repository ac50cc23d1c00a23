"""Train one network of a run, and all networks of its cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
from tokenizers import Tokenizer

from safetynlp.labelled import LabelledRow
from safetynlp.lexicon import Lexicon
from safetynlp.schema import Schema
from safetynlp.training.checkpoint import Checkpoints
from safetynlp.training.crossfit import HeldOut
from safetynlp.training.fit import FitConfig, Rows, fit, logits_of
from safetynlp.training.measure import quick_figures
from safetynlp.training.model import MultiFacetModel
from safetynlp.training.narrator import Narrator
from safetynlp.training.plan import Fold, Plan
from safetynlp.training.progress import RELEASED, progress_for
from safetynlp.training.replay import Replay
from safetynlp.training.start import Start
from safetynlp.training.work import FoldResult, Work
from safetynlp.training.workers import workers

__all__ = ["CrossValidation", "Learned", "Trainer"]

_WATCHED = 400  # replayed validation segments looked at after every epoch


@dataclass(frozen=True)
class Learned:
    """A trained network, and after how many epochs each run was best."""

    model: MultiFacetModel
    best_epochs: tuple[int, ...]


@dataclass(frozen=True)
class CrossValidation:
    """Logits of all rows of ``Plan.learn``, each by a network that had not learned from it.

    ``beside`` has the replayed validation rows, divided among the same networks.
    """

    own: HeldOut
    beside: HeldOut | None
    epochs: tuple[int, ...]  # median of the best, by run


@dataclass(frozen=True)
class Trainer:
    """What all networks of a run have in common."""

    start: Start
    schema: Schema
    lexicon: Lexicon
    tokenizer: Tokenizer
    runs: tuple[FitConfig, ...]
    replay: Replay
    work: Work
    fingerprint: str
    say: Narrator

    @property
    def max_tokens(self) -> int:
        """Longer rows are cut."""
        return self.runs[0].max_tokens

    def encode(self, rows: Sequence[LabelledRow]) -> Rows:
        """Rows as the network takes them."""
        return Rows.encode(rows, self.tokenizer, self.lexicon, self.schema)

    def logits(self, model: MultiFacetModel, rows: Rows) -> np.ndarray:
        """float32, shape (rows, labels)."""
        if not len(rows):
            return np.zeros((0, self.schema.n_labels), dtype=np.float32)
        return logits_of(model, rows, self.max_tokens)

    def learn(
        self,
        name: str,
        rows: Sequence[LabelledRow],
        stop: Sequence[LabelledRow] = (),
        epochs: Sequence[int] | None = None,
    ) -> Learned:
        """Train a network on ``rows`` and the replayed ones.

        Args:
            name: of its checkpoints and its log. stop: rows that tell when to stop; none if empty.
            epochs: by run; None takes those of the settings, at most.
        """
        encoded = self.encode([*rows, *self.replay.learn])
        model = self.start.build(self.schema, encoded, self.runs[0])
        validate = self._validation(model, stop)
        best = []
        for n, config in enumerate(self.runs):
            settings = config if epochs is None else replace(config, epochs=epochs[n], patience=0)
            part = f"run-{n + 1}"
            progress = progress_for(self.say, self._log_folder(name, part))
            try:
                result = fit(
                    model,
                    encoded,
                    self.schema,
                    settings,
                    validate=validate,
                    checkpoints=Checkpoints(
                        self.work.checkpoints(name, part),
                        resume=self.work.resume,
                        fingerprint=self.fingerprint,
                    ),
                    progress=progress,
                    log=self.say.log,
                    lang=self.say.lang,
                )
            finally:
                progress.close()
            best.append(result.best_epoch)
        return Learned(model, tuple(best))

    def cross_validate(self, plan: Plan) -> CrossValidation:
        """Train a network for every fold; finished folds of a resumed run are taken as they are."""
        rows = self.encode(plan.learn)
        beside = self.encode(self.replay.validation)
        fold_of = {row.doc: n for n, fold in enumerate(plan.folds) for row in fold.held_out}
        own_fold = np.array([fold_of[row.doc] for row in plan.learn])
        beside_fold = _dealt(self.replay.validation, len(plan.folds))
        own_logits = np.zeros((len(rows), self.schema.n_labels), dtype=np.float32)
        beside_logits = np.zeros((len(beside), self.schema.n_labels), dtype=np.float32)
        best = []
        for n, fold in enumerate(plan.folds):
            own, other = np.flatnonzero(own_fold == n), np.flatnonzero(beside_fold == n)
            result = self._fold(
                f"fold-{n + 1}", fold, rows.take(own.tolist()), beside.take(other.tolist())
            )
            own_logits[own], beside_logits[other] = result.held_out, result.beside
            best.append(result.best_epochs)
        epochs = tuple(max(1, round(median(run))) for run in zip(*best, strict=True))
        held_out = HeldOut(own_logits, rows.y, rows.known, own_fold)
        return CrossValidation(
            held_out,
            HeldOut(beside_logits, beside.y, beside.known, beside_fold) if len(beside) else None,
            epochs,
        )

    def _fold(self, name: str, fold: Fold, held_out: Rows, beside: Rows) -> FoldResult:
        done = self._done_before(name, len(held_out), len(beside))
        name_zh = f"第 {name.rpartition('-')[2]} 折"
        if done is not None:
            self.say(f"{name}: done before", f"{name_zh}：此前已完成")
            return done
        n_docs = len({row.doc for row in fold.held_out})
        self.say(
            f"{name}: {len(fold.learn)} segments to learn from, {len(fold.stop)} to stop by, "
            f"{len(fold.held_out)} of {n_docs} speeches held out",
            f"{name_zh}：学习 {len(fold.learn)} 句，早停 {len(fold.stop)} 句，"
            f"留出 {n_docs} 篇 {len(fold.held_out)} 句",
        )
        learned = self.learn(name, fold.learn, fold.stop)
        result = FoldResult(
            learned.best_epochs,
            self.logits(learned.model, held_out),
            self.logits(learned.model, beside),
        )
        self.work.save_fold(name, result)
        return result

    def _done_before(self, name: str, n_held_out: int, n_beside: int) -> FoldResult | None:
        """What the first process kept of a fold; to the others the logits do not matter."""
        kept = self.work.load_fold(name)
        epochs = kept.best_epochs if kept else (0,) * len(self.runs)
        is_kept, *shared = workers().shared([float(kept is not None), *epochs])
        if kept is not None or not is_kept:
            return kept
        empty = [np.zeros((n, self.schema.n_labels), np.float32) for n in (n_held_out, n_beside)]
        return FoldResult(tuple(map(int, shared)), *empty)

    def _validation(
        self, model: MultiFacetModel, stop: Sequence[LabelledRow]
    ) -> Callable[[], Mapping[str, float]] | None:
        """Figures on the rows to stop by, and on replayed ones lest the old be lost."""
        if not stop:
            return None
        own = self.encode(stop)
        if not own.y.any():
            return None
        old = self.encode(self.replay.validation[:: _stride(len(self.replay.validation))])

        def figures() -> dict[str, float]:
            found = quick_figures(self.logits(model, own), own, self.schema)
            if len(old):
                replayed = quick_figures(self.logits(model, old), old, self.schema)
                found |= {f"{RELEASED}{name}": value for name, value in replayed.items()}
            return found

        return figures

    def _log_folder(self, name: str, part: str) -> Path | None:
        return self.work.log_folder / name / part if workers().is_first else None


def _stride(n_rows: int) -> int:
    return max(1, n_rows // _WATCHED)


def _dealt(rows: Sequence[LabelledRow], n_folds: int) -> np.ndarray:
    """Fold of each row, its speech as a whole: int64, shape (rows,)."""
    place = {doc: n % n_folds for n, doc in enumerate(sorted({row.doc for row in rows}))}
    return np.array([place[row.doc] for row in rows], dtype=np.int64)
