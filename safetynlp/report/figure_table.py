"""Tables of figures as the pages of evaluations show them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from safetynlp.evaluation.metrics import Figure

__all__ = ["Cell", "FigureTable", "Row", "figure_cell", "plain_cell"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure, with its interval below it if there is one."""

    value: str
    interval: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A named row; ``id`` stands small beside the name, ``main`` is set off."""

    name: str
    cells: tuple[Cell, ...]
    main: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True)
class FigureTable:
    """A table; its head has one cell more than each row, for the names."""

    head: tuple[str, ...]
    rows: tuple[Row, ...]
    caption: str = ""
    lead: str = ""


def figure_cell(figure: Figure | None, digits: int = 3) -> Cell:
    """A figure to three digits; – for None."""
    if figure is None:
        return Cell("–")
    if not figure.has_interval:
        return Cell(f"{figure.value:.{digits}f}")
    return Cell(f"{figure.value:.{digits}f}", f"{figure.low:.{digits}f}–{figure.high:.{digits}f}")


def plain_cell(value: float | None, digits: int = 3) -> Cell:
    """A number without interval; – for None and for what is not a number."""
    return Cell("–" if value is None or math.isnan(value) else f"{value:.{digits}f}")
