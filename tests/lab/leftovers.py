"""What a test leaves behind in a lab that others use after it: calls, global variables, queues, Asterisk's database.

    found = AsFound(lab)
    ...
    found.check("the test")

A look takes some milliseconds: one connection, four questions at once. A console command costs a process.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from ivr.testbed.lab.lab import Lab
from ivr.testbed.lab.state import LabState

ENDS_S = 60.0
"""For what ends by itself: calls that were hung up, telephones of people whose caller is gone."""

WRITTEN_BY_THE_LINE = ("IVR_TURNS", "IVR_NOTICE_UNTIL")
"""Global variables that the dialplan itself sets: the last turn, which only grows; until when an outage is news, which
the daemon asks for. The second is put back without a word where a test began with no news."""

KEPT_BY_THE_LINE = ("/ivr/", "/ivr-messages/", "/ivr-promises/")
"""What the dialplan itself keeps in Asterisk's database: numbers of messages and answers of who was rung, each under a
name that comes once."""

BUSY = frozenset({"2", "3", "6", "7", "8"})
"""States of a person's telephone in which a call is there: in use, busy, ringing, both, on hold."""


class LeftBehind(AssertionError):
    """A test changed the lab for those that come after it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is there in a lab.

    members: whether paused, by queue and telephone. talking: members whose telephones ring or are in use.
    callers: channels that wait in queues.
    """

    channels: frozenset[str]
    variables: dict[str, str]
    kept: dict[str, str]
    members: dict[tuple[str, str], bool]
    talking: frozenset[str]
    callers: frozenset[str]


class _Manager:
    """A connection to Asterisk's manager that reads no events."""

    def __init__(self, state: LabState) -> None:
        self._socket = socket.create_connection(("127.0.0.1", state.ami_port), timeout=ENDS_S)
        self._read = self._socket.makefile("r", encoding="utf-8", errors="replace", newline="\r\n")
        self._numbers = count(1)
        self._read.readline()  # Asterisk says who it is
        self.answers(self.ask("Login", Username=state.ami_user, Secret=state.ami_secret, Events="off"))

    def ask(self, action: str, **headers: str) -> str:
        """Send an action; its number."""
        number = str(next(self._numbers))
        lines = [f"Action: {action}", f"ActionID: {number}", *(f"{name}: {value}" for name, value in headers.items())]
        self._socket.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        return number

    def answers(self, number: str) -> list[list[tuple[str, str]]]:
        """The response to an action, and the list behind it if there is one."""
        found: list[list[tuple[str, str]]] = []
        while True:
            message = self._message()
            headers = dict(message)
            if headers.get("ActionID") != number:
                continue
            found.append(message)
            if headers.get("EventList") != "start" and (len(found) == 1 or headers.get("EventList") == "Complete"):
                return found

    def said(self, number: str) -> list[str]:
        """The lines that a console command wrote."""
        return [text for name, text in self.answers(number)[0] if name == "Output"]

    def command(self, text: str) -> None:
        """Run a console command."""
        self.answers(self.ask("Command", Command=text))

    def close(self) -> None:
        self._read.close()
        self._socket.close()

    def _message(self) -> list[tuple[str, str]]:
        lines = []
        while line := self._read.readline():
            if line == "\r\n":
                return [(name, value.strip()) for name, _, value in (each.partition(":") for each in lines)]
            lines.append(line)
        raise ConnectionError("Asterisk's manager closed the connection")


@contextmanager
def _manager(lab: Lab) -> Iterator[_Manager]:
    state = lab.state
    if state is None:
        raise LeftBehind("the lab is down")
    manager = _Manager(state)
    try:
        yield manager
    finally:
        manager.close()


def _look(manager: _Manager) -> Look:
    commands = ("core show channels concise", "dialplan show globals", "database show")
    asked = [manager.ask("Command", Command=command) for command in commands]
    queues = manager.ask("QueueStatus")
    channels, variables, kept = (manager.said(number) for number in asked)
    listed = [dict(message) for message in manager.answers(queues)]
    members = [one for one in listed if one.get("Event") == "QueueMember"]
    return Look(
        frozenset(line.partition("!")[0] for line in channels if "!" in line),
        {name: value for name, sign, value in (line.strip().partition("=") for line in variables) if sign and value},
        {found[1]: found[2] for line in kept if (found := re.fullmatch(r"(/\S+) *: (.*)", line))},
        {(one["Queue"], one["Location"]): one["Paused"] == "1" for one in members},
        frozenset(one["Location"] for one in members if one["Status"] in BUSY),
        frozenset(one["Channel"] for one in listed if one.get("Event") == "QueueEntry"),
    )


def _settled(manager: _Manager, before: Look, ends_s: float) -> Look:
    """What is there as soon as no more calls are there than before, or after the limit."""
    deadline, pause = time.monotonic() + ends_s, 0.001
    while True:
        now = _look(manager)
        busy = now.channels - before.channels or now.callers - before.callers or now.talking - before.talking
        if not busy or time.monotonic() > deadline:
            return now
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def _by_tests(look: Look) -> dict[str, str]:
    """Global variables and entries of the database that only tests change."""
    variables = {f"global {name}": value for name, value in look.variables.items() if name not in WRITTEN_BY_THE_LINE}
    return variables | {f"entry {k}": value for k, value in look.kept.items() if not k.startswith(KEPT_BY_THE_LINE)}


def differences(before: Look, after: Look) -> list[str]:
    """What a test left behind, in words."""
    left = [f"channel {name}" for name in sorted(after.channels - before.channels)]
    left += [f"caller {name} in a queue" for name in sorted(after.callers - before.callers)]
    left += [f"telephone {name} in use" for name in sorted(after.talking - before.talking)]
    was, now = _by_tests(before), _by_tests(after)
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            left.append(f"{name} {now.get(name)!r} instead of {was.get(name)!r}")
    for queue, telephone in sorted(before.members.keys() | after.members.keys()):
        paused, has = before.members.get((queue, telephone)), after.members.get((queue, telephone))
        if paused != has:
            words = {None: "absent", True: "paused", False: "at work"}
            left.append(f"{telephone} of queue {queue} {words[has]} instead of {words[paused]}")
    return left


def _put_right(manager: _Manager, before: Look, after: Look) -> None:
    """Bring the lab back to what it was, as far as it can be."""
    for channel in after.channels - before.channels:
        manager.command(f"channel request hangup {channel}")
    for name in before.variables.keys() | after.variables.keys():
        if name not in WRITTEN_BY_THE_LINE and before.variables.get(name) != after.variables.get(name):
            manager.answers(manager.ask("Setvar", Variable=name, Value=before.variables.get(name, "")))
    for place in before.kept.keys() | after.kept.keys():
        if not place.startswith(KEPT_BY_THE_LINE) and before.kept.get(place) != after.kept.get(place):
            family, _, key = place[1:].rpartition("/")
            if (value := before.kept.get(place)) is None:
                manager.command(f"database del {family} {key}")
            else:
                manager.command(f'database put {family} {key} "{value}"')
    for queue, telephone in before.members.keys() | after.members.keys():
        paused, has = before.members.get((queue, telephone)), after.members.get((queue, telephone))
        person = {"Queue": queue, "Interface": telephone}
        if paused is None:
            manager.answers(manager.ask("QueueRemove", **person))
        elif has is None:
            manager.answers(manager.ask("QueueAdd", **person))
        if paused is not None and paused != has:
            manager.answers(manager.ask("QueuePause", Paused=str(paused).lower(), **person))


def _forget(manager: _Manager, before: Look, after: Look) -> None:
    """What each call leaves: how long queues took of late, and that an outage is news."""
    manager.answers(manager.ask("QueueReset"))
    was, now = (int(look.variables.get("IVR_NOTICE_UNTIL", "0")) for look in (before, after))
    if was < time.time() < now:
        manager.answers(manager.ask("Setvar", Variable="IVR_NOTICE_UNTIL", Value="0"))


class AsFound:
    """A lab as it was found. ends_s: longest wait for what ends by itself."""

    def __init__(self, lab: Lab, ends_s: float = ENDS_S) -> None:
        self._lab = lab
        self._ends_s = ends_s
        with _manager(lab) as manager:
            self._before = _look(manager)

    def check(self, whose: str) -> None:
        """Wait for what ends by itself. Raises LeftBehind with what is left, put right for whoever comes next."""
        left = [] if self._lab.state else ["no Asterisk: it is down"]
        if left:
            self._lab.up()
        with _manager(self._lab) as manager:
            after = _settled(manager, self._before, self._ends_s)
            left += differences(self._before, after)
            if left:
                _put_right(manager, self._before, after)
                _settled(manager, self._before, ENDS_S)
            _forget(manager, self._before, after)
        if left:
            raise LeftBehind(f"{whose} left behind in the lab: {'; '.join(left)}")
