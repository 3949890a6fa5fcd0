"""The queue board: waiting callers, their waits, and operators; built from Asterisk's events.

A rebuild is `QueueParams`, `QueueMember` and `QueueEntry` events up to `QueueStatusComplete`; until that one comes the
board shows what it showed before. Events may come twice or late: each sets what it says and never counts.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

from ivr.hotline.ports import Event

EVENTS = (
    "QueueParams",
    "QueueMember",
    "QueueEntry",
    "QueueStatusComplete",
    "QueueCallerJoin",
    "QueueCallerLeave",
    "QueueMemberAdded",
    "QueueMemberRemoved",
    "QueueMemberStatus",
    "QueueMemberPause",
    "QueueMemberPaused",  # Asterisk 11
)
"""Names of the events that the board is built from."""


KNOWN_TO_HAVE_LEFT = 200
"""Of each queue: more than leave it between two looks of whoever wants to know."""


class MemberState(Enum):
    """State of an operator in a queue."""

    FREE = "free"
    RINGING = "ringing"
    BUSY = "busy"
    PAUSED = "paused"
    AWAY = "away"


_STATE_OF_DEVICE = {
    "0": MemberState.FREE,  # unknown: Asterisk rings it
    "1": MemberState.FREE,
    "2": MemberState.BUSY,
    "3": MemberState.BUSY,
    "6": MemberState.RINGING,
    "7": MemberState.RINGING,
    "8": MemberState.BUSY,  # on hold
}


@dataclass(frozen=True, slots=True)
class Member:
    """A person of a queue. interface: what Asterisk rings."""

    interface: str
    name: str
    state: MemberState


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller who waits. since: when they joined, by the board's clock, seconds."""

    uniqueid: str
    since: float


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue as it is now. waiting: in the order of their places. longest_s: longest wait, 0 if nobody waits."""

    name: str
    waiting: tuple[Waiting, ...]
    members: tuple[Member, ...]
    longest_s: float

    @property
    def free(self) -> int:
        """People who could take a call now."""
        return sum(member.state is MemberState.FREE for member in self.members)


@dataclass(slots=True)
class _Lines:
    waiting: list[Waiting] = field(default_factory=list)
    left: deque[str] = field(default_factory=lambda: deque(maxlen=KNOWN_TO_HAVE_LEFT))
    members: dict[str, Member] = field(default_factory=dict)


class QueueBoard:
    """Takes events in, shows queues. now: seconds of a clock that never goes back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._queues: dict[str, _Lines] = {}
        self._fresh: dict[str, _Lines] | None = None
        self._current = False

    @property
    def current(self) -> bool:
        """Whether the board shows what is: built whole, and connected since."""
        return self._current

    def queues(self) -> tuple[Queue, ...]:
        """All queues by name, as last known."""
        return tuple(self._shown(name) for name in sorted(self._queues))

    def queue(self, name: str) -> Queue:
        """One queue, empty if there is none of that name."""
        return self._shown(name)

    def left(self, name: str) -> tuple[str, ...]:
        """Unique ids of the latest KNOWN_TO_HAVE_LEFT callers that left a queue since the last rebuild."""
        lines = self._queues.get(name)
        return tuple(lines.left) if lines is not None else ()

    def begin(self) -> None:
        """Keep the old state on show until the list of Asterisk is complete."""
        self._fresh = {}

    def lost(self) -> None:
        """The connection is gone: what is shown is old from now on."""
        self._fresh = None
        self._current = False

    def take(self, event: Event) -> None:
        """Take an event in; others than EVENTS change nothing."""
        name = event.name
        if name == "QueueStatusComplete":
            if self._fresh is not None:
                self._queues, self._fresh, self._current = self._fresh, None, True
            return
        queue = event["Queue"]
        if name == "QueueParams":
            self._listed(queue)
        elif name == "QueueEntry":
            self._entry(self._listed(queue), event)
        elif name == "QueueMember":
            self._member(self._listed(queue), event, event["Location"] or event["Interface"])
        elif name in EVENTS:
            for queues in (self._queues, self._fresh):
                if queues is not None:
                    self._happened(queues.setdefault(queue, _Lines()), event)

    def _listed(self, queue: str) -> _Lines:
        """Lines of a queue that the list of Asterisk speaks of; without a list begun they go nowhere."""
        return (self._fresh if self._fresh is not None else {}).setdefault(queue, _Lines())

    def _entry(self, lines: _Lines, event: Event) -> None:
        waiting = Waiting(event["Uniqueid"], self._now() - _number(event["Wait"]))
        _remove(lines, waiting.uniqueid)
        lines.waiting.insert(max(_number(event["Position"]), 1) - 1, waiting)

    def _member(self, lines: _Lines, event: Event, interface: str) -> None:
        state = _STATE_OF_DEVICE.get(event["Status"], MemberState.AWAY)
        if event["Paused"] == "1":
            state = MemberState.PAUSED
        elif event["InCall"] == "1" and state is MemberState.FREE:
            state = MemberState.BUSY
        lines.members[interface] = Member(interface, event["Name"] or event["MemberName"] or interface, state)

    def _happened(self, lines: _Lines, event: Event) -> None:
        interface = event["Interface"] or event["Location"]
        match event.name:
            case "QueueCallerJoin":
                _remove(lines, event["Uniqueid"])
                place = max(_number(event["Position"]), 1) - 1
                lines.waiting.insert(place, Waiting(event["Uniqueid"], self._now()))
            case "QueueCallerLeave":
                _remove(lines, event["Uniqueid"])
                lines.left.append(event["Uniqueid"])
            case "QueueMemberRemoved":
                lines.members.pop(interface, None)
            case "QueueMemberPause" | "QueueMemberPaused" if not event["Status"] and interface in lines.members:
                state = MemberState.PAUSED if event["Paused"] == "1" else MemberState.FREE
                lines.members[interface] = replace(lines.members[interface], state=state)
            case _:
                self._member(lines, event, interface)

    def _shown(self, name: str) -> Queue:
        lines = self._queues.get(name, _Lines())
        longest = max((self._now() - waiting.since for waiting in lines.waiting), default=0.0)
        return Queue(name, tuple(lines.waiting), tuple(lines.members.values()), longest)


def _remove(lines: _Lines, uniqueid: str) -> None:
    lines.waiting[:] = [waiting for waiting in lines.waiting if waiting.uniqueid != uniqueid]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
