"""Markdown: the text without its markup, one paragraph per line.

``Document.text`` of a .md file is what a reader of the rendered page sees, not the raw file: a
segment should read 一、压实责任 and not ``## **一、压实责任**``, for the labels and the quotes.
Line breaks are kept, as Chinese authors mean them; only in files wrapped at a fixed width (by a
converter) are the pieces of a paragraph joined again. Numbers of lists are kept, for 1. 2. 3. are
part of a speech; a lone ``*`` is kept too, for it often stands for a redacted number (死亡*人).
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from safetynlp.readers.extracted import Extracted, LineBuilder
from safetynlp.readers.text import decode

__all__ = ["read_markdown"]

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n.*?\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_ATX_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t\u3000]+|(?=[^#\s!]))(.*?)(?:[ \t]+#+)?[ \t]*")
_SETEXT_RULE = re.compile(r" {0,3}(=+|-{2,})[ \t]*")
_THEMATIC_BREAK = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_FENCE = re.compile(r" {0,3}(?:`{3,}|~{3,})[^`]*")
_LINK_DEFINITION = re.compile(r" {0,3}\[[^\]]+\]:\s*\S+.*")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*")
_BLOCK_START = re.compile(r"\s*(?:>\s?)*\s*(?:[-+*•]\s+(?:\[[ xX]\]\s+)?)?")
_NUMBERED = re.compile(r"\s*\d{1,9}[.)]\s")

# Innermost first: what stands inside a link or a bold span may hold further markup. Spans have a
# bound, or each mark that nothing closes would be looked for to the end of the line.
_INLINE = (
    (re.compile(r"!\[([^\]]{0,500})\]\([^()]*(?:\([^()]*\)[^()]*)*\)"), ""),
    (re.compile(r"\[([^\[\]]*)\]\([^()]*(?:\([^()]*\)[^()]*)*\)"), r"\1"),
    (re.compile(r"\[([^\[\]]+)\]\[[^\[\]]*\]"), r"\1"),
    (re.compile(r"<((?:https?|mailto):[^<>\s]+)>"), r"\1"),
    (re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>"), ""),
    (re.compile(r"(`+)(.{1,500}?)\1"), r"\2"),
    (re.compile(r"(\*\*\*|___)(?=\S)(.{1,500}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(\*\*|__)(?=\S)(.{1,500}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"~~(?=\S)(.{1,500}?)(?<=\S)~~"), ""),  # struck out: no longer said
    (re.compile(r"(?<![\w*])([*_])(?=[^\s*_])([^*_]+)(?<=\S)\1(?![\w*])"), r"\2"),
)
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|~<>])")
# Escaped marks stand aside as characters for private use while the others are taken out.
_ASIDE = 0x10FF00
_BACK = {_ASIDE + code: chr(code) for code in range(0x80)}
_SENTENCE_END = tuple("。！？!?；;：:")
# A converter wraps at 60 to 120 columns; lines that fill 85 % of the widest go on below.
_MIN_WRAP_COLUMNS = 60
_MAX_WRAP_COLUMNS = 120
_FILLED = 0.85


@dataclass(slots=True)
class _Line:
    text: str  # without block markup
    level: int | None = None  # of a heading
    raw: str = ""  # as in the file; empty for lines that are never joined


def read_markdown(data: bytes, name: str) -> Extracted:
    """The text of a Markdown file without markup; ``#`` headings are known as headings.

    Raises:
        ReadError: as for a text file.
    """
    text, encoding = decode(data, name)
    text = _without_comments(_FRONT_MATTER.sub("", text, count=1))
    lines = LineBuilder()
    for line in _rejoined(list(_blocks(text.splitlines()))):
        for part in re.split(r"<br\s*/?>", line.text):
            lines.add(_plain(part), heading_level=line.level)
    return lines.extracted(encoding)


def _without_comments(text: str) -> str:
    """Not a regular expression, which would look for each end anew where there is none."""
    kept: list[str] = []
    position = 0
    while (start := text.find("<!--", position)) >= 0:
        end = text.find("-->", start + 4)
        if end < 0:
            break
        kept.append(text[position:start])
        position = end + 3
    return "".join(kept) + text[position:]


def _blocks(lines: list[str]) -> Iterator[_Line]:
    """Lines with their block markup taken off; blank ones are kept as paragraph ends."""
    fenced = False
    for index, raw in enumerate(lines):
        if _FENCE.fullmatch(raw):
            fenced = not fenced
            continue
        if fenced or not raw.strip():
            yield _Line(raw.strip())
            continue
        rule = _SETEXT_RULE.fullmatch(raw)
        if rule and index and _is_plain(lines[index - 1]):
            continue  # the line above was the heading
        if _is_markup_only(raw):
            yield _Line("")
            continue
        heading = _ATX_HEADING.fullmatch(raw)
        below = lines[index + 1] if index + 1 < len(lines) else ""
        setext = _SETEXT_RULE.fullmatch(below)
        if heading:
            yield _Line(heading.group(2), len(heading.group(1)))
        elif setext and _is_plain(raw):
            yield _Line(raw, 1 if "=" in setext.group(1) else 2)
        elif raw.lstrip().startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", raw.strip().strip("|"))]
            yield _Line("\t".join(cell for cell in cells if cell))
        else:
            text = raw[_BLOCK_START.match(raw).end() :]  # type: ignore[union-attr]
            yield _Line(text, raw=raw)


def _is_markup_only(raw: str) -> bool:
    return bool(
        _THEMATIC_BREAK.fullmatch(raw)
        or _LINK_DEFINITION.fullmatch(raw)
        or ("|" in raw and _TABLE_RULE.fullmatch(raw))
    )


def _is_plain(raw: str) -> bool:
    """Whether a rule below this line makes it a heading: below a sentence it only divides."""
    return bool(raw.strip()) and not (
        raw.rstrip().endswith(_SENTENCE_END)
        or raw.lstrip().startswith(("|", ">"))
        or _ATX_HEADING.fullmatch(raw)
        or _is_markup_only(raw)
    )


def _rejoined(lines: list[_Line]) -> Iterator[_Line]:
    """Join the pieces of wrapped paragraphs; files that are not wrapped pass unchanged."""
    width = max((_columns(line.raw) for line in lines if line.raw), default=0)
    wrapped = _MIN_WRAP_COLUMNS <= width <= _MAX_WRAP_COLUMNS
    current: _Line | None = None
    for line in lines:
        goes_on = (
            wrapped
            and current is not None
            and bool(current.raw and line.raw)
            and _columns(current.raw) >= _FILLED * width
            and not current.text.rstrip().endswith(_SENTENCE_END)
            and not _starts_block(line.raw)
        )
        if goes_on and current is not None:
            gap = " " if current.text[-1:].isascii() and line.text[:1].isascii() else ""
            current = _Line(current.text.rstrip() + gap + line.text, raw=line.raw)
            continue
        if current is not None:
            yield current
        current = line
    if current is not None:
        yield current


def _starts_block(raw: str) -> bool:
    return raw.lstrip().startswith(("- ", "+ ", "* ", "> ", "\u3000")) or bool(_NUMBERED.match(raw))


def _columns(text: str) -> int:
    """Width in a fixed-width font: Chinese characters take two columns."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _plain(text: str) -> str:
    """Text without inline markup.

    >>> _plain("**一要**压实[主体责任](http://a.b)，死亡*人")
    '一要压实主体责任，死亡*人'
    """
    text = _ESCAPED.sub(lambda match: chr(_ASIDE + ord(match.group(1))), text)
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    return html.unescape(text).translate(_BACK)
