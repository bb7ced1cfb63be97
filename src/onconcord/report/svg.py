"""Pictures as data: marks in pixels, which the page's template renders (and escapes) as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor, log10


@dataclass(frozen=True)
class Rect:
    """A box; `style` is a CSS class of the page, `title` is shown under the pointer."""

    x: float
    y: float
    width: float
    height: float
    style: str
    title: str = ""


@dataclass(frozen=True)
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    style: str = "rule"


@dataclass(frozen=True)
class Text:
    """A label; `anchor` is start, middle or end; `turn` is in degrees clockwise."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    style: str = "label"
    turn: int = 0


@dataclass(frozen=True)
class Dot:
    """A point of a scatter plot."""

    x: float
    y: float
    radius: float
    style: str
    title: str = ""


Mark = Rect | Line | Text | Dot


@dataclass(frozen=True)
class Figure:
    """
    One picture.

    Args:
        width, height: size in pixels at full scale.
        title: what it shows, read out by screen readers.
        marks: drawn in order, the last on top.
    """

    width: float
    height: float
    title: str
    marks: list[Mark] = field(default_factory=list)

    def kinds(self) -> list[tuple[str, Mark]]:
        """Each mark with the lower-case name of its kind, for the template."""
        return [(type(mark).__name__.lower(), mark) for mark in self.marks]


@dataclass(frozen=True)
class Scale:
    """Values `low`..`high` on the pixels `start`..`end`; `log` for a logarithmic axis."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = log10(low), log10(high), log10(at)
        return round(self.start + (at - low) / (high - low) * (self.end - self.start), 1)


def nice_ticks(high: float, count: int = 4) -> list[float]:
    """Round values from 0 to at least `high`, about `count` steps apart."""
    if high <= 0:
        return [0.0, 1.0]
    rough = high / count
    power = 10 ** floor(log10(rough))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= rough)
    ticks = [0.0]
    while ticks[-1] < high:
        ticks.append(round(ticks[-1] + step, 10))
    return ticks


def axes(
    x: Scale, y: Scale, x_ticks: Sequence[float], y_ticks: Sequence[float], names: tuple[str, str]
) -> list[Mark]:
    """Grid, tick labels and axis names (of x, of y) of a plot whose scales end at its frame."""
    marks: list[Mark] = []
    for tick in y_ticks:
        marks.append(Line(x.start, y(tick), x.end, y(tick), "grid"))
        marks.append(Text(x.start - 7, y(tick) + 3.5, f"{tick:g}", "end", "tick"))
    for tick in x_ticks:
        marks.append(Line(x(tick), y.start, x(tick), y.end, "grid"))
        marks.append(Text(x(tick), y.start + 16, f"{tick:g}", "middle", "tick"))
    marks.append(Line(x.start, y.start, x.end, y.start, "axis"))
    marks.append(Text((x.start + x.end) / 2, y.start + 34, names[0], "middle", "axis-name"))
    marks.append(Text(x.start - 38, (y.start + y.end) / 2, names[1], "middle", "axis-name", -90))
    return marks
