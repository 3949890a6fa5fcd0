"""What the dialplan asks reaches its handler, and the dialplan gets its answer; whatever else comes is a call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from ivr.domain.callbacks import DANGER, CallbackRequest
from ivr.telephony.agi.server import Handler, Incoming
from ivr.telephony.agi.session import AgiSession
from ivr.telephony.agi.wire import Wire
from ivr.telephony.agi_requests import AgiRequests, answer_callback_request, answer_still_dark
from ivr.telephony.names import Request
from tests.telephony.asterisk_end import HEADER, FakeAsterisk, ends

NOON = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
EARLIER = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


@asynccontextmanager
async def incoming(*lines: str) -> AsyncIterator[tuple[Incoming, FakeAsterisk]]:
    """A session with these lines in its header."""
    with ends(FakeAsterisk) as (fd, asterisk):
        assert isinstance(asterisk, FakeAsterisk)
        session = AgiSession(Wire(fd, fd))
        asterisk.send(*lines, *HEADER)
        await session.read_header(5, 4096)
        yield Incoming(session, None), asterisk
        session.close()


def registry(answered: list[str]) -> AgiRequests:
    def answers(name: str) -> Handler:
        async def answer(_: Incoming) -> None:
            answered.append(name)

        return answer

    return AgiRequests(answers("call"), {request: answers(request) for request in Request})


@pytest.mark.parametrize(
    ("header", "answer"),
    [
        ("agi_arg_2: promise", "promise"),
        ("agi_arg_2: dark", "dark"),
        ("agi_arg_2: studio", "studio"),
        ("agi_network_script: promise", "promise"),
        ("agi_network_script: dark", "dark"),
        ("agi_network_script: studio", "call"),
        ("agi_arg_2: something else", "call"),
        ("agi_network_script: ", "call"),
        ("agi_arg_1: promise", "call"),
    ],
)
async def test_each_request_reaches_its_handler_and_all_else_is_a_call(header: str, answer: str) -> None:
    answered: list[str] = []
    async with incoming(header) as (session, _):
        await registry(answered).answer(session)
    assert answered == [answer]


def keeps(asked: list[CallbackRequest], agrees: bool = True) -> Callable[[CallbackRequest], Awaitable[bool]]:
    async def ask(request: CallbackRequest) -> bool:
        asked.append(request)
        return agrees

    return ask


async def test_a_caller_in_the_queue_asks_for_a_callback_with_their_place() -> None:
    asked: list[CallbackRequest] = []
    async with incoming("agi_arg_2: promise") as (session, asterisk):
        asterisk.variables = {
            "IVR_QUEUE": "operator",
            "QUEUE_PRIO": "10",
            "IVR_SINCE": str(int(EARLIER.timestamp())),
            "IVR_CALL": "c0ffee",
            "IVR_ACCOUNT": "0012345678",
            "IVR_PROMISE": "",
        }
        assert await answer_callback_request(session, keeps(asked), lambda _: True, NOON)
        assert asterisk.variables["IVR_PROMISED"] == "yes"
    assert asked == [CallbackRequest("+79161234567", "operator", DANGER, EARLIER, "c0ffee", "0012345678")]


@pytest.mark.parametrize(("rung", "agrees"), [(False, True), (True, False)])
async def test_the_dialplan_is_told_when_nobody_will_ring(rung: bool, agrees: bool) -> None:
    async with incoming("agi_arg_2: promise") as (session, asterisk):
        asterisk.variables = {"IVR_QUEUE": "hotline", "QUEUE_PRIO": "15x", "IVR_SINCE": "never"}
        assert not await answer_callback_request(session, keeps([], agrees), lambda _: rung, NOON)
        assert asterisk.variables["IVR_PROMISED"] == "no"


@pytest.mark.parametrize("number", ["1042", ""])
async def test_the_number_of_a_report_is_told_where_it_is_known(number: str) -> None:
    async def report_number(token: str) -> str:
        return number if token == "feed" else ""

    async with incoming("agi_arg_2: dark") as (session, asterisk):
        asterisk.variables = {"IVR_PROMISE": "feed"}
        await answer_still_dark(session, report_number)
        assert asterisk.variables.get("IVR_REPORT", "") == number
