"""What a speech must treat: groups of topics, each with the rule that finds it.

A rubric is one YAML file. Those in the package are listed by :func:`available_rubrics`; a user
may write others, and every mistake in one is reported with its line.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from safetynlp import _rubric_check as check
from safetynlp.errors import RubricError
from safetynlp.rule import Months, Rule, Terms
from safetynlp.schema import Names, Schema

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

AUDIENCES = ("government", "enterprise")
# Who speaks: a government of this level, one department, or an enterprise.
LEVELS = ("national", "province", "city", "county", "township", "department", "enterprise")

Audience = Literal["government", "enterprise"]
Level = Literal["national", "province", "city", "county", "township", "department", "enterprise"]
Measure = Literal["date", "period", "frequency", "number", "standard", "check", "consequence"]
Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
# Far from the bounds of floating-point numbers, so that weighted means are exact enough.
Weight = Annotated[float, Field(ge=0.001, le=1000)]
YearMonth = Annotated[str, BeforeValidator(str), Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


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
        source = str(path)
        tree = check.read(path)
        try:
            rubric = cls.model_validate(tree.data)
        except RecursionError as error:
            raise check.too_deep(source) from error
        except ValidationError as error:
            raise check.as_error(source, tree, check.of_shape(error, cls)) from error
        problems = check.of_content(rubric, schema or Schema.default())
        if problems:
            raise check.as_error(source, tree, problems)
        return rubric


def available_rubrics() -> tuple[str, ...]:
    """Ids of the rubrics in the package, sorted."""
    folder = resources.files("safetynlp") / "rubrics"
    return tuple(
        sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    )


def load_rubric(name_or_path: str | Path, schema: Schema | None = None) -> Rubric:
    """The rubric with this id from the package, or the one in a file.

    Args:
        schema: has the labels that the rules of a file may name; default: the package's.

    Raises:
        RubricError: there is no such rubric or file, or the file has mistakes.
    """
    if isinstance(name_or_path, str) and name_or_path in available_rubrics():
        return _packaged(name_or_path)
    if Path(name_or_path).is_file():
        return Rubric.from_yaml(name_or_path, schema)
    known = available_rubrics()
    near = difflib.get_close_matches(str(name_or_path), known, n=2)
    hint_en = f" Did you mean {', '.join(map(repr, near))}?" if near else ""
    hint_zh = f"是否想写 {'、'.join(near)}？" if near else ""
    raise RubricError(
        f'no rubric "{name_or_path}": neither an id nor a file.{hint_en} '
        f"Rubrics in the package: {', '.join(known)}.",
        f"没有要点表“{name_or_path}”：既非编号也非文件。{hint_zh}自带要点表：{'、'.join(known)}。",
    )


@cache
def _packaged(name: str) -> Rubric:
    with resources.as_file(resources.files("safetynlp") / "rubrics" / f"{name}.yaml") as path:
        return Rubric.from_yaml(path)
