"""Rubrics that extend others, and files with many mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from speeches import speech

from safetynlp.coverage import cover
from safetynlp.errors import RubricError
from safetynlp.rubric import MAX_EXTENDS, Rubric, load_rubric

BASE = """\
id: base
version: "3"
name: {zh: 基础, en: Base}
source: {clause: 自拟, status: memory}
weights: {vital: 5}
documents: 甲方案
valid_from: "2024-01"
groups:
  - {id: g, name: {zh: 组, en: Group}, weight: 1}
  - {id: h, name: {zh: 另, en: Other}, weight: 1}
topics:
  - id: t-1
    name: {zh: 值班, en: Watch}
    group: g
    vital: true
    source: {clause: 自拟, status: memory}
    match: {cues: 值班}
    exclude: {cues: 刚才}
    hints: {task: {zh: 要求值班, en: ask for a watch}}
  - id: t-2
    name: {zh: 演练, en: Drill}
    group: g
    source: {clause: 自拟, status: memory}
    match: {labels: {action: emergency_preparedness}, cues: 演练}
    hints: {task: {zh: 要求演练, en: ask for drills}}
  - id: t-3
    name: {zh: 宣传, en: Publicity}
    group: h
    source: {clause: 自拟, status: memory}
    match: {cues: 宣传}
    hints: {task: {zh: 要求宣传, en: ask for publicity}}
"""
HEAD = 'extends: base.yaml\nid: own\nversion: "1"\nname: {zh: 自有, en: Own}\n'
NEW_TOPIC = """\
  - id: n-1
    name: {zh: 湖区, en: Lake}
    group: lake
    source: {clause: 自拟, status: memory}
    match: {cues: 湖区}
    hints: {task: {zh: 讲湖区, en: the lake}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE, "utf-8")
    return tmp_path


def own(folder: Path, changes: str = "", head: str = HEAD) -> Rubric:
    (folder / "own.yaml").write_text(head + changes, "utf-8")
    return load_rubric(folder / "own.yaml")


def mistakes(folder: Path, changes: str = "", head: str = HEAD) -> list[tuple[int, str]]:
    """Line and message of each mistake; the Chinese message has the same lines."""
    with pytest.raises(RubricError) as caught:
        own(folder, changes, head)
    source = folder / "own.yaml"
    found = []
    for en, zh in zip(caught.value.en.splitlines(), caught.value.zh.splitlines(), strict=True):
        line, _, message = en.removeprefix(f"{source}:").partition(": ")
        assert zh.startswith(f"{source}:{line}：")
        found.append((int(line), message))
    return found


# what a file inherits, and what it changes


def test_all_is_inherited_but_id_version_and_name(folder: Path) -> None:
    base, rubric = load_rubric(folder / "base.yaml"), own(folder)
    assert rubric.topics == base.topics
    assert rubric.groups == base.groups
    assert (rubric.id, rubric.name.zh, rubric.source) == ("own", "自有", base.source)
    assert (rubric.weights, rubric.documents, rubric.valid_from) == (
        base.weights,
        ("甲方案",),
        "2024-01",
    )


def test_the_version_tells_of_the_rubric_that_was_extended(folder: Path) -> None:
    assert own(folder).version == "1+base-3"
    text = HEAD.replace("base.yaml", "own.yaml").replace("id: own", "id: third")
    (folder / "third.yaml").write_text(text, "utf-8")
    assert load_rubric(folder / "third.yaml").version == "1+own-1+base-3"


def test_a_packaged_rubric_is_extended_by_its_id(folder: Path) -> None:
    rubric = own(folder, "off: [st-03]\n", HEAD.replace("base.yaml", "speech-structure"))
    packaged = load_rubric("speech-structure")
    assert rubric.topics == tuple(topic for topic in packaged.topics if topic.id != "st-03")
    assert rubric.version == f"1+speech-structure-{packaged.version}"


def test_topics_and_whole_groups_are_switched_off(folder: Path) -> None:
    rubric = own(folder, "off: [t-1, h]\n")
    assert [topic.id for topic in rubric.topics] == ["t-2"]
    assert [group.id for group in rubric.groups] == ["g"]  # none of h is left


def test_off_is_a_key_although_yaml_calls_it_a_truth_value(folder: Path) -> None:
    rubric = own(folder, "off: [t-1]\nsource: {clause: No, status: memory}\n")
    assert rubric.source.clause == "No"


def test_a_topic_changes_in_the_keys_given(folder: Path) -> None:
    change = "{id: t-1, weight: 4, vital: false, group: h, exclude: null}"
    rubric = own(folder, f"topics:\n  - {change}\n")
    before, after = load_rubric(folder / "base.yaml").topics[0], rubric.topics[0]
    assert (after.weight, after.vital, after.group, after.exclude) == (4, False, "h", None)
    assert (after.name, after.match, after.hints) == (before.name, before.match, before.hints)
    assert rubric.topics[1:] == load_rubric(folder / "base.yaml").topics[1:]


def test_a_match_rule_is_replaced_and_hints_are_changed_by_key(folder: Path) -> None:
    change = "{id: t-2, match: {cues: 桌面推演}, hints: {bearer: {zh: 镇, en: towns}}}"
    topic = own(folder, f"topics:\n  - {change}\n").topics[1]
    assert topic.match.labels is None
    assert topic.match.cues == ("桌面推演",)
    assert topic.hints.task.zh == "要求演练"
    assert topic.hints.bearer is not None


def test_weights_and_groups_change_in_the_keys_given(folder: Path) -> None:
    rubric = own(folder, "weights: {ok: 2}\ngroups:\n  - {id: h, weight: 0.5}\n")
    assert (rubric.weights.vital, rubric.weights.ok) == (5, 2)
    assert [(g.id, g.name.zh, g.weight) for g in rubric.groups] == [
        ("g", "组", 1),
        ("h", "另", 0.5),
    ]


def test_new_groups_topics_and_documents_are_added(folder: Path) -> None:
    group = "groups:\n  - {id: lake, name: {zh: 湖, en: Lake}, weight: 2}\n"
    rubric = own(folder, f"documents: 乙方案\n{group}topics:\n{NEW_TOPIC}")
    assert [topic.id for topic in rubric.topics] == ["t-1", "t-2", "t-3", "n-1"]
    assert [group.id for group in rubric.groups] == ["g", "h", "lake"]
    assert rubric.documents == ("甲方案", "乙方案")


def test_a_file_in_another_folder_is_found_from_the_file_itself(folder: Path) -> None:
    (folder / "sub").mkdir()
    assert own(folder / "sub", head=HEAD.replace("base.yaml", "../base.yaml")).topics


def test_what_was_inherited_is_written_out_as_data(folder: Path) -> None:
    rubric = own(folder, "off: [t-1]\n")
    assert Rubric.model_validate(rubric.to_dict()) == rubric


def test_a_speech_is_scored_by_the_changes(folder: Path) -> None:
    said = speech(("领导要在岗值班。", "directive", {"action": ("duty_reporting",)}))
    rubric = own(folder, "off: [t-2, t-3]\n")
    assert cover(said, rubric).topics[0].level == 2
    assert cover(said, rubric).rubric_version == "1+base-3"


def test_merged_mappings_of_yaml_are_no_keys_given_twice(folder: Path) -> None:
    topics = "topics:\n  - &a {id: t-1, weight: 2, vital: false}\n  - {<<: *a, id: t-2}\n"
    assert [topic.weight for topic in own(folder, topics).topics] == [2, 2, None]


# mistakes of extending


@pytest.mark.parametrize(
    ("changes", "line", "message"),
    [
        ("off: [t-9]", 5, '"base" has no topic or group "t-9" to switch off. Did you mean'),
        ("off: t-1", 5, '"off": found \'t-1\', expected a list'),
        ("off: [1]", 5, '"off": found [1], expected a list'),
        ("off: [g, h]", 5, "switches off every topic"),
        ("off: [t-1]\ntopics:\n  - {id: t-1, weight: 2}", 7, "switched off"),
        ("off: [h]\ngroups:\n  - {id: h, weight: 2}", 7, "switched off"),
        ("topics:\n  - {id: t-1, weight: 0}", 6, "topic t-1: \"weight\": found 0, expected at least"),
        ("topics:\n  - {id: t-1, group: gg}", 6, "topic t-1: no group \"gg\". Did you mean 'g'"),
        ("topics:\n  - {id: t-1, valid_from: 2024-05, valid_until: 2024-04}", 6, "topic t-1: ends"),
        ("topics:\n  - {id: t-3, match: {cues: /(/}}", 6, "topic t-3: /(/ is not a regular"),
        ("topics:\n  - {id: t-3, vital: true}\n  - {id: t-3, weight: 1}", 7, "taken by entry 1"),
        ("documents: [乙, /(/]", 5, "/(/ is not a regular"),
        ("documents: 3", 5, '"documents": found 3, expected a text'),
        ("topics: 3", 5, '"topics": found 3, expected a list'),
        ("valid_until: 2023-05", 5, "ends (2023-05) before it begins (2024-01)"),
        ("topics:\n  - 7", 6, "topic #1: \"topics\": found 7, expected a mapping with"),
        ("topics:\n  - {id: t-3, group: [g]}", 6, "topic t-3: \"group\": found ['g']"),
        ("topics:\n  - {id: [t], weight: 1}", 6, '"id": found'),
    ],
)  # fmt: skip
def test_mistakes_of_changes_have_their_own_line(
    folder: Path, changes: str, line: int, message: str
) -> None:
    found = mistakes(folder, changes + "\n")
    assert found[0][0] == line
    assert any(message in text for _, text in found)
    assert len(found) == 1 or "{id: [t]" in changes  # then the rest of the topic is missing too


def test_a_new_topic_must_be_whole(folder: Path) -> None:
    found = mistakes(folder, "topics:\n  - {id: n-1, group: g}\n")
    assert {line for line, _ in found} == {6}
    assert [text.split('"')[1] for _, text in found] == ["name", "source", "match", "hints"]


def test_id_version_and_name_are_asked_for(folder: Path) -> None:
    assert [text for _, text in mistakes(folder, head="extends: base.yaml\n")] == [
        f'key "{key}" is missing. Add it.' for key in ("id", "version", "name")
    ]
    assert (
        "is that of the rubric it extends"
        in mistakes(folder, head=HEAD.replace("own", "base"))[0][1]
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("speech-struture", "Did you mean 'speech-structure'"),
        ("nowhere.yaml", "neither an id nor a file"),
        ("3", "expected the id of a rubric"),
        ("[base.yaml]", "expected the id of a rubric"),
        ("''", "expected the id of a rubric"),
    ],
)
def test_a_base_that_does_not_exist(folder: Path, name: str, message: str) -> None:
    (line, text), *others = mistakes(folder, head=HEAD.replace("base.yaml", name))
    assert (line, others) == (1, [])
    assert message in text


def test_off_without_extends(folder: Path) -> None:
    (folder / "own.yaml").write_text(BASE + "off: [t-1]\n", "utf-8")
    with pytest.raises(RubricError, match='Name one with "extends"'):
        load_rubric(folder / "own.yaml")


def test_files_that_extend_one_another_in_a_circle(folder: Path) -> None:
    (folder / "base.yaml").write_text(HEAD.replace("base.yaml", "own.yaml"), "utf-8")
    with pytest.raises(RubricError) as caught:
        own(folder)
    first, second = caught.value.en.splitlines()
    assert first.startswith(f"{folder}/base.yaml:1: ")
    assert "own.yaml → base.yaml → own.yaml" in first
    assert second.startswith(f"{folder}/own.yaml:1: ")
    with pytest.raises(RubricError, match=r"own\.yaml → own\.yaml"):
        own(folder, head=HEAD.replace("base.yaml", "own.yaml"))


def test_too_many_files_in_a_row(folder: Path) -> None:
    for n in range(MAX_EXTENDS):
        head = HEAD.replace("base.yaml", f"r{n - 1}.yaml" if n else "base.yaml")
        (folder / f"r{n}.yaml").write_text(head.replace("id: own", f"id: r{n}"), "utf-8")
    assert len(load_rubric(folder / f"r{MAX_EXTENDS - 1}.yaml").topics) == 3
    with pytest.raises(RubricError, match=f"at most {MAX_EXTENDS}"):
        own(folder, head=HEAD.replace("base.yaml", f"r{MAX_EXTENDS - 1}.yaml"))


def test_mistakes_of_the_base_are_told_in_its_own_file(folder: Path) -> None:
    (folder / "base.yaml").write_text(BASE.replace("vital: true", "vital: 必备"), "utf-8")
    with pytest.raises(RubricError) as caught:
        own(folder)
    first, second = caught.value.en.splitlines()
    assert first.startswith(
        f"{folder}/base.yaml:15: topic t-1: \"vital\": found '必备', expected true"
    )
    assert second.startswith(f'{folder}/own.yaml:1: extends "base.yaml", from which')


# ten kinds of mistakes in one file


TEN = """\
id: Own Rubric
version: 1
name: {zh: 自有, en: Own}
source: {clause: 自拟, status: checked}
valid_from: 2024-06
valid_until: 2024-05
documents: [/甲(/]
groups:
  - {id: g, name: {zh: 组, en: Group}, weight: -1}
topics:
  - id: t-1
    name: {zh: 值班, en: Watch}
    group: gg
    vitl: true
    source: {clause: 自拟, status: memory}
    match:
      any:
        - labels: {action: duty_report}
        - labels: {acton: duty_reporting}
        - cues: /(?:值班|值班值守|值守)*到位/
        - cues: /(?:值班)?/
        - {}
    hints: {task: {zh: 要求值班, en: ask for a watch}}
  - id: t-1
    group: g
    kind: wish
    months: [13]
    kind: demand
    source: {clause: 自拟, status: memory}
    match: {cues: 演练}
    hints: {task: {zh: 要求演练, en: ask for drills}}
"""
EXPECTED = [
    (1, "lower-case letters"),
    (2, "put it in quotes"),
    (4, "'verified' or 'memory'"),
    (6, "before it begins"),
    (7, "is not a regular expression"),
    (9, 'group g: "weight": found -1, expected at least 0.001'),
    (13, "topic t-1: no group \"gg\". Did you mean 'g'?"),
    (14, "unknown key \"vitl\". Did you mean 'vital'?"),
    (18, "no label \"duty_report\". Did you mean 'duty_reporting'"),
    (19, "no facet \"acton\". Did you mean 'action'"),
    (20, "in several ways"),
    (21, "matches the empty text"),
    (22, "the rule is empty"),
    (24, 'id "t-1" is taken by entry 1'),
    (24, 'key "name" is missing'),
    (27, '"months": found 13, expected at most 12'),
    (28, 'key "kind" is given twice'),
]


def test_ten_kinds_of_mistakes_are_ten_clear_errors(folder: Path) -> None:
    found = mistakes(folder, head=TEN)
    assert [line for line, _ in found] == [line for line, _ in EXPECTED]
    for line, message in EXPECTED:
        assert any(message in text for at, text in found if at == line), message
    assert len(EXPECTED) > 10


def test_a_number_of_repetitions_that_python_cannot_count(folder: Path) -> None:
    changes = "topics:\n  - {id: t-1, match: {cues: '/甲{99999999999}/'}}\n"
    assert "is not a regular expression" in mistakes(folder, changes)[0][1]
    changes = "topics:\n  - {id: t-1, match: {heading: '/[[甲]/'}}\n"
    assert "is not a regular expression" in mistakes(folder, changes)[0][1]


def test_a_rule_that_contains_itself(folder: Path) -> None:
    with pytest.raises(RubricError, match="contains itself"):
        own(folder, "topics:\n  - {id: t-1, match: &m {not: *m}}\n")
