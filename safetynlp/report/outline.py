"""The speech as it is folded on the page: headings, paragraphs and page furniture, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from safetynlp.analyzer import Analysis
from safetynlp.document import Furniture
from safetynlp.segment import Segment

__all__ = ["Block", "outline"]


@dataclass(slots=True)
class Block:
    """A part of the speech.

    ``kind`` is ``"paragraph"`` (``segments`` has the numbers of its segments), ``"fold"`` (the
    one number in ``segments`` is the heading, ``blocks`` stand below it) or ``"furniture"``
    (``text``, not analysed).
    """

    kind: str
    segments: list[int] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    text: str = ""


def outline(analysis: Analysis) -> list[Block]:
    """All segments and all furniture of a speech, as a tree by its headings.

    A heading without anything below it is a paragraph.
    """
    top: list[Block] = []
    open_folds: list[tuple[str, Block]] = []
    paragraph = -1
    for number, item in _in_order(analysis):
        if isinstance(item, Furniture):
            text = analysis.document.text[item.start : item.end]
            _children(top, open_folds).append(Block("furniture", text=text))
            paragraph = -1  # a paragraph that furniture interrupts is shown in two
            continue
        _close(open_folds, item)
        blocks = _children(top, open_folds)
        if item.is_heading:
            blocks.append(Block("fold", [number]))
            open_folds.append((item.text, blocks[-1]))
        elif item.paragraph == paragraph and blocks and blocks[-1].kind == "paragraph":
            blocks[-1].segments.append(number)
        else:
            blocks.append(Block("paragraph", [number]))
        paragraph = item.paragraph
    return _without_empty_folds(top)


def _in_order(analysis: Analysis) -> Iterator[tuple[int, Segment | Furniture]]:
    """Segments with their numbers, and furniture with -1, by their place in the text."""
    items: list[tuple[int, Segment | Furniture]] = [
        (number, labelled.segment) for number, labelled in enumerate(analysis.segments)
    ]
    items += [(-1, furniture) for furniture in analysis.document.furniture]
    return iter(sorted(items, key=lambda item: item[1].start))


def _children(top: list[Block], open_folds: list[tuple[str, Block]]) -> list[Block]:
    return open_folds[-1][1].blocks if open_folds else top


def _close(open_folds: list[tuple[str, Block]], segment: Segment) -> None:
    """Keep the folds whose headings stand, in order, in the segment's heading path."""
    path = iter(segment.heading_path)
    for depth, (heading, _) in enumerate(open_folds):
        if heading not in path:  # consumes the path up to the heading
            del open_folds[depth:]
            return


def _without_empty_folds(blocks: list[Block]) -> list[Block]:
    for block in blocks:
        if block.kind == "fold" and not block.blocks:
            block.kind = "paragraph"
        block.blocks = _without_empty_folds(block.blocks)
    return blocks
