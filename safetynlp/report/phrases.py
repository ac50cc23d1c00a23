"""What several reports say of a score alike."""

from __future__ import annotations

import re
from collections.abc import Mapping

from safetynlp.coverage import Coverage, TopicCoverage
from safetynlp.doubt import Doubt
from safetynlp.pmc_index import PMCIndex
from safetynlp.report.words import words
from safetynlp.schema import Schema

__all__ = [
    "doubt_words",
    "doubts_of",
    "figures",
    "file_name",
    "interval",
    "pmc_rows",
    "pmc_value",
    "total",
]


def file_name(source: str) -> str:
    """The name of a document without its folders: what is passed on tells nothing of a computer."""
    return re.split(r"[/\\]", source)[-1] or source


def interval(coverage: Coverage) -> str:
    """``[low, high]`` of the total, of 100; "" if it is not known or no topic applies."""
    sure = coverage.uncertainty
    if sure is None or not coverage.topics:
        return ""
    return f"[{100 * sure.low:.1f}, {100 * sure.high:.1f}]"


def total(coverage: Coverage, say: Mapping[str, str]) -> str:
    """The total of 100, with its interval if that is known."""
    value = f"{say['total']} {100 * coverage.total:.1f} {say['out_of']}"
    return f"{value} {interval(coverage)}".rstrip()


def figures(coverage: Coverage, say: Mapping[str, str]) -> tuple[str, ...]:
    """Breadth, depth, balance and density, each with its name."""
    mentioned = sum(topic.level > 0 for topic in coverage.topics)
    return (
        f"{say['breadth']} {coverage.breadth:.0%} ({mentioned}/{len(coverage.topics)})",
        f"{say['depth']} {coverage.depth:.2f}",
        f"{say['balance']} {coverage.balance:.2f}",
        f"{say['density']} {say['density_unit'].format(f'{coverage.density:.1f}')}",
    )


def pmc_value(found: PMCIndex, say: Mapping[str, str]) -> str:
    """The PMC index with the highest that it could be."""
    return f"{found.index:.2f} ({say['pmc_of'].format(found.maximum)})"


def pmc_rows(found: PMCIndex, lang: str) -> list[tuple[str, str, str, str]]:
    """Per primary variable: name, number of secondary variables, ones among them, value."""
    return [
        (
            f"X{number} {variable.name[lang]}",
            str(len(variable.secondary)),
            str(sum(variable.secondary.values())),
            f"{variable.value:.2f}",
        )
        for number, variable in enumerate(found.primary, 1)
    ]


def doubts_of(coverage: Coverage, topic: TopicCoverage) -> tuple[Doubt, ...]:
    """The unsure labels that the level of a topic hangs on; none where that is not known."""
    sure = coverage.uncertainty
    return () if sure is None else sure.topics[topic.id].doubts


def doubt_words(doubt: Doubt, schema: Schema, lang: str) -> str:
    """The label with its probability, and the level of the topic if it were the other way."""
    say, facet = words(lang), schema.facet(doubt.facet)
    name = facet.label(doubt.label).name.get(lang)
    probability, level = f"{doubt.probability:.2f}", say["level"].format(doubt.level)
    if doubt.instead is not None:
        instead = facet.label(doubt.instead).name.get(lang)
        return say["doubt_instead"].format(name, probability, instead, level)
    key = "doubt_given" if doubt.given else "doubt_missing"
    return say[key].format(name, probability, level)
