"""The trained model: segments in, labels with calibrated probabilities out; onnxruntime only."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from safetynlp.errors import ModelError, SafetyNLPError, SchemaError, UsageError
from safetynlp.hub import download_model, is_hub_id
from safetynlp.lexicon import Lexicon
from safetynlp.prediction import Prediction, calibrated, check_texts, decide
from safetynlp.schema import Schema

if TYPE_CHECKING:
    import onnxruntime
    from tokenizers import Tokenizer

__all__ = ["RELEASED_MODEL", "Classifier", "ModelSettings", "released_model_path"]

RELEASED_MODEL = "safetynlp-base"
FORMAT_VERSION = 1
_FILES = ("config.json", "tokenizer.json", "model.onnx", "safetynlp.json")
_TOKENS_PER_BATCH = 2048  # bounds memory whatever the length of the segments
_WINDOW_OVERLAP = 32  # tokens shared by neighbouring windows of a long segment
_MIN_TOKENS = 8


def released_model_path() -> Path:
    """Folder of the released model: inside the wheel, or ``models/`` of a checkout.

    Raises:
        ModelError: it is in neither place.
    """
    package = Path(__file__).parent
    places = (package / "released", package.parent / "models" / RELEASED_MODEL)
    for place in places:
        if (place / "model.onnx").is_file():
            return place
    raise ModelError(
        f"the released model is not installed; looked in {places[0]} and {places[1]}. "
        "Reinstall safetynlp, or name a model folder.",
        f"找不到随包发布的模型，已查找 {places[0]} 和 {places[1]}。请重装 safetynlp，或指定模型文件夹。",
    )


@dataclass(frozen=True)
class ModelSettings:
    """What decides a prediction besides the weights: the file ``safetynlp.json``.

    ``thresholds`` are on calibrated probabilities. ``calibration`` maps a facet id to
    ``(slope, offset)``: a multi-label probability is sigmoid(slope·logit + offset), a
    single-label one softmax(slope·logits) (Platt 1999; temperature: Guo et al. 2017).
    """

    name: str
    schema: Schema
    thresholds: Mapping[str, Mapping[str, float]]  # facet id → label id → [0, 1]
    calibration: Mapping[str, tuple[float, float]]
    lexicon: Mapping[str, Mapping[str, Any]]
    max_tokens: int
    segmenter_version: str
    corpus_sha256: str

    def __post_init__(self) -> None:
        if self.max_tokens < _MIN_TOKENS:
            raise ModelError(
                f"max_tokens is {self.max_tokens}, expected at least {_MIN_TOKENS}. "
                "Train or copy the model folder again.",
                f"max_tokens 为 {self.max_tokens}，应不小于 {_MIN_TOKENS}。请重新训练或复制模型文件夹。",
            )
        for facet, thresholds in self.thresholds.items():
            for label, value in thresholds.items():
                if not 0 <= value <= 1:
                    raise ModelError(
                        f"threshold of {facet}.{label} is {value}, expected 0 to 1. "
                        "Train or copy the model folder again.",
                        f"{facet}.{label} 的阈值为 {value}，应在 0 至 1 之间。"
                        "请重新训练或复制模型文件夹。",
                    )
        for facet, pair in self.calibration.items():
            if not all(map(math.isfinite, pair)):
                raise ModelError(
                    f"calibration of {facet} is {pair}, expected two finite numbers. "
                    "Train or copy the model folder again.",
                    f"{facet} 的校准参数为 {pair}，应为两个有限数。请重新训练或复制模型文件夹。",
                )

    def to_json(self) -> str:
        """The content of ``safetynlp.json``."""
        data = {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "max_tokens": self.max_tokens,
            "segmenter_version": self.segmenter_version,
            "corpus_sha256": self.corpus_sha256,
            "calibration": {facet: list(pair) for facet, pair in self.calibration.items()},
            "thresholds": self.thresholds,
            "schema": self.schema.model_dump(mode="json"),
            "lexicon": self.lexicon,
        }
        return json.dumps(data, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, source: str) -> ModelSettings:
        """Read ``safetynlp.json``.

        Raises:
            ModelError: not of this format, from a newer version, or with values out of range.
        """
        try:
            data = json.loads(text)
            version = data["format_version"]
            if version != FORMAT_VERSION:
                raise ModelError(
                    f"{source}: format_version {version}, this safetynlp reads {FORMAT_VERSION}. "
                    "Update safetynlp, or use a model made for this version.",
                    f"{source}：format_version 为 {version}，本版只读 {FORMAT_VERSION}。"
                    "请升级 safetynlp 或换用匹配的模型。",
                )
            schema = Schema.from_dict(data["schema"], source)
            settings = cls(
                name=data["name"],
                schema=schema,
                thresholds={
                    facet.id: {
                        id: float(data["thresholds"][facet.id][id]) for id in facet.label_ids
                    }
                    for facet in schema.facets
                    if facet.kind == "multi"
                },
                calibration={
                    facet.id: (float(pair[0]), float(pair[1]))
                    for facet in schema.facets
                    for pair in [data["calibration"][facet.id]]
                },
                lexicon=data["lexicon"],
                max_tokens=int(data["max_tokens"]),
                segmenter_version=data["segmenter_version"],
                corpus_sha256=data["corpus_sha256"],
            )
            Lexicon(settings.lexicon, schema)
        except (ValueError, KeyError, TypeError, IndexError, SchemaError) as error:
            raise ModelError(
                f"{source}: not the settings of a safetynlp model: {error!r}. "
                "Train or copy the model folder again.",
                f"{source}：不是 safetynlp 模型的设置文件：{error!r}。请重新训练或复制模型文件夹。",
            ) from error
        return settings


class Classifier:
    """Labels segments with the model in a folder.

    >>> classifier = Classifier.from_pretrained()  # doctest: +SKIP
    >>> classifier.predict(["严禁客车超员。"])[0].labels["sector"]  # doctest: +SKIP
    ('road_traffic',)
    """

    def __init__(
        self,
        settings: ModelSettings,
        tokenizer: Tokenizer,
        session: onnxruntime.InferenceSession,
        path: Path,
    ) -> None:
        self.settings = settings
        self.path = path
        self._tokenizer = tokenizer
        self._session = session
        self._lexicon = Lexicon(settings.lexicon, settings.schema)

    @classmethod
    def from_pretrained(
        cls, path: str | Path | None = None, *, num_threads: int | None = None
    ) -> Classifier:
        """Load a model folder.

        Args:
            path: the folder, or ``"owner/name"`` of a model hub, which is asked only if there is
                no such folder; None loads the released model.
            num_threads: processor threads for inference, at least 1; None lets onnxruntime
                choose.

        Raises:
            ModelError: the folder or a file in it is missing, broken or foreign.
            UsageError: ``num_threads`` is less than 1.
        """
        if num_threads is not None and num_threads < 1:
            raise UsageError(
                f"num_threads is {num_threads}, expected at least 1.",
                f"线程数 num_threads 为 {num_threads}，应不小于 1。",
            )
        folder = released_model_path() if path is None else Path(path)
        if path is not None and is_hub_id(path):
            folder = download_model(str(path))
        if not folder.is_dir():
            raise ModelError(
                f"{folder}: there is no such folder. Name a model folder, or leave it out to take "
                "the released model.",
                f"{folder}：没有这个文件夹。请指定模型文件夹；不指定则用随包发布的模型。",
            )
        missing = [name for name in _FILES if not (folder / name).is_file()]
        if missing:
            raise ModelError(
                f"{folder}: not a complete model folder: {', '.join(missing)} missing. "
                f"Expected {', '.join(_FILES)}.",
                f"{folder}：模型文件夹不完整，缺 {'、'.join(missing)}；应含 {'、'.join(_FILES)}。",
            )
        settings_file = folder / "safetynlp.json"
        try:
            settings = ModelSettings.from_json(settings_file.read_text("utf-8"), str(settings_file))
            tokenizer = _load_tokenizer(folder / "tokenizer.json")
            session = _load_session(folder / "model.onnx", num_threads)
        except SafetyNLPError:
            raise
        # tokenizers and onnxruntime raise bare Exception subclasses of their own making.
        except Exception as error:
            reason = _in_one_line(error)
            raise ModelError(
                f"{folder}: the model cannot be loaded: {reason}. Copy or train it again.",
                f"{folder}：模型无法加载：{reason}。请重新复制或训练。",
            ) from error
        classifier = cls(settings, tokenizer, session, folder)
        classifier._check_files_fit()
        return classifier

    def save_pretrained(self, path: str | Path) -> None:
        """Copy the model folder to ``path``, which must not exist or be empty.

        Raises:
            ModelError: ``path`` holds something already, or cannot be written.
        """
        target = Path(path)
        try:
            if target.exists() and any(target.iterdir()):
                raise ModelError(
                    f"{target}: not empty. Name a new folder.",
                    f"{target}：文件夹非空。请换一个新文件夹。",
                )
            shutil.copytree(self.path, target, dirs_exist_ok=True)
        except OSError as error:
            raise ModelError(
                f"{target}: cannot be written: {error}.", f"{target}：无法写入：{error}。"
            ) from error

    @property
    def schema(self) -> Schema:
        """The facets and labels it predicts."""
        return self.settings.schema

    @property
    def name(self) -> str:
        """Name of the model, with its version."""
        return self.settings.name

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """Columns of :meth:`predict_proba`: ``(facet id, label id)`` in schema order."""
        return tuple((f.id, id) for f in self.schema.facets for id in f.label_ids)

    @cached_property
    def sha256(self) -> str:
        """Hash of ``model.onnx`` and ``safetynlp.json``: names this very model in an audit."""
        digest = hashlib.sha256()
        for name in ("model.onnx", "safetynlp.json"):
            digest.update((self.path / name).read_bytes())
        return digest.hexdigest()

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Calibrated probability of each label for each text.

        Returns: float32, shape ``(len(texts), len(self.labels))``, in [0, 1]; columns follow
        ``self.labels``. Columns of a single-label facet sum to 1, others need not.

        Raises:
            UsageError: ``texts`` is one string instead of a list of them.
            ModelError: the network gives values that are not numbers.
        """
        return calibrated(self._logits(texts), self.settings.calibration, self.schema)

    def predict(self, texts: Sequence[str], *, threshold: float | None = None) -> list[Prediction]:
        """Labels of each text; same length and order as ``texts``.

        Args:
            threshold: one threshold in (0, 1) for all multi-label facets; None takes the
                model's own per label.

        Raises:
            UsageError: ``threshold`` is not in (0, 1), or ``texts`` is one string.
            ModelError: the network gives values that are not numbers.
        """
        if threshold is not None and not 0 < threshold < 1:
            raise UsageError(
                f"threshold is {threshold}, expected a number between 0 and 1.",
                f"阈值为 {threshold}，应在 0 与 1 之间。",
            )
        thresholds = self.settings.thresholds if threshold is None else threshold
        return decide(self.predict_proba(texts), self.schema, thresholds)

    def _check_files_fit(self) -> None:
        """Run the empty text and the last token of the vocabulary once: files of different
        models would fail here, or give other columns.
        """
        ids = self._tokenizer.encode("").ids
        found = f"the tokenizer puts {len(ids)} marks around a text, not 2"
        if len(ids) == 2:
            probe = [ids[0], self._tokenizer.get_vocab_size() - 1, ids[1]]
            expected = (1, len(self.labels))
            try:
                logits = self._run([probe], np.zeros(expected, dtype=np.float32))
                if logits.shape == expected:
                    return
                found = f"logits have the shape {logits.shape}, not {expected}"
            except Exception as error:  # onnxruntime's own classes have no common base
                found = f"model.onnx fails: {_in_one_line(error)}"
        raise ModelError(
            f"{self.path}: the files do not belong to one model: {found}. Expected a network that "
            f"takes input_ids, attention_mask and lexicon and gives logits with "
            f"{len(self.labels)} columns. Copy or train the folder again.",
            f"{self.path}：文件夹中的文件不属于同一个模型：{found}。网络应输入 input_ids、"
            f"attention_mask、lexicon，输出 {len(self.labels)} 列 logits。请重新复制或训练。",
        )

    def _logits(self, texts: Sequence[str]) -> np.ndarray:
        """float32, shape (texts, labels). Equal texts are run once."""
        check_texts(texts)
        unique = list(dict.fromkeys(texts))
        if not unique:
            return np.zeros((0, len(self.labels)), dtype=np.float32)
        windows: list[list[int]] = []
        owner: list[int] = []
        for n, encoding in enumerate(self._tokenizer.encode_batch(unique)):
            for window in _windows(encoding.ids, self.settings.max_tokens):
                windows.append(window)
                owner.append(n)
        lexicon = self._lexicon.features(unique)
        logits = np.full((len(unique), len(self.labels)), -np.inf, dtype=np.float32)
        for batch in _batches(windows):
            rows = [owner[w] for w in batch]
            values = self._run([windows[w] for w in batch], lexicon[rows])
            np.maximum.at(logits, rows, values)
        if not np.isfinite(logits).all():  # else NaN would quietly read as "no label"
            raise ModelError(
                f"{self.path}: model.onnx gives values that are not numbers. Its weights are "
                "damaged or were quantised wrongly; copy or train the folder again.",
                f"{self.path}：model.onnx 的输出不是有效数字，权重已损坏或量化有误，请重新复制或训练。",
            )
        place = {text: n for n, text in enumerate(unique)}
        return logits[[place[text] for text in texts]]

    def _run(self, ids: list[list[int]], lexicon: np.ndarray) -> np.ndarray:
        shape = (len(ids), max(map(len, ids)))
        input_ids = np.ones(shape, dtype=np.int64)  # 1 is <pad>; the mask decides anyway
        mask = np.zeros(shape, dtype=np.int64)
        for n, row in enumerate(ids):
            input_ids[n, : len(row)] = row
            mask[n, : len(row)] = 1
        feed = {"input_ids": input_ids, "attention_mask": mask, "lexicon": lexicon}
        logits: np.ndarray = self._session.run(["logits"], feed)[0]
        return logits


def _windows(ids: list[int], max_tokens: int) -> Iterator[list[int]]:
    """The ids themselves if they fit, else overlapping windows, each with both end marks."""
    if len(ids) <= max_tokens:
        yield ids
        return
    first, last, body = ids[:1], ids[-1:], ids[1:-1]
    room = max_tokens - 2
    overlap = min(_WINDOW_OVERLAP, room // 2)
    for start in range(0, len(body) - overlap, room - overlap):
        yield first + body[start : start + room] + last


def _batches(windows: list[list[int]]) -> Iterator[list[int]]:
    """Indices of windows of like length, at most ``_TOKENS_PER_BATCH`` with their padding."""
    batch: list[int] = []
    for n in sorted(range(len(windows)), key=lambda n: len(windows[n])):
        if batch and len(windows[n]) * (len(batch) + 1) > _TOKENS_PER_BATCH:
            yield batch
            batch = []
        batch.append(n)
    yield batch


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _load_tokenizer(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _load_session(path: Path, num_threads: int | None) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if num_threads is not None:
        options.intra_op_num_threads = num_threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
