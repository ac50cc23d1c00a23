"""Cut a document into the unit of the codebook: one sentence-like segment.

A segment ends at ``。！？!?；;`` or at a line break, never inside brackets that close in the same
paragraph; closing quotes and brackets stay with it; a line of its own (title, heading) is a
segment. One line of ``Document.text`` is one paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from safetynlp.document import Document
from safetynlp.readers.extracted import BLANKS

__all__ = ["SEGMENTER_VERSION", "Segment", "segment"]

# Saved with a model: segments cut by other rules are other inputs.
SEGMENTER_VERSION = "1"

_LINE = re.compile(r"[^\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
# Full- and half-width forms are one family: （…) is a common slip and does close.
_FAMILIES = ("（(）)", "《〈》〉", "【】", "「」", "『』", "〔〕", "［[］]")
_OPENING = {c: i for i, family in enumerate(_FAMILIES) for c in family[: len(family) // 2]}
_CLOSING = {c: i for i, family in enumerate(_FAMILIES) for c in family[len(family) // 2 :]}
_BRACKET = re.compile("[" + re.escape("".join(_OPENING) + "".join(_CLOSING)) + "]")
# The end marks, with whatever closes behind them.
_TAIL = re.compile(r"[。！？!?；;”’）)》〉】」』〕］\]]*")
_END = re.compile(r"[。！？!?；;]" + _TAIL.pattern)
_BLANK = frozenset(BLANKS)

_NUMERAL = "[一二三四五六七八九十]{1,3}"
_DIGIT = "[0-9０-９]"
# 三、四季度 and 5、6月份 count; they number nothing.
_NO_LIST = rf"(?!(?:{_NUMERAL}|{_DIGIT}{{1,2}})[、季月日级类线号])"
_MARKERS = (  # kind, outer kinds first; the pattern stands at the start of a segment
    ("part", re.compile(rf"第({_NUMERAL})(?:章|部分|篇|编)")),
    ("一、", re.compile(rf"({_NUMERAL})、{_NO_LIST}")),
    ("（一）", re.compile(rf"[（(]({_NUMERAL})[）)]")),
    ("第一", re.compile(rf"第({_NUMERAL})(?:[，,：:\u3000 ]|、{_NO_LIST}|[点条个](?=[，,：:、]))")),
    ("1.", re.compile(rf"({_DIGIT}{{1,2}})(?:[.．](?!{_DIGIT})|、{_NO_LIST})")),
    ("（1）", re.compile(rf"[（(]({_DIGIT}{{1,2}})[）)]")),
    ("①", re.compile(r"([①-⑳])")),
    ("一是", re.compile(rf"({_NUMERAL})(?:是|要|必须)")),
)
_MARKER_STARTS = frozenset("第（(一二三四五六七八九十0123456789０１２３４５６７８９") | frozenset(
    map(chr, range(ord("①"), ord("⑳") + 1))
)
_RANK = {kind: rank for rank, (kind, _) in enumerate(_MARKERS)}
_INLINE_RANK = _RANK["一是"]
# 要做到三点：一是… opens a numbering too; the following segments stand below its first point.
_LEAD_IN = re.compile(r"[：:，,](?=第一[，,：:]|一(?:是|要|必须))")
_HEADING_MAX_CHARS = 60
_CLAUSE = re.compile(r"[，,。！？!?；;：:]")


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence-like unit and its place, in characters: ``doc.text[start:end] == text``.

    ``heading_path`` holds the headings and numbered points above the segment, outermost first
    (never the segment itself). ``paragraph`` counts the non-empty lines of the document from 0.
    ``is_heading`` holds for a numbered or styled line of its own.
    """

    text: str
    start: int
    end: int
    heading_path: tuple[str, ...] = ()
    paragraph: int = 0
    is_heading: bool = False


def segment(document: Document) -> list[Segment]:
    r"""Cut ``document`` into segments, in order; page furniture is left out.

    Time is linear in the length of the text. An empty document gives an empty list.

    >>> [s.text for s in segment(Document("一、压实责任。部门（街道；园区）要管好！\n散会"))]
    ['一、压实责任。', '部门（街道；园区）要管好！', '散会']
    """
    segments: list[Segment] = []
    outline = _Outline()
    headings = {heading.start: heading.level for heading in document.headings}
    paragraph = -1
    for line_start, line_end in _lines(document):
        spans = [
            (start, end)
            for start, end in _split(document.text, line_start, line_end)
            if start < end
        ]
        if not spans:
            continue
        paragraph += 1
        outline.new_paragraph()
        for index, (start, end) in enumerate(spans):
            text = document.text[start:end]
            alone = len(spans) == 1 and len(text) <= _HEADING_MAX_CHARS
            style = headings.get(start) if index == 0 else None
            marker = _marker(text)
            path = outline.enter(text, marker, style, alone, starts_paragraph=index == 0)
            if style is None and (lead_in := _LEAD_IN.search(text)):
                point = text[lead_in.end() :]
                outline.enter(point, _marker(point), None, False, starts_paragraph=False)
            is_heading = style is not None or (alone and marker is not None)
            segments.append(Segment(text, start, end, path, paragraph, is_heading))
    return segments


def _lines(document: Document) -> Iterator[tuple[int, int]]:
    """Spans of the lines, with page furniture cut out of them."""
    furniture = iter(document.furniture)
    hole = next(furniture, None)
    for match in _LINE.finditer(document.text):
        start, end = match.span()
        while hole is not None and hole.end <= start:
            hole = next(furniture, None)
        while hole is not None and hole.start < end:
            if start < hole.start:
                yield start, hole.start
            start = max(start, hole.end)
            if hole.end > end:
                break  # the hole goes on into the next line
            hole = next(furniture, None)
        if start < end:
            yield start, end


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of the segments of one line, blanks at their ends trimmed off."""
    brackets = _bracket_spans(text, start, end)
    next_bracket = 0
    begin = position = start
    quotes = 0  # of the kind that opens and closes alike, up to ``begin``
    while match := _END.search(text, position, end):
        mark = match.start()
        while next_bracket < len(brackets) and brackets[next_bracket][1] <= mark:
            next_bracket += 1
        if next_bracket < len(brackets) and brackets[next_bracket][0] < mark:
            position = brackets[next_bracket][1]
            continue
        position = match.end()
        quotes += text.count('"', begin, position)
        if text.startswith('"', position, end) and quotes % 2:
            quotes += 1
            position = _TAIL.match(text, position + 1, end).end()  # type: ignore[union-attr]
        yield _trim(text, begin, position)
        begin = position
    yield _trim(text, begin, end)


def _bracket_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Outermost bracket pairs that close within the line, as sorted, disjoint spans."""
    pairs: list[tuple[int, int]] = []
    open_at: list[list[int]] = [[] for _ in _FAMILIES]
    for match in _BRACKET.finditer(text, start, end):
        character = match.group()
        if character in _OPENING:
            open_at[_OPENING[character]].append(match.start())
        elif stack := open_at[_CLOSING[character]]:
            pairs.append((stack.pop(), match.start()))
    merged: list[tuple[int, int]] = []
    for begin, close in sorted(pairs):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(close, merged[-1][1]))
        else:
            merged.append((begin, close))
    return merged


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in _BLANK:
        start += 1
    while end > start and text[end - 1] in _BLANK:
        end -= 1
    return start, end


def _marker(text: str) -> tuple[str, int] | None:
    """The numbering a segment starts with, as (kind, number)."""
    if text[0] not in _MARKER_STARTS:  # nearly all segments: spare them the patterns
        return None
    for kind, pattern in _MARKERS:
        if match := pattern.match(text):
            return kind, _number(match.group(1))
    return None


def _number(numeral: str) -> int:
    """一 → 1, 十二 → 12, ③ → 3, "7" → 7."""
    if numeral.isdecimal():
        return int(numeral)
    if "①" <= numeral <= "⑳":
        return ord(numeral) - ord("①") + 1
    digits = "零一二三四五六七八九"
    if "十" not in numeral:
        return digits.find(numeral[-1])
    tens, ones = numeral.split("十", 1)
    return (digits.find(tens) if tens else 1) * 10 + (digits.find(ones) if ones else 0)


@dataclass(frozen=True, slots=True)
class _Point:
    text: str
    kind: str | None  # of its numbering
    rank: int  # of its numbering
    style: int | None  # heading level that the file gives
    stays_open: bool  # at the end of the paragraph


class _Outline:
    """The open headings and numbered points at the place where the reading stands."""

    def __init__(self) -> None:
        self._open: list[_Point] = []

    def new_paragraph(self) -> None:
        """A point that began in the middle of a paragraph ends with it.

        Except a first point: where no second one followed it, the numbering goes on below.
        """
        while self._open and not self._open[-1].stays_open:
            self._open.pop()

    def enter(
        self,
        text: str,
        marker: tuple[str, int] | None,
        style: int | None,
        alone: bool,
        *,
        starts_paragraph: bool,
    ) -> tuple[str, ...]:
        """Place one segment; returns the path above it."""
        if marker is None and style is None:
            return tuple(point.text for point in self._open)
        if style is not None:
            self._close_styled(style, numbered=marker is not None)
        kind, rank, stays_open = None, -1, starts_paragraph
        if marker is not None:
            kind, rank = marker[0], _RANK[marker[0]]
            self._close_numbered(kind, rank, marker[1])
            stays_open = stays_open or marker[1] == 1
        path = tuple(point.text for point in self._open)
        title = text if alone or style is not None else _first_clause(text)
        self._open.append(_Point(title, kind, rank, style, stays_open))
        return path

    def _close_styled(self, style: int, *, numbered: bool) -> None:
        """Close what a heading of this level ends.

        Writers give one style to 一、 and （一） alike, so between two numbered headings of a level
        the numbering decides. A heading without a number also ends points that have no style.
        """
        for index, point in enumerate(self._open):
            if point.style is None:
                continue
            if point.style > style or (
                point.style == style and not (numbered and point.kind is not None)
            ):
                del self._open[index:]
                break
        while not numbered and self._open and self._open[-1].style is None:
            self._open.pop()

    def _close_numbered(self, kind: str, rank: int, number: int) -> None:
        kinds = [point.kind for point in self._open]
        if kind in kinds:  # the next point of an open numbering
            del self._open[kinds.index(kind) :]
            return
        # A new numbering that starts at 1 opens below whatever is open, for speakers differ in
        # what they put above what (第一 over （一）, or the other way); only 一是 is always lowest.
        lowest = _INLINE_RANK if number == 1 else rank
        while self._open and self._open[-1].rank >= lowest:
            self._open.pop()


def _first_clause(text: str) -> str:
    """第一，思想要到位。 → 第一，思想要到位; 一要压实责任，严格… → 一要压实责任."""
    marker_end = max(
        (match.end() for _, pattern in _MARKERS if (match := pattern.match(text))), default=0
    )
    clause = _CLAUSE.search(text, marker_end)
    return (text[: clause.start()] if clause else text)[:_HEADING_MAX_CHARS]
