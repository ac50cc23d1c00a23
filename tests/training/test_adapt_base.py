# ruff: noqa: E402 (the script needs torch)
"""The script that trains the base encoder on text of the field."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from mini import one_line_of, write_corpus
from tokenizers import Tokenizer
from transformers import AutoModel

FOLDER = Path(__file__).parents[2] / "training"
LAW = "第一条 生产经营单位应当建立安全生产责任制。\n第二条 从业人员应当遵守操作规程。\n"


@pytest.fixture(scope="module")
def adapt_base() -> ModuleType:
    sys.path.insert(0, str(FOLDER))  # it shares the choice of speeches with experiment.py
    try:
        spec = importlib.util.spec_from_file_location("adapt_base", FOLDER / "adapt_base.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["adapt_base"] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FOLDER))
    return module


def test_blocks_hold_all_pieces_in_order(adapt_base: ModuleType, base: Path) -> None:
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    texts = ["安全", "各部门要", "安全"]
    blocks = adapt_base.blocks_of(texts, tokenizer, 6)
    inner = [tokenizer.encode(text).ids[1:-1] for text in texts]
    assert blocks == [[0, *inner[0], 2], [0, *inner[1], 2], [0, *inner[2], 2]]
    assert adapt_base.blocks_of(texts, tokenizer, 64) == [[0, *inner[0], *inner[1], *inner[2], 2]]
    assert adapt_base.blocks_of([], tokenizer, 64) == []


def test_what_is_hidden(adapt_base: ModuleType) -> None:
    ids = torch.arange(400).view(4, 100) % 50
    read, wanted = adapt_base.hide(ids, 50, torch.Generator().manual_seed(0))
    hidden = wanted != adapt_base.NOT_HIDDEN
    assert (wanted[hidden] == ids[hidden]).all()
    assert (read[~hidden] == ids[~hidden]).all()
    assert not hidden[ids < adapt_base.SPECIAL].any()
    assert 0.08 < hidden.float().mean() < 0.22
    assert (read[hidden] == adapt_base.MASK_ID).float().mean() > 0.6
    again = adapt_base.hide(ids, 50, torch.Generator().manual_seed(0))
    assert torch.equal(again[0], read)


def test_it_learns_to_guess_and_writes_an_encoder(
    adapt_base: ModuleType, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    law, out = tmp_path / "law.txt", tmp_path / "out"
    law.write_text(LAW * 40, "utf-8")
    corpus = write_corpus(tmp_path / "corpus")
    arguments = [
        "--out",
        str(out),
        "--text",
        str(law),
        "--corpus",
        str(corpus),
        "--base",
        str(base),
    ]
    assert adapt_base.main([*arguments, "--epochs", "20", "--learning-rate", "1e-3"]) == 0
    course = [
        float(word) for word in capsys.readouterr().out.split("loss ")[1].split(";")[0].split()
    ]
    assert course[-1] < course[0]
    before, after = (
        AutoModel.from_pretrained(folder, add_pooling_layer=False) for folder in (base, out)
    )
    assert not torch.equal(
        before.embeddings.word_embeddings.weight, after.embeddings.word_embeddings.weight
    )
    assert (out / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--text", "nowhere.txt"], "nowhere.txt"),
        ([], "nothing to read"),
        (["--base", "nowhere/at-all"], "nowhere/at-all"),
    ],
)
def test_one_line_for_what_is_wrong(
    adapt_base: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    expected: str,
) -> None:
    if "--base" in arguments:
        law = tmp_path / "law.txt"
        law.write_text(LAW, "utf-8")
        arguments = [*arguments, "--text", str(law)]
    assert adapt_base.main(["--out", str(tmp_path / "out"), *arguments]) == 2
    shown, said = capsys.readouterr()
    assert shown == ""
    assert one_line_of(said).startswith("adapt_base: ")
    assert expected in said
