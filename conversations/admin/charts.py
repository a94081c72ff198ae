"""Pictures of numbers, as shapes for an SVG: names and figures stand beside it as text.

The shapes lie in a square of 100 by 100 that is stretched to the place there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

_SIZE = 100.0
_GAP = 0.2
Number = float | None


class Bar(NamedTuple):
    """A rectangle of the series `series`, and what it stands for."""

    x: str
    y: str
    width: str
    height: str
    series: int
    told: str


class Line(NamedTuple):
    """A line of the series `series` through `points`."""

    points: str
    series: int


@dataclass(frozen=True, slots=True)
class Column:
    """A series of numbers with its name; `written` has them as text."""

    name: str
    values: Sequence[Number]
    written: Sequence[str]


@dataclass(frozen=True, slots=True)
class Shapes:
    """What is drawn, and the number that its upper edge stands for."""

    bars: Sequence[Bar] = ()
    lines: Sequence[Line] = ()
    top: float = 0


def stacked(labels: Sequence[str], columns: Sequence[Column]) -> Shapes:
    """Return a bar for each label, with the columns above each other."""
    sums = [sum(column.values[place] or 0 for column in columns) for place in range(len(labels))]
    top = max(sums, default=0)
    if not top:
        return Shapes()
    step = _SIZE / len(labels)
    bars = []
    for place, label in enumerate(labels):
        base = _SIZE
        for series, column in enumerate(columns):
            height = (column.values[place] or 0) / top * _SIZE
            base -= height
            if height:
                told = f"{label}: {column.name} {column.written[place]}"
                x, width = step * (place + _GAP / 2), step * (1 - _GAP)
                bars.append(Bar(_at(x), _at(base), _at(width), _at(height), series, told))
    return Shapes(bars=bars, top=top)


def lines(labels: Sequence[str], columns: Sequence[Column]) -> Shapes:
    """Return a line for each column; where a number is missing it is broken."""
    top = max((value for column in columns for value in column.values if value is not None), default=0)
    if not top:
        return Shapes()
    step = _SIZE / len(labels)
    drawn = [
        Line(" ".join(points), series)
        for series, column in enumerate(columns)
        for points in _unbroken(column.values, step, top)
    ]
    return Shapes(lines=drawn, top=top)


def _unbroken(values: Sequence[Number], step: float, top: float) -> list[list[str]]:
    pieces: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            pieces.append([])
            continue
        y = _at(_SIZE - value / top * _SIZE)
        # A line of one point would not be seen.
        pieces[-1] += [f"{_at(step * (place + share))},{y}" for share in (_GAP / 2, 1 - _GAP / 2)]
    return [piece for piece in pieces if piece]


def _at(number: float) -> str:
    return f"{number:.2f}"
