"""The model that ships: loads, agrees with its card, and says sensible things."""

from __future__ import annotations

import json

import pytest

from safetynlp import Analyzer, Classifier

SENTENCES = {
    "各乡镇要在汛期前组织一次山洪转移避险演练。": {
        "sector": {"flood_geohazard"},
        "responsibility": {"territorial"},
        "action": {"emergency_preparedness"},
        "function": {"directive"},
    },
    "交警部门要严查酒驾醉驾和货车超载。": {
        "sector": {"road_traffic"},
        "responsibility": {"departmental"},
        "action": {"illegal_crackdown"},
        "function": {"directive"},
    },
    "同志们：": {
        "sector": set(),
        "responsibility": set(),
        "action": set(),
        "function": {"procedural"},
    },
}


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.from_pretrained()


def test_labels_plain_sentences(classifier: Classifier) -> None:
    for text, expected in SENTENCES.items():
        labels = classifier.predict([text])[0].labels
        for facet, wanted in expected.items():
            found = set(labels[facet])
            assert wanted <= found if wanted else not found, (text, facet, found)


def test_long_enumeration_is_found_whole(classifier: Classifier) -> None:
    text = "要紧盯煤矿、危险化学品、建筑施工、道路交通、城镇燃气、消防、特种设备等重点领域。"
    assert set(classifier.predict([text])[0].labels["sector"]) >= {
        "coal_mining",
        "hazardous_chemicals",
        "construction",
        "road_traffic",
        "urban_gas",
        "fire_safety",
        "special_equipment",
    }


def test_labels_do_not_depend_on_neighbours(classifier: Classifier) -> None:
    texts = [*SENTENCES, "企业主要负责人是第一责任人，" * 20, "散会。"]
    together = classifier.predict(texts)
    for text, prediction in zip(texts, together, strict=True):
        alone = classifier.predict([text])[0]
        assert alone.labels == prediction.labels
        for facet, scores in alone.scores.items():
            assert scores == pytest.approx(prediction.scores[facet], abs=1e-4)


def test_metrics_belong_to_this_model(classifier: Classifier) -> None:
    metrics = json.loads((classifier.path / "metrics.json").read_text("utf-8"))
    assert metrics["model_sha256"] == classifier.sha256
    parts = metrics["corpus"]["speeches"]
    assert not set(parts["train"]) & (set(parts["validation"]) | set(parts["test"]))


def test_beats_the_baselines(classifier: Classifier) -> None:
    real = json.loads((classifier.path / "metrics.json").read_text("utf-8"))["real"]
    for facet, name in (
        ("sector", "f1_micro"),
        ("responsibility", "f1_micro"),
        ("action", "f1_micro"),
        ("function", "accuracy"),
    ):
        for baseline in ("keywords", "tfidf", "frozen_encoder"):
            ours, theirs = real["released"][facet][name], real[baseline][facet][name]
            assert ours["value"] > theirs["value"], (facet, baseline)


def test_analysis_is_the_same_every_time() -> None:
    text = "一、压实责任\n企业要落实主体责任，每月自查一次。\n散会。"
    first, second = (Analyzer.from_pretrained().analyze(text) for _ in range(2))
    assert first.segments == second.segments
    assert first.coverage() == second.coverage()
