"""`ivr readings`: readings that wait for a clerk."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ivr import config
from ivr.app import limits, window
from ivr.cli.db import ConfigFile, faults_told, opened
from ivr.intake import review
from ivr.intake.review import Clerk
from ivr.intake.submit import Rules
from ivr.storage.readings.review import Doubtful, Reviews
from ivr.storage.readings.review import flagged as flagged_readings
from ivr.storage.readings.spool_entries import Unplaced, unplaced

app = typer.Typer(no_args_is_help=True, add_completion=False)

By = Annotated[str, typer.Option("--by", help="Who decides, for the audit; the system's user if not given.")]


@app.callback()
def readings() -> None:
    """Readings that wait for a clerk."""


@app.command("list")
def list_(
    flagged: Annotated[bool, typer.Option("--flagged", help="All that wait for a clerk (the default).")] = False,
    emergency: Annotated[bool, typer.Option("--emergency", help="Only those left in emergency mode.")] = False,
    config_file: ConfigFile = None,
) -> None:
    """Show the readings that wait for a clerk, and those of emergency mode that belong to no meter by themselves."""
    if flagged and emergency:
        raise typer.BadParameter("--flagged shows those of --emergency too")
    with faults_told("readings list"):
        settings = config.load(config_file)
        with opened(settings) as database:
            doubtful = flagged_readings(database, emergency=emergency)
            entries = unplaced(database)
        # Wide enough for every column where the output is no terminal.
        console = Console(highlight=False, width=None if os.isatty(1) else 200)
        console.print(_doubtful(doubtful, settings))
        if entries:
            console.print(_unplaced(entries, settings))


@app.command()
def accept(
    reading: Annotated[int, typer.Argument(metavar="ID", help="Number of the reading in `ivr readings list`.")],
    by: By = "",
    config_file: ConfigFile = None,
) -> None:
    """Let a flagged reading leave for billing."""
    with faults_told("readings accept"), _reviews(config_file) as (_, reviews):
        review.accept(reviews, _clerk(by), reading)


@app.command()
def correct(
    reading: Annotated[int, typer.Argument(metavar="ID", help="Number of the reading in `ivr readings list`.")],
    value: Annotated[int, typer.Argument(metavar="VALUE", min=0, help="The right value, whole kilowatt-hours.")],
    insist: Annotated[bool, typer.Option("--insist", help="Store a value that is doubtful too.")] = False,
    by: By = "",
    config_file: ConfigFile = None,
) -> None:
    """Put another value in the place of a flagged one and let it leave for billing."""
    with faults_told("readings correct"), _reviews(config_file) as (settings, reviews):
        rules = Rules(window(settings), limits(settings))
        review.correct(reviews, rules, _clerk(by), reading, value, insist=insist)


@app.command()
def refuse(
    reading: Annotated[int, typer.Argument(metavar="ID", help="Number of the reading in `ivr readings list`.")],
    reason: Annotated[str, typer.Option(help="Why, for the audit and the history.")],
    by: By = "",
    config_file: ConfigFile = None,
) -> None:
    """Take a flagged reading out of the count. The one that it had replaced counts again."""
    with faults_told("readings refuse"), _reviews(config_file) as (_, reviews):
        review.refuse(reviews, _clerk(by), reading, reason)


@contextmanager
def _reviews(config_file: Path | None) -> Iterator[tuple[config.Settings, Reviews]]:
    settings = config.load(config_file)
    with opened(settings) as database:
        yield settings, Reviews(database, settings.zone)


def _clerk(by: str) -> Clerk:
    return Clerk(by or user(), datetime.now(UTC))


def user() -> str:
    """The system's user, for the audit."""
    return pwd.getpwuid(os.getuid()).pw_name


def _doubtful(rows: list[Doubtful], settings: config.Settings) -> Table:
    names = ("id", "account", "meter", "zone", "value", "last", "period", "taken", "channel", "reason", "voice")
    table = Table(*names, title=f"readings that wait: {len(rows)}", title_justify="left")
    for row in rows:
        last = "" if row.last is None else str(row.last)
        taken = f"{row.taken_at.astimezone(settings.zone):%Y-%m-%d %H:%M}"
        cells = (row.account, row.meter, row.zone, str(row.value), last, row.period, taken, row.channel, row.reason)
        table.add_row(str(row.id), *map(escape, cells), escape(row.voice or ""))
    return table


def _unplaced(rows: list[Unplaced], settings: config.Settings) -> Table:
    table = Table(
        "account", "values", "caller", "taken", "reason", title=f"left in emergency mode, for no meter: {len(rows)}",
        title_justify="left",
    )  # fmt: skip
    for row in rows:
        taken = f"{row.taken_at.astimezone(settings.zone):%Y-%m-%d %H:%M}"
        table.add_row(row.account, " ".join(row.values), row.caller, taken, escape(row.reason))
    return table
