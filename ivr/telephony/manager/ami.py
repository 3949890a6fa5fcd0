"""Asterisk's manager interface: originate calls, act, and follow events.

One `Ami` is one connection. It never reconnects by itself: panoramisk would log in again for ever with a wrong secret,
and would send a queued Originate a second time after a break. Callers open a new one.

    AmiFault
    ├── AmiUnavailable     no connection, or it broke, or no answer within the limit
    ├── AmiRefused         wrong secret, or Asterisk answered an action with an error
    │   └── CallFailed     an originated call was not answered
    └── EventsLost         a subscription was not read quickly enough
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import panoramisk

from ivr.domain.faults import Fault, Refused, Unavailable
from ivr.telephony.manager.arguments import argument

CONNECT_S, ACTION_S = 5.0, 5.0
MOST_EVENTS = 2000
LONGEST_LINE = 1000
"""Bytes of a header with its name. Asterisk drops the beginning of lines of 1024, and takes the rest for headers."""


class AmiFault(Fault):
    """The manager interface failed."""


class AmiUnavailable(AmiFault, Unavailable):
    """No connection, or it broke, or no answer came within the limit."""


class AmiRefused(AmiFault, Refused):
    """Asterisk refused the login or an action. said: in Asterisk's words, "" if it gave none."""

    def __init__(self, text: str, said: str = "") -> None:
        super().__init__(text)
        self.said = said


class CallFailed(AmiRefused):
    """An originated call was not answered. reason: Asterisk's number (1 no answer, 5 busy, 8 congestion, 0 failed)."""

    def __init__(self, reason: int) -> None:
        super().__init__(f"the call was not answered: reason {reason}")
        self.reason = reason


class EventsLost(AmiFault):
    """More events came than the subscription holds."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event or a response.

    name: of the event (`VarSet`), or how a response begins (`Success`, `Error`).
    headers: by lower-case name; a header that came several times keeps its lines, joined by line breaks.
    variables: channel variables that came along (`channelvars` in manager.conf).
    """

    name: str
    headers: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, header: str) -> str:
        """The header's value, "" if it did not come; upper and lower case are the same."""
        return self.headers.get(header.lower(), "")


@dataclass(frozen=True, slots=True)
class Originated:
    """An answered call: its channel's name and unique id."""

    channel: str
    uniqueid: str


class Events:
    """A subscription; bounded, so that a reader who stopped reading costs no memory."""

    def __init__(self, names: frozenset[str], at_most: int, uniqueid: str = "") -> None:
        self._names = names
        self._at_most = at_most
        self._uniqueid = uniqueid
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue()
        self._lost = False

    def offer(self, event: Message) -> None:
        """Take an event in if it is of a wanted name and channel."""
        if self._names and event.name not in self._names:
            return
        if self._uniqueid and event["Uniqueid"] != self._uniqueid:
            return
        if self._queue.qsize() >= self._at_most:
            self._lost = True
        else:
            self._queue.put_nowait(event)

    def end(self) -> None:
        """No more events will come."""
        self._queue.put_nowait(None)

    async def next(self, limit_s: float) -> Message:
        """The next event. Raises TimeoutError, AmiUnavailable if the connection broke, EventsLost."""
        if self._lost:
            raise EventsLost("events came faster than they were read")
        async with asyncio.timeout(limit_s):
            event = await self._queue.get()
        if event is None:
            self.end()
            raise AmiUnavailable("the connection to Asterisk's manager broke")
        return event

    async def wait_for(self, name: str, limit_s: float, **headers: str) -> Message:
        """The next event of this name with these headers; others are passed over. Raises as `next` does."""
        async with asyncio.timeout(limit_s):
            while True:
                event = await self.next(limit_s)
                if event.name == name and all(event[header] == value for header, value in headers.items()):
                    return event


class Ami:
    """A connection that is logged in; made by `connect`."""

    def __init__(self, manager: Any, broken: asyncio.Future[None]) -> None:
        self._manager = manager
        self._broken = broken
        self._subscriptions: list[Events] = []
        manager.register_event("*", self._take_in)
        broken.add_done_callback(self._end_subscriptions)

    @property
    def broken(self) -> bool:
        """Whether the connection is gone: every action fails from then on."""
        return self._broken.done()

    async def action(self, name: str, *, limit_s: float = ACTION_S, **headers: str | list[str]) -> Message:
        """Send an action and return its response.

        Raises ValueError if a header holds a line break (it would be a header of its own), AmiRefused, AmiUnavailable.
        """
        answers = await self._send(name, limit_s, headers)
        if answers[0].name == "Error":
            raise AmiRefused(f"Asterisk refused the action {name}", answers[0]["Message"])
        return answers[0]

    async def originate(
        self,
        channel: str,
        *,
        context: str,
        exten: str = "s",
        caller_id: str = "",
        variables: Mapping[str, str] | None = None,
        ring_s: float = 30.0,
        channel_id: str = "",
    ) -> Originated:
        """Ring `channel` and send it to `context` when it answers; returns then.

        caller_id: number shown to the other side, "" for none. variables: set on the channel; names may begin
        with `_`. ring_s: longest wait for the answer, seconds. channel_id: unique id of the call; Asterisk (12 and
        later) makes no second one with it while the first is up.
        Raises CallFailed, AmiRefused, AmiUnavailable, and ValueError for what the manager would not take as it is.
        """
        pairs = []
        for name, value in (variables or {}).items():
            if not re.fullmatch(r"\w+", name, re.ASCII):
                raise ValueError("a variable of an originated call has a name of letters, digits and underscores")
            pairs.append(f"{name}={argument(value)}")
        headers: dict[str, str | list[str]] = {
            "Channel": channel,
            "Context": context,
            "Exten": exten,
            "Priority": "1",
            "Timeout": str(round(ring_s * 1000)),
            "Async": "true",
        }
        if caller_id:
            headers["CallerID"] = caller_id
        if channel_id:
            headers["ChannelId"] = channel_id
        if pairs:
            headers["Variable"] = pairs
        answers = await self._send("Originate", ring_s + ACTION_S, headers)
        if answers[0].name == "Error":
            raise AmiRefused("Asterisk refused the action Originate")
        outcome = answers[-1]
        if outcome["Response"] != "Success":
            raise CallFailed(int(outcome["Reason"] or 0))
        return Originated(outcome["Channel"], outcome["Uniqueid"])

    @contextmanager
    def events(self, *names: str, at_most: int = MOST_EVENTS, uniqueid: str = "") -> Iterator[Events]:
        """Follow events from now on: those of these names and of this channel; all where none is given."""
        subscription = Events(frozenset(names), at_most, uniqueid)
        if self.broken:
            subscription.end()
        self._subscriptions.append(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)

    async def close(self) -> None:
        """Close the connection; actions in flight and subscriptions end with AmiUnavailable."""
        self._manager.close()
        if not self._broken.done():
            self._broken.set_result(None)
        await asyncio.sleep(0)  # the transport closes in the next turn of the loop

    async def _send(self, name: str, limit_s: float, headers: Mapping[str, str | list[str]]) -> list[Message]:
        for header, value in {"Action": name, **headers}.items():
            for text in [header, *([value] if isinstance(value, str) else value)]:
                if "\r" in text or "\n" in text:
                    raise ValueError("a line break in an action of the manager")
                if len(f"{header}: {text}".encode()) > LONGEST_LINE:
                    raise ValueError("a line too long for the manager")
        if self.broken:
            raise AmiUnavailable("the connection to Asterisk's manager broke")
        # panoramisk guesses from the wording of a response whether more will come, and dies of "DTMF successfully
        # queued": it may guess for Originate only, whose outcome comes as a second message.
        guess = None if name == "Originate" else False
        future = self._manager.send_action({"Action": name, **headers}, as_list=guess)
        await asyncio.wait({future, self._broken}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            future.cancel()
            raise AmiUnavailable(f"no answer to the action {name}")
        result = future.result()
        return [_message(answer) for answer in (result if isinstance(result, list) else [result])]

    def _end_subscriptions(self, _broken: asyncio.Future[None]) -> None:
        for subscription in self._subscriptions:
            subscription.end()

    async def _take_in(self, manager: Any, event: Any) -> None:
        message = _message(event)
        for subscription in self._subscriptions:
            subscription.offer(message)


async def connect(
    port: int, user: str, secret: str, *, host: str = "127.0.0.1", limit_s: float = CONNECT_S, events: bool = True
) -> Ami:
    """Connect and log in within `limit_s`. Raises AmiRefused (wrong secret), AmiUnavailable."""
    for text in (user, secret):
        if "\r" in text or "\n" in text:
            raise ValueError("a line break in the account of the manager")
    loop = asyncio.get_running_loop()
    broken: asyncio.Future[None] = loop.create_future()

    def on_disconnect(_manager: Any, _reason: Any) -> None:
        if not broken.done():
            broken.set_result(None)

    manager = panoramisk.Manager(
        loop=loop,
        host=host,
        port=port,
        username=user,
        secret=secret,
        events="on" if events else "off",
        on_disconnect=on_disconnect,
        log=logging.Logger("panoramisk", logging.CRITICAL + 1),  # it would log callers' numbers
    )
    connecting: asyncio.Task[Any] = manager.connect()
    manager.connect = lambda: None  # its reconnecting, see above
    try:
        await _logged_in(manager, connecting, broken, limit_s)
    except (AmiFault, asyncio.CancelledError):
        if not connecting.done():  # cancelled or too late: a connection that is made now would be nobody's
            connecting.remove_done_callback(manager.connection_made)
            connecting.cancel()
        manager.close()
        raise
    return Ami(manager, broken)


async def _logged_in(manager: Any, connecting: asyncio.Task[Any], broken: asyncio.Future[None], limit_s: float) -> None:
    try:
        async with asyncio.timeout(limit_s):
            await asyncio.wait({connecting})
            if connecting.exception() is not None:
                raise AmiUnavailable("no connection to Asterisk's manager")
            answer = manager.authenticated_future
            await asyncio.wait({answer, broken}, return_when=asyncio.FIRST_COMPLETED)
    except TimeoutError:
        raise AmiUnavailable("Asterisk's manager did not answer the login") from None
    if not answer.done():
        raise AmiUnavailable("Asterisk's manager closed the connection")
    if not answer.result().success:
        raise AmiRefused("Asterisk's manager refused the login")


@asynccontextmanager
async def connected(
    port: int, user: str, secret: str, *, host: str = "127.0.0.1", limit_s: float = CONNECT_S
) -> AsyncIterator[Ami]:
    """`connect` for the length of a block."""
    ami = await connect(port, user, secret, host=host, limit_s=limit_s)
    try:
        yield ami
    finally:
        await ami.close()


def _message(raw: Any) -> Message:
    """panoramisk's message as ours."""
    headers: dict[str, str] = {}
    variables: dict[str, str] = {}
    for name, value in raw.items():
        lines = [str(line) for line in value] if isinstance(value, list) else [str(value)]
        headers[name.lower()] = "\n".join(lines)
        if name.lower().startswith("chanvariable"):
            variables.update((line.partition("=")[0], line.partition("=")[2]) for line in lines)
    return Message(headers.get("event") or headers.get("response", ""), headers, variables)
