from __future__ import annotations

from typing import Any

import pytest
from speeches import speech

from safetynlp.coverage import Coverage, cover
from safetynlp.errors import SchemaError, UsageError
from safetynlp.rubric import load_rubric
from safetynlp.schema import Schema

FIRE = ("要在6月底前查完高层住宅。", "directive", {"action": ("hazard_rectification",)})


def levels(coverage: Coverage) -> dict[str, int]:
    return {topic.id: topic.level for topic in coverage.topics if topic.level}


def schema_of(*labels: tuple[str, str]) -> Schema:
    facet = {
        "id": "sector",
        "name": {"zh": "领域", "en": "Field"},
        "kind": "multi",
        "labels": [{"id": id, "name": {"zh": zh, "en": id}} for id, zh in labels],
    }
    names = {"zh": "自有", "en": "Own"}
    return Schema.from_dict({"id": "own", "version": "1", "name": names, "facets": [facet]})


def test_every_sector_has_a_topic_in_the_order_of_the_schema() -> None:
    rubric, facet = load_rubric("sectors"), Schema.default().facet("sector")
    assert [topic.id.replace("-", "_") for topic in rubric.topics] == list(facet.label_ids)
    for topic, label in zip(rubric.topics, facet.labels, strict=True):
        assert topic.name == label.name
        assert topic.match.any_ is not None
        assert topic.match.any_[0].labels == {"sector": (label.id,)}
        assert topic.hints.bearer
        assert topic.hints.measure


@pytest.mark.parametrize(
    "wanted",
    [
        "消防,城镇燃气",
        "城镇燃气，消防，消防",
        "urban_gas; Fire Safety",
        ["消防", "urban_gas"],
        ("Urban gas", " 消防 "),
    ],
)
def test_sectors_are_named_by_id_or_name(wanted: Any) -> None:
    rubric = load_rubric("sectors", sectors=wanted)
    assert [topic.id for topic in rubric.topics] == ["urban-gas", "fire-safety"]
    assert all(topic.vital for topic in rubric.topics)
    assert rubric.version == "1+urban_gas+fire_safety"


def test_names_with_commas_of_their_own_stand_in_a_list() -> None:
    assert (
        load_rubric("sectors", sectors=["Rail, aviation and metro"]).topics[0].id == "rail-aviation"
    )


@pytest.mark.parametrize(
    ("wanted", "near"),
    [
        ("燃气", "城镇燃气（urban_gas）"),
        ("消防,危化品", "危险化学品与化工（hazardous_chemicals）"),
        ("电动自行车", "消防（fire_safety）"),
        ("urban-gas", "城镇燃气（urban_gas）"),
        ("交通", "道路交通（road_traffic）、水上交通与渔业船舶（water_fishery）、铁路民航"),
    ],
)
def test_an_unknown_sector_suggests_others(wanted: str, near: str) -> None:
    with pytest.raises(UsageError, match="Did you mean") as caught:
        load_rubric("sectors", sectors=wanted)
    assert near in caught.value.zh


@pytest.mark.parametrize("wanted", ["", " , ", [], ["Qx"]])
def test_sectors_that_name_none(wanted: Any) -> None:
    with pytest.raises(UsageError, match="safetynlp labels --facet sector"):
        load_rubric("sectors", sectors=wanted)


def test_other_rubrics_take_no_sectors() -> None:
    with pytest.raises(UsageError, match='only "sectors" takes them'):
        load_rubric("speech-structure", sectors="消防")


def test_a_sector_is_treated_where_it_is_named() -> None:
    text, function, labels = FIRE
    named = (text, function, labels | {"sector": ("fire_safety", "building_safety")})
    coverage = cover(speech(named), load_rubric("sectors", sectors="消防,城镇燃气"))
    assert levels(coverage) == {"fire-safety": 3}
    assert coverage.total == pytest.approx(0.8 / 2)
    assert "瓶装气" in next(topic.gap["zh"] for topic in coverage.topics if not topic.level)


@pytest.mark.parametrize(
    ("heading", "treated"),
    [
        ("（三）消防安全。", {"fire-safety"}),
        ("一、抓好消防工作", {"fire-safety"}),
        ("二是森林防火。", {"forest-fire"}),
        ("三是道路交通。", {"road-traffic"}),
        ("四是水上交通。", {"water-fishery"}),
        ("二、抓好消防、燃气、道路交通等重点领域", set()),
        ("消防和燃气", set()),
        ("一、压实责任", set()),
    ],
)
def test_a_sentence_under_the_heading_of_a_sector_counts(heading: str, treated: set[str]) -> None:
    coverage = cover(speech(FIRE, heading_path=(heading,)), load_rubric("sectors"))
    assert set(levels(coverage)) == treated


def test_a_schema_of_ones_own_decides_the_sectors() -> None:
    schema = schema_of(("fire_safety", "消防"), ("Sea Port", "海港"), ("渔", "渔业"))
    rubric = load_rubric("sectors", schema)
    assert [topic.id for topic in rubric.topics] == ["fire-safety", "sea-port", "sector-3"]
    assert rubric.topics[1].name.zh == "海港"
    assert "海港" in rubric.topics[1].hints.task.zh
    said = speech(("港区要排查。", "directive", {"sector": ("Sea Port",), "action": ("x",)}))
    assert levels(cover(said, rubric)) == {"sea-port": 2}
    assert load_rubric("sectors", schema, sectors="海港").version == "1+Sea Port"


def test_a_schema_without_sectors() -> None:
    data = schema_of(("a", "甲")).model_dump()
    data["facets"][0]["id"] = "place"
    with pytest.raises(SchemaError, match='no facet "sector"'):
        load_rubric("sectors", Schema.from_dict(data))
