from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from test_rubric_extends import BASE, HEAD, NEW_TOPIC, TEN

from safetynlp.rubric import available_rubrics
from safetynlp.rubric_schema import rubric_schema

VALIDATOR = Draft202012Validator(rubric_schema())
RUBRICS = resources.files("safetynlp") / "rubrics"


def problems(text: str) -> list[str]:
    data = yaml.safe_load(text.replace("off:", '"off":'))  # a truth value to YAML 1.1 alone
    return [error.message for error in VALIDATOR.iter_errors(data)]


def test_the_schema_in_the_package_is_up_to_date() -> None:
    published = json.loads((RUBRICS / "rubric.schema.json").read_text("utf-8"))
    assert published == rubric_schema(), (
        "run: safetynlp rubrics --json-schema > safetynlp/rubrics/rubric.schema.json"
    )


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(rubric_schema())


@pytest.mark.parametrize("name", available_rubrics())
def test_packaged_rubrics_keep_to_it(name: str) -> None:
    assert problems((RUBRICS / f"{name}.yaml").read_text("utf-8")) == []


def test_files_that_extend_others_give_only_what_changes() -> None:
    change = "  - {id: st-03, hints: {measure: {zh: 数, en: figures}}}\n"
    assert problems(f"{HEAD}off: [st-03]\ntopics:\n{change}{NEW_TOPIC}") == []
    assert any("'id' is a required" in p for p in problems(f"{HEAD}topics:\n  - {{weight: 1}}\n"))
    assert any(
        "'topics' is a required" in p for p in problems(HEAD.replace("extends: base.yaml", ""))
    )


def test_mistakes_of_shape_are_found() -> None:
    found = "\n".join(problems(TEN))
    for part in (
        "'Own Rubric' does not match",
        "'checked' is not one of",
        "vitl",
        "[13] is not valid",
    ):
        assert part in found, found


def test_one_value_may_stand_without_brackets() -> None:
    assert problems(BASE) == []
    assert problems(BASE.replace("{cues: 宣传}", "{cues: [], months: 6}"))


def test_editors_learn_the_meaning_of_every_key_and_the_labels() -> None:
    parts: dict[str, dict[str, Any]] = rubric_schema()["$defs"]
    for part in parts.values():
        assert part["description"]
        assert all(" / " in value["description"] for value in part["properties"].values())
    labels = parts["Rule"]["properties"]["labels"]["anyOf"][0]["properties"]
    assert "urban_gas" in json.dumps(labels["sector"])
    own = BASE.replace("{cues: 宣传}", "{labels: {place: [sea], sector: port}}")
    assert problems(own) == []  # labels of another schema
