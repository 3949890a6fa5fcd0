"""Promises in the database of a system, and who is rung by the lab's Asterisk."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select, true, update

from ivr.config import REPOSITORY
from ivr.domain.callbacks import CallbackRequest
from ivr.storage import tables
from ivr.storage.callbacks.repository import CallbackRepository
from ivr.telephony.manager.ami import AmiUnavailable
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.system import System
from tests.asterisk.accounts import import_accounts
from tests.lab.phone import exchange, global_variable
from tests.owed import asked
from tests.waiting import until

CALLER = "+79161234567"
PACE = {"dial": "Local/{phone}@lab-called/n", "quiet_from": 0, "quiet_to": 0, "pauses_s": [1, 1], "lease_s": 600.0}
"""Pauses between tries that no test minds being longer, and a lease that outlasts each test: `lease_runs_out`."""
LEFT_BY_CALLS = frozenset(
    {
        "callbacks",
        "outage_reports",
        "outages",
        "report_hours",
        "switches",
        "call_steps",
        "calls",
        "readings",
        "contacts",
    }
)


def rings_back(lab: Lab, **ami: Any) -> dict[str, dict[str, Any]]:
    """Settings of a daemon that rings back over this lab."""
    state = lab.state
    assert state is not None
    account = {"port": state.ami_port, "user": "ivr", "secret": state.ami_secret, **ami}
    return {"ami": account, "callbacks": dict(PACE), "speech": {"model": "none"}, "line": {"header_s": 30}}


def owed(system: System, *phones: str, queue: str = "hotline", priority: int = 0, minutes: int = 0) -> None:
    """These numbers are owed a call-back, as if their callers had waited in the queue for so many minutes."""
    database, now = system.open_database(), datetime.now(UTC)
    for phone in phones:
        request = CallbackRequest(phone, queue, priority, now - timedelta(minutes=minutes))
        assert asked(CallbackRepository(database), request, now)
    database.close()


def kept(system: System) -> list[tuple[str, str, str, int]]:
    """Phone, state, reason and tries of all callbacks."""
    database = system.open_database()
    callbacks = tables.of(tables.Callback)
    columns = (callbacks.c.phone, callbacks.c.state, callbacks.c.reason, callbacks.c.tries)
    with database.reading() as connection:
        found = [tuple(row) for row in connection.execute(select(*columns).order_by(callbacks.c.id))]
    database.close()
    return found


def states(system: System) -> list[tuple[str, str]]:
    """State and reason of all callbacks."""
    return [(state, reason) for _, state, reason, _ in kept(system)]


def lease_of(system: System) -> datetime:
    """Until when the one promise is held."""
    database = system.open_database()
    with database.reading() as connection:
        lease = connection.scalar(select(tables.of(tables.Callback).c.lease_until))
    database.close()
    assert lease is not None
    return lease


def lease_runs_out(system: System) -> None:
    """The one promise is held no more, as if the time of its lease had passed."""
    database = system.open_database()
    with database.writing() as connection:
        past = update(tables.of(tables.Callback)).values(lease_until=datetime.now(UTC) - timedelta(seconds=1))
        assert connection.execute(past).rowcount == 1
    database.close()


async def forgotten(system: System) -> None:
    """End all calls, and take away what they left: the daemon goes on for the next test."""
    database = system.open_database()
    calls, callbacks = tables.of(tables.Call), tables.of(tables.Callback)
    due = update(callbacks).where(callbacks.c.state == "due").values(state="given-up")
    tries = select(func.count()).where(callbacks.c.state == "calling")
    going_on = select(func.count()).where(calls.c.outcome.is_(None))

    def nobody_is_rung() -> bool:
        with database.writing() as connection:
            connection.execute(due)
            if not connection.scalar(tries):
                return True
        system.lab.command("channel request hangup all")
        return False

    def all_calls_are_over() -> bool:
        with database.reading() as connection:
            return connection.scalar(going_on) == 0

    try:
        await until(nobody_is_rung)
        await until(all_calls_are_over)
        with database.writing() as connection:
            for table in reversed(tables.Base.metadata.sorted_tables):
                if table.name in LEFT_BY_CALLS:
                    given = table.c.contact_id.is_not(None) if table.name == "readings" else true()
                    connection.execute(delete(table).where(given))
    finally:
        database.close()


@contextlib.asynccontextmanager
async def rung(lab: Lab) -> AsyncIterator[list[str]]:
    """Numbers that are rung, as it happens."""
    async with told(lab, "IVR_RUNG") as events:
        numbers: list[str] = []
        events.append(lambda _channel, number: numbers.append(number))
        yield numbers


@contextlib.asynccontextmanager
async def heard(lab: Lab) -> AsyncIterator[dict[str, list[str]]]:
    """What those hear who are rung, by number, as it happens."""
    prompts: dict[str, list[str]] = {}

    def note(channel: str, prompt: str) -> None:
        if "@lab-called" in channel:
            prompts.setdefault(channel.removeprefix("Local/").partition("@")[0], []).append(prompt)

    async with told(lab, "IVR_PROMPT") as events:
        events.append(note)
        yield prompts


@contextlib.asynccontextmanager
async def told(lab: Lab, variable: str) -> AsyncIterator[list[Callable[[str, str], object]]]:
    """Calls everything in the list with channel and value, each time that the variable is set."""
    listeners: list[Callable[[str, str], object]] = []
    async with exchange(lab) as ami:
        with ami.events("VarSet") as events:

            async def listen() -> None:
                with contextlib.suppress(AmiUnavailable):
                    while True:
                        event = await events.next(3600)
                        if event["Variable"] == variable:
                            for listener in listeners:
                                listener(event["Channel"], event["Value"])

            listening = asyncio.create_task(listen())
            try:
                yield listeners
            finally:
                listening.cancel()
                await asyncio.wait({listening})


@contextlib.contextmanager
def system_of(lab: Lab, store_url: str = "", accounts: Path | None = None, **changes: object) -> Iterator[System]:
    """A system that rings back, with the accounts of a file; its daemon is not started yet."""
    with tempfile.TemporaryDirectory(prefix="system-", dir=REPOSITORY / "var") as folder:
        lab.up()
        settings = rings_back(lab)
        for section, values in changes.items():
            settings.setdefault(section, {}).update(values)  # type: ignore[call-overload]
        system = System(Path(folder), lab, store_url=store_url, changes=settings)
        system.prepare()
        if accounts is not None:
            import_accounts(system, accounts)
        try:
            yield system
        finally:
            system.kill_daemon()


@contextlib.contextmanager
def standing(lab: Lab, accounts: Path | None = None, **changes: object) -> Iterator[System]:
    """A system that rings back, for all tests of a module: its daemon answers, and ends well."""
    with system_of(lab, accounts=accounts, **changes) as system:
        system.start_daemon()
        yield system
        system.stop_daemon()


@contextlib.asynccontextmanager
async def called(lab: Lab, does: str) -> AsyncIterator[None]:
    """What whoever is rung does, for the length of a block; then all calls end."""
    try:
        async with global_variable(lab, "LAB_CALLED", does):
            yield
    finally:
        lab.command("channel request hangup all")
        await until(lambda: "\n0 active channels" in f"\n{lab.command('core show channels count')}")


async def does(lab: Lab, what: str) -> None:
    async with exchange(lab) as ami:
        await ami.action("Setvar", Variable="LAB_CALLED", Value=what)


async def presses(lab: Lab, key: str) -> None:
    """The one who is rung presses a key."""
    async with exchange(lab) as ami:
        await ami.action("PlayDTMF", Channel=_line(lab, ";2"), Digit=key, Duration="80")


async def variable(lab: Lab, name: str) -> str:
    """A variable of the call of the one who is rung."""
    async with exchange(lab) as ami:
        return (await ami.action("Getvar", Channel=_line(lab, ";1"), Variable=name))["Value"]


def _line(lab: Lab, end: str) -> str:
    channels = (line.partition("!")[0] for line in lab.command("core show channels concise").splitlines())
    (found,) = (name for name in channels if "@lab-called" in name and name.endswith(end))
    return found


@contextlib.contextmanager
def two_daemons(lab: Lab, store_url: str) -> Iterator[tuple[System, System]]:
    """Two systems on one database and beside one Asterisk; their daemons are not started yet."""
    with (
        system_of(lab, store_url) as one,
        tempfile.TemporaryDirectory(prefix="system-", dir=REPOSITORY / "var") as folder,
    ):
        changes = rings_back(lab)
        changes["line"]["socket"] = f"{folder}/ivr.sock"
        other = System(Path(folder), lab, store_url=store_url, changes=changes)
        other.prepare()
        try:
            yield one, other
        finally:
            other.kill_daemon()
