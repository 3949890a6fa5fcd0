"""`ivr hotline`: the queues as they are now."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ivr import config
from ivr.app import open_database
from ivr.cli.db import ConfigFile, faults_told, opened
from ivr.cli.readings import By, user
from ivr.concurrency.periodic import within
from ivr.domain.faults import StoreUnavailable
from ivr.domain.outages import State
from ivr.domain.surges import Greeting
from ivr.hotline.queue_board import MemberState, Queue, QueueBoard
from ivr.storage.callbacks.views import OutageCallbacksView, QueueCallbacksView, outage_callbacks, queue_callbacks
from ivr.storage.database import runtime_flags
from ivr.storage.database.database import Database
from ivr.storage.outages import views as outages_seen
from ivr.telephony.manager.ami import Ami
from ivr.telephony.manager.ami_reconnect import ReconnectingAmi, manager_account
from ivr.telephony.manager.queues import follow

app = typer.Typer(no_args_is_help=True, add_completion=False)

SHOW_S, ONCE_S = 0.5, 10.0
LOOK_S = 2.0
"""Between two looks into the database; the queues are shown as soon as they change."""
MOST_OUTAGES = 20
COLOURS = {
    MemberState.FREE: "green",
    MemberState.RINGING: "yellow",
    MemberState.BUSY: "cyan",
    MemberState.PAUSED: "magenta",
    MemberState.AWAY: "red",
}


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database tells: call-backs, outages, the latest first, how callers are greeted."""

    callbacks: QueueCallbacksView
    outage_callbacks: OutageCallbacksView
    outages: list[outages_seen.OutageView]
    greeting: Greeting


@app.callback()
def hotline() -> None:
    """The queues now, and who is to be rung back."""


@app.command()
def board(
    once: Annotated[bool, typer.Option("--once", help="Show it once and end; exit 1 if Asterisk is away.")] = False,
    config_file: ConfigFile = None,
) -> None:
    """Watch the queues, the outages and who is to be rung. Ctrl-C ends it; into a pipe or file it is shown once."""
    # What goes wrong with the connection is shown on the board; the texts of the log would run through it.
    logging.getLogger("ivr").addHandler(logging.NullHandler())
    with faults_told("hotline board"):
        settings = config.load(config_file)
        if manager_account(settings) is None:
            raise config.BadSettings("ami.user is not set: the queues are asked from Asterisk's manager")
        database = open_database(settings)
        try:
            shown = asyncio.run(_watch(settings, database, once=once))
        finally:
            database.close()
    if not shown:
        raise typer.Exit(1)


@app.command()
def greeting(
    mode: Annotated[Greeting, typer.Argument(metavar="auto|short|full")],
    by: By = "",
    config_file: ConfigFile = None,
) -> None:
    """Greet callers shortly, in full, or (auto) shortly while many wait; for all daemons on this database."""
    with faults_told("hotline greeting"):
        settings = config.load(config_file)
        with opened(settings) as database:
            runtime_flags.switch(database, runtime_flags.GREETING, mode, by or user(), datetime.now(settings.zone))
        print(f"greeting: {mode}")


async def _watch(settings: config.Settings, database: Database, *, once: bool) -> bool:
    """Show the board until SIGINT or SIGTERM; whether it was ever complete."""
    account = manager_account(settings)
    assert account is not None
    queues = QueueBoard()

    async def keep(ami: Ami) -> None:
        await follow(ami, queues)

    lasting = ReconnectingAmi(account, keep)
    following = asyncio.create_task(lasting.run())
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    console = Console(highlight=False)
    try:
        if once or not console.is_terminal:
            await _complete(queues, lasting)
            console.print(_view(queues, await _stored(database), lasting, settings.zone))
            return queues.current
        with Live(console=console, auto_refresh=False, screen=True) as live:
            latest: Stored | None = None
            looked = -LOOK_S
            while not stop.is_set():
                if loop.time() - looked >= LOOK_S:
                    latest, looked = await _stored(database), loop.time()
                live.update(_view(queues, latest, lasting, settings.zone), refresh=True)
                await within(stop, SHOW_S)
        return True
    finally:
        following.cancel()
        await asyncio.wait({following})


async def _complete(queues: QueueBoard, lasting: ReconnectingAmi) -> None:
    """Wait until the board is complete, a login was refused, or it takes too long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ONCE_S):
            while not queues.current and not lasting.refused:  # noqa: ASYNC110 - a person's eye is not quicker
                await asyncio.sleep(0.05)


async def _stored(database: Database) -> Stored | None:
    """What the database tells, None if it does not answer."""
    try:
        return await asyncio.to_thread(_read, database)
    except StoreUnavailable:
        return None


def _read(database: Database) -> Stored:
    return Stored(
        queue_callbacks(database),
        outage_callbacks(database),
        outages_seen.listed(database),
        runtime_flags.switched(database).greeting,
    )


def _view(queues: QueueBoard, stored: Stored | None, lasting: ReconnectingAmi, zone: ZoneInfo) -> Group:
    table = Table("queue", "waiting", "longest wait", "free", "people")
    for queue in queues.queues():
        people = Text(", ").join(_people(queue)) if queue.members else Text("nobody", style="red")
        table.add_row(escape(queue.name), str(len(queue.waiting)), _length(queue.longest_s), str(queue.free), people)
    lines: list[RenderableType] = [table]
    if not queues.current:
        why = "Asterisk's manager refused the login" if lasting.refused else "no connection to Asterisk's manager"
        lines.append(Text(f"{why}; what is shown is old", style="bold red"))
    if stored is None:
        lines.append(Text("call-backs and outages: the database does not answer", style="bold red"))
        return Group(*lines)
    due, power = stored.callbacks, stored.outage_callbacks
    oldest = "" if due.since is None else f", oldest {_length((datetime.now(UTC) - due.since).total_seconds())}"
    lines.append(Text(f"call-backs: {due.due} due, {due.calling} ringing{oldest}"))
    lines.append(
        Text(f"call-backs after outages: {power.due} due, {power.calling} ringing, {power.waiting} wait for the end")
    )
    if stored.greeting is not Greeting.AUTO:
        lines.append(Text(f"greeting: {stored.greeting}, by hand (ivr hotline greeting auto)", style="yellow"))
    return Group(*lines, *_outages(stored.outages, datetime.now(zone)))


def _outages(seen: list[outages_seen.OutageView], now: datetime) -> list[RenderableType]:
    """The outages that go on, and what a clerk is to decide; suspected ones first."""
    if not seen:
        return [Text("outages: none")]
    table = Table("outage", "state", "place", "expected end", "reports", "to ring")
    lines: list[RenderableType] = [table]
    for one in sorted(seen, key=lambda one: one.outage.state is not State.SUSPECTED)[:MOST_OUTAGES]:
        it = one.outage
        place = ", ".join(filter(None, (it.place.district, it.place.street, it.place.house)))
        ends = "unknown" if it.expected_end is None else f"{it.expected_end.astimezone(now.tzinfo):%d.%m. %H:%M}"
        state, style = str(it.state), ""
        if it.state is State.SUSPECTED:
            ends, style = "", "bold white on red"
            confirming = f"ivr outage confirm {it.id}   or   ivr outage end {it.id} --withdrawn"
            lines.append(Text(f"outage {it.id} is suspected: {confirming}", style="bold red"))
        elif it.began_at > now:
            state = f"from {it.began_at.astimezone(now.tzinfo):%d.%m. %H:%M}"
        elif it.is_late(now):
            ends, style = f"{ends} late", "yellow"
        table.add_row(str(it.id), state, escape(place), ends, str(one.reports), str(one.waiting), style=style)
    if len(seen) > MOST_OUTAGES:
        lines.append(Text(f"and {len(seen) - MOST_OUTAGES} more: ivr outage list"))
    return lines


def _people(queue: Queue) -> list[Text]:
    return [Text(f"{member.name} {member.state.value}", style=COLOURS[member.state]) for member in queue.members]


def _length(seconds: float) -> str:
    """Hours, minutes, seconds, as a clock shows them."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
