from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from toy_model import MAX_TOKENS_OF_TEXT, build_toy_model

from safetynlp import classifier as module
from safetynlp.classifier import Classifier, ModelSettings, released_model_path
from safetynlp.errors import ModelError, UsageError
from safetynlp.schema import Schema

SENTENCE = "企业必须排查火灾隐患。"
TEXTS = [
    SENTENCE,
    "同志们：",
    "",
    "去年发生多起事故；粉尘企业的风险很高，董事长要带头学习、打击违法。",
    "天" * 40,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_toy_model(tmp_path_factory.mktemp("models") / "toy")


@pytest.fixture(scope="module")
def classifier(folder: Path) -> Classifier:
    return Classifier.from_pretrained(folder)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A copy of the model folder, to be damaged."""
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def change_settings(folder: Path, **changes: object) -> Path:
    file = folder / "safetynlp.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changes), "utf-8")
    return folder


def columns(classifier: Classifier, facet: str) -> list[int]:
    return [n for n, (name, _) in enumerate(classifier.labels) if name == facet]


def test_probabilities_have_the_promised_form(classifier: Classifier) -> None:
    probabilities = classifier.predict_proba(TEXTS)
    assert probabilities.shape == (len(TEXTS), len(classifier.labels)) == (5, 51)
    assert probabilities.dtype == np.float32
    assert probabilities.min() >= 0
    assert probabilities.max() <= 1
    single = probabilities[:, columns(classifier, "function")]
    np.testing.assert_allclose(single.sum(axis=1), 1, atol=1e-5)


def test_columns_follow_labels(classifier: Classifier) -> None:
    schema = Schema.default()
    assert classifier.labels == tuple((f.id, id) for f in schema.facets for id in f.label_ids)
    row = classifier.predict_proba([SENTENCE])[0]
    high = {classifier.labels[n] for n in np.flatnonzero(row > 0.5)}
    assert high == {
        ("sector", "fire_safety"),
        ("responsibility", "enterprise"),
        ("action", "hazard_rectification"),
        ("function", "directive"),
    }


def test_predictions_follow_probabilities(classifier: Classifier) -> None:
    prediction = classifier.predict([SENTENCE])[0]
    row = classifier.predict_proba([SENTENCE])[0]
    scores = [prediction.scores[facet][id] for facet, id in classifier.labels]
    np.testing.assert_array_equal(np.float32(scores), row)
    assert prediction.labels == {
        "sector": ("fire_safety",),
        "responsibility": ("enterprise",),
        "action": ("hazard_rectification",),
        "function": ("directive",),
    }


def test_every_prediction_has_all_facets_and_one_function(classifier: Classifier) -> None:
    for prediction in classifier.predict(TEXTS):
        assert tuple(prediction.labels) == classifier.schema.facet_ids
        assert len(prediction.labels["function"]) == 1


def test_lexicon_input_reaches_the_network(classifier: Classifier) -> None:
    labelled, title = classifier.predict(["防止粉尘爆炸", "《粉尘防爆规定》"])
    assert labelled.labels["sector"] == ("industry_trade",)
    assert title.labels["sector"] == ()


def test_no_texts_and_an_empty_text(classifier: Classifier) -> None:
    assert classifier.predict([]) == []
    assert classifier.predict_proba([]).shape == (0, 51)
    (prediction,) = classifier.predict([""])
    assert prediction.labels["sector"] == ()
    assert prediction.labels["function"] == ("rationale",)


def test_one_string_is_no_list_of_texts(classifier: Classifier) -> None:
    with pytest.raises(UsageError, match=r"expected a list\. Write \[text\]"):
        classifier.predict("严禁酒驾。")


def test_repeated_texts_keep_their_places(classifier: Classifier) -> None:
    texts = [SENTENCE, "同志们", SENTENCE, "同志们", SENTENCE]
    probabilities = classifier.predict_proba(texts)
    alone = classifier.predict_proba([SENTENCE, "同志们"])
    np.testing.assert_array_equal(probabilities, alone[[0, 1, 0, 1, 0]])


def test_batching_does_not_matter(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*TEXTS, *(f"{'地' * n}要预警" for n in range(0, 150, 7))]
    together = classifier.predict_proba(texts)
    alone = np.concatenate([classifier.predict_proba([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    monkeypatch.setattr(module, "_TOKENS_PER_BATCH", 70)
    np.testing.assert_allclose(classifier.predict_proba(texts), together, atol=1e-6)


@pytest.mark.parametrize("length", [0, 1, 31, 32, 61, 62, 63, 91, 92, 93, 200, 1000])
def test_windows_cover_a_long_text(length: int) -> None:
    ids = [0, *range(10, 10 + length), 2]
    windows = list(module._windows(ids, 64))
    seen = {id for window in windows for id in window}
    assert seen == set(ids)
    for window in windows:
        assert len(window) <= 64
        assert (window[0], window[-1]) == (0, 2)
        inner = window[1:-1]
        assert inner == list(range(inner[0], inner[0] + len(inner))) if inner else not length
    assert len(windows) == 1 if length <= 62 else len(windows) > 1


@pytest.mark.parametrize("max_tokens", [8, 33, 34, 35, 40])
def test_windows_smaller_than_the_overlap(max_tokens: int) -> None:
    ids = [0, *range(10, 110), 2]
    windows = list(module._windows(ids, max_tokens))
    assert {id for window in windows for id in window} == set(ids)
    assert max(map(len, windows)) <= max_tokens


def test_batches_hold_every_window_once_within_the_bound() -> None:
    windows = [[1] * n for n in (700, 3, 40, 3000, 5, 41, 900, 3)]
    batches = list(module._batches(windows))
    assert sorted(n for batch in batches for n in batch) == list(range(len(windows)))
    for batch in batches:
        padded = len(batch) * max(len(windows[n]) for n in batch)
        assert padded <= module._TOKENS_PER_BATCH or len(batch) == 1


def test_labels_of_all_windows_are_joined(classifier: Classifier) -> None:
    filler = "天" * (3 * MAX_TOKENS_OF_TEXT)
    text = f"矿山{filler}燃气{filler}学校严禁"
    (prediction,) = classifier.predict([text])
    assert prediction.labels["sector"] == (
        "coal_mining",
        "non_coal_mining",
        "urban_gas",
        "schools",
    )
    assert prediction.labels["function"] == ("directive",)
    parts = classifier.predict_proba(["矿山", "燃气", "学校严禁"])
    sectors = columns(classifier, "sector")
    np.testing.assert_allclose(
        classifier.predict_proba([text])[0, sectors], parts[:, sectors].max(axis=0), atol=1e-6
    )


def test_thresholds_are_per_label(copy: Path) -> None:
    thresholds = json.loads((copy / "safetynlp.json").read_text("utf-8"))["thresholds"]
    thresholds["sector"]["fire_safety"] = 0.999  # above what the word gives: 0.982
    thresholds["sector"]["schools"] = 0.01  # below what no word gives: 0.018
    classifier = Classifier.from_pretrained(change_settings(copy, thresholds=thresholds))
    fire, gas = classifier.predict(["火灾", "燃气"])
    assert fire.labels["sector"] == ("schools",)
    assert gas.labels["sector"] == ("urban_gas", "schools")


def test_threshold_argument_overrides_them(classifier: Classifier) -> None:
    low = classifier.predict([SENTENCE], threshold=0.01)[0]
    high = classifier.predict([SENTENCE], threshold=0.99)[0]
    assert low.labels["sector"] == classifier.schema.facet("sector").label_ids
    assert high.labels["sector"] == ()
    assert low.labels["function"] == high.labels["function"] == ("directive",)
    assert low.scores == high.scores


@pytest.mark.parametrize("threshold", [0, 1, -0.5, 1.5, float("nan")])
def test_threshold_out_of_range(classifier: Classifier, threshold: float) -> None:
    with pytest.raises(UsageError, match="expected a number between 0 and 1"):
        classifier.predict([SENTENCE], threshold=threshold)


def test_calibration_is_applied(copy: Path) -> None:
    calibration = json.loads((copy / "safetynlp.json").read_text("utf-8"))["calibration"]
    calibration |= {"sector": [0.5, -1.0], "function": [2.0, 0.0]}
    classifier = Classifier.from_pretrained(change_settings(copy, calibration=calibration))
    scores = classifier.predict(["火灾必须"])[0].scores
    assert scores["sector"]["fire_safety"] == pytest.approx(1 / (1 + np.exp(-(0.5 * 4 - 1))))
    assert scores["action"]["technology"] == pytest.approx(1 / (1 + np.exp(4)))
    logits = np.array([4, -4, -4, -4, -3, -4])
    expected = np.exp(2 * logits) / np.exp(2 * logits).sum()
    assert list(scores["function"].values()) == pytest.approx(list(expected), rel=1e-4)


def test_own_schema(tmp_path: Path) -> None:
    labels = [{"id": id, "name": {"zh": zh, "en": id}} for id, zh in (("x", "甲(1)"), ("y", "乙"))]
    facet = {"id": "f", "name": {"zh": "面", "en": "F"}, "kind": "multi", "labels": labels}
    data = {"id": "own", "version": "1", "name": {"zh": "自", "en": "O"}, "facets": [facet]}
    classifier = Classifier.from_pretrained(build_toy_model(tmp_path / "m", Schema.from_dict(data)))
    found = [p.labels["f"] for p in classifier.predict(["甲(1)和乙", "丙"])]
    assert found == [("x", "y"), ()]


def test_settings_round_trip(folder: Path) -> None:
    text = (folder / "safetynlp.json").read_text("utf-8")
    settings = ModelSettings.from_json(text, "here")
    assert settings.to_json() == text
    assert settings.name == "toy"


def test_save_pretrained_round_trip(classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for target in (tmp_path / "new" / "deep", tmp_path / "empty"):
        classifier.save_pretrained(target)
        loaded = Classifier.from_pretrained(target, num_threads=1)
        assert loaded.sha256 == classifier.sha256
        np.testing.assert_array_equal(loaded.predict_proba(TEXTS), classifier.predict_proba(TEXTS))


def test_save_pretrained_overwrites_nothing(classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep", "utf-8")
    with pytest.raises(ModelError, match="not empty"):
        classifier.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="cannot be written"):
        classifier.save_pretrained(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_hash_tells_models_apart(classifier: Classifier, copy: Path) -> None:
    other = Classifier.from_pretrained(change_settings(copy, name="other"))
    assert len(other.sha256) == 64
    assert other.sha256 != classifier.sha256
    assert other.name == "other"


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.onnx", "safetynlp.json"])
def test_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ModelError, match=f"not a complete model folder: {name} missing"):
        Classifier.from_pretrained(copy)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no such folder"):
        Classifier.from_pretrained(tmp_path / "none")


@pytest.mark.parametrize("name", ["tokenizer.json", "model.onnx", "safetynlp.json"])
@pytest.mark.parametrize("keep", [0, 0.5])
def test_truncated_file(copy: Path, name: str, keep: float) -> None:
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(ModelError, match=r"cannot be loaded|not the settings") as caught:
        Classifier.from_pretrained(copy)
    assert str(copy) in caught.value.en
    assert str(copy) in caught.value.zh


def test_newer_format_version(copy: Path) -> None:
    with pytest.raises(ModelError, match=r"format_version 2, this safetynlp reads 1\. Update"):
        Classifier.from_pretrained(change_settings(copy, format_version=2))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_tokens": 3}, "max_tokens is 3, expected at least 8"),
        ({"max_tokens": None}, "not the settings"),
        ({"thresholds": {}}, "not the settings"),
        ({"calibration": {"sector": [1]}}, "not the settings"),
        ({"schema": {"id": "x"}}, "not the settings"),
        ({"lexicon": {"sector": {"nonsense": {"terms": ["x"]}}}}, "no label"),
        ({"lexicon": {"sector": {"schools": {"terms": ["("]}}}}, "regular expression"),
        ({"lexicon": []}, "not the settings"),
    ],
)
def test_faulty_settings(copy: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Classifier.from_pretrained(change_settings(copy, **changes))


def test_settings_that_are_no_object(copy: Path) -> None:
    (copy / "safetynlp.json").write_text("[1]", "utf-8")
    with pytest.raises(ModelError, match="not the settings of a safetynlp model"):
        Classifier.from_pretrained(copy)


@pytest.mark.parametrize(
    "changes",
    [
        {"thresholds": {"sector": {"schools": 1.2}}},
        {"calibration": {"sector": (float("inf"), 0.0)}},
    ],
)
def test_settings_are_checked_at_birth(
    classifier: Classifier, changes: dict[str, dict[str, object]]
) -> None:
    with pytest.raises(ModelError, match="expected"):
        dataclasses.replace(classifier.settings, **changes)


def small_schema() -> Schema:
    full = Schema.default()
    return full.model_copy(update={"facets": full.facets[:1]})


def rename_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = model.graph.node[-1].output[0] = "scores"


def poison(model: onnx.ModelProto) -> None:
    table = next(entry for entry in model.graph.initializer if entry.name == "table")
    values = onnx.numpy_helper.to_array(table).copy()
    values[4:] = np.inf  # every word, no end mark
    table.CopyFrom(onnx.numpy_helper.from_array(values, "table"))


def edit_network(folder: Path, edit: Callable[[onnx.ModelProto], None]) -> Path:
    model = onnx.load(str(folder / "model.onnx"))
    edit(model)
    onnx.save(model, str(folder / "model.onnx"))
    return folder


def test_network_of_another_schema(copy: Path, tmp_path: Path) -> None:
    other = build_toy_model(tmp_path / "other", small_schema())
    shutil.copy(other / "model.onnx", copy / "model.onnx")
    with pytest.raises(ModelError, match=r"do not belong to one model.*51 columns") as caught:
        Classifier.from_pretrained(copy)
    assert "\n" not in caught.value.en


def test_tokenizer_with_more_tokens_than_the_network(copy: Path, tmp_path: Path) -> None:
    other = build_toy_model(tmp_path / "other", small_schema())
    for name in ("model.onnx", "safetynlp.json"):
        shutil.copy(other / name, tmp_path / name)
    shutil.copy(copy / "tokenizer.json", other / "tokenizer.json")
    with pytest.raises(ModelError, match=r"do not belong to one model: model\.onnx fails"):
        Classifier.from_pretrained(other)


def test_tokenizer_without_end_marks(copy: Path) -> None:
    data = json.loads((copy / "tokenizer.json").read_text("utf-8"))
    data["post_processor"] = None
    (copy / "tokenizer.json").write_text(json.dumps(data), "utf-8")
    with pytest.raises(ModelError, match="puts 0 marks around a text, not 2"):
        Classifier.from_pretrained(copy)


def test_network_with_another_output(copy: Path) -> None:
    with pytest.raises(ModelError, match=r"do not belong to one model: model\.onnx fails"):
        Classifier.from_pretrained(edit_network(copy, rename_output))


def test_network_that_gives_no_numbers(copy: Path) -> None:
    classifier = Classifier.from_pretrained(edit_network(copy, poison))
    assert classifier.predict(["平安"])[0].labels["sector"] == ()
    with pytest.raises(ModelError, match="not numbers"):
        classifier.predict(["平安", "火灾"])


def test_number_of_threads(folder: Path) -> None:
    assert Classifier.from_pretrained(folder, num_threads=1).predict(["火灾"])
    with pytest.raises(UsageError, match="expected at least 1"):
        Classifier.from_pretrained(folder, num_threads=0)


def test_released_model_is_looked_for_in_two_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "safetynlp"
    package.mkdir()
    monkeypatch.setattr(module, "__file__", str(package / "classifier.py"))
    with pytest.raises(ModelError, match="the released model is not installed") as caught:
        Classifier.from_pretrained()
    assert str(package / "released") in caught.value.en
    checkout = build_toy_model(tmp_path / "models" / "safetynlp-base")
    assert released_model_path() == checkout
    installed = build_toy_model(package / "released")  # a wheel's own model comes first
    assert released_model_path() == installed
    assert Classifier.from_pretrained().path == installed
