# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from mini import SPEECHES, labelled_rows, write_corpus, write_titles

from safetynlp.classifier import Classifier
from safetynlp.errors import DataError, ModelError, UsageError
from safetynlp.evaluation.metrics import evaluate
from safetynlp.labelled import ReadOptions, read_labelled
from safetynlp.schema import Schema
from safetynlp.training import Recipe, TrainConfig, TrainResult, train
from safetynlp.training.material import corpus_sha256, read_material
from safetynlp.training.narrator import Narrator
from safetynlp.training.start import Start

KINDS = ("achievement", "directive", "problem", "procedural", "rationale", "situation")
TEXTS = [row.text for row in labelled_rows()]
FILES = {
    "README.md",
    "config.json",
    "metrics.json",
    "model.onnx",
    "model.safetensors",
    "runs",
    "safetynlp.json",
    "tokenizer.json",
    "train_config.json",
}


def quiet(line: str) -> None:
    pass


def test_folder_is_whole(trained: TrainResult, corpus: Path) -> None:
    assert {file.name for file in trained.path.iterdir()} == FILES
    assert [file.name for file in trained.path.parent.iterdir()] == ["mini"]  # no work folder
    classifier = Classifier.from_pretrained(trained.path)
    assert classifier.name == "mini 0.1"
    assert classifier.settings.max_tokens == 64
    assert classifier.schema == Schema.default()
    data = read_labelled([corpus], Schema.default())
    assert classifier.settings.corpus_sha256 == corpus_sha256(data.sha256)
    assert any((trained.path / "runs").rglob("events.out.tfevents.*"))


def test_parts_are_disjoint(trained: TrainResult) -> None:
    docs = [doc for part in trained.docs.values() for doc in part]
    assert sorted(docs) == sorted(SPEECHES)
    assert set(trained.docs) == {"train", "validation", "test"}


def test_metrics_are_those_of_the_written_model(trained: TrainResult) -> None:
    metrics = json.loads((trained.path / "metrics.json").read_text("utf-8"))
    classifier = Classifier.from_pretrained(trained.path)
    assert metrics["model"] == "mini 0.1"
    assert metrics["model_sha256"] == classifier.sha256
    assert metrics["corpus"]["speeches"] == {
        part: list(docs) for part, docs in trained.docs.items()
    }
    assert set(metrics["corpus"]["files"]) == {f"{doc}.jsonl" for doc in SPEECHES}
    test = [row for row in labelled_rows() if row.doc in trained.docs["test"]]
    found = evaluate(classifier.predict([row.text for row in test]), test, Schema.default())
    assert found == trained.metrics
    assert metrics["test"] == {facet: figures.to_dict() for facet, figures in found.items()}
    assert metrics["test_before"] == {}  # a bare encoder labels nothing
    assert metrics["environment"]["packages"]["torch"]
    assert metrics["training"]["seconds"] > 0
    # What the speeches have in common has been learned; their sectors differ.
    assert metrics["test"]["responsibility"]["f1_micro"]["value"] > 0.7


def test_same_seed_same_labels(
    trained: TrainResult, recipe: Recipe, corpus: Path, tmp_path: Path
) -> None:
    lines: list[str] = []
    again = train(TrainConfig((corpus,), tmp_path / "again", recipe), log=lines.append)
    assert again.docs == trained.docs
    assert again.metrics == trained.metrics
    first, second = (Classifier.from_pretrained(r.path).predict(TEXTS) for r in (trained, again))
    assert [p.labels for p in first] == [p.labels for p in second]
    n = len(trained.docs["train"])
    assert f"train: {6 * n} segments of {n} speeches" in lines
    assert any(line.startswith("epoch 2: loss ") for line in lines)
    assert any("labels have fewer than 20 segments" in line for line in lines)


def test_the_recipe_of_a_folder_repeats_it(
    trained: TrainResult, corpus: Path, tmp_path: Path
) -> None:
    recipe = Recipe.from_file(trained.path / "train_config.json")
    again = train(TrainConfig((corpus,), tmp_path / "again", recipe), log=quiet)
    assert again.metrics == trained.metrics


def test_progress_in_chinese(recipe: Recipe, corpus: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    train(
        TrainConfig((corpus,), tmp_path / "own", recipe.with_fit(epochs=1)),
        log=lines.append,
        lang="zh",
    )
    assert any(line.startswith("训练：") for line in lines)
    assert any(line.startswith("线性探测：损失 ") for line in lines)
    assert any(line.startswith("第 1 轮：损失 ") for line in lines)
    assert "正在写出 int8 模型" in lines
    assert [line for line in lines if not re.search("[一-鿿]", line)] == []


def test_another_seed_splits_otherwise(
    trained: TrainResult, recipe: Recipe, corpus: Path, tmp_path: Path
) -> None:
    other = replace(recipe.with_fit(epochs=1), split_seed=3)
    found = train(TrainConfig((corpus,), tmp_path / "other", other), log=quiet)
    assert found.docs != trained.docs


def test_folds(recipe: Recipe, corpus: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    folded = replace(recipe, folds=3, shares=None)
    result = train(TrainConfig((corpus,), tmp_path / "own", folded), log=lines.append)
    assert result.test is None
    assert result.cross_validation is not None
    assert result.metrics == result.cross_validation.after
    assert set(result.docs) == {"train"}
    written = (result.path / "oof.jsonl").read_text("utf-8")
    oof = [json.loads(line) for line in written.splitlines()]
    rows = labelled_rows()
    assert sorted((row["doc"], row["text"]) for row in oof) == sorted((r.doc, r.text) for r in rows)
    for doc in SPEECHES:  # a speech as a whole is held out
        assert len({row["fold"] for row in oof if row["doc"] == doc}) == 1
    assert {row["fold"] for row in oof} == {1, 2, 3}
    for row in oof:
        assert sum(row["probabilities"]["function"].values()) == pytest.approx(1, abs=1e-3)
        assert set(row["predicted"]) == set(Schema.default().facet_ids)
    # It can be read again as labelled data.
    again = read_labelled([result.path / "oof.jsonl"], Schema.default())
    assert len(again.rows) == len(rows)
    # The figures that are reported are those of these predictions.
    hits = sum(row["function"] == row["predicted"]["function"][0] for row in oof)
    accuracy = result.metrics["function"].figures["accuracy"].value
    assert accuracy == pytest.approx(hits / len(oof))
    metrics = json.loads((result.path / "metrics.json").read_text("utf-8"))
    assert metrics["cross_validation"]["folds"] == 3
    assert "test" not in metrics
    assert "Cross-validation (60 segments of 10 speeches" in (result.path / "README.md").read_text(
        "utf-8"
    )
    assert any("(median of the folds)" in line for line in lines)


def test_a_test_set_of_its_own(recipe: Recipe, tmp_path: Path) -> None:
    data = write_corpus(tmp_path / "data", [doc for doc in SPEECHES if not doc.endswith("5")])
    test = write_corpus(tmp_path / "test", ["county-5", "plant-5"])
    lines: list[str] = []
    config = TrainConfig((data,), tmp_path / "own", recipe.with_fit(epochs=1), test=(test,))
    result = train(config, log=lines.append)
    assert result.docs["test"] == ("county-5", "plant-5")
    assert not {"county-5", "plant-5"} & set(result.docs["train"])


def test_a_facet_that_nobody_labelled(recipe: Recipe, corpus: Path, tmp_path: Path) -> None:
    partly = shutil.copytree(corpus, tmp_path / "corpus")
    for file in partly.iterdir():
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        for row in rows:
            del row["sector"]
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    result = train(TrainConfig((partly,), tmp_path / "model", recipe), log=quiet)
    assert "sector" not in result.metrics
    assert result.metrics["function"].segments > 0
    assert Classifier.from_pretrained(result.path).settings.calibration["sector"] == (1.0, 0.0)


def test_a_foreign_schema_without_a_line_of_code(
    recipe: Recipe, base: Path, tmp_path: Path
) -> None:
    titles = write_titles(tmp_path / "titles.tsv")
    said: list[str] = []
    config = TrainConfig(
        (titles,),
        tmp_path / "own",
        Recipe(base=str(base), folds=5, fit=replace(recipe.fit, epochs=4)),
        read=ReadOptions(group_by_row=True),
    )
    result = train(config, log=said.append)
    classifier = Classifier.from_pretrained(result.path)
    (facet,) = classifier.schema.facets
    assert (facet.kind, facet.label_ids) == ("single", KINDS)
    assert not any(classifier.settings.lexicon.values())
    assert result.metrics[facet.id].figures["accuracy"].value > 0.6  # the commonest has 0.34
    assert any(line.startswith("labels taken from the data") for line in said)
    card = (result.path / "README.md").read_text("utf-8")
    assert "work-safety" not in card
    assert "安全生产" not in card
    assert "cue words" not in card


def test_labels_of_another_schema_are_told_what_to_do(
    recipe: Recipe, trained: TrainResult, tmp_path: Path
) -> None:
    file = tmp_path / "titles.tsv"
    file.write_text("股市大涨\t财经\n球队夺冠\t体育\n", "utf-8")
    config = TrainConfig(
        (file,),
        tmp_path / "own",
        Recipe(base=str(trained.path)),
        read=ReadOptions(group_by_row=True),
    )
    with pytest.raises(DataError, match="--schema FILE, or --base e5-small-zh") as caught:
        train(config, log=quiet)
    assert "titles.tsv:1" in str(caught.value)
    assert "mini 0.1" in caught.value.zh


def test_skipped_rows_are_noted(recipe: Recipe, corpus: Path, tmp_path: Path) -> None:
    faulty = shutil.copytree(corpus, tmp_path / "corpus")
    with (faulty / "county-3.jsonl").open("a", encoding="utf-8") as file:
        file.write("{\n")
    said: list[str] = []
    config = TrainConfig(
        (faulty,),
        tmp_path / "own",
        recipe.with_fit(epochs=1),
        read=ReadOptions(on_error="skip"),
    )
    result = train(config, log=said.append)
    (line,) = (result.path / "skipped.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["where"].endswith("county-3.jsonl:7")
    assert any(line.startswith("1 rows skipped") for line in said)


def test_a_faulty_corpus_says_where(recipe: Recipe, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    file = corpus / "plant-2.jsonl"
    lines = file.read_text("utf-8").splitlines()
    lines[2] = lines[2].replace("education_training", "培训")
    file.write_text("\n".join(lines), "utf-8")
    with pytest.raises(DataError, match=r'plant-2\.jsonl:3: .*"培训"'):
        train(TrainConfig((corpus,), tmp_path / "model", recipe), log=quiet)
    assert not (tmp_path / "model").exists()


def test_each_segment_counts_once_whoever_labelled_it(tmp_path: Path) -> None:
    rows = [
        {"doc": "a", "i": 0, "text": "散会。", "function": "procedural", "annotator": name}
        for name in ("first", "second")
    ]
    file = tmp_path / "two.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    said: list[str] = []
    config = TrainConfig((file,), tmp_path / "model", schema=Schema.default())
    start = Start("e5-small-zh", tmp_path)
    material = read_material(config, start, Narrator(said.append))
    assert [row.annotator for row in material.data.rows] == ["first"]
    assert "1 further readings of the same segments by other annotators are not used" in said


def test_too_few_speeches_are_refused_at_once(recipe: Recipe, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", ["county-1", "plant-2"])
    with pytest.raises(DataError, match=r"too few: none is left for .*test"):
        train(TrainConfig((corpus,), tmp_path / "model", recipe), log=quiet)


def test_data_that_do_not_exist(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none: there is no such file or folder"):
        TrainConfig((tmp_path / "none",), tmp_path / "model")
    with pytest.raises(UsageError, match="no labelled data given"):
        TrainConfig((), tmp_path / "model")


def test_the_data_are_not_replaced_by_the_model(corpus: Path) -> None:
    with pytest.raises(UsageError, match="is the data, and would be replaced"):
        TrainConfig((corpus,), corpus)


def test_a_place_that_holds_other_things(recipe: Recipe, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work", "utf-8")
    with pytest.raises(UsageError, match="holds other things"):
        train(TrainConfig((corpus,), tmp_path, recipe), log=quiet)


def test_more_tokens_than_the_base_reads(recipe: Recipe, corpus: Path, tmp_path: Path) -> None:
    long = recipe.with_fit(max_tokens=65)
    with pytest.raises(UsageError, match="max_tokens is 65, but the base encoder reads at most 64"):
        train(TrainConfig((corpus,), tmp_path / "model", long), log=quiet)


def test_a_failed_measurement_leaves_no_model(
    recipe: Recipe, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("safetynlp.training.measure.evaluate", fail)
    config = TrainConfig((corpus,), tmp_path / "model", recipe)
    with pytest.raises(MemoryError):
        train(config, log=quiet)
    assert [file.name for file in tmp_path.iterdir()] == [".model.train"]  # what is learned is kept
    monkeypatch.undo()
    lines: list[str] = []
    train(replace(config, resume=True), log=lines.append)
    assert any(line.startswith("resumed in epoch 3") for line in lines)
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


def test_no_such_base(recipe: Recipe, corpus: Path, tmp_path: Path) -> None:
    other = replace(recipe, base="nobody/nothing")
    with pytest.raises(ModelError, match='"nobody/nothing": there is no such folder') as caught:
        train(TrainConfig((corpus,), tmp_path / "model", other), log=quiet)
    assert "\n" not in str(caught.value)


def test_hash_of_the_corpus() -> None:
    one = {"a/x.jsonl": "1", "a/y.jsonl": "2"}
    assert corpus_sha256(one) == corpus_sha256({"b/y.jsonl": "2", "b/x.jsonl": "1"})
    assert corpus_sha256(one) != corpus_sha256({"a/x.jsonl": "1", "a/z.jsonl": "2"})
