"""A picture of a call: what the menu said on the left, what the caller did on the right, time downwards (SVG)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from html import escape
from pathlib import Path

from ivr.testbed.robot.timeline import Happening, Who

WIDTH, MARGIN, TIME_WIDTH = 720, 12, 58
LINE, PADDING, GAP = 18, 7, 7
LETTERS = 54  # of a bubble's line
LETTER_WIDTH = 7.6
COLOURS = {Who.MENU: ("#e3eefb", "#1b4f8a"), Who.CALLER: ("#fff0d6", "#8a5200"), Who.LINE: ("#e4f3e4", "#24692a")}


def write(title: str, happenings: Iterable[Happening], file: Path) -> None:
    """Write the picture. Raises OSError."""
    parts: list[str] = []
    top = MARGIN + LINE + GAP
    for happening in happenings:
        lines = textwrap.wrap(happening.text, LETTERS) or [""]
        height = len(lines) * LINE + PADDING
        parts.append(_bubble(happening, lines, top, height))
        top += height + GAP
    style = "font-family: 'DejaVu Sans', sans-serif; font-size: 13px"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + MARGIN}" width="{WIDTH}" style="{style}">'
    )
    paper = '<rect width="100%" height="100%" fill="white"/>'
    name = f'<text x="{MARGIN}" y="{MARGIN + 13}" font-weight="bold">{escape(title)}</text>'
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([head, paper, name, *parts, "</svg>", ""]), encoding="utf-8")


def _bubble(happening: Happening, lines: list[str], top: float, height: float) -> str:
    paper, ink = COLOURS[happening.who]
    width = max(map(len, lines)) * LETTER_WIDTH + 2 * PADDING
    left = MARGIN + TIME_WIDTH if happening.who is Who.MENU else WIDTH - MARGIN - width
    time = f'<text x="{MARGIN}" y="{top + LINE - 2}" fill="#777">{happening.at:.1f} s</text>'
    box = f'<rect x="{left:.0f}" y="{top}" width="{width:.0f}" height="{height}" rx="7" fill="{paper}"/>'
    texts = (
        f'<text x="{left + PADDING:.0f}" y="{top + LINE - 2 + n * LINE}" fill="{ink}">{escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    return "".join([time, box, *texts])
