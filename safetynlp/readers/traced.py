"""Text that remembers which element of the file each of its characters stands in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

__all__ = ["Piece", "Place", "Traced"]


@dataclass(frozen=True, slots=True)
class Place:
    """``text[start:end]`` stands in ``element``, from its character ``offset`` on.

    An element that is shown as one character (a line break, a tab, a hyphen) has it at offset 0.
    """

    start: int
    end: int
    element: etree._Element
    offset: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, never empty; ``element`` is None for what the reader puts in."""

    text: str
    element: etree._Element | None = None
    offset: int = 0

    def part(self, start: int, end: int) -> Piece:
        """The characters from ``start`` to ``end``."""
        return Piece(self.text[start:end], self.element, self.offset + start)


@dataclass(frozen=True, slots=True)
class Traced:
    """A text in pieces; what is cut from it or joined still knows its elements."""

    pieces: tuple[Piece, ...] = ()

    @classmethod
    def joined(cls, texts: Sequence[Traced], separator: str) -> Traced:
        """All of them, with the separator between two."""
        pieces: list[Piece] = []
        for number, text in enumerate(texts):
            if number:
                pieces.append(Piece(separator))
            pieces += text.pieces
        return cls(tuple(pieces))

    @property
    def text(self) -> str:
        """The characters alone."""
        return "".join(piece.text for piece in self.pieces)

    def __add__(self, other: Traced) -> Traced:
        return Traced(self.pieces + other.pieces)

    def strip(self, blanks: str | None = None) -> Traced:
        """Without what ``str.strip`` would take away."""
        text = self.text
        start, end = len(text) - len(text.lstrip(blanks)), len(text.rstrip(blanks))
        kept, at = [], 0
        for piece in self.pieces:
            first, last = max(start - at, 0), min(end - at, len(piece.text))
            if first < last:
                kept.append(piece.part(first, last))
            at += len(piece.text)
        return Traced(tuple(kept))

    def lines(self) -> Iterator[Traced]:
        """The text between line feeds, as ``str.split`` gives it."""
        line: list[Piece] = []
        for piece in self.pieces:
            start = 0
            for number, part in enumerate(piece.text.split("\n")):
                if number:
                    yield Traced(tuple(line))
                    line = []
                if part:
                    line.append(piece.part(start, start + len(part)))
                start += len(part) + 1
        yield Traced(tuple(line))

    def places(self, start: int) -> Iterator[Place]:
        """Where its characters stand, if it begins at character ``start`` of a longer text."""
        for piece in self.pieces:
            end = start + len(piece.text)
            if piece.element is not None:
                yield Place(start, end, piece.element, piece.offset)
            start = end
