"""Inline SVG drawings of the page. They hold shapes and digits; words are HTML beside them, but for
the names of groups round a radar.

Sizes that depend on data are SVG attributes, not styles, so that the page needs no inline style
and its Content-Security-Policy can forbid them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from safetynlp.report.cells import cell_width, wrap
from safetynlp.report.visible import visible

__all__ = ["bar", "curve", "ladder", "pmc_band", "pmc_surface", "radar", "ruler", "stripes"]

_STEPS = 5  # levels 0 to 4
_CURVE_WIDTH, _CURVE_HEIGHT = 480, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 470, 10, 214  # of the plot inside it
_RADAR_WIDTH, _RADAR_HEIGHT, _RADIUS = 400, 300, 86
_RADAR_LINE, _RADAR_CELL = (
    16,
    6.5,
)  # height of a line, width of half a Chinese character, at size 13
_RADAR_LINES = 3  # of a name
_SURFACE_WIDTH, _SURFACE_HEIGHT = 480, 330
_FACETS = 8  # pieces of the surface from one value to the next, in both directions
_BAND_FILLS = ("#c2504a", "#d9a441", "#5b9a68", "#2f6f9f")  # worst to best, legible on any ground


def ruler(share: float) -> Markup:
    """A scale from 0 to 100 with a filled part and a pointer; ``share`` is in [0, 1]."""
    ticks = Markup().join(
        Markup(
            '<line class="tick" x1="{0}%" x2="{0}%" y1="16" y2="22"/>'
            '<text class="tick-text" x="{0}%" y="36" text-anchor="{1}">{0}</text>'
        ).format(x, {0: "start", 100: "end"}.get(x, "middle"))
        for x in (0, 25, 50, 75, 100)
    )
    return Markup(
        '<svg class="ruler" width="100%" height="40" aria-hidden="true" focusable="false">'
        '<rect class="track" x="0" y="4" width="100%" height="10" rx="5"/>'
        '<rect class="fill" x="0" y="4" width="{:.2f}%" height="10" rx="5"/>{}</svg>'
    ).format(100 * share, ticks)


def bar(share: float, dark: float | None = None) -> Markup:
    """A horizontal bar; both shares are in [0, 1] of the full width.

    ``dark`` is the part of it drawn darker, None for a bar in one tone.
    """
    inner = Markup()
    if dark is not None:
        inner = Markup('<rect class="dark" width="{:.2f}%" height="10" rx="2"/>').format(100 * dark)
    return Markup(
        '<svg class="bar" width="100%" height="10" aria-hidden="true" focusable="false">'
        '<rect class="track" width="100%" height="10" rx="2"/>'
        '<rect class="fill" width="{:.2f}%" height="10" rx="2"/>{}</svg>'
    ).format(100 * share, inner)


def ladder(level: int) -> Markup:
    """Five rising steps for the levels 0–4, filled up to ``level``."""
    steps = Markup().join(
        Markup('<rect class="{}" x="{}" y="{}" width="6" height="{}" rx="1"/>').format(
            "on" if step <= level else "off", 8 * step, 16 - 4 * step, 4 + 4 * step
        )
        for step in range(_STEPS)
    )
    return Markup(
        '<svg class="ladder l{}" width="38" height="20" aria-hidden="true" focusable="false">'
        "{}</svg>"
    ).format(level, steps)


def stripes(tones: Sequence[int]) -> Markup:
    """One stripe per segment, left to right; a tone is the number of a class ``s0``, ``s1`` …"""
    # Equal neighbours are one rectangle: a long speech would else be thousands of them.
    shapes, start = [], 0
    for end in range(1, len(tones) + 1):
        if end == len(tones) or tones[end] != tones[start]:
            shapes.append(
                Markup('<rect class="s{}" x="{}" width="{}" height="1"/>').format(
                    tones[start], start, end - start
                )
            )
            start = end
    return Markup(
        '<svg class="stripes" width="100%" height="22" viewBox="0 0 {} 1" '
        'preserveAspectRatio="none" aria-hidden="true" focusable="false">{}</svg>'
    ).format(max(1, len(tones)), Markup().join(shapes))


def curve(lines: Sequence[Sequence[tuple[int, float, float, float]]]) -> Markup:
    """Lines with bands over a logarithmic scale of counts.

    Args:
        lines: for each, points of (count from 1, value, low, high), values in [0, 1]; line n has
            the class ``cn``.
    """
    counts = sorted({point[0] for line in lines for point in line})
    span = math.log(counts[-1]) or 1.0

    def place(count: int, value: float) -> str:
        x = _LEFT + (_RIGHT - _LEFT) * math.log(count) / span
        return f"{x:.1f},{_BOTTOM - (_BOTTOM - _TOP) * value:.1f}"

    marks = Markup().join([*_value_marks(), *_count_marks(counts, place)])
    drawn = Markup()
    for number, line in enumerate(lines):
        upper = [place(count, high) for count, _, _, high in line]
        lower = [place(count, low) for count, _, low, _ in reversed(line)]
        middle = [place(count, value) for count, value, _, _ in line]
        dots = Markup().join(
            Markup('<circle class="dot" cx="{}" cy="{}" r="3"/>').format(*point.split(","))
            for point in middle
        )
        drawn += Markup(
            '<g class="c{}"><polygon class="band" points="{}"/><polyline class="line" points="{}"/>'
            "{}</g>"
        ).format(number, " ".join(upper + lower), " ".join(middle), dots)
    return Markup(
        '<svg class="curve" width="100%" viewBox="0 0 {} {}" aria-hidden="true" focusable="false">'
        "{}{}</svg>"
    ).format(_CURVE_WIDTH, _CURVE_HEIGHT, marks, drawn)


def _value_marks() -> list[Markup]:
    return [
        Markup(
            '<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>'
            '<text x="{3}" y="{4}" text-anchor="end">{5}</text>'
        ).format(_LEFT, _RIGHT, y, _LEFT - 6, y + 4, f"{tenths / 10:.1f}")
        for tenths in range(0, 11, 2)
        for y in [round(_BOTTOM - (_BOTTOM - _TOP) * tenths / 10, 1)]
    ]


def _count_marks(counts: Sequence[int], place: Callable[[int, float], str]) -> list[Markup]:
    """A number under each count that is not too near to the one before."""
    marks, last = [], -math.inf
    for count in counts:
        x = float(place(count, 0).split(",")[0])
        if x - last >= 24:
            marks.append(
                Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
                    x, _BOTTOM + 18, count
                )
            )
            last = x
    return marks


def radar(axes: Sequence[tuple[str, float | None]]) -> Markup:
    """Scores of groups on rays from a centre, the first upwards, then clockwise, in digits too.

    Names are broken into lines, so that none runs over the edge.

    Args:
        axes: (name, score in [0, 1]); None is drawn as a ray without a point. Fewer than three
            make no figure: the result is empty.
    """
    if len(axes) < 3:
        return Markup()

    def place(number: int, share: float) -> tuple[float, float]:
        angle = 2 * math.pi * number / len(axes) - math.pi / 2
        x = _RADAR_WIDTH / 2 + _RADIUS * share * math.cos(angle)
        return round(x, 1), round(_RADAR_HEIGHT / 2 + _RADIUS * share * math.sin(angle), 1)

    def ring(share: float) -> str:
        return " ".join("{},{}".format(*place(n, share)) for n in range(len(axes)))

    shapes = [
        Markup('<polygon class="grid" points="{}"/>').format(ring(quarter / 4))
        for quarter in (1, 2, 3, 4)
    ]
    for number, (name, score) in enumerate(axes):
        x, y = place(number, 1)
        shapes.append(
            Markup('<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
                _RADAR_WIDTH / 2, _RADAR_HEIGHT / 2, x, y
            )
        )
        shapes.append(_radar_label(name, score, *place(number, 1.1)))
    points = [place(n, score) for n, (_, score) in enumerate(axes) if score is not None]
    shapes.append(
        Markup('<polygon class="area" points="{}"/>').format(
            " ".join(f"{x},{y}" for x, y in points)
        )
    )
    shapes += [Markup('<circle class="dot" cx="{}" cy="{}" r="3"/>').format(*p) for p in points]
    return Markup(
        '<svg class="radar" width="100%" viewBox="0 0 {} {}" aria-hidden="true" '
        'focusable="false">{}</svg>'
    ).format(_RADAR_WIDTH, _RADAR_HEIGHT, Markup().join(shapes))


def _radar_label(name: str, score: float | None, x: float, y: float) -> Markup:
    """Name and score of a group in lines that lie outside the figure: above, beside or below it."""
    side = x - _RADAR_WIDTH / 2
    if abs(side) < 8:
        anchor, room = "middle", float(_RADAR_WIDTH)
    else:
        anchor, room = ("start", _RADAR_WIDTH - x) if side > 0 else ("end", x)
    lines = wrap(visible(name), int(room / _RADAR_CELL))
    if len(lines) > _RADAR_LINES:
        lines = [*lines[: _RADAR_LINES - 1], f"{lines[_RADAR_LINES - 1]}…"]
    lines.append("–" if score is None else f"{100 * score:.0f}")
    up = (1 - (y - _RADAR_HEIGHT / 2) / (1.1 * _RADIUS)) / 2  # share of the lines above the point
    top = y - up * _RADAR_LINE * (len(lines) - 1)
    return Markup().join(
        Markup('<text{} x="{}" y="{:.1f}" text-anchor="{}" dy="0.35em"{}>{}</text>').format(
            Markup(' class="score"') if number == len(lines) - 1 else "",
            x,
            top + _RADAR_LINE * number,
            anchor,
            _squeezed(line, room),
            line,
        )
        for number, line in enumerate(lines)
    )


def _squeezed(line: str, room: float) -> Markup:
    """Attributes that keep a long word, which cannot be broken, within its room."""
    if cell_width(line) * _RADAR_CELL <= room:
        return Markup()
    return Markup(' textLength="{:.1f}" lengthAdjust="spacingAndGlyphs"').format(room)


def pmc_surface(matrix: Sequence[Sequence[float | None]]) -> Markup:
    """A square matrix of values in [0, 1] as a surface seen from above at a slant.

    The first value is at the back, rows go to the right and columns to the left. The surface is
    bilinear between the values, in four tones ``b0`` … ``b3``: below 4/9, 6/9, 8/9 and above. Where
    there is no value it goes on at the mean of the others, and the place has a hollow dot.
    """
    known = [value for row in matrix for value in row if value is not None]
    mean = sum(known) / len(known) if known else 0.0
    heights = [[mean if value is None else value for value in row] for row in matrix]
    side = len(matrix) - 1
    steps = side * _FACETS
    shapes = [_surface_floor(side)]
    for row in range(steps):  # from the back, so that what is in front hides what is behind
        shapes += [_surface_piece(heights, column, row) for column in range(steps)]
    shapes += _surface_lines(heights, side)
    shapes += [
        _surface_dot(x, y, value, mean, side)
        for y, row in enumerate(matrix)
        for x, value in enumerate(row)
    ]
    return Markup(
        '<svg class="surface" width="100%" viewBox="0 0 {} {}" aria-hidden="true" '
        'focusable="false">{}</svg>'
    ).format(_SURFACE_WIDTH, _SURFACE_HEIGHT, Markup().join(shapes))


def pmc_band(number: int) -> Markup:
    """A square in the tone of a band of the surface, 0 (worst) to 3, for its key."""
    return Markup(
        '<svg class="swatch" width="10" height="10" viewBox="0 0 10 10" aria-hidden="true" '
        'focusable="false"><rect width="10" height="10" rx="2" fill="{}"/></svg>'
    ).format(_BAND_FILLS[number])


def _surface_piece(heights: Sequence[Sequence[float]], column: int, row: int) -> Markup:
    places = ((0, 0), (1, 0), (1, 1), (0, 1))
    corners = [((column + x) / _FACETS, (row + y) / _FACETS) for x, y in places]
    levels = [_height(heights, x, y) for x, y in corners]
    band = sum(sum(levels) / 4 >= ninths / 9 - 1e-12 for ninths in (4, 6, 8))
    points = (
        _project(x, y, level, len(heights) - 1)
        for (x, y), level in zip(corners, levels, strict=True)
    )
    return Markup(
        '<polygon class="b{0}" points="{1}" fill="{2}" stroke="{2}" stroke-width="0.6"/>'
    ).format(band, " ".join(points), _BAND_FILLS[band])


def _height(heights: Sequence[Sequence[float]], x: float, y: float) -> float:
    """Value between those of a matrix; ``x`` counts columns, ``y`` rows."""
    column, row = min(int(x), len(heights) - 2), min(int(y), len(heights) - 2)
    u, v = x - column, y - row
    upper = (1 - u) * heights[row][column] + u * heights[row][column + 1]
    lower = (1 - u) * heights[row + 1][column] + u * heights[row + 1][column + 1]
    return (1 - v) * upper + v * lower


def _project(x: float, y: float, height: float, side: int) -> str:
    """A point of the surface as ``"x,y"`` of the drawing."""
    across, deep = x / side - 0.5, y / side - 0.5
    left = _SURFACE_WIDTH / 2 + 200 * (across - deep)
    top = 190 + 100 * (across + deep) - 95 * (height - 0.3)
    return f"{left:.1f},{top:.1f}"


def _surface_floor(side: int) -> Markup:
    corners = ((0, 0), (side, 0), (side, side), (0, side))
    return Markup(
        '<polygon class="floor" points="{}" fill="none" stroke="currentColor" '
        'stroke-opacity="0.35" stroke-dasharray="3 3"/>'
    ).format(" ".join(_project(x, y, 0.0, side) for x, y in corners))


def _surface_lines(heights: Sequence[Sequence[float]], side: int) -> list[Markup]:
    """The rows and columns of the matrix, drawn on the surface."""
    steps = [step / _FACETS for step in range(side * _FACETS + 1)]
    whole = [float(n) for n in range(side + 1)]
    lines = [[(x, y) for x in steps] for y in whole]
    lines += [[(x, y) for y in steps] for x in whole]
    return [
        Markup('<polyline points="{}" fill="none" stroke="#fff" stroke-opacity="0.8"/>').format(
            " ".join(_project(x, y, _height(heights, x, y), side) for x, y in line)
        )
        for line in lines
    ]


def _surface_dot(x: int, y: int, value: float | None, mean: float, side: int) -> Markup:
    left, top = _project(x, y, mean if value is None else value, side).split(",")
    if value is None:
        return Markup('<circle cx="{}" cy="{}" r="4" fill="none" stroke="currentColor"/>').format(
            left, top
        )
    return Markup(
        '<circle cx="{0}" cy="{1}" r="3" fill="currentColor"/>'
        '<text x="{0}" y="{2:.1f}" text-anchor="middle" font-size="13" fill="currentColor" '
        'stroke="none">{3:.2f}</text>'
    ).format(left, top, float(top) - 8, value)
