from __future__ import annotations

import time
from pathlib import Path

import pytest
from speeches import speech

from safetynlp.errors import RubricError
from safetynlp.evidence import view
from safetynlp.rubric import Rubric, available_rubrics, load_rubric
from safetynlp.schema import Schema

# Requirements: number → (vital, name); "st-27" is vital only with a known date.
STRUCTURE_BONUS = {1, 3, 5, 6, 16, 19, 22, 23, 24, 28, 29}
FIFTEEN_VERIFIED = set(range(10))  # the headings of all are; the details of 1 to 9
GOOD = """\
id: own
version: "1"
name: {zh: 自有, en: Own}
source: {clause: 自拟, status: memory}
groups:
  - id: g
    name: {zh: 组, en: Group}
    weight: 1
topics:
  - id: t-1
    name: {zh: 值班, en: Watch}
    group: g
    source: {clause: 自拟, status: memory}
    match:
      any:
        - labels: {action: duty_reporting}
        - cues:
            - 值班
            - /带班|值守/
    hints:
      task: {zh: 要求值班, en: ask for a watch}
  - id: t-2
    name: {zh: 演练, en: Drill}
    group: g
    source: {clause: 自拟, status: memory}
    match:
      cues: 演练
    hints:
      task: {zh: 要求演练, en: ask for drills}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own.yaml"


def error_of(file: Path, content: str) -> RubricError:
    file.write_text(content, "utf-8")
    with pytest.raises(RubricError) as caught:
        Rubric.from_yaml(file)
    return caught.value


def test_packaged_rubrics_are_listed() -> None:
    assert available_rubrics() == (
        "fifteen-measures",
        "five-implementations",
        "law-article-21",
        "local-leaders",
        "sectors",
        "speech-structure",
        "three-year-action",
    )


def test_speech_structure_is_complete() -> None:
    rubric = load_rubric("speech-structure")
    assert [topic.id for topic in rubric.topics] == [f"st-{n:02}" for n in range(1, 30)]
    bonus = {n for n, topic in enumerate(rubric.topics, 1) if not topic.vital}
    assert bonus == STRUCTURE_BONUS
    assert rubric.topics[12].min_sectors == 3
    assert [topic.id for topic in rubric.topics if topic.months] == ["st-27"]


def test_fifteen_measures_are_complete() -> None:
    rubric = load_rubric("fifteen-measures")
    assert [topic.id for topic in rubric.topics] == [f"m15-{n:02}" for n in range(16)]
    verified = {n for n, topic in enumerate(rubric.topics) if topic.source.status == "verified"}
    assert verified == FIFTEEN_VERIFIED
    assert [topic.id for topic in rubric.topics if topic.meta] == ["m15-00"]
    assert rubric.valid_from == "2022-03"


@pytest.mark.parametrize("name", available_rubrics())
def test_packaged_rubrics_are_well_kept(name: str) -> None:
    rubric = load_rubric(name)
    assert rubric.id == name
    assert sum(group.weight for group in rubric.groups) == pytest.approx(1)
    for topic in rubric.topics:
        for names in (topic.name, topic.hints.task, topic.hints.bearer, topic.hints.measure):
            assert names is None or (names.zh.strip() and names.en.strip()), topic.id


@pytest.mark.parametrize("name", available_rubrics())
@pytest.mark.parametrize(
    "unit",
    ["为", "一", "1", "《", "发展", "《强化安全生产责任落实防范遏制重特大事故", "国务院安委会"],
)
def test_rules_take_linear_time(name: str, unit: str) -> None:
    rubric = load_rubric(name)
    (segment,) = speech((unit * (20_000 // len(unit)), "directive", {}))
    started = time.process_time()
    seen = view(segment, rubric, None)
    for topic in rubric.topics:
        topic.match.holds(seen.full)
        topic.match.holds(seen.plain)
    assert time.process_time() - started < 5  # patterns that backtrack took minutes


def test_own_rubric(file: Path) -> None:
    file.write_text("\ufeff" + GOOD, "utf-8")
    rubric = load_rubric(file)
    assert [topic.id for topic in rubric.topics] == ["t-1", "t-2"]
    assert rubric.topics[1].match.cues == ("演练",)
    assert rubric.weight(rubric.topics[0]) == 1
    assert load_rubric(str(file)) == rubric


def test_own_labels(file: Path) -> None:
    labels = [{"id": "sea", "name": {"zh": "海", "en": "Sea"}}]
    facet = {"id": "place", "name": {"zh": "地", "en": "Place"}, "kind": "multi", "labels": labels}
    data = {"id": "own", "version": "1", "name": {"zh": "自", "en": "O"}, "facets": [facet]}
    file.write_text(GOOD.replace("{action: duty_reporting}", "{place: sea}"), "utf-8")
    assert load_rubric(file, Schema.from_dict(data)).topics
    with pytest.raises(RubricError, match=r'own\.yaml:16: topic t-1: no facet "place"'):
        load_rubric(file)


def test_unknown_name_suggests_a_rubric() -> None:
    with pytest.raises(RubricError, match="Did you mean 'speech-structure'") as caught:
        load_rubric("speech-struture")
    assert "fifteen-measures" in caught.value.zh


# what is replaced, by what, in which line the mistake then stands, and what is said of it
MISTAKES = {
    "unknown label": ("duty_reporting", "duty_report", 16, 'facet "action" has no label'),
    "label in list": ("action: duty_reporting", "action: [technology, tech]", 16, 'label "tech"'),
    "unknown facet": ("{action: duty", "{actions: duty", 16, "Did you mean 'action'"),
    "unknown key of a topic": ("    group: g\n    s", "    groop: 1\n    group: g\n    s", 12, "groop"),
    "unknown key of a rule": ("cues: 演练", "cue: 演练", 27, "unknown key \"cue\". Did you mean 'cues'"),
    "key of an inner rule": ("- cues:\n", "- cuess:\n", 17, "Did you mean 'cues'?"),
    "missing key": ("    group: g\n    s", "    s", 10, 'key "group" is missing'),
    "missing hints": ("    hints:\n      task: {zh: 要求演练, en: ask for drills}\n", "", 22, '"hints"'),
    "unknown group": ("    group: g\n    source", "    group: gg\n    source", 12, 'no group "gg"'),
    "topic id twice": ("id: t-2", "id: t-1", 22, "taken by entry 1 of topics"),
    "bad id": ("id: t-2", "id: T 2", 22, '"id": found \'T 2\''),
    "bad expression": ("/带班|值守/", "/带班|(值守/", 19, "is not a regular expression"),
    "expression for nothing": ("/带班|值守/", "/(?:带班)*/", 19, "matches the empty text"),
    "empty rule": ("      cues: 演练", "      {}", 26, "the rule is empty"),
    "empty list": ("cues: 演练", "cues: []", 27, '"cues"'),
    "unknown kind": ("match:\n      cues", "kind: wish\n    match:\n      cues", 26, "'demand'"),
    "unknown measure": ("match:\n      cues", "measures: [day]\n    match:\n      cues", 26, "\"measures\": found 'day'"),
    "bad month": ("match:\n      cues", "months: [13]\n    match:\n      cues", 26, '"months": found 13'),
    "bad date": ("groups:\n", "valid_from: 2024-1\ngroups:\n", 5, "valid_from"),
    "dates reversed": (
        "groups:\n",
        "valid_from: 2024-05\nvalid_until: 2024-04\ngroups:\n",
        6,
        "ends \\(2024-04\\) before it begins",
    ),
    "weight of nothing": ("weight: 1", "weight: 0", 8, '"weight"'),
    "infinite weight": ("weight: 1", "weight: .inf", 8, '"weight"'),
    "empty group": ("topics:\n", "  - {id: h, name: {zh: 空, en: E}, weight: 1}\ntopics:\n", 9, "no topic"),
    "group id twice": ("topics:\n", "  - {id: g, name: {zh: 空, en: E}, weight: 1}\ntopics:\n", 9, "taken"),
    "bad document": ("groups:\n", "documents: [/(/]\ngroups:\n", 5, "regular expression"),
    "duplicate key": ("    group: g\n    s", "    group: g\n    group: g\n    s", 13, "given twice"),
    "bad indentation": ("    match:\n      cues", "    match:\n  cues", 27, "not valid YAML"),
    "tab": ("    match:\n      cues", "    match:\n\tcues", 27, "not valid YAML"),
    "no colon": ("version:", "version", 3, "not valid YAML"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_reported_with_its_line(file: Path, mistake: str) -> None:
    old, new, line, message = MISTAKES[mistake]
    content = GOOD
    assert old in content, "the test itself is out of step"
    # Of two places the later is meant where the mistake is expected below the first topic.
    head, tail = content.split(old, 1) if line < 22 else content.rsplit(old, 1)
    error = error_of(file, head + new + tail)
    assert error.en.startswith(f"{file}:{line}: "), error.en
    assert error.zh.startswith(f"{file}:{line}："), error.zh
    assert message.replace("\\", "") in error.en


def test_unclosed_bracket_says_where_it_opened(file: Path) -> None:
    error = error_of(file, GOOD.replace("en: Own}", "en: Own"))
    assert f"{file}:4: not valid YAML" in error.en
    assert "in what begins in line 3" in error.en
    assert "始于第 3 行" in error.zh


def test_all_mistakes_are_reported_in_the_order_of_the_file(file: Path) -> None:
    content = GOOD.replace("cues: 演练", "cues: /(/").replace("duty_reporting", "watch")
    lines = error_of(file, content).en.splitlines()
    assert [line.split(":")[1] for line in lines] == ["16", "27"]
    assert "topic t-1" in lines[0]
    assert "topic t-2" in lines[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "found NoneType at the top level"),
        ("- id: x\n", "found list at the top level"),
        ("id: 2024-13-45\n", "cannot be read as a rubric"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("? {a: [b]}\n: c\n", "not valid YAML"),
        ("id: &x [*x]\n", '"id"'),
        ("id: x\x07\n", "cannot be read as a rubric"),
        ("a: " + "[" * 2000, "nested too deeply"),
        (GOOD.replace("cues: 演练", "not: " + "{not: " * 600 + "{cues: a}" + "}" * 600), "nested"),
    ],
)
def test_file_that_is_no_rubric(file: Path, content: str, message: str) -> None:
    error = error_of(file, content)
    assert message in error.en
    assert str(file) in error.zh


def test_file_in_another_encoding(file: Path) -> None:
    file.write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(RubricError, match="Expected a UTF-8 YAML file"):
        Rubric.from_yaml(file)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RubricError, match="cannot be read as a rubric"):
        Rubric.from_yaml(tmp_path / "none.yaml")
    with pytest.raises(RubricError, match="neither an id nor a file"):
        load_rubric(tmp_path / "none.yaml")
