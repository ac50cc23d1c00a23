"""Write the model folder of a run: network, settings, figures, card, predictions, log."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from safetynlp.classifier import Classifier, ModelSettings
from safetynlp.labelled import write_skipped
from safetynlp.segment import SEGMENTER_VERSION
from safetynlp.training.card import write_card
from safetynlp.training.crossfit import HeldOut, cross_fitted, fit_decision
from safetynlp.training.environment import environment
from safetynlp.training.export import write_model_folder
from safetynlp.training.fit import batches_of
from safetynlp.training.learn import CrossValidation, Learned, Trainer
from safetynlp.training.material import corpus_sha256
from safetynlp.training.measure import (
    Comparison,
    Stopwatch,
    TrainResult,
    compare_with_start,
    figures_of,
    oof_lines,
)
from safetynlp.training.prepare import Prepared
from safetynlp.training.start import Start

__all__ = ["deliver", "start_classifier"]

_EXPORT_SAMPLES = 512  # training segments


def deliver(
    prepared: Prepared,
    trainer: Trainer,
    learned: Learned,
    found: CrossValidation | None,
    watch: Stopwatch,
) -> TrainResult:
    """Write the folder, whole or not at all, and measure what is in it.

    Args:
        learned: the network of the model. found: of the folds, if there were any; else the
            validation speeches set calibration and thresholds.
    """
    trainer.say("writing the model in int8", "正在写出 int8 模型")
    delivery = _Delivery(prepared, trainer, learned, found, watch)
    out = prepared.config.out
    write_model_folder(
        out,
        learned.model,
        prepared.start.tokenizer_file,
        delivery.settings(),
        delivery.samples(),
        finish=delivery.finish,
    )
    return delivery.result()


def start_classifier(start: Start) -> Classifier | None:
    """The model that training starts from, to be measured beside the new one; None for an encoder.

    Raises:
        ModelError: the folder lacks files that it takes to label.
    """
    return Classifier.from_pretrained(start.path) if start.settings else None


class _Delivery:
    """One call of :func:`deliver`."""

    def __init__(
        self,
        prepared: Prepared,
        trainer: Trainer,
        learned: Learned,
        found: CrossValidation | None,
        watch: Stopwatch,
    ) -> None:
        self._prepared, self._trainer, self._learned = prepared, trainer, learned
        self._found, self._watch = found, watch
        self._decision = fit_decision(self._decided_by(), prepared.schema)
        self._test: Comparison | None = None
        self._folds: Comparison | None = None
        self._released: Comparison | None = None

    def _decided_by(self) -> HeldOut:
        """Rows that set calibration and thresholds: no network has learned from those it judges."""
        if self._found:
            parts = [self._found.own, self._found.beside]
            return HeldOut.joined([part for part in parts if part is not None])
        rows = self._trainer.encode(
            [*self._prepared.plan.validation, *self._prepared.replay.validation]
        )
        logits = self._trainer.logits(self._learned.model, rows)
        return HeldOut(logits, rows.y, rows.known, np.zeros(len(rows), dtype=np.int64))

    def settings(self) -> ModelSettings:
        """The content of ``safetynlp.json``."""
        prepared, decision = self._prepared, self._decision
        return ModelSettings(
            name=prepared.config.model_name,
            schema=prepared.schema,
            thresholds=decision.thresholds,
            calibration=decision.calibration,
            lexicon=prepared.lexicon.to_dict(),
            max_tokens=self._trainer.max_tokens,
            segmenter_version=SEGMENTER_VERSION,
            corpus_sha256=corpus_sha256(prepared.material.data.sha256),
        )

    def samples(self) -> list[tuple[Tensor, ...]]:
        """Batches of some training rows, for the export to see what the layers are fed."""
        rows = self._prepared.plan.learn
        rng = random.Random(self._prepared.runs[0].seed)
        some = rng.sample(range(len(rows)), min(_EXPORT_SAMPLES, len(rows)))
        encoded = self._trainer.encode([rows[n] for n in some])
        pad_id = self._learned.model.encoder.config.pad_token_id
        batches = batches_of(encoded, pad_id, self._trainer.max_tokens)
        return [arguments for _, arguments in batches]

    def finish(self, folder: Path) -> None:
        """Measure the written model, and add to the folder all that is not the model itself."""
        prepared = self._prepared
        classifier = Classifier.from_pretrained(folder)
        before = start_classifier(prepared.start)
        self._measure(classifier, before)
        if self._found:
            self._folds = self._cross_validated(folder, self._found, before)
        _write_json(folder / "metrics.json", self._metrics(classifier))
        _write_json(folder / "train_config.json", self._train_config())
        if prepared.material.data.skipped:
            write_skipped(folder / "skipped.jsonl", prepared.material.data)
        log = self._trainer.work.log_folder
        if log.is_dir():
            shutil.copytree(log, folder / "runs")
        write_card(folder)

    def _measure(self, classifier: Classifier, before: Classifier | None) -> None:
        plan, replay = self._prepared.plan, self._prepared.replay
        if plan.test:
            self._test = figures_of(classifier, plan.test, before)
        if replay.test:
            self._released = figures_of(classifier, replay.test, before)

    def _cross_validated(
        self, folder: Path, found: CrossValidation, before: Classifier | None
    ) -> Comparison:
        """Figures of rows that were held out, and their predictions in ``oof.jsonl``."""
        schema, rows = self._prepared.schema, self._prepared.plan.learn
        probabilities, predictions = cross_fitted(found.own, schema, found.beside)
        lines = oof_lines(rows, found.own.fold, probabilities, predictions, schema)
        (folder / "oof.jsonl").write_text(lines, "utf-8")
        return compare_with_start(predictions, rows, schema, before)

    def _metrics(self, classifier: Classifier) -> dict[str, Any]:
        """The content of ``metrics.json``; what was not measured is left out."""
        prepared = self._prepared
        parts = prepared.parts
        content: dict[str, Any] = {
            "model": classifier.name,
            "model_sha256": classifier.sha256,
            "corpus": {
                "sha256": classifier.settings.corpus_sha256,
                "files": prepared.material.sha256,
                "segments": {name: len(rows) for name, rows in parts.items()},
                "speeches": prepared.docs,
                "near_duplicates": [list(docs) for docs in prepared.plan.alike],
                "left_out": list(prepared.plan.left_out),
                "skipped_rows": prepared.material.skipped,
                "rare_labels": dict(prepared.rare),
            },
            "training": {
                "start": prepared.start.name,
                "start_sha256": prepared.start.sha256(),
                "best_epochs": list(self._learned.best_epochs),
                "replayed_segments": len(prepared.replay.learn),
                "seconds": self._watch.seconds,
                "resumed": self._trainer.work.resume,
            },
            "environment": environment(),
        }
        if self._test:
            content["test"] = _after(self._test)
            content["test_before"] = _before(self._test)
        if self._folds:
            folds = len(prepared.plan.folds)
            content["cross_validation"] = {"folds": folds, **self._folds.to_dict()}
        if self._released:
            content["released_test"] = self._released.to_dict()
        return content

    def _train_config(self) -> dict[str, Any]:
        """The content of ``train_config.json``; as a recipe it repeats the run on the same data."""
        config = self._prepared.config
        read = {k: v if v is None else str(v) for k, v in asdict(config.read).items()}
        return {
            "recipe": config.recipe.to_dict(),
            "runs": [asdict(run) for run in self._prepared.runs],
            "data": [path.name for path in config.data],
            "test": [path.name for path in config.test],
            "read": read,
        }

    def result(self) -> TrainResult:
        """What :func:`deliver` returns."""
        return TrainResult(
            self._prepared.config.out,
            self._test,
            self._folds,
            self._released,
            self._prepared.docs,
        )


def _after(comparison: Comparison) -> dict[str, Any]:
    return {facet: found.to_dict() for facet, found in comparison.after.items()}


def _before(comparison: Comparison) -> dict[str, Any]:
    return {facet: found.to_dict() for facet, found in comparison.before.items()}


def _write_json(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
