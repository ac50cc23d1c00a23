"""The whole run: labelled speeches in, a model folder with its figures out."""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from safetynlp.classifier import Classifier, ModelSettings
from safetynlp.errors import DataError, ModelError, UsageError
from safetynlp.evaluation.metrics import FacetMetrics, evaluate
from safetynlp.labelled import LabelledRow, labelled_files, read_labelled, split
from safetynlp.lexicon import Lexicon
from safetynlp.prediction import calibrated
from safetynlp.schema import Schema
from safetynlp.segment import SEGMENTER_VERSION
from safetynlp.training.calibrate import fit_calibration, fit_thresholds
from safetynlp.training.e5 import build_e5_small_zh
from safetynlp.training.export import check_target, write_model_folder
from safetynlp.training.fit import Rows, batches_of, fit, load_tokenizer, logits_of
from safetynlp.training.model import MultiFacetModel
from safetynlp.training.recipe import Recipe

__all__ = ["TrainResult", "corpus_sha256", "resolve_base", "train"]

_EXPORT_SAMPLES = 512  # training segments


@dataclass(frozen=True)
class TrainResult:
    """A trained model folder and its figures on the test speeches, by facet id."""

    path: Path
    metrics: Mapping[str, FacetMetrics]
    docs: Mapping[str, tuple[str, ...]]  # part → its speeches


def train(
    recipe: Recipe,
    corpus: Path,
    out: Path,
    *,
    base: Path | None = None,
    schema: Schema | None = None,
    lexicon: Lexicon | None = None,
    log: Callable[[str], None] = print,
) -> TrainResult:
    """Train a model and write its folder, whole or not at all.

    Args:
        recipe: settings. corpus: folder of labelled ``*.jsonl``. out: the model folder.
        base: a base encoder built before; None builds or finds ``recipe.base``.
        schema, lexicon: None takes those of the package.
        log: takes progress lines.

    Raises:
        DataError: the corpus is faulty or has too few speeches.
        ModelError: the base encoder cannot be had.
        UsageError: ``out`` holds other things, or the base reads fewer tokens than the recipe asks.
    """
    schema, lexicon = schema or Schema.default(), lexicon or Lexicon.default()
    check_target(out)
    parts = split(read_labelled([corpus], schema).rows, recipe.shares, recipe.split_seed)
    _check_parts(parts, corpus)
    for name, rows in parts.items():
        log(f"{name}: {len(rows)} segments of {len({row.doc for row in rows})} speeches")
    with tempfile.TemporaryDirectory() as scratch:
        folder = resolve_base(str(base or recipe.base), Path(scratch))
        tokenizer_file = folder / "tokenizer.json"
        tokenizer = load_tokenizer(tokenizer_file)
        torch.manual_seed(recipe.fit.seed)
        model = MultiFacetModel.from_encoder(folder, schema, recipe.fit.dropout)
        _check_length(model, recipe)
        learned = Rows.encode(parts["train"], tokenizer, lexicon, schema)
        held_out = Rows.encode(parts["validation"], tokenizer, lexicon, schema)

        def after_epoch(epoch: int) -> None:
            logits = logits_of(model, held_out, recipe.fit.max_tokens)
            scores = _f1_micro_at_zero(logits, held_out, schema)
            log(f"epoch {epoch}: validation f1_micro before thresholds: {scores}")

        for run in filter(None, (recipe.fit, recipe.refine)):
            fit(model, learned, schema, run, after_epoch=after_epoch, log=log)
        settings = _settings(recipe, corpus, model, held_out, schema, lexicon)
        measured: dict[str, FacetMetrics] = {}
        docs = {name: tuple(sorted({row.doc for row in rows})) for name, rows in parts.items()}
        write_model_folder(
            out,
            model,
            tokenizer_file,
            settings,
            _samples(model, learned, recipe),
            finish=lambda folder: measured.update(_measured(folder, parts, docs)),
        )
    return TrainResult(out, measured, docs)


def _check_parts(parts: Mapping[str, Sequence[LabelledRow]], corpus: Path) -> None:
    """Refuse before hours of training what could not be measured after it."""
    if empty := [name for name, rows in parts.items() if not rows]:
        n_docs = len({row.doc for rows in parts.values() for row in rows})
        raise DataError(
            f"{corpus}: {n_docs} speeches are too few: none is left for {', '.join(empty)}. "
            "Add speeches, or give these parts larger shares.",
            f"{corpus}：讲话只有 {n_docs} 篇，{'、'.join(empty)} 部分为空。请增加讲话，或调大其比例。",
        )


def _check_length(model: MultiFacetModel, recipe: Recipe) -> None:
    most = model.encoder.config.max_position_embeddings
    if recipe.fit.max_tokens > most:
        raise UsageError(
            f"max_tokens is {recipe.fit.max_tokens}, but the base encoder reads at most {most}. "
            "Lower it in the recipe.",
            f"max_tokens 为 {recipe.fit.max_tokens}，而基础编码器最多读 {most}。请在配方中调低。",
        )


def _samples(model: MultiFacetModel, rows: Rows, recipe: Recipe) -> list[tuple[Tensor, ...]]:
    """Batches of some training rows, for the export to see what the layers are fed."""
    rng = random.Random(recipe.fit.seed)
    some = rows.take(rng.sample(range(len(rows)), min(_EXPORT_SAMPLES, len(rows))))
    pad_id = model.encoder.config.pad_token_id
    return [batch for _, batch in batches_of(some, pad_id, recipe.fit.max_tokens)]


def _settings(
    recipe: Recipe,
    corpus: Path,
    model: MultiFacetModel,
    held_out: Rows,
    schema: Schema,
    lexicon: Lexicon,
) -> ModelSettings:
    """Calibration and thresholds from the validation speeches."""
    logits = logits_of(model, held_out, recipe.fit.max_tokens)
    calibration = fit_calibration(logits, held_out.y, held_out.known, schema)
    probabilities = calibrated(logits, calibration, schema)
    return ModelSettings(
        name=f"{recipe.name} {recipe.version}",
        schema=schema,
        thresholds=fit_thresholds(probabilities, held_out.y, held_out.known, schema),
        calibration=calibration,
        lexicon=lexicon.to_dict(),
        max_tokens=recipe.fit.max_tokens,
        segmenter_version=SEGMENTER_VERSION,
        corpus_sha256=corpus_sha256(corpus),
    )


def _measured(
    folder: Path,
    parts: Mapping[str, Sequence[LabelledRow]],
    docs: Mapping[str, tuple[str, ...]],
) -> dict[str, FacetMetrics]:
    """Measure the written int8 model on the test speeches, and note it in ``metrics.json``."""
    classifier = Classifier.from_pretrained(folder)
    test = parts["test"]
    metrics = evaluate(classifier.predict([row.text for row in test]), test, classifier.schema)
    content = {
        "model": classifier.name,
        "model_sha256": classifier.sha256,
        "corpus": {
            "sha256": classifier.settings.corpus_sha256,
            "segments": {name: len(rows) for name, rows in parts.items()},
            "speeches": docs,
        },
        "test": {facet: figures.to_dict() for facet, figures in metrics.items()},
    }
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    (folder / "metrics.json").write_text(text, "utf-8")
    return metrics


def resolve_base(base: str, scratch: Path) -> Path:
    """Folder with the base encoder and its ``tokenizer.json``.

    Args:
        base: ``"e5-small-zh"``, a folder, or an id of a model hub.
        scratch: folder to build in or download to; ``base`` itself is never written to.

    Raises:
        ModelError: it is no folder with a checkpoint, and no hub knows it.
    """
    if base == "e5-small-zh":
        return build_e5_small_zh(scratch / base)
    if all((Path(base) / name).is_file() for name in ("config.json", "tokenizer.json")):
        return Path(base)
    return _converted(base, scratch)


def _converted(base: str, scratch: Path) -> Path:
    """Fetch a checkpoint of a hub, or give one in a folder the ``tokenizer.json`` it lacks."""
    from transformers import AutoModel, AutoTokenizer

    folder = scratch / "base"
    try:
        AutoModel.from_pretrained(base, add_pooling_layer=False).save_pretrained(folder)
        AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    # ImportError: a tokenizer of a kind that needs a further package.
    except (OSError, ValueError, TypeError, ImportError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(
            f'base "{base}": no folder with a BERT checkpoint, and no model hub gave it: {reason}. '
            'Use "e5-small-zh", which needs no hub, or name such a folder.',
            f"基础编码器“{base}”：不是含 BERT 检查点的本地文件夹，也未能从模型库取得：{reason}。"
            "可用无需联网的 e5-small-zh，或给出这样的文件夹。",
        ) from error
    return folder


def corpus_sha256(corpus: Path) -> str:
    """Hash of the labelled files of a corpus, names and contents."""
    digest = hashlib.sha256()
    for file in labelled_files([corpus]):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _f1_micro_at_zero(logits: np.ndarray, rows: Rows, schema: Schema) -> dict[str, float]:
    """A quick look during training: multi-label F1 at logit 0, single-label accuracy."""
    scores: dict[str, float] = {}
    for index, (facet, part) in enumerate(schema.columns()):
        z, y = logits[rows.known[:, index], part], rows.y[rows.known[:, index], part] > 0
        if facet.kind == "multi":
            hits, total = ((z > 0) & y).sum(), (z > 0).sum() + y.sum()
            scores[facet.id] = round(float(2 * hits / total), 4) if total else 0.0
        elif len(z):
            scores[facet.id] = round(float((z.argmax(1) == y.argmax(1)).mean()), 4)
    return scores
