"""HTML files for people in a studio: they open from a disk, without a server and without the network."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


def page(template: str, *, order: str = "", **values: object) -> str:
    """A page of the folder `templates`. order: JSON without "<", put in as it is."""
    folder = Path(__file__).parent / "templates"
    pages = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    pages.filters["clock"] = clock
    return pages.get_template(template).render(order=Markup(order), **values)


def clock(seconds: float) -> str:
    """A time in a long recording as players show it: 1:02:03.4."""
    tenths = round(seconds * 10)
    hours, rest = divmod(tenths, 36000)
    minutes, rest = divmod(rest, 600)
    return f"{hours}:{minutes:02}:{rest // 10:02}.{rest % 10}"
