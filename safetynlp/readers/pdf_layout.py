"""From printed lines to paragraphs, by geometry alone. Lengths are PDF points, y grows upwards."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from safetynlp.readers.furniture import bare_page_number, furniture_kind

__all__ = ["Page", "Paragraph", "PrintedLine", "page_furniture", "paragraphs"]

_CJK = re.compile("[\u2014\u2018-\u201d\u2026\u2460-\u24ff\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
_SENTENCE_END = tuple("。！？!?；;：:…")
_NUMBERED = re.compile(
    r"[（(]?[一二三四五六七八九十]{1,3}[）)、]|第[一二三四五六七八九十]{1,3}[章条部]"
)
# In heights of a character:
_WORD_GAP = 0.6  # a blank between Chinese characters narrower than this is just justification
_INDENT = 0.8
_FULL_IN_SENTENCE = 2.1  # a line may end early by a character that must not stand alone …
_FULL_AT_SENTENCE_END = 1.1  # … but the end of a sentence near the margin ends the paragraph
_SAME_SIZE = 0.15
_PARAGRAPH_GAP = 1.6  # in usual line distances
_WIDE = 0.8  # of the widest line of the page: such lines show where the margins are
_MIN_WIDE_LINES = 3
_EDGE_LINES = 2  # running heads and page numbers are among the outermost lines of a page
_MIN_REPEATS = 2
_MIN_REPEAT_SHARE = 0.3  # odd and even pages may have different heads
_SAME_HEIGHT = 6.0


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """Characters on one base line, and the box around them."""

    text: str
    left: float
    right: float
    top: float
    bottom: float

    @property
    def size(self) -> float:
        """Height of a character, never 0."""
        return max(self.top - self.bottom, 1.0)

    def goes_on(self, box: PrintedLine) -> bool:
        """Whether the next character stands on this line, at its right."""
        overlap = min(self.top, box.top) - max(self.bottom, box.bottom)
        return overlap >= 0.5 * min(self.size, box.size) and box.left > self.right - self.size

    def with_character(self, box: PrintedLine, *, blank: bool, invented: bool) -> PrintedLine:
        """The line with one character more, behind a blank if there is one."""
        if blank and invented and _CJK.match(self.text[-1]) and _CJK.match(box.text):
            blank = box.left - self.right >= _WORD_GAP * self.size
        return PrintedLine(
            self.text + (" " if blank else "") + box.text,
            min(self.left, box.left),
            max(self.right, box.right),
            max(self.top, box.top),
            min(self.bottom, box.bottom),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """The printed lines of a page, in reading order."""

    lines: tuple[PrintedLine, ...]


@dataclass(slots=True)
class Paragraph:
    """Lines joined into one, and the page furniture met on the way: (line, kind)."""

    text: str
    furniture: list[tuple[PrintedLine, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Margins:
    left: float
    right: float
    pitch: float  # usual distance from line to line, 0 if unknown


def page_furniture(pages: list[Page]) -> dict[tuple[int, int], str]:
    """Kind of furniture by (page index, line index), for lines at the edges of the pages."""
    edges = {
        (number, index): pages[number].lines[index]
        for number in range(len(pages))
        for index in _edge_indexes(pages[number].lines)
    }
    found = dict.fromkeys(_repeated(edges, len(pages)), "running_head")
    for place, line in edges.items():
        if furniture_kind(line.text) == "page_number":
            found[place] = "page_number"
    found.update(dict.fromkeys(_numbered(edges, pages), "page_number"))
    return found


def _edge_indexes(lines: tuple[PrintedLine, ...]) -> set[int]:
    order = sorted(range(len(lines)), key=lambda index: -lines[index].top)
    return {*order[:_EDGE_LINES], *order[-_EDGE_LINES:]}


def _repeated(
    edges: Mapping[tuple[int, int], PrintedLine], page_count: int
) -> Iterator[tuple[int, int]]:
    """Lines that stand, but for their digits, at the same height of several pages."""

    def key(line: PrintedLine, shift: int) -> tuple[str, int]:
        text = re.sub(r"[\d０-９]+", "#", line.text)
        return text, round(line.bottom / _SAME_HEIGHT) + shift

    counts = Counter(key(line, 0) for line in edges.values())
    needed = max(_MIN_REPEATS, _MIN_REPEAT_SHARE * page_count)
    for place, line in edges.items():
        near = sum(counts[key(line, shift)] for shift in (-1, 0, 1))
        if near >= needed and re.search(r"[^\W\d_]", line.text):
            yield place


def _numbered(
    edges: Mapping[tuple[int, int], PrintedLine], pages: list[Page]
) -> Iterator[tuple[int, int]]:
    """Bare numbers that count with the pages; on a single page, a 1 below everything else."""
    numbers = {
        place: number
        for place, line in edges.items()
        if (number := bare_page_number(line.text)) is not None
    }
    offsets = Counter(number - place[0] for place, number in numbers.items())
    for place, number in numbers.items():
        lines = pages[place[0]].lines
        lowest = min(lines, key=lambda line: line.bottom) is lines[place[1]]
        alone = len(pages) == 1 and len(lines) > 1 and number == 1 and lowest
        if offsets[number - place[0]] >= _MIN_REPEATS or alone:
            yield place


def paragraphs(pages: list[Page], furniture: Mapping[tuple[int, int], str]) -> Iterator[Paragraph]:
    """Join the lines of all pages; furniture follows the paragraph that it interrupts."""
    bodies = [
        [line for index, line in enumerate(page.lines) if (number, index) not in furniture]
        for number, page in enumerate(pages)
    ]
    whole = _margins([line for body in bodies for line in body], None)
    current: Paragraph | None = None
    last: tuple[PrintedLine, _Margins] | None = None
    for number, page in enumerate(pages):
        margins = _margins(bodies[number], whole)
        first_on_page = True
        for index, line in enumerate(page.lines):
            kind = furniture.get((number, index))
            if kind is not None:
                current = current or Paragraph("")
                current.furniture.append((line, kind))
                continue
            if current and last and _continues(*last, line, margins, first_on_page):
                current.text = _join(current.text, line.text)
            else:
                if current and last:
                    yield current
                # Furniture above the first line of all waits in a paragraph without text.
                kept = current.furniture if current and not last else []
                current = Paragraph(line.text, kept)
            last = (line, margins)
            first_on_page = False
    if current:
        yield current


def _margins(lines: list[PrintedLine], whole: _Margins | None) -> _Margins:
    """Where the text of a page begins and ends; ``whole`` serves if the page has few lines."""
    if not lines:
        return whole or _Margins(0.0, 0.0, 0.0)
    widest = max(line.right - line.left for line in lines)
    wide = [line for line in lines if line.right - line.left >= _WIDE * widest]
    if len(wide) < _MIN_WIDE_LINES and whole is not None:
        return replace(whole, pitch=_pitch(lines) or whole.pitch)
    return _Margins(
        min(line.left for line in wide),
        statistics.median(line.right for line in wide),
        _pitch(lines),
    )


def _pitch(lines: list[PrintedLine]) -> float:
    steps = [a.bottom - b.bottom for a, b in pairwise(lines)]
    downwards = [step for step in steps if step > 0]
    return statistics.median(downwards) if downwards else 0.0


def _continues(
    line: PrintedLine,
    margins: _Margins,
    following: PrintedLine,
    following_margins: _Margins,
    over_page_break: bool,
) -> bool:
    """Whether ``following`` belongs to the same paragraph as ``line``."""
    size = line.size
    if abs(following.size - size) > _SAME_SIZE * size:
        return False
    ends_sentence = line.text.endswith(_SENTENCE_END)
    slack = _FULL_AT_SENTENCE_END if ends_sentence else _FULL_IN_SENTENCE
    if line.right < margins.right - slack * size:
        return False
    if ends_sentence and _NUMBERED.match(following.text):
        return False
    step = line.bottom - following.bottom
    if not over_page_break and margins.pitch and step > _PARAGRAPH_GAP * margins.pitch:
        return False
    if following.left <= following_margins.left + _INDENT * size:
        return True
    # Both indented alike: a block set in as a whole, unless a sentence ended in between.
    set_in = (
        line.left > margins.left + _INDENT * size and abs(line.left - following.left) < size / 3
    )
    return set_in and not ends_sentence


def _join(text: str, following: str) -> str:
    """Chinese is joined without a blank, words of Latin letters with one."""
    if _CJK.match(text[-1]) or _CJK.match(following[0]):
        return text + following
    return f"{text} {following}"
