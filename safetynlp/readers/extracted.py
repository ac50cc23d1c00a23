"""What a reader gives: text, and the marks that only the file format knows."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["BLANKS", "Extracted", "Furniture", "Heading", "LineBuilder"]

# What shows nothing: white space, and the zero-width characters that web pages and Word leave.
BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001)))) + (
    "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
)


@dataclass(frozen=True, slots=True)
class Furniture:
    """A stretch of ``Document.text`` that belongs to the page, not to the speech.

    ``kind`` is one of ``"navigation"``, ``"page_number"``, ``"source_line"``,
    ``"running_head"``. ``start`` and ``end`` are characters of ``Document.text``.
    """

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that the file format itself marks as a heading (Word style, ``<h2>``, ``##``).

    ``level`` counts from 1, the highest. Headings that are known only by their wording
    (一、 （一） 1.) are not here: the segmenter finds those.
    """

    start: int
    end: int
    level: int


@dataclass(frozen=True, slots=True)
class Extracted:
    """Text of a file, one paragraph per line, with places in characters of ``text``."""

    text: str
    headings: tuple[Heading, ...] = ()  # sorted by start, not overlapping
    furniture: tuple[Furniture, ...] = ()  # sorted by start, not overlapping
    encoding: str | None = None  # of a text-like file


@dataclass(slots=True)
class LineBuilder:
    r"""Collects lines and keeps count of their places.

    >>> lines = LineBuilder()
    >>> lines.add(" 一、形势 ", heading_level=1)
    0
    >>> lines.add("总体平稳。")
    5
    >>> lines.extracted().text
    '一、形势\n总体平稳。'
    >>> lines.extracted().headings
    (Heading(start=0, end=4, level=1),)
    """

    _lines: list[str] = field(default_factory=list)
    _headings: list[Heading] = field(default_factory=list)
    _furniture: list[Furniture] = field(default_factory=list)
    _length: int = 0

    def add(
        self, line: str, *, heading_level: int | None = None, furniture_kind: str | None = None
    ) -> int | None:
        """Append one line, trimmed of blanks; an empty one is left out.

        A line cannot be both: furniture is no heading.

        Returns: the place of its first character; None if it is left out.
        """
        line = line.strip(BLANKS)
        if not line:
            return None
        start = self._length
        end = start + len(line)
        if furniture_kind is not None:
            self._furniture.append(Furniture(start, end, furniture_kind))
        elif heading_level is not None:
            self._headings.append(Heading(start, end, heading_level))
        self._lines.append(line)
        self._length = end + 1
        return start

    def extracted(self, encoding: str | None = None) -> Extracted:
        """All lines so far, joined by line feeds."""
        return Extracted(
            "\n".join(self._lines), tuple(self._headings), tuple(self._furniture), encoding
        )
