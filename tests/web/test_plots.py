"""Plots: every value in the picture and in the table beside it, nothing inline, nothing unescaped."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from ivr.web.plots import Point, bars, line


@pytest.mark.parametrize("plot", [bars, line], ids=["bars", "line"])
@pytest.mark.parametrize("values", [[], [0], [5], [3, 3], [0, 12345, 17], list(range(24))], ids=str)
def test_each_value_is_drawn_and_told(plot, values) -> None:  # type: ignore[no-untyped-def]
    figure = ElementTree.fromstring(
        str(plot("Звонки", [Point(f"{n} ч", value) for n, value in enumerate(values)], "шт"))
    )
    marks = [part for part in figure.iter() if part.get("class") in {"bar", "dot"}]
    assert len(marks) == len(values)
    places = [float(part.get("y") or part.get("cy") or "") for part in marks]
    assert all(0 <= place <= 240 for place in places)
    assert sorted(range(len(values)), key=lambda n: (values[n], n)) == sorted(
        range(len(values)), key=lambda n: (-places[n], n)
    )
    cells = [cell.text for cell in figure.iter("td")]
    assert cells == [f"{value:,}".replace(",", "\u00a0") for value in values]
    assert not any(name in {"style", "onclick"} for part in figure.iter() for name in part.attrib)


def test_texts_from_outside_do_nothing() -> None:
    plot = str(bars("<script>", [Point("<b>&", 1, doubted=True)], '"'))
    assert "<script>" not in plot and "<b>" not in plot and "&lt;b&gt;&amp;" in plot
    assert 'class="bar warn"' in plot
