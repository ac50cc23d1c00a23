"""What a reader should see first: the quotes that tell most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from safetynlp.coverage import Coverage, Quote

__all__ = ["enough", "telling_quotes"]

_SHORT_CHARS = 16  # most headings are shorter, most sentences longer


def telling_quotes(coverage: Coverage) -> dict[str, list[Quote]]:
    """The quotes of each topic, by topic id, the most telling first.

    That is the one that supports most elements; among equals one that is longer than a heading,
    then the one that is evidence for the fewest other topics, since it is about this one, then
    the first in the speech.
    """
    topics_at = Counter(quote.start for topic in coverage.topics for quote in topic.quotes)

    def key(quote: Quote) -> tuple[int, bool, int, int]:
        is_short = len(quote.text) < _SHORT_CHARS
        return -len(quote.elements), is_short, topics_at[quote.start], quote.start

    return {topic.id: sorted(topic.quotes, key=key) for topic in coverage.topics}


def enough(quotes: Sequence[Quote]) -> tuple[list[Quote], list[Quote]]:
    """The fewest leading quotes that together support all that any supports, and the rest."""
    shown: list[Quote] = []
    rest: list[Quote] = []
    supported: set[str] = set()
    for quote in quotes:
        if supported.issuperset(quote.elements):
            rest.append(quote)
        else:
            shown.append(quote)
            supported.update(quote.elements)
    return shown, rest
