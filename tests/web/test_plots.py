"""Plots: every value in the picture and in the table beside it, nothing inline, nothing unescaped."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

from ivr.web.core.plots import Point, bars, line


def test_each_value_is_drawn_and_told() -> None:
    for plot in (bars, line):
        for values in ([], [0], [5], [3, 3], [0, 12345, 17], list(range(24))):
            told_and_drawn(plot, values)


def told_and_drawn(plot: Callable[[str, list[Point], str], object], values: list[int]) -> None:
    """Every value is in the picture, the higher the greater, and in the table."""
    case = plot, values
    figure = ElementTree.fromstring(
        str(plot("Звонки", [Point(f"{n} ч", value) for n, value in enumerate(values)], "шт"))
    )
    marks = [part for part in figure.iter() if part.get("class") in {"bar", "dot"}]
    assert len(marks) == len(values), case
    places = [float(part.get("y") or part.get("cy") or "") for part in marks]
    assert all(0 <= place <= 240 for place in places), case
    assert sorted(range(len(values)), key=lambda n: (values[n], n)) == sorted(
        range(len(values)), key=lambda n: (-places[n], n)
    ), case
    cells = [cell.text for cell in figure.iter("td")]
    assert cells == [f"{value:,}".replace(",", "\u00a0") for value in values], case
    assert not any(name in {"style", "onclick"} for part in figure.iter() for name in part.attrib), case


def test_texts_from_outside_do_nothing() -> None:
    plot = str(bars("<script>", [Point("<b>&", 1, doubted=True)], '"'))
    assert "<script>" not in plot and "<b>" not in plot and "&lt;b&gt;&amp;" in plot
    assert 'class="bar warn"' in plot
