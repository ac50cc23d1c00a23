"""The boolean rules of a rubric: when a sentence is evidence for a topic."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

__all__ = ["Rule", "Sentence", "compile_terms", "is_regex"]


class _OneOrMany:
    """One value may stand without its brackets: ``cues: 值班``."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(_as_list, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str | int) else value


Terms = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1), _OneOrMany()
]
Months = Annotated[
    tuple[Annotated[int, Field(ge=1, le=12)], ...], Field(min_length=1), _OneOrMany()
]


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a rule may look at: one segment, its headings, and the month the speech was given.

    ``text`` and ``headings`` come with book titles blanked out; ``labels`` maps facet id to
    label ids; ``month`` is 1–12, or None if unknown.
    """

    text: str
    headings: tuple[str, ...]
    labels: Mapping[str, Collection[str]]
    month: int | None = None


class Rule(BaseModel):
    """A node of a boolean expression. All keys that are given must hold.

    ======== =========================================================================
    all      every rule of the list holds
    any      at least one rule of the list holds
    not      the rule does not hold
    labels   in each facet named, at least one of the labels named was given
    cues     a term stands in the sentence; ``/…/`` is a regular expression
    heading  a term stands in one of the headings above the sentence
    sectors  the sentence has at least this many labels of the facet ``sector``
    months   the speech was given in one of these months, or its month is unknown
    ======== =========================================================================

    >>> rule = Rule.model_validate({"labels": {"action": "accountability"}, "not": {"cues": "考核"}})
    >>> rule.holds(Sentence("严肃追责。", (), {"action": ("accountability",)}))
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)

    all_: tuple[Rule, ...] | None = Field(None, alias="all", min_length=1)
    any_: tuple[Rule, ...] | None = Field(None, alias="any", min_length=1)
    not_: Rule | None = Field(None, alias="not")
    labels: dict[str, Terms] | None = Field(None, min_length=1)
    cues: Terms | None = None
    heading: Terms | None = None
    sectors: int | None = Field(None, ge=1)
    months: Months | None = None

    def holds(self, sentence: Sentence) -> bool:
        """Whether the rule holds for one sentence."""
        return (
            (self.months is None or sentence.month is None or sentence.month in self.months)
            and (self.sectors is None or len(sentence.labels.get("sector", ())) >= self.sectors)
            and self._labels_hold(sentence.labels)
            and (self.cues is None or self._has_cue(sentence.text))
            and (self.heading is None or any(map(self._has_heading, sentence.headings)))
            and (self.not_ is None or not self.not_.holds(sentence))
            and (self.all_ is None or all(rule.holds(sentence) for rule in self.all_))
            and (self.any_ is None or any(rule.holds(sentence) for rule in self.any_))
        )

    def _labels_hold(self, given: Mapping[str, Collection[str]]) -> bool:
        return self.labels is None or all(
            any(label in given.get(facet, ()) for label in wanted)
            for facet, wanted in self.labels.items()
        )

    def _has_cue(self, text: str) -> bool:
        return any(pattern.search(text) for pattern in self._cue_patterns)

    def _has_heading(self, heading: str) -> bool:
        return any(pattern.search(heading) for pattern in self._heading_patterns)

    @cached_property
    def _cue_patterns(self) -> tuple[re.Pattern[str], ...]:
        return compile_terms(self.cues or ())

    @cached_property
    def _heading_patterns(self) -> tuple[re.Pattern[str], ...]:
        return compile_terms(self.heading or ())


def is_regex(term: str) -> bool:
    """Whether a term is written ``/…/``."""
    return len(term) > 2 and term.startswith("/") and term.endswith("/")


def compile_terms(terms: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    """One pattern for all plain terms, and one for each regular expression.

    Expressions are not joined: flags, group names and back references would clash.
    """
    plain = [re.escape(term) for term in terms if not is_regex(term)]
    expressions = [term[1:-1] for term in terms if is_regex(term)]
    return tuple(map(re.compile, ["|".join(plain), *expressions] if plain else expressions))
