# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from mini import SPEECHES, labelled_rows, write_corpus
from safetynlp.training.train import TrainResult, corpus_sha256, resolve_base, train
from transformers import BertConfig, BertModel

from safetynlp.classifier import Classifier
from safetynlp.errors import DataError, ModelError, UsageError
from safetynlp.evaluation.metrics import evaluate
from safetynlp.schema import Schema
from safetynlp.training.recipe import Recipe

TEXTS = [row.text for row in labelled_rows()]


def quiet(line: str) -> None:
    pass


def test_folder_is_whole(trained: TrainResult, corpus: Path) -> None:
    assert {file.name for file in trained.path.iterdir()} == {
        "config.json",
        "metrics.json",
        "model.onnx",
        "model.safetensors",
        "safetynlp.json",
        "tokenizer.json",
    }
    classifier = Classifier.from_pretrained(trained.path)
    assert classifier.name == "mini 0.1"
    assert classifier.settings.max_tokens == 64
    assert classifier.settings.corpus_sha256 == corpus_sha256(corpus)
    assert classifier.schema == Schema.default()


def test_parts_are_disjoint(trained: TrainResult) -> None:
    docs = [doc for part in trained.docs.values() for doc in part]
    assert sorted(docs) == sorted(SPEECHES)
    assert {part: len(docs) for part, docs in trained.docs.items()} == {
        "train": 6,
        "validation": 2,
        "test": 2,
    }


def test_metrics_are_those_of_the_written_model(trained: TrainResult, corpus: Path) -> None:
    metrics = json.loads((trained.path / "metrics.json").read_text("utf-8"))
    classifier = Classifier.from_pretrained(trained.path)
    assert metrics["model"] == "mini 0.1"
    assert metrics["model_sha256"] == classifier.sha256
    assert metrics["corpus"] == {
        "sha256": corpus_sha256(corpus),
        "segments": {"train": 36, "validation": 12, "test": 12},
        "speeches": {part: list(docs) for part, docs in trained.docs.items()},
    }
    test = [row for row in labelled_rows() if row.doc in trained.docs["test"]]
    found = evaluate(classifier.predict([row.text for row in test]), test, Schema.default())
    assert found == trained.metrics
    assert metrics["test"] == {facet: figures.to_dict() for facet, figures in found.items()}
    assert set(metrics) == {"model", "model_sha256", "corpus", "test"}
    # What the speeches have in common has been learned; their sectors differ.
    assert metrics["test"]["responsibility"]["f1_micro"]["value"] > 0.7


def test_same_seed_same_labels(
    trained: TrainResult, recipe: Recipe, corpus: Path, base: Path, tmp_path: Path
) -> None:
    lines: list[str] = []
    again = train(recipe, corpus, tmp_path / "again", base=base, log=lines.append)
    assert again.docs == trained.docs
    assert again.metrics == trained.metrics
    first, second = (Classifier.from_pretrained(r.path).predict(TEXTS) for r in (trained, again))
    assert [p.labels for p in first] == [p.labels for p in second]
    assert lines[0] == "train: 36 segments of 6 speeches"
    assert any(line.startswith("epoch 2: validation") for line in lines)


def test_another_seed_splits_otherwise(
    trained: TrainResult, recipe: Recipe, corpus: Path, base: Path, tmp_path: Path
) -> None:
    other = replace(recipe, split_seed=3, fit=replace(recipe.fit, epochs=1))
    assert train(other, corpus, tmp_path / "other", base=base, log=quiet).docs != trained.docs


def test_a_facet_that_nobody_labelled(
    recipe: Recipe, corpus: Path, base: Path, tmp_path: Path
) -> None:
    partly = shutil.copytree(corpus, tmp_path / "corpus")
    for file in partly.iterdir():
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        for row in rows:
            del row["sector"]
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    result = train(recipe, partly, tmp_path / "model", base=base, log=quiet)
    assert result.metrics["sector"].segments == 0
    assert result.metrics["function"].segments == 12
    assert Classifier.from_pretrained(result.path).settings.calibration["sector"] == (1.0, 0.0)


def test_a_faulty_corpus_says_where(recipe: Recipe, base: Path, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    file = corpus / "plant-2.jsonl"
    lines = file.read_text("utf-8").splitlines()
    lines[2] = lines[2].replace("education_training", "培训")
    file.write_text("\n".join(lines), "utf-8")
    with pytest.raises(DataError, match=r'plant-2\.jsonl:3: .*"培训"'):
        train(recipe, corpus, tmp_path / "model", base=base, log=quiet)
    assert not (tmp_path / "model").exists()


def test_too_few_speeches_are_refused_at_once(recipe: Recipe, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", ["county-1", "county-2"])
    with pytest.raises(DataError, match=r"2 speeches are too few: none is left for .*test"):
        train(recipe, corpus, tmp_path / "model", log=quiet)


def test_no_corpus(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none"):
        train(recipe, tmp_path / "none", tmp_path / "model", log=quiet)


def test_a_place_that_holds_other_things(recipe: Recipe, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work", "utf-8")
    with pytest.raises(UsageError, match="holds other things"):
        train(recipe, corpus, tmp_path, log=quiet)


def test_more_tokens_than_the_base_reads(
    recipe: Recipe, corpus: Path, base: Path, tmp_path: Path
) -> None:
    long = replace(recipe, fit=replace(recipe.fit, max_tokens=65))
    with pytest.raises(UsageError, match="max_tokens is 65, but the base encoder reads at most 64"):
        train(long, corpus, tmp_path / "model", base=base, log=quiet)


def test_a_failed_measurement_leaves_no_folder(
    recipe: Recipe, corpus: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("safetynlp.training.train.evaluate", fail)
    with pytest.raises(MemoryError):
        train(recipe, corpus, tmp_path / "model", base=base, log=quiet)
    assert list(tmp_path.iterdir()) == []


def test_no_such_base(recipe: Recipe, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match='base "nobody/nothing": no folder') as caught:
        train(replace(recipe, base="nobody/nothing"), corpus, tmp_path / "model", log=quiet)
    assert "\n" not in str(caught.value)
    assert "e5-small-zh" in caught.value.zh


def test_a_base_folder_is_taken_as_it_is(base: Path, tmp_path: Path) -> None:
    assert resolve_base(str(base), tmp_path) == base
    assert list(tmp_path.iterdir()) == []


def test_a_base_without_tokenizer_json_is_converted(tmp_path: Path) -> None:
    old, scratch = tmp_path / "old", tmp_path / "scratch"
    config = BertConfig(
        vocab_size=8,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
    )
    BertModel(config).save_pretrained(old)
    (old / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n安\n全\n。\n", "utf-8")
    before = sorted(file.name for file in old.iterdir())
    folder = resolve_base(str(old), scratch)
    assert (folder / "tokenizer.json").is_file()
    assert (folder / "config.json").is_file()
    assert sorted(file.name for file in old.iterdir()) == before  # it is not ours to write to


def test_a_folder_without_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no folder with a BERT checkpoint"):
        resolve_base(str(tmp_path), tmp_path / "scratch")


def test_hash_of_the_corpus(tmp_path: Path) -> None:
    one, two = write_corpus(tmp_path / "one"), write_corpus(tmp_path / "two")
    (two / "notes.txt").write_text("no part of it", "utf-8")
    assert corpus_sha256(one) == corpus_sha256(two)
    (two / "plant-1.jsonl").rename(two / "plant-9.jsonl")
    assert corpus_sha256(one) != corpus_sha256(two)
