"""A base encoder of some kilobytes, the mini corpus encoded for it, and a model trained on it.

Imports of torch and of what needs it stand inside the fixtures, for where torch is missing this
file is read all the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mini import SPEECHES, labelled_rows, write_corpus

from safetynlp.lexicon import Lexicon
from safetynlp.schema import Schema

if TYPE_CHECKING:
    from safetynlp.training.fit import Rows
    from safetynlp.training.measure import TrainResult
    from safetynlp.training.model import MultiFacetModel
    from safetynlp.training.recipe import Recipe

os.environ["HF_HUB_OFFLINE"] = "1"  # no test may wait for a hub

POSITIONS = 64


def _write_base(folder: Path, width: int, layers: int, feed_forward: int, vocabulary: int) -> Path:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    characters = sorted({c for lines in SPEECHES.values() for text, *_ in lines for c in text})
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *characters]
    assert len(pieces) <= vocabulary
    tokenizer = Tokenizer(models.WordLevel({p: n for n, p in enumerate(pieces)}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=feed_forward,
        max_position_embeddings=POSITIONS,
        pad_token_id=1,
        initializer_range=0.2,  # else so small a network gives all texts the same states
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers, 32 wide; one piece is one character of the mini corpus."""
    return _write_base(tmp_path_factory.mktemp("base"), 32, 2, 64, 200)


@pytest.fixture(scope="session")
def wide_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One layer, wide enough that the export stores its matrices in int8."""
    return _write_base(tmp_path_factory.mktemp("wide"), 320, 1, 320, 400)


@pytest.fixture(scope="session")
def rows(base: Path) -> Rows:
    """The mini corpus as the network takes it."""
    from safetynlp.training.fit import Rows, load_tokenizer

    tokenizer = load_tokenizer(base / "tokenizer.json")
    return Rows.encode(labelled_rows(), tokenizer, Lexicon.default(), Schema.default())


@pytest.fixture
def new_model() -> Callable[[Path], MultiFacetModel]:
    """A model on a base, always the same, with heads that say something."""
    import torch

    from safetynlp.training.model import MultiFacetModel

    def make(base: Path) -> MultiFacetModel:
        model = MultiFacetModel.from_encoder(base, Schema.default())
        torch.manual_seed(1)
        for head in (model.query, model.weight, model.bias, model.lexicon_weight):
            torch.nn.init.normal_(head)
        return model.eval()

    return make


@pytest.fixture(scope="session")
def recipe(base: Path) -> Recipe:
    """Two epochs on the small base, in full precision so that every machine trains the same."""
    from safetynlp.training.fit import FitConfig
    from safetynlp.training.recipe import Recipe

    return Recipe(
        name="mini",
        version="0.1",
        base=str(base),
        schema="safety-speech",
        folds=0,
        shares={"train": 0.6, "validation": 0.2, "test": 0.2},
        fit=FitConfig(epochs=2, batch_size=8, learning_rate=1e-3, max_tokens=POSITIONS, bf16=False),
    )


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, recipe: Recipe, corpus: Path) -> TrainResult:
    """A model trained on the mini corpus; tests do not change its folder."""
    from safetynlp.training import TrainConfig, train

    out = tmp_path_factory.mktemp("trained") / "mini"
    return train(TrainConfig((corpus,), out, recipe), log=lambda line: None)
