"""What a speech must treat: groups of topics, each with the rule that finds it.

A rubric is one YAML file. Those in the package are listed by :func:`available_rubrics`; a user
may write others, and every mistake in one is reported with its line. A file may extend another
rubric and say only what differs::

    extends: speech-structure   # an id of the package, or a path beside this file
    id: our-county
    version: "1"
    name: {zh: 我县讲话, en: Speeches of our county}
    off: [st-03, framing]       # topics, or groups with all their topics
    groups:
      - {id: tasks, weight: 0.4}
    topics:
      - {id: st-16, vital: true, hints: {measure: {zh: 每周研判, en: study risks weekly}}}

What is given for an id that is inherited changes those keys alone (``match`` and ``exclude`` as a
whole); a new id adds a topic or group; ``documents`` are added. The version of the result is
``1+speech-structure-1``: it tells also of the rubric that was extended.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from safetynlp import _rubric_check as check
from safetynlp import _rubric_file as file
from safetynlp._rubric_extends import alone, extend
from safetynlp._rubric_file import Problem
from safetynlp.errors import RubricError, UsageError
from safetynlp.rule import Months, Rule, Terms
from safetynlp.schema import Names, Schema
from safetynlp.sectors import SECTORS, of_sectors

__all__ = [
    "AUDIENCES",
    "LEVELS",
    "Group",
    "Hints",
    "Rubric",
    "Source",
    "Topic",
    "available_rubrics",
    "load_rubric",
]

MAX_EXTENDS = 8  # files in a row of which each extends the next

AUDIENCES = ("government", "enterprise")
# Who speaks: a government of this level, one department, or an enterprise.
LEVELS = ("national", "province", "city", "county", "township", "department", "enterprise")

Audience = Literal["government", "enterprise"]
Level = Literal["national", "province", "city", "county", "township", "department", "enterprise"]
Measure = Literal["date", "period", "frequency", "number", "standard", "check", "consequence"]
Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
# Far from the bounds of floating-point numbers, so that weighted means are exact enough.
Weight = Annotated[float, Field(ge=0.001, le=1000)]
YearMonth = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$"), BeforeValidator(str)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Part):
    """Where a requirement comes from. ``status`` says whether the wording was checked."""

    clause: str = Field(min_length=1)
    status: Literal["verified", "memory"]


class Hints(_Part):
    """What closes a gap, by what is missing: the task, who does it, its measure."""

    task: Names
    bearer: Names | None = None
    measure: Names | None = None


class Scope(_Part):
    """To which speeches something applies; empty or None means to all.

    ``valid_from`` and ``valid_until`` are months ``"YYYY-MM"``, both included.
    """

    audience: tuple[Audience, ...] = ()
    level: tuple[Level, ...] = ()
    valid_from: YearMonth | None = None
    valid_until: YearMonth | None = None


class Group(_Part):
    """Topics that belong together. Weights of all groups are scaled to sum to 1."""

    id: Id
    name: Names
    weight: Weight


class Topic(Scope):
    """One thing that a speech should treat.

    ``kind`` decides what the element "deployed" asks for: ``demand`` a directive with an action,
    ``state`` a situation, problem or achievement, ``pledge`` a directive of any kind (goals,
    duties and appeals: the codebook gives mere goals and 压实责任 no action label), ``procedure``
    any sentence that conducts the meeting. A bare list of seven or more actions deploys nothing.
    ``meta``: the topic is that a document is named; it alone sees the inside of titles.
    ``months``: the topic is seasonal; with a known date outside them it does not apply, and
    without a date it is a bonus even if ``vital``.
    ``min_sectors``: the evidence as a whole must name so many sectors, or it counts for nothing.
    ``measures``: what counts as "specified", for topics where checking is the task itself.
    ``bearer``: must hold too for "assigned", where not everybody that a sentence names can do it.
    """

    id: Id
    name: Names
    group: str
    vital: bool = False
    weight: Weight | None = None
    kind: Literal["demand", "state", "pledge", "procedure"] = "demand"
    meta: bool = False
    months: Months | None = None
    min_sectors: int | None = Field(None, ge=1)
    measures: Annotated[tuple[Measure, ...], Field(min_length=1)] = get_args(Measure)
    source: Source
    match: Rule
    exclude: Rule | None = None
    bearer: Rule | None = None
    hints: Hints


class Weights(_Part):
    """Weight of a topic within its group, unless the topic gives its own."""

    vital: Weight = 2.0
    ok: Weight = 1.0


class Rubric(Scope):
    """A versioned list of topics; ``documents`` are names of documents written without 《》."""

    id: Id
    version: str = Field(min_length=1)
    name: Names
    source: Source
    weights: Weights = Weights()
    documents: Terms | None = None
    groups: tuple[Group, ...] = Field(min_length=1)
    topics: tuple[Topic, ...] = Field(min_length=1)

    def weight(self, topic: Topic, *, vital: bool | None = None) -> float:
        """Weight of a topic within its group; ``vital`` overrides the topic's own grade."""
        if topic.weight is not None:
            return topic.weight
        is_vital = topic.vital if vital is None else vital
        return self.weights.vital if is_vital else self.weights.ok

    @classmethod
    def from_yaml(cls, path: str | Path, schema: Schema | None = None) -> Rubric:
        """Read a rubric file; ``schema`` (default: the package's) has the labels of its rules.

        Raises:
            RubricError: one line per mistake, each with file and line number.
        """
        return _read(Path(path), schema or Schema.default(), ())

    def to_dict(self) -> dict[str, Any]:
        """Plain data as in a YAML file, without what is not given; all that was inherited is in it."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def available_rubrics() -> tuple[str, ...]:
    """Ids of the rubrics in the package, sorted."""
    folder = resources.files("safetynlp") / "rubrics"
    return tuple(
        sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    )


def load_rubric(
    name_or_path: str | Path,
    schema: Schema | None = None,
    *,
    sectors: str | Iterable[str] | None = None,
) -> Rubric:
    """The rubric with this id from the package, or the one in a file.

    Args:
        schema: has the labels that the rules of a file may name; default: the package's. The
            rubric ``sectors`` has a topic for each label of its facet ``sector``.
        sectors: for the rubric ``sectors``: only these, by id or name of the label; a text may
            hold several with commas between. Default: all.

    Raises:
        RubricError: there is no such rubric or file, or the file has mistakes.
        UsageError: ``sectors`` names none or an unknown one, or is given for another rubric.
    """
    if name_or_path == SECTORS:
        return _of_sectors(schema or Schema.default(), sectors)
    if sectors is not None:
        raise UsageError(
            f'sectors: given for the rubric "{name_or_path}", but only "{SECTORS}" takes them. '
            f"Ask for the rubric {SECTORS} too, or leave the sectors out.",
            f"行业（sectors）：只有要点表 {SECTORS} 可以指定行业，实为“{name_or_path}”。"
            f"请同时选用要点表 {SECTORS}，或去掉行业。",
        )
    if isinstance(name_or_path, str) and name_or_path in available_rubrics():
        return _packaged(name_or_path)
    if os.path.isfile(name_or_path):
        return Rubric.from_yaml(name_or_path, schema)
    raise RubricError(*_none_of_that_name(str(name_or_path)))


def _of_sectors(schema: Schema, wanted: str | Iterable[str] | None) -> Rubric:
    packaged = _packaged(SECTORS)
    if wanted is None and schema == Schema.default():
        return packaged
    return Rubric.model_validate(of_sectors(packaged.to_dict(), schema, wanted))


def _none_of_that_name(name: str) -> tuple[str, str]:
    known = available_rubrics()
    near_en, near_zh = check.near(name, known)
    return (
        f'no rubric "{name}": neither an id nor a file.{near_en} '
        f"Rubrics in the package: {', '.join(known)}.",
        f"没有要点表“{name}”：既非编号也非文件。{near_zh}自带要点表：{'、'.join(known)}。",
    )


@cache
def _packaged(name: str) -> Rubric:
    with resources.as_file(resources.files("safetynlp") / "rubrics" / f"{name}.yaml") as path:
        return Rubric.from_yaml(path)


def _read(path: Path, schema: Schema, waiting: tuple[Path, ...]) -> Rubric:
    """Read a file; ``waiting`` are those being read, each of which extends the next."""
    source, tree = str(path), file.read(path)
    rubric = None
    try:
        if "extends" in tree.data:
            base = _base(path, tree, schema, (*waiting, path))
            whole = extend(tree.data, base.to_dict())
        else:
            whole = alone(tree.data)
        problems = list(whole.problems)
        try:
            rubric = Rubric.model_validate(whole.data)
        except ValidationError as error:
            problems += map(whole.in_file, check.of_shape(error, Rubric))
        problems += map(whole.in_file, check.of_content(whole.data, schema))
    except RecursionError as error:
        raise file.too_deep(source) from error
    if rubric is None or problems or tree.twice:
        raise file.as_error(source, tree, problems)
    return rubric


def _base(path: Path, tree: file.Tree, schema: Schema, waiting: tuple[Path, ...]) -> Rubric:
    """The rubric that the file at ``path`` extends.

    Raises:
        RubricError: there is none, it extends this file in turn or too many others, or it has
            mistakes of its own.
    """

    def mistake(en: str, zh: str) -> RubricError:
        return file.as_error(str(path), tree, [Problem(("extends",), en, zh)])

    name = tree.data["extends"]
    if not isinstance(name, str) or not name:
        raise mistake(
            f'"extends": found {name!r}, expected the id of a rubric in the package or the path '
            "of a file. Correct the value.",
            f"“extends”的值 {name!r} 不合要求，应为自带要点表的编号或文件路径。请改正。",
        )
    if name in available_rubrics():
        return _packaged(name)
    target = path.parent / name
    if not os.path.isfile(target):
        raise mistake(*_none_of_that_name(name))
    files = [os.path.realpath(file) for file in (*waiting, target)]
    if files[-1] in files[:-1]:
        circle = " → ".join(map(os.path.basename, files[files.index(files[-1]) :]))
        raise mistake(
            f'extends "{name}", which comes back to itself: {circle}. Remove one "extends".',
            f"继承的“{name}”又绕回自身：{circle}。请去掉其中一个 extends。",
        )
    if len(waiting) > MAX_EXTENDS:
        raise mistake(
            f"is the {MAX_EXTENDS + 1}th file in a row that extends another; at most "
            f"{MAX_EXTENDS} may. Put some of them together.",
            f"已连续继承 {MAX_EXTENDS + 1} 层，最多 {MAX_EXTENDS} 层。请合并其中几个文件。",
        )
    try:
        return _read(target, schema, waiting)
    except RubricError as error:
        if len(waiting) > 1:
            raise
        this = mistake(
            f'extends "{name}", from which the mistakes above come. Correct them first.',
            f"继承“{name}”而带来上述错误，请先改正。",
        )
        raise RubricError(f"{error.en}\n{this.en}", f"{error.zh}\n{this.zh}") from error
