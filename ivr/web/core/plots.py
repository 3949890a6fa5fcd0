"""Plots as SVG made on the server: bars and a line. Colours come from pages.css; beside each stands its table.

The text alternative is a table in `<details>`: a user who does not see the picture gets every value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from markupsafe import Markup, escape

from ivr.web.core.labels import thousands

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 12, 28
MOST_LABELS = 12
_ids = count(1)


@dataclass(frozen=True, slots=True)
class Point:
    """One value under its label. doubted: drawn in the colour of a warning."""

    label: str
    value: float
    doubted: bool = False


def bars(title: str, points: Sequence[Point], unit: str = "") -> Markup:
    """Bars from zero, for example calls by hour."""
    top = _round_top(points)
    step = (WIDTH - LEFT - RIGHT) / max(1, len(points))
    marks = []
    for place, point in enumerate(points):
        y = _y(point.value, 0, top)
        tone = " warn" if point.doubted else ""
        marks.append(
            f'<rect class="bar{tone}" x="{LEFT + place * step + step * 0.1:.1f}" y="{y:.1f}" '
            f'width="{step * 0.8:.1f}" height="{HEIGHT - BOTTOM - y:.1f}"/>'
        )
    return _figure(title, points, unit, 0, top, step, LEFT + step / 2, marks)


def line(title: str, points: Sequence[Point], unit: str = "") -> Markup:
    """Dots joined by a line, not from zero, for example a meter's readings."""
    values = [point.value for point in points] or [0]
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 1, high + 1
    step = (WIDTH - LEFT - RIGHT - 16) / max(1, len(points) - 1)
    places = [(LEFT + 8 + place * step, _y(point.value, low, high)) for place, point in enumerate(points)]
    marks = [f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>']
    for (x, y), point in zip(places, points, strict=True):
        marks.append(f'<circle class="dot{" warn" if point.doubted else ""}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
    return _figure(title, points, unit, low, high, step, LEFT + 8, marks)


def _figure(
    title: str,
    points: Sequence[Point],
    unit: str,
    low: float,
    high: float,
    step: float,
    first: float,
    marks: Iterable[str],
) -> Markup:
    name = f"plot-{next(_ids)}"
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}"><title id="{name}">']
    parts.append(f"{escape(_summary(title, points, unit))}</title>")
    for part in (0, 0.5, 1):
        value = low + (high - low) * part
        y = _y(value, low, high)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(value)}</text>')
    parts += marks
    every = -(-len(points) // MOST_LABELS) or 1
    labelled = list(range(0, len(points), every))
    at_edge = len(labelled) > 1 and first + labelled[-1] * step > WIDTH - 32
    if at_edge and every * step < 72 and len(points[labelled[-1]].label) > 5:
        del labelled[-2]  # the last one, moved in from the edge, would lie over it
    for place in labelled:
        x = first + place * step
        anchor, x = ("end", WIDTH) if at_edge and place == labelled[-1] else ("middle", x)  # else it would be cut
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{escape(points[place].label)}</text>')
    parts.append("</svg>")
    rows = "".join(
        f'<tr><th scope="row">{escape(point.label)}</th><td class="number">{_number(point.value)}</td></tr>'
        for point in points
    )
    head = f"{escape(title)}{', ' if unit else ''}{escape(unit)}"
    table = f"<details><summary>Числа</summary><table><caption>{head}</caption><tbody>{rows}</tbody></table></details>"
    return Markup(
        f'<figure class="plot"><figcaption>{head}</figcaption>{"".join(parts)}{table}</figure>'
    )  # every text in it is escaped above


def _summary(title: str, points: Sequence[Point], unit: str) -> str:
    if not points:
        return f"{title}: данных нет"
    least, most = min(points, key=lambda point: point.value), max(points, key=lambda point: point.value)
    ends = f"меньше всего {_number(least.value)} ({least.label}), больше всего {_number(most.value)} ({most.label})"
    return f"{title}{', ' if unit else ''}{unit}: {ends}"


def _number(value: float) -> str:
    return thousands(round(value)) if value == round(value) or abs(value) >= 100 else f"{value:.1f}".replace(".", ",")


def _y(value: float, low: float, high: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (value - low) / (high - low)


def _round_top(points: Sequence[Point]) -> float:
    """The least of 1, 2, 5, 10, 20, … that holds all values."""
    most = max((point.value for point in points), default=0)
    top = 1.0
    while top < most:
        top *= 2.5 if str(top).startswith("2") else 2
    return top
