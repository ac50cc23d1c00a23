# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

from mini import SPEECHES

from safetynlp.classifier import Classifier
from safetynlp.errors import DataError
from safetynlp.prediction import Prediction
from safetynlp.schema import Schema
from safetynlp.training import Recipe, TrainConfig, TrainResult, replay, train
from safetynlp.training.replay import (
    load_replay,
    released_corpus_path,
    restricted,
    shared_schema,
)

SCHEMA = Schema.default()


@pytest.fixture
def released(trained: TrainResult, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> TrainResult:
    """The model trained on the mini corpus stands for the released one."""
    monkeypatch.setattr(replay, "released_corpus_path", lambda: corpus)
    monkeypatch.setattr(replay, "released_model_path", lambda: trained.path)
    return trained


def changed_schema() -> Schema:
    """One label less in function, one more in action, no sector, a facet of its own."""
    data = SCHEMA.model_dump(mode="json")
    _, _, action, function = data["facets"]
    action["labels"].append({"id": "space_flight", "name": {"zh": "航天", "en": "Space"}})
    function["labels"] = [label for label in function["labels"] if label["id"] != "problem"]
    own = {**function, "id": "tone"}
    return Schema.from_dict({**data, "id": "own", "facets": [own, action, function]})


def test_the_released_corpus_is_found() -> None:
    assert (released_corpus_path() / "dept-01.jsonl").is_file()


def test_divided_as_the_released_model_was(released: TrainResult) -> None:
    found = load_replay(SCHEMA, 1.0, 0)
    for name, rows in (
        ("train", found.learn),
        ("validation", found.validation),
        ("test", found.test),
    ):
        assert {row.doc for row in rows} == set(released.docs[name])


def test_a_share_is_drawn(released: TrainResult) -> None:
    whole, half = load_replay(SCHEMA, 1.0, 0), load_replay(SCHEMA, 0.5, 0)
    assert len(half.learn) == round(0.5 * len(whole.learn))
    assert load_replay(SCHEMA, 0.5, 0) == half
    assert load_replay(SCHEMA, 0.5, 1).learn != half.learn
    none = load_replay(SCHEMA, 0.0, 0)
    assert (none.learn, none.validation, none.test) == ((), (), whole.test)


def test_new_labels_of_the_same_text_hold(released: TrainResult) -> None:
    doc = released.docs["train"][0]
    text = SPEECHES[doc][3][0]
    assert text not in {row.text for row in load_replay(SCHEMA, 1.0, 0, {text}).learn}


def test_rows_for_another_schema(released: TrainResult) -> None:
    found = load_replay(changed_schema(), 1.0, 0)
    for row in found.learn:
        assert set(row.labels) <= {"action", "function"}
        assert "action" in row.labels
        problem = "走了过场" in row.text or "还不到位" in row.text
        assert ("function" in row.labels) is not problem  # its only label is gone


def test_what_two_schemas_share() -> None:
    shared = shared_schema(changed_schema(), SCHEMA)
    assert shared is not None
    assert shared.facet_ids == ("action", "function")
    foreign = Schema.from_dict(
        {
            "id": "x",
            "version": "1",
            "name": {"zh": "x", "en": "x"},
            "facets": [
                {
                    "id": "action",
                    "kind": "multi",
                    "name": {"zh": "x", "en": "x"},
                    "labels": [{"id": "run", "name": {"zh": "跑", "en": "run"}}],
                }
            ],
        }
    )
    assert shared_schema(foreign, SCHEMA) is None  # the name alone says nothing


def test_predictions_of_shared_labels() -> None:
    schema = changed_schema()
    shared = shared_schema(schema, SCHEMA)
    assert shared is not None
    prediction = Prediction(
        {"sector": (), "action": ("technology",), "function": ("problem",)},
        {
            "sector": {},
            "action": {"technology": 0.9},
            "function": {"problem": 0.8, "situation": 0.2},
        },
    )
    found = restricted(prediction, shared)
    assert found.labels == {"action": ("technology",), "function": ()}
    assert found.scores["function"] == {"situation": 0.2}


def test_a_model_that_does_not_say_what_it_learned(
    released: TrainResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "released_model_path", lambda: tmp_path)
    with pytest.raises(DataError, match=r"does not say which speeches.*--no-replay"):
        load_replay(SCHEMA, 0.5, 0)


def test_no_corpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("safetynlp.__file__", str(tmp_path / "safetynlp" / "__init__.py"))
    with pytest.raises(DataError, match=r"the released corpus is not installed.*--no-replay"):
        released_corpus_path()


def write_new(folder: Path) -> Path:
    """Five speeches that know one label only: who learns from them alone forgets the others."""
    folder.mkdir()
    for seed, doc in enumerate(list(SPEECHES)[:5]):
        characters = [c for text, *_ in SPEECHES[doc] for c in text]
        random.Random(seed).shuffle(characters)  # else they would be copies of one another
        rows = [
            {"doc": f"new-{doc}", "i": n, "text": "".join(characters[10 * n :][:10]) + "年" * 4}
            | {"sector": [], "responsibility": [], "action": [], "function": "procedural"}
            for n in range(6)
        ]
        file = folder / f"new-{doc}.jsonl"
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return folder


def tuned(released: TrainResult, tmp_path: Path, share: float) -> TrainResult:
    recipe = Recipe(
        base=str(released.path),
        folds=2,
        replay=share,
        fit={"epochs": 8, "learning_rate": 3e-3, "batch_size": 8, "bf16": False, "patience": 0},
    )
    data = write_new(tmp_path / f"new-{share}")
    said: list[str] = []
    result = train(TrainConfig((data,), tmp_path / f"own-{share}", recipe), log=said.append)
    assert any(line.startswith("replay: ") for line in said) is (share > 0)
    return result


def test_what_was_known_is_kept(released: TrainResult, tmp_path: Path) -> None:
    def known(result: TrainResult, facet: str = "function") -> tuple[float, float]:
        assert result.released is not None
        before, after = (
            part[facet].figures for part in (result.released.before, result.released.after)
        )
        return before["accuracy"].value, after["accuracy"].value

    alone, together = (tuned(released, tmp_path, share) for share in (0.0, 1.0))
    before, forgotten = known(alone)
    same, kept = known(together)
    assert before == same
    assert kept > forgotten + 0.15
    assert kept >= before - 0.1
    for result in (alone, together):  # the new is learned either way
        assert result.cross_validation is not None
        assert result.cross_validation.after["function"].figures["accuracy"].value > 0.9
    metrics = json.loads((together.path / "metrics.json").read_text("utf-8"))
    assert metrics["training"]["replayed_segments"] > 0
    assert set(metrics["released_test"]) >= {"before", "after"}
    assert "before" in metrics["cross_validation"]
    card = (together.path / "README.md").read_text("utf-8")
    assert "Test speeches of the released corpus" in card
    assert "were trained on too" in card
    assert Classifier.from_pretrained(together.path).schema == SCHEMA
