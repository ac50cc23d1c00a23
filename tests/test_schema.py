from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from safetynlp.errors import SchemaError
from safetynlp.schema import Schema

# The tables of the annotation guide, in their order.
SECTORS = [
    "coal_mining",
    "non_coal_mining",
    "hazardous_chemicals",
    "fireworks_explosives",
    "industry_trade",
    "construction",
    "building_safety",
    "road_traffic",
    "water_fishery",
    "rail_aviation",
    "urban_gas",
    "fire_safety",
    "special_equipment",
    "power_utilities",
    "tourism_culture",
    "schools",
    "crowded_venues",
    "agriculture_rural",
    "forest_fire",
    "flood_geohazard",
    "food_health",
]
RESPONSIBILITIES = [
    "party_government",
    "departmental",
    "territorial",
    "enterprise",
    "enterprise_head",
    "frontline_staff",
]
ACTIONS = [
    "political_study",
    "special_campaign",
    "hazard_rectification",
    "risk_control",
    "law_enforcement",
    "illegal_crackdown",
    "supervision_assessment",
    "accountability",
    "emergency_preparedness",
    "duty_reporting",
    "monitoring_warning",
    "education_training",
    "institution_building",
    "technology",
    "engineering_investment",
    "team_building",
    "source_access",
    "coordination_participation",
]
FUNCTIONS = ["directive", "situation", "problem", "achievement", "rationale", "procedural"]


def small(**changes: Any) -> dict[str, Any]:
    """A schema of one facet with labels a and b, with ``changes`` to the facet."""
    labels = [{"id": id, "name": {"zh": zh, "en": id}} for id, zh in (("a", "甲"), ("b", "乙"))]
    facet = {"id": "f", "name": {"zh": "面", "en": "F"}, "kind": "multi", "labels": labels}
    return {
        "id": "small",
        "version": "1",
        "name": {"zh": "小", "en": "Small"},
        "facets": [facet | changes],
    }


def test_default_schema_is_the_annotation_guide() -> None:
    schema = Schema.default()
    assert [(facet.id, facet.kind) for facet in schema.facets] == [
        ("sector", "multi"),
        ("responsibility", "multi"),
        ("action", "multi"),
        ("function", "single"),
    ]
    assert [list(facet.label_ids) for facet in schema.facets] == [
        SECTORS,
        RESPONSIBILITIES,
        ACTIONS,
        FUNCTIONS,
    ]
    assert schema.facet("sector").label("urban_gas").name.get("zh") == "城镇燃气"


def test_every_label_has_names_and_definitions_in_both_languages() -> None:
    for facet in Schema.default().facets:
        for label in facet.labels:
            for names in (label.name, label.definition):
                assert names.zh.strip(), label.id
                assert names.en.strip(), label.id


@pytest.mark.parametrize(
    ("found", "suggested"),
    [
        ("fire_safty", ["fire_safety"]),  # a slip
        ("消防安全", ["fire_safety"]),  # the Chinese name and more
        ("矿业", ["coal_mining", "non_coal_mining"]),  # like two Chinese names
    ],
)
def test_unknown_label_names_the_nearest(found: str, suggested: list[str]) -> None:
    with pytest.raises(SchemaError, match=f'facet "sector" has no label "{found}"') as caught:
        Schema.default().facet("sector").label(found)
    for id in suggested:
        assert f"'{id}'" in caught.value.en
        assert id in caught.value.zh


@pytest.mark.parametrize("found", ["", "qqqq"])
def test_unknown_label_unlike_any_gets_no_suggestion(found: str) -> None:
    with pytest.raises(SchemaError, match="has no label") as caught:
        Schema.default().facet("sector").label(found)
    assert "Did you mean" not in caught.value.en
    assert "safetynlp labels" in caught.value.en


def test_unknown_facet_lists_the_known() -> None:
    with pytest.raises(SchemaError, match="sector, responsibility, action, function"):
        Schema.default().facet("topic")


def test_check_labels_accepts_rows_of_the_schema() -> None:
    Schema.default().check_labels({"sector": [], "action": ["technology"], "function": "problem"})


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"function": ["directive", "problem"]}, "exactly one label, found 2"),
        ({"function": []}, "exactly one label, found 0"),
        ({"sector": ["directive"]}, 'facet "sector" has no label "directive"'),
        ({"colour": ["red"]}, 'no facet "colour"'),
    ],
)
def test_check_labels_refuses_others(labels: dict[str, list[str]], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        Schema.default().check_labels(labels)


def test_own_schema_from_yaml(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(
        "\ufeffid: own\nversion: '2'\nname: {zh: 自有, en: Own}\nfacets:\n"
        "  - {id: f, name: {zh: 面, en: F}, kind: single,\n"
        "     labels: [{id: x, name: {zh: 某, en: X}}]}\n",
        "utf-8",
    )
    assert Schema.from_yaml(file).facet("f").label_ids == ("x",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (small(kind="many"), r"own: facets\.0\.kind: .*'multi' or 'single'"),
        (small(labels=[]), r"own: facets\.0\.labels: "),
        (small(color="red"), r"own: facets\.0\.color: "),
        (small(labels=small()["facets"][0]["labels"] * 2), 'facet "f": id given twice: a, b'),
        (small() | {"facets": small()["facets"] * 2}, "facets: id given twice: f"),
        ({"id": "x"}, "own: version: .*3 mistakes in all"),
    ],
)
def test_faulty_schema_says_where(data: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        Schema.from_dict(data, source="own")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [", "cannot be read as a schema"),
        (b"\xff\xfe\x00", "cannot be read as a schema"),
        (b"version: 2024-13-45", "cannot be read as a schema"),  # PyYAML takes it for a date
        (b"- a\n- b\n", "found list at the top level"),
        (b"", "found NoneType at the top level"),
    ],
)
def test_file_that_is_no_schema(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_bytes(content)
    with pytest.raises(SchemaError, match=message) as caught:
        Schema.from_yaml(file)
    assert str(file) in caught.value.en
    assert str(file) in caught.value.zh


def test_missing_schema_file(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="cannot be read"):
        Schema.from_yaml(tmp_path / "none.yaml")
