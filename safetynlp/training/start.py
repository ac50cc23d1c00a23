"""Where training starts: the released model, a model of one's own, or a bare encoder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from safetynlp.classifier import ModelSettings, released_model_path
from safetynlp.errors import ModelError
from safetynlp.hub import download_model, is_hub_id
from safetynlp.lexicon import Lexicon
from safetynlp.schema import Schema
from safetynlp.training.dequantise import weights_of
from safetynlp.training.e5 import build_e5_small_zh
from safetynlp.training.fit import FitConfig, Rows
from safetynlp.training.model import MultiFacetModel
from safetynlp.training.outputs import embeddings_of
from safetynlp.training.probe import init_heads
from safetynlp.training.workers import workers

__all__ = ["Start", "find_start", "shared_columns"]


@dataclass(frozen=True)
class Start:
    """A folder with an encoder and its tokenizer, and heads for a schema if it is a model.

    ``settings`` are None for a bare encoder.
    """

    name: str
    path: Path
    settings: ModelSettings | None = None

    @property
    def tokenizer_file(self) -> Path:
        """The ``tokenizer.json``, which goes into the trained model as it is."""
        return self.path / "tokenizer.json"

    @property
    def max_positions(self) -> int:
        """The most tokens that the encoder reads."""
        config = json.loads((self.path / "config.json").read_text("utf-8"))
        return int(config.get("max_position_embeddings", 512))

    def sha256(self) -> str:
        """Hash of the files that decide where training starts."""
        digest = hashlib.sha256()
        for file in sorted(self.path.iterdir()):
            if file.is_file() and file.suffix in (".json", ".safetensors", ".onnx", ".bin"):
                digest.update(file.name.encode())
                digest.update(file.read_bytes())
        return digest.hexdigest()

    def kept_columns(self, schema: Schema) -> dict[int, int]:
        """Columns of ``schema`` whose heads the model has: column → column there."""
        return {} if self.settings is None else shared_columns(schema, self.settings.schema)

    def lexicon(self, schema: Schema) -> Lexicon:
        """Cue words of the labels of ``schema`` that have some: the model's own, or the package's.

        A label is known by the ids of its facet and itself; others have no cue words.
        """
        if self.settings is None:
            known, entries = Schema.default(), Lexicon.default().to_dict()
        else:
            known, entries = self.settings.schema, dict(self.settings.lexicon)
        return Lexicon(_entries_of(entries, known, schema), schema)

    def build(self, schema: Schema, rows: Rows, config: FitConfig) -> MultiFacetModel:
        """The network to train: heads are kept for labels that the model has; labels that are new
        to it get heads from a linear probe on ``rows``. A bare encoder gets heads of zeros, which
        :func:`safetynlp.training.fit.fit` starts by a probe.

        Raises:
            ModelError: a file is missing or broken.
        """
        torch.manual_seed(config.seed)
        if self.settings is None:
            with _without_bars():
                return MultiFacetModel.from_encoder(self.path, schema, config.dropout)
        old = self._load(self.settings.schema)
        new = MultiFacetModel(old.encoder, schema, config.dropout)
        kept = self.kept_columns(schema)
        if 0 < len(kept) < schema.n_labels:
            if config.layers is not None:
                new.keep_layers(config.layers)
            team = workers()
            pooled = embeddings_of(new.to(team.device), rows, config.max_tokens, team, mixed=False)
            init_heads(new.cpu(), pooled, rows.lexicon, rows.y, rows.known, schema)
        _copy_heads(old, new, kept)
        return new

    def _load(self, schema: Schema) -> MultiFacetModel:
        model = MultiFacetModel.from_config(self.path / "config.json", schema)
        full = self.path / "model.safetensors"
        if full.is_file():
            model.load_weights(full)
        else:
            model.load_state_dict(weights_of(self.path / "model.onnx", model.state_dict()))
        return model


def shared_columns(new: Schema, old: Schema) -> dict[int, int]:
    """Columns of labels that both schemas have, in facets of one id and kind: new → old."""
    place = {
        (facet.id, facet.kind, id): part.start + n
        for facet, part in old.columns()
        for n, id in enumerate(facet.label_ids)
    }
    return {
        part.start + n: place[facet.id, facet.kind, id]
        for facet, part in new.columns()
        for n, id in enumerate(facet.label_ids)
        if (facet.id, facet.kind, id) in place
    }


def _copy_heads(old: MultiFacetModel, new: MultiFacetModel, kept: Mapping[int, int]) -> None:
    if not kept:
        return
    into, out_of = list(kept), list(kept.values())
    with torch.no_grad():
        new.query[into] = old.query[out_of]
        new.weight[into] = old.weight[out_of]
        new.bias[into] = old.bias[out_of]
        new.lexicon_weight[into] = 0.0  # what the probe found for cues of other labels goes too
        new.lexicon_weight[torch.tensor(into)[:, None], torch.tensor(into)] = old.lexicon_weight[
            torch.tensor(out_of)[:, None], torch.tensor(out_of)
        ]


def _entries_of(entries: Mapping[str, Any], known: Schema, schema: Schema) -> dict[str, Any]:
    """Lexicon entries of labels that both schemas have."""
    labels = {(facet.id, id) for facet in known.facets for id in facet.label_ids}
    found: dict[str, Any] = {}
    for facet in schema.facets:
        for id in facet.label_ids:
            if (facet.id, id) in labels and id in entries.get(facet.id, {}):
                found.setdefault(facet.id, {})[id] = entries[facet.id][id]
    return found


@contextmanager
def _without_bars() -> Iterator[None]:
    """No bar of transformers for a load of a second: one is shown for the training."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def find_start(base: str, scratch: Path) -> Start:
    """Find, build or fetch what training starts from.

    Args:
        base: ``"released"``, ``"e5-small-zh"``, a folder, or an id of a model hub.
        scratch: folder to build in or convert to; ``base`` itself is never written to.

    Raises:
        ModelError: it is no folder with a model or a checkpoint, and no hub knows it.
    """
    if base == "released":
        return _start_at(base, released_model_path())
    if base == "e5-small-zh":
        return Start(base, build_e5_small_zh(scratch / base))
    folder = Path(base)
    if _is_model(folder) or _has(folder, "config.json", "tokenizer.json"):
        return _start_at(base, folder)
    if is_hub_id(base):
        fetched = download_model(base)
        if _is_model(fetched):
            return _start_at(base, fetched)
        folder = fetched
    return Start(base, _converted(folder, base, scratch))


def _start_at(base: str, folder: Path) -> Start:
    if not _is_model(folder):
        return Start(base, folder)
    file = folder / "safetynlp.json"
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{file}: cannot be read: {error}. Copy or train the model again.",
            f"{file}：无法读取：{error}。请重新复制或训练模型。",
        ) from error
    return Start(base, folder, ModelSettings.from_json(text, str(file)))


def _is_model(folder: Path) -> bool:
    return _has(folder, "config.json", "tokenizer.json", "safetynlp.json")


def _has(folder: Path, *names: str) -> bool:
    return all((folder / name).is_file() for name in names)


def _converted(folder: Path, base: str, scratch: Path) -> Path:
    """Give a checkpoint the ``tokenizer.json`` and the weight format it may lack."""
    from transformers import AutoModel, AutoTokenizer

    out = scratch / "base"
    try:
        with _without_bars():
            model = AutoModel.from_pretrained(str(folder), add_pooling_layer=False)
        model.save_pretrained(out)
        AutoTokenizer.from_pretrained(str(folder)).save_pretrained(out)
    # ImportError: a tokenizer of a kind that needs a further package.
    except (OSError, ValueError, TypeError, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f'base "{base}": no folder with a BERT checkpoint, and no model hub gave it: {reason}. '
            'Use "released" or "e5-small-zh", which need no hub, or name such a folder.',
            f"起点“{base}”：不是含 BERT 检查点的本地文件夹，也未能从模型库取得：{reason}。"
            "可用无需联网的 released 或 e5-small-zh，或给出这样的文件夹。",
        ) from error
    return out
