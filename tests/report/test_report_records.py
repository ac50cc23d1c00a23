"""Rows of segments and the object of a score, against its published JSON Schema."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import pytest

from safetynlp import Analysis, Coverage, SchemaError
from safetynlp.prediction import LabelledSegment, Prediction
from safetynlp.report import (
    score_record,
    score_text,
    segment_only_record,
    segment_record,
    to_jsonl,
)
from safetynlp.schema import Schema
from safetynlp.segment import Segment


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    text = (resources.files("safetynlp.report") / "score.schema.json").read_text("utf-8")
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def _segment(**labels: tuple[str, ...]) -> LabelledSegment:
    scores = {
        facet: {"fire_safety": 0.987654, "urban_gas": 1e-9, "directive": 2 / 3} for facet in labels
    }
    piece = Segment("严查燃气隐患。", 7, 14, ("一、安全",), 3, False)
    return LabelledSegment(piece, Prediction(labels, scores))


def test_row_of_a_segment_is_the_published_one() -> None:
    segment = _segment(sector=("fire_safety", "urban_gas"), action=(), function=("directive",))
    scores = {"fire_safety": 0.9877, "urban_gas": 0.0, "directive": 0.6667}
    record = segment_record("a.docx", 5, segment)
    assert record == {
        "doc": "a.docx",
        "i": 5,
        "start": 7,
        "end": 14,
        "text": "严查燃气隐患。",
        "heading_path": ["一、安全"],
        "sector": ["fire_safety", "urban_gas"],
        "action": [],
        "function": "directive",
        "scores": {"sector": scores, "action": scores, "function": scores},
    }
    assert list(record) == [
        "doc", "i", "start", "end", "text", "heading_path", "sector", "action", "function", "scores"
    ]  # fmt: skip


def test_facets_restrict_and_order_the_row() -> None:
    segment = _segment(sector=("fire_safety",), action=(), function=("directive",))
    record = segment_record("a", 0, segment, ["function", "sector"])
    assert list(record)[6:] == ["function", "sector", "scores"]
    assert list(record["scores"]) == ["function", "sector"]


def test_facet_that_was_not_labelled_is_an_error() -> None:
    with pytest.raises(SchemaError, match=r'no facet "colour".*sector, function') as caught:
        segment_record("a", 0, _segment(sector=(), function=("directive",)), ["colour"])
    assert "没有标注分面“colour”" in caught.value.zh


def test_own_schema_decides_which_facet_is_single() -> None:
    label = {"id": "directive", "name": {"zh": "要求", "en": "Directive"}}
    facet = {
        "id": "tone",
        "name": {"zh": "语气", "en": "Tone"},
        "kind": "single",
        "labels": [label],
    }
    own = Schema.from_dict({"id": "own", "version": "1", "name": label["name"], "facets": [facet]})
    segment = _segment(tone=("directive",))
    assert segment_record("a", 0, segment, schema=own)["tone"] == "directive"
    assert segment_record("a", 0, segment)["tone"] == ["directive"]


def test_row_of_a_segment_without_labels(analysis: Analysis) -> None:
    piece = analysis.segments[8].segment
    record = segment_only_record("x", 8, piece)
    assert record == {
        "doc": "x",
        "i": 8,
        "start": piece.start,
        "end": piece.end,
        "text": "（一）成绩来之不易",
        "heading_path": ["一、认清形势，时刻绷紧安全生产这根弦"],
        "paragraph": 6,
        "is_heading": True,
    }


def test_jsonl_is_one_readable_line_per_record(analysis: Analysis) -> None:
    records = [segment_record("讲话", n, s) for n, s in enumerate(analysis.segments)]
    text = to_jsonl(records)
    assert text.count("\n") == len(records) == len(analysis.segments)
    assert [json.loads(line) for line in text.splitlines()] == records
    assert "安全生产" in text
    assert to_jsonl([]) == ""


def test_score_fits_the_published_schema(
    analysis: Analysis, coverage: Coverage, validator: jsonschema.Draft202012Validator
) -> None:
    record = json.loads(json.dumps(score_record(analysis, coverage)))
    validator.validate(record)
    assert record["doc"] == "folder/speech.txt"
    assert record["rubric"] == "speech-structure"
    assert record["total"] == pytest.approx(coverage.total, abs=5e-5)
    assert record["audit"]["model"] == "keywords"
    assert [topic["id"] for topic in record["topics"]] == [topic.id for topic in coverage.topics]


def test_gaps_uncertainty_and_pmc_fit_the_schema_too(
    analysis: Analysis, validator: jsonschema.Draft202012Validator
) -> None:
    coverage = analysis.coverage(uncertain=True)
    record = json.loads(json.dumps(score_record(analysis, coverage, pmc=True)))
    validator.validate(record)
    assert [gap["id"] for gap in record["gaps"]] == [topic.id for topic in coverage.gaps]
    gains = [gap["gain"] for gap in record["gaps"]]
    assert gains == sorted(gains, reverse=True)
    for topic in record["topics"]:
        assert list(topic["gains"]) == [str(n) for n in range(topic["level"] + 1, 5)]
    assert record["uncertainty"]["low"] == record["uncertainty"]["high"] == record["total"]
    assert record["pmc"]["maximum"] == 7


def test_without_uncertainty_it_is_null(analysis: Analysis, coverage: Coverage) -> None:
    record = score_record(analysis, coverage)
    assert record["uncertainty"] is None
    assert "pmc" not in record


def test_a_doubt_is_told_with_its_label(
    analyze: Callable[[str], Analysis], validator: jsonschema.Draft202012Validator
) -> None:
    analysis = analyze("各企业每月要开展应急演练。")
    (segment,) = analysis.segments
    action = {**segment.scores["action"], "emergency_preparedness": 0.6}
    unsure = Prediction(segment.labels, {**segment.scores, "action": action})
    analysis = replace(analysis, segments=(LabelledSegment(segment.segment, unsure),))
    record = score_record(analysis, coverage := analysis.coverage(uncertain=True))
    validator.validate(record)
    (doubt,) = record["uncertainty"]["topics"]["st-18"]["doubts"]
    assert doubt == {
        "start": 0,
        "end": 13,
        "text": "各企业每月要开展应急演练。",
        "facet": "action",
        "label": "emergency_preparedness",
        "probability": 0.6,
        "given": True,
        "instead": None,
        "level": 1,
    }
    assert record["uncertainty"]["low"] < record["total"]
    text = score_text(analysis, coverage, "zh")
    assert re.search(r"st-18 应急准备 +请核对 「", text)
    assert "“应急准备与救援”的概率 0.60；若不是，则为 1 级" in text
    assert f"/ 100 [{100 * coverage.uncertainty.low:.1f}, " in text
    assert "look at this one" in score_text(analysis, coverage, "en")


def test_every_quote_stands_in_the_document(analysis: Analysis, coverage: Coverage) -> None:
    quotes = [q for t in score_record(analysis, coverage)["topics"] for q in t["quotes"]]
    assert len(quotes) > 50
    for quote in quotes:
        assert analysis.document.text[quote["start"] : quote["end"]] == quote["text"]


def test_labels_are_counted_for_every_label_of_the_schema(
    analysis: Analysis, coverage: Coverage
) -> None:
    counts = score_record(analysis, coverage)["labels"]
    assert {id: list(labels) for id, labels in counts.items()} == {
        facet.id: list(facet.label_ids) for facet in analysis.schema.facets
    }
    assert sum(counts["function"].values()) == len(analysis.segments)
    gas = sum("urban_gas" in segment.labels["sector"] for segment in analysis.segments)
    assert counts["sector"]["urban_gas"] == gas > 0
    assert counts["sector"]["rail_aviation"] == 0


def test_group_without_topics_has_null_and_reasons_are_given(
    nothing_applies: tuple[Analysis, Coverage], validator: jsonschema.Draft202012Validator
) -> None:
    record = score_record(*nothing_applies)
    validator.validate(record)
    assert {group["score"] for group in record["groups"]} == {None}
    assert record["topics"] == []
    assert len(record["not_applicable"]) == 16
    assert record["not_applicable"][1]["reason"]["zh"] == "不适用于企业"
    assert record["segments"] == 0


def _without_total(record: dict[str, Any]) -> None:
    del record["total"]


def _level_five(record: dict[str, Any]) -> None:
    record["topics"][0]["level"] = 5


def _stray_key(record: dict[str, Any]) -> None:
    record["audit"]["host"] = "pc"


def _empty_quote(record: dict[str, Any]) -> None:
    record["topics"][0]["quotes"][0]["elements"] = []


@pytest.mark.parametrize("spoil", [_without_total, _level_five, _stray_key, _empty_quote])
def test_schema_refuses_what_is_not_a_score(
    spoil: Any, analysis: Analysis, coverage: Coverage, validator: jsonschema.Draft202012Validator
) -> None:
    record = copy.deepcopy(score_record(analysis, coverage))
    spoil(record)
    assert not validator.is_valid(record)
