"""Width of text in the cells of a terminal, where a Chinese character takes two."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["cell_width", "fit", "wrap"]

# What stays together on a line: a run of Latin letters and digits or one other character, with
# the punctuation that must not begin a line.
_PIECE = re.compile(r"(?:[!-~]+|[^!-~])[，。、；：！？）》」』”’…]*\s*")


def cell_width(text: str) -> int:
    """Cells that ``text`` takes; signs of ambiguous width count as one.

    >>> cell_width("安全 ok")
    7
    """
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fit(text: str, cells: int) -> str:
    """``text`` in exactly ``cells`` cells: cut with … or filled with blanks.

    >>> fit("安全生产", 6), fit("安全", 6)
    ('安全… ', '安全  ')
    """
    width = cell_width(text)
    if width > cells:
        room, kept = cells - 1, []
        for character in text:
            room -= _width(character)
            if room < 0:
                break
            kept.append(character)
        text = "".join(kept) + "…"
        width = cell_width(text)
    return text + " " * (cells - width)


def wrap(text: str, cells: int, indent: str = "") -> list[str]:
    """Lines of at most ``cells`` cells (a longer word stands alone), each after ``indent``."""
    lines, line, room = [], "", cells - cell_width(indent)
    for piece in _PIECE.findall(text):
        if line and cell_width(line + piece.rstrip()) > room:
            lines.append(indent + line.rstrip())
            line = ""
        line += piece
    return [*lines, indent + line.rstrip()] if line.strip() else lines
