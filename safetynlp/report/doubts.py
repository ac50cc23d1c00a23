"""What a doubtful label means for a topic, in words."""

from __future__ import annotations

from safetynlp.doubt import Doubt
from safetynlp.report.words import words
from safetynlp.schema import Schema

__all__ = ["doubt_words"]


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
