"""`ivr outage`: outages that callers hear of, and what callers report."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ivr import config
from ivr.cli.db import ConfigFile, faults_told, opened
from ivr.cli.labels import facts_text
from ivr.cli.readings import By, user
from ivr.domain.outages import Cause, Kind, Place, State
from ivr.storage.database import runtime_flags
from ivr.storage.outages import changes as outages
from ivr.storage.outages import surges
from ivr.storage.outages import views as outages_seen
from ivr.storage.outages.reports import reports as reported

app = typer.Typer(no_args_is_help=True, add_completion=False)

Number = Annotated[int, typer.Argument(metavar="ID", help="Number of the outage in `ivr outage list`.")]
Note = Annotated[str, typer.Option(help="A remark for the history; callers do not hear it.")]
UNKNOWN = "unknown"


class Word(StrEnum):
    """Whether many reports open a suspected outage."""

    ON = runtime_flags.ON
    OFF = runtime_flags.OFF


class Moment(StrEnum):
    """Which way from now a time is meant."""

    PAST = "in the past"
    FUTURE = "in the future"
    ANY = ""


@app.callback()
def outage() -> None:
    """Outages that callers hear of, and what callers report."""


@app.command()
def add(
    district: Annotated[str, typer.Option(help="District, as in billing.")] = "",
    street: Annotated[str, typer.Option(help="Street, as in billing; all of the district without it.")] = "",
    house: Annotated[str, typer.Option(help="House, as in billing; all of the street without it.")] = "",
    expected: Annotated[str, typer.Option(metavar="TIME", help="When it ends; nobody knows without it.")] = "",
    began: Annotated[str, typer.Option(metavar="TIME", help="When it began, or begins if it is planned.")] = "",
    planned: Annotated[bool, typer.Option("--planned", help="Planned works, not an emergency.")] = False,
    cause: Annotated[Cause | None, typer.Option(help="What callers hear of the cause.")] = None,
    anywhere: Annotated[bool, typer.Option("--anywhere", help="Also where no account lies.")] = False,
    by: By = "",
    config_file: ConfigFile = None,
) -> None:
    """Enter an outage: from now on the callers whom it affects hear of it first."""
    place = Place(district.strip(), street.strip(), house.strip())
    if place.nowhere:
        raise typer.BadParameter("an outage has --district, --street or both, and a --house only with its --street")
    with faults_told("outage add"):
        settings = config.load(config_file)
        now = datetime.now(settings.zone)
        kind = Kind.PLANNED if planned else Kind.EMERGENCY
        begins = _moment("--began", began, now, Moment.ANY if planned else Moment.PAST) or now
        ends = _expected(expected, now)
        if ends is not None and ends <= begins:
            raise typer.BadParameter("--expected lies before --began")
        cause = cause or (Cause.WORKS if planned else Cause.UNKNOWN)
        with opened(settings) as database:
            entered = outages.add(database, kind, place, cause, begins, ends, by or user(), now, anywhere=anywhere)
        print(f"outage {entered.id}: {_place(place)}, {entered.accounts} accounts, {_end(ends, settings)}")


@app.command()
def change(
    outage: Number,
    expected: Annotated[str, typer.Option(metavar="TIME", help=f"The new expected end, or `{UNKNOWN}`.")] = "",
    cause: Annotated[Cause | None, typer.Option(help="What callers hear of the cause.")] = None,
    note: Note = "",
    by: By = "",
    config_file: ConfigFile = None,
) -> None:
    """Change what callers hear of an outage."""
    if not (expected or cause or note):
        raise typer.BadParameter("nothing to change: --expected, --cause or --note")
    with faults_told("outage change"):
        settings = config.load(config_file)
        now = datetime.now(settings.zone)
        ends, unknown = _expected(expected, now), expected == UNKNOWN
        with opened(settings) as database:
            changed = outages.change(
                database, outage, by or user(), now, expected_end=ends, end_unknown=unknown, cause=cause, note=note
            )
        print(f"outage {outage}: {_place(changed.place)}, {changed.cause}, {_end(changed.expected_end, settings)}")


@app.command()
def confirm(
    outage: Number,
    expected: Annotated[str, typer.Option(metavar="TIME", help="When it ends; nobody knows without it.")] = "",
    cause: Annotated[Cause | None, typer.Option(help="What callers hear of the cause.")] = None,
    note: Note = "",
    by: By = "",
    config_file: ConfigFile = None,
) -> None:
    """Make a suspected outage a known one: callers hear of it as known from now on."""
    with faults_told("outage confirm"):
        settings = config.load(config_file)
        now = datetime.now(settings.zone)
        ends = _expected(expected, now)
        with opened(settings) as database:
            known = surges.confirm(database, outage, by or user(), now, cause=cause, expected_end=ends, note=note)
        print(f"outage {outage}: {_place(known.place)}, {known.cause}, {_end(known.expected_end, settings)}")


@app.command()
def surge(
    word: Annotated[Word, typer.Argument(metavar="on|off")],
    by: By = "",
    config_file: ConfigFile = None,
) -> None:
    """Let many reports from one district open a suspected outage, or not, for all daemons on this database."""
    with faults_told("outage surge"):
        settings = config.load(config_file)
        with opened(settings) as database:
            runtime_flags.switch(database, runtime_flags.SURGE, word, by or user(), datetime.now(settings.zone))
        print(f"suspected outages: {word}")


@app.command()
def end(
    outage: Number,
    at: Annotated[str, typer.Option(metavar="TIME", help="When it ended; now without it.")] = "",
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="There was no outage.")] = False,
    note: Note = "",
    by: By = "",
    config_file: ConfigFile = None,
) -> None:
    """End an outage: callers hear of it no more, and those who asked for it are to be rung."""
    with faults_told("outage end"):
        settings = config.load(config_file)
        now = datetime.now(settings.zone)
        ended_at = _moment("--at", at, now, Moment.PAST) or now
        with opened(settings) as database:
            ended = outages.end(database, outage, by or user(), now, ended_at=ended_at, withdrawn=withdrawn, note=note)
        print(f"outage {outage} is {ended.outage.state}; callers to be rung: {ended.to_ring}")


@app.command()
def reopen(outage: Number, note: Note = "", by: By = "", config_file: ConfigFile = None) -> None:
    """An outage was ended by mistake: callers hear of it again, and who was not reached yet waits for its end."""
    with faults_told("outage reopen"):
        settings = config.load(config_file)
        with opened(settings) as database:
            again = outages.reopen(database, outage, by or user(), datetime.now(settings.zone), note=note)
        place, ends = _place(again.outage.place), _end(again.outage.expected_end, settings)
        print(f"outage {outage} is open: {place}, {ends}; callers who wait again: {again.to_ring}")


@app.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    history: Annotated[bool, typer.Option("--history", help="Who changed what, and when.")] = False,
    config_file: ConfigFile = None,
) -> None:
    """Show the outages that go on, with the callers who wait to be rung, and how far that is."""
    with faults_told("outage list"):
        settings = config.load(config_file)
        with opened(settings) as database:
            seen = outages_seen.listed(database, over_too=all_)
        console = _console()
        console.print(_outages(seen, settings))
        for one in seen:
            if one.outage.state is State.SUSPECTED:
                console.print(_to_decide(one), style="bold red")
        if history:
            console.print(_history(seen, settings))


@app.command()
def reports(
    most: Annotated[int, typer.Option(min=1, metavar="N", help="The latest N.")] = 50,
    config_file: ConfigFile = None,
) -> None:
    """Show what callers reported, the latest first."""
    with faults_told("outage reports"):
        settings = config.load(config_file)
        with opened(settings) as database:
            seen = reported(database, most)
        names = ("number", "at", "trouble", "place", "account", "caller", "outage", "rung after", "recording")
        table = Table(*names, title=f"reports: {len(seen)}", title_justify="left")
        for one in seen:
            ids = ["" if key is None else str(key) for key in (one.outage_id, one.rung_after)]
            cells = (_local(one.at, settings), one.trouble, _place(one.place), one.account, one.caller, *ids)
            table.add_row(str(one.number), *map(escape, cells), escape(one.recording))
        _console().print(table)


def _expected(text: str, now: datetime) -> datetime | None:
    return None if text == UNKNOWN else _moment("--expected", text, now, Moment.FUTURE)


def _moment(option: str, text: str, now: datetime, when: Moment) -> datetime | None:
    """An aware time from `18:30` (today), `tomorrow 9:00` or ISO. None if empty. Raises BadParameter."""
    if not text:
        return None
    day, _, clock = text.rpartition(" ") if " " in text else ("", "", text)
    try:
        if ":" in clock and "T" not in clock:
            moment = datetime.fromisoformat(f"{_day(day, now.date())}T{clock.zfill(5)}")
        else:
            moment = datetime.fromisoformat(clock)
            if day or ":" not in clock:
                raise ValueError
    except ValueError:
        raise typer.BadParameter(
            f"{option}: “{text}” is no time: 18:30, 2026-11-25T09:00, or “tomorrow 9:00”"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
    if (when is Moment.FUTURE and moment <= now) or (when is Moment.PAST and moment > now):
        raise typer.BadParameter(f"{option}: {moment:%Y-%m-%d %H:%M} is not {when}; give the date too")
    return moment


def _day(text: str, today: date) -> date:
    days = {"": 0, "today": 0, "tomorrow": 1, "сегодня": 0, "завтра": 1}
    return today + timedelta(days[text]) if text in days else date.fromisoformat(text)


def _console() -> Console:
    # Wide enough for every column where the output is no terminal.
    return Console(highlight=False, width=None if os.isatty(1) else 200)


def _outages(seen: list[outages_seen.OutageView], settings: config.Settings) -> Table:
    about = ("id", "state", "kind", "place", "cause", "began", "expected", "ended")
    names = (*about, "to ring", "rung", "still dark", "given up", "reports")
    table = Table(*names, title=f"outages: {len(seen)}", title_justify="left")
    now = datetime.now(settings.zone)
    for one in seen:
        it = one.outage
        late = " (late)" if it.ended_at is None and it.is_late(now) else ""
        times = (_local(it.began_at, settings), _local(it.expected_end, settings) + late, _local(it.ended_at, settings))
        cells = (it.state, it.kind, _place(it.place), it.cause, *times)
        counts = (one.waiting, one.rung, one.dark, one.given_up, one.reports)
        style = "bold red" if it.state is State.SUSPECTED else None
        table.add_row(str(it.id), *map(escape, cells), *map(str, counts), style=style)
    return table


def _to_decide(one: outages_seen.OutageView) -> str:
    number = one.outage.id
    confirming = f"ivr outage confirm {number} [--cause CAUSE] [--expected TIME]"
    return escape(
        f"outage {number} is suspected, reports: {one.reports}. "
        f"Confirm: {confirming}. Take back: ivr outage end {number} --withdrawn"
    )


def _history(seen: list[outages_seen.OutageView], settings: config.Settings) -> Table:
    table = Table("outage", "at", "by", "what", "detail", title="history", title_justify="left")
    for one in seen:
        for entry in one.changes:
            cells = (_local(entry.at, settings), entry.who, entry.action, facts_text(entry.facts))
            table.add_row(str(one.outage.id), *map(escape, cells))
    return table


def _place(place: Place) -> str:
    return ", ".join(filter(None, (place.district, place.street, place.house)))


def _end(moment: datetime | None, settings: config.Settings) -> str:
    return "nobody knows its end" if moment is None else f"expected end {_local(moment, settings)}"


def _local(moment: datetime | None, settings: config.Settings) -> str:
    return "" if moment is None else f"{moment.astimezone(settings.zone):%Y-%m-%d %H:%M}"
