from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from safetynlp.errors import SchemaError, UsageError
from safetynlp.lexicon import KeywordClassifier, Lexicon
from safetynlp.schema import Schema

SMALL = Schema.from_dict(
    {
        "id": "small",
        "version": "1",
        "name": {"zh": "小", "en": "Small"},
        "facets": [
            {
                "id": "topic",
                "name": {"zh": "主题", "en": "Topic"},
                "kind": "multi",
                "labels": [{"id": id, "name": {"zh": id, "en": id}} for id in ("gas", "fire")],
            },
            {
                "id": "tone",
                "name": {"zh": "语气", "en": "Tone"},
                "kind": "single",
                "labels": [{"id": id, "name": {"zh": id, "en": id}} for id in ("calm", "sharp")],
            },
        ],
    }
)


def hits(lexicon: Lexicon, text: str) -> list[float]:
    return [float(value) for value in lexicon.features([text])[0]]


def test_features_follow_the_columns_of_the_schema() -> None:
    lexicon = Lexicon(
        {"topic": {"fire": {"terms": ["火"]}}, "tone": {"calm": {"terms": ["稳"]}}}, SMALL
    )
    features = lexicon.features(["防火", "平稳", "无", "稳住火势"])
    assert features.shape == (4, lexicon.n_features) == (4, 4)
    assert features.dtype == "float32"
    assert features.tolist() == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0], [0, 1, 1, 0]]


def test_no_text_gives_no_row() -> None:
    assert Lexicon({}, SMALL).features([]).shape == (0, 4)


def test_book_titles_and_excluded_phrases_give_no_cue() -> None:
    lexicon = Lexicon({"topic": {"fire": {"terms": ["火"], "exclude": ["火车", "火热"]}}}, SMALL)
    assert hits(lexicon, "学习《消防防火规定》")[1] == 0
    assert hits(lexicon, "坐火车")[1] == 0
    assert hits(lexicon, "在火车上防火")[1] == 1


def test_an_excluded_phrase_does_not_join_its_neighbours() -> None:
    lexicon = Lexicon({"topic": {"gas": {"terms": ["燃气"], "exclude": ["料"]}}}, SMALL)
    assert hits(lexicon, "燃料气")[0] == 0


@pytest.mark.parametrize(
    ("facets", "message"),
    [
        ({"colour": {}}, 'lex: .*no facet "colour"'),
        ({"topic": {"water": {"terms": ["水"]}}}, 'lex: .*no label "water"'),
        ({"topic": {"gas": {"terms": ["("]}}}, r"lex: topic\.gas\.terms: not a regular expression"),
        ({"topic": {"gas": {"terms": "燃气"}}}, r"lex: topic\.gas\.terms: .*expected a list"),
        ({"topic": {"gas": {"terms": [7]}}}, r"lex: topic\.gas\.terms: .*expected a list"),
        ({"topic": {"gas": {"terms": [""]}}}, r"lex: topic\.gas\.terms: .*expected a list"),
        ({"topic": {"gas": {"term": ["燃气"]}}}, r"lex: topic\.gas: .*mapping with terms"),
        ({"topic": ["gas"]}, "lex: topic: .*mapping from label id"),
        (None, "lex: found 'None', expected a mapping"),
    ],
)
def test_faulty_lexicon_says_where(facets: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        Lexicon(facets, SMALL, source="lex")


@pytest.mark.parametrize("content", ["- a", "facets", "a: [", "other: {}"])
def test_file_that_is_no_lexicon(tmp_path: Path, content: str) -> None:
    file = tmp_path / "lex.yaml"
    file.write_text(content, "utf-8")
    with pytest.raises(SchemaError, match=r"lex\.yaml: cannot be read as a lexicon"):
        Lexicon.from_yaml(file, SMALL)


def test_lexicon_file_round_trip(tmp_path: Path) -> None:
    file = tmp_path / "lex.yaml"
    file.write_text("facets: {topic: {gas: {terms: [燃气]}}}", "utf-8")
    lexicon = Lexicon.from_yaml(file, SMALL)
    assert Lexicon(lexicon.to_dict(), SMALL).features(["用燃气"]).tolist() == [[1, 0, 0, 0]]


def test_default_lexicon_has_cues_for_every_label() -> None:
    entries = Lexicon.default().to_dict()
    schema = Schema.default()
    assert {facet: set(labels) for facet, labels in entries.items()} == {
        facet.id: set(facet.label_ids) for facet in schema.facets
    }


def test_keyword_classifier_labels_a_sentence() -> None:
    (prediction,) = KeywordClassifier().predict(["企业必须立即排查燃气隐患。"])
    assert prediction.labels == {
        "sector": ("urban_gas",),
        "responsibility": ("enterprise",),
        "action": ("hazard_rectification",),
        "function": ("directive",),
    }
    assert prediction.scores["sector"]["urban_gas"] == 1.0
    assert sum(prediction.scores["function"].values()) == 1.0


def test_keyword_classifier_with_another_schema() -> None:
    classifier = KeywordClassifier(Lexicon({"tone": {"sharp": {"terms": ["严"]}}}, SMALL))
    found = [p.labels["tone"] for p in classifier.predict(["严", "随意"])]
    assert found == [("sharp",), ("calm",)]  # without a cue the first label
    assert classifier.schema is SMALL


def test_one_string_is_no_list_of_texts() -> None:
    with pytest.raises(UsageError, match="found one string"):
        KeywordClassifier().predict("严禁酒驾。")
