"""`ivr hotline`: the queues as they are now."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ivr import config
from ivr.app import manager_account, open_database
from ivr.cli.db import ConfigFile, faults_told
from ivr.domain.faults import StoreUnavailable
from ivr.hotline.board import Board, MemberState, Queue
from ivr.storage.promises import Due, Promises
from ivr.telephony.ami import Ami
from ivr.telephony.lasting import LastingAmi
from ivr.telephony.queues import follow

app = typer.Typer(no_args_is_help=True, add_completion=False)

SHOW_S, ONCE_S = 0.5, 10.0
COLOURS = {
    MemberState.FREE: "green",
    MemberState.RINGING: "yellow",
    MemberState.BUSY: "cyan",
    MemberState.PAUSED: "magenta",
    MemberState.AWAY: "red",
}


@app.callback()
def hotline() -> None:
    """The queues now, and who is to be rung back."""


@app.command()
def board(
    once: Annotated[bool, typer.Option("--once", help="Show it once and end; exit 1 if Asterisk is away.")] = False,
    config_file: ConfigFile = None,
) -> None:
    """Watch the queues: who waits how long, which people are there, which call-backs are due. Ctrl-C ends it."""
    # What goes wrong with the connection is shown on the board; the texts of the log would run through it.
    logging.getLogger("ivr").addHandler(logging.NullHandler())
    with faults_told("hotline board"):
        settings = config.load(config_file)
        if manager_account(settings) is None:
            raise config.BadSettings("ami.user is not set: the queues are asked from Asterisk's manager")
        database = open_database(settings)
        try:
            shown = asyncio.run(_watch(settings, Promises(database), once=once))
        finally:
            database.close()
    if not shown:
        raise typer.Exit(1)


async def _watch(settings: config.Settings, promises: Promises, *, once: bool) -> bool:
    """Show the board until told to end; whether it was ever complete."""
    account = manager_account(settings)
    assert account is not None
    queues = Board()

    async def keep(ami: Ami) -> None:
        await follow(ami, queues)

    lasting = LastingAmi(account, keep)
    following = asyncio.create_task(lasting.run())
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    console = Console(highlight=False)
    try:
        if once:
            await _complete(queues, lasting)
            console.print(_view(queues, await _due(promises), lasting))
            return queues.current
        with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
            await _show(lambda view: live.update(view, refresh=True), queues, promises, lasting, stop)
        return True
    finally:
        following.cancel()
        await asyncio.wait({following})


async def _complete(queues: Board, lasting: LastingAmi) -> None:
    """Wait until the board is complete, a login was refused, or it takes too long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ONCE_S):
            while not queues.current and not lasting.refused:  # noqa: ASYNC110 - a person's eye is not quicker
                await asyncio.sleep(0.05)


async def _show(
    update: Callable[[RenderableType], None],
    queues: Board,
    promises: Promises,
    lasting: LastingAmi,
    stop: asyncio.Event,
) -> None:
    while not stop.is_set():
        update(_view(queues, await _due(promises), lasting))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), SHOW_S)


async def _due(promises: Promises) -> Due | None:
    """The open promises, None if the database does not answer."""
    try:
        return await asyncio.to_thread(promises.open)
    except StoreUnavailable:
        return None


def _view(queues: Board, due: Due | None, lasting: LastingAmi) -> Group:
    table = Table("queue", "waiting", "longest wait", "free", "people")
    for queue in queues.queues():
        people = Text(", ").join(_people(queue)) if queue.members else Text("nobody", style="red")
        table.add_row(escape(queue.name), str(len(queue.waiting)), _length(queue.longest_s), str(queue.free), people)
    lines: list[RenderableType] = [table]
    if not queues.current:
        why = "Asterisk's manager refused the login" if lasting.refused else "no connection to Asterisk's manager"
        lines.append(Text(f"{why}; what is shown is old", style="bold red"))
    if due is None:
        lines.append(Text("call-backs: the database does not answer", style="bold red"))
    else:
        oldest = "" if due.since is None else f", oldest {_length((datetime.now(UTC) - due.since).total_seconds())}"
        lines.append(Text(f"call-backs: {due.due} due, {due.calling} ringing{oldest}"))
    return Group(*lines)


def _people(queue: Queue) -> list[Text]:
    return [Text(f"{member.name} {member.state.value}", style=COLOURS[member.state]) for member in queue.members]


def _length(seconds: float) -> str:
    """Hours, minutes, seconds, as a clock shows them."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
