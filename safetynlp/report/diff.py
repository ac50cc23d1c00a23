"""Two drafts of a speech side by side, as text and as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from safetynlp.comparison import CHANGES, CoverageDiff, TopicChange
from safetynlp.coverage import Quote, TopicCoverage
from safetynlp.report.cells import wrap
from safetynlp.report.records import DIGITS, quote_record
from safetynlp.report.table import table
from safetynlp.report.visible import visible
from safetynlp.report.words import words

__all__ = ["diff_record", "diff_text"]

_MIN_WIDTH = 60


def diff_text(
    found: CoverageDiff, names: tuple[str, str], lang: str = "zh", *, width: int = 96
) -> str:
    """The change of the total and of each group, then every topic that changed with both quotes.

    Args:
        found: the two scores compared.
        names: of the two drafts.
        lang: ``"zh"`` or ``"en"``.
        width: cells of a line, a Chinese character taking two; at least 60.

    Returns: lines without colour codes, each ended by a line feed.

    Raises:
        UsageError: another language.
    """
    text = _Text(found, names, lang, max(width, _MIN_WIDTH))
    return "".join(f"{line}\n" for line in text.lines())


class _Text:
    """Writes one comparison in one language."""

    def __init__(self, found: CoverageDiff, names: tuple[str, str], lang: str, width: int) -> None:
        self._found = found
        self._names = names
        self._lang = lang
        self._words = words(lang)
        self._width = width

    def lines(self) -> Iterator[str]:
        say, found = self._words, self._found
        before, after = (visible(name) for name in self._names)
        yield from wrap(f"{before} → {after}", self._width)
        version = say["version"].format(found.after.rubric_version)
        yield f"{say['rubric']} {found.after.rubric_id} {version}"
        yield ""
        yield from table(list(self._scores()))
        for kind in CHANGES:
            changes = [change for change in found.changes if change.change == kind]
            if changes:
                yield from ("", f"{say[f'change_{kind}']} ({len(changes)})")
            for change in changes:
                yield from self._change(change)
        if not found.changes:
            yield from ("", say["no_changes"])

    def _scores(self) -> Iterator[tuple[str, str, str, str]]:
        say, found = self._words, self._found
        yield "", say["before"], say["after"], say["difference"]
        yield say["total"], *_compared(found.before.total, found.after.total)
        for old, new in zip(found.before.groups, found.after.groups, strict=True):
            yield visible(old.name[self._lang]), *_compared(old.score, new.score)

    def _change(self, change: TopicChange) -> Iterator[str]:
        say, old, new = self._words, change.before, change.after
        levels = f"{say['level'].format(old.level)} → {say['level'].format(new.level)}"
        mark = f" *{say['vital']}" if new.vital else ""
        name = visible(new.name[self._lang])
        yield from wrap(f"{new.id} {name}{mark}{say['colon']}{levels}", self._width, "  ")
        yield from self._quote(say["before"], change.quote_before)
        yield from self._quote(say["after"], change.quote_after)

    def _quote(self, title: str, quote: Quote | None) -> list[str]:
        say = self._words
        said = say["no_quote"]
        if quote is not None:
            elements = say["comma"].join(say[element] for element in quote.elements)
            said = f"{say['open_quote']}{visible(quote.text)}{say['close_quote']} ({elements})"
        return wrap(f"{title}{say['colon']}{said}", self._width, " " * 6)


def _compared(old: float | None, new: float | None) -> tuple[str, str, str]:
    if old is None or new is None:
        return "–", "–", ""
    return f"{100 * old:.1f}", f"{100 * new:.1f}", f"{100 * (new - old):+.1f}"


def diff_record(found: CoverageDiff, names: tuple[str, str]) -> dict[str, Any]:
    """The object that ``diff --format json`` gives, as plain JSON data.

    Keys: ``before`` and ``after``, the names of the drafts; ``rubric``, ``rubric_version``;
    ``total`` and each of ``groups`` (by id) with ``before``, ``after``, ``difference``, None for
    a group of which no topic applies; ``topics``, those that changed: ``id``, ``name``,
    ``change``, and ``before`` and ``after`` with ``level``, ``elements`` and ``quote``. Scores are
    in [0, 1], rounded to 4 digits; quotes count characters of their own draft.
    """
    before, after = found.before, found.after
    return {
        "before": names[0],
        "after": names[1],
        "rubric": after.rubric_id,
        "rubric_version": after.rubric_version,
        "total": _scores_record(before.total, after.total),
        "groups": {
            old.id: _scores_record(old.score, new.score)
            for old, new in zip(before.groups, after.groups, strict=True)
        },
        "topics": [
            {
                "id": change.after.id,
                "name": dict(change.after.name),
                "change": change.change,
                "before": _topic_record(change.before, change.quote_before),
                "after": _topic_record(change.after, change.quote_after),
            }
            for change in found.changes
        ],
    }


def _topic_record(topic: TopicCoverage, quote: Quote | None) -> dict[str, Any]:
    return {
        "level": topic.level,
        "elements": dict(topic.elements),
        "quote": None if quote is None else quote_record(quote),
    }


def _scores_record(old: float | None, new: float | None) -> dict[str, float | None]:
    if old is None or new is None:
        return {"before": None, "after": None, "difference": None}
    return {
        "before": round(old, DIGITS),
        "after": round(new, DIGITS),
        "difference": round(new - old, DIGITS),
    }
