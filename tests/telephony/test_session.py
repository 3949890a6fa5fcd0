"""A session against a scripted Asterisk: which reply belongs to what, and when a session is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from ivr.dialogue.ports import HungUp
from ivr.telephony.agi.commands import Code, Reply
from ivr.telephony.agi.session import GRACE_S, AgiSession, SessionBroken, Streamed
from ivr.telephony.agi.wire import Wire
from tests.telephony.asterisk_end import HEADER, AsteriskEnd, descriptors, ends

STREAM = ["STREAM", "FILE", "hello", "0123456789*#", "0"]


@dataclass
class Line:
    """A session and Asterisk's end of it."""

    session: AgiSession
    asterisk: AsteriskEnd

    async def streaming(self) -> asyncio.Task[Streamed]:
        """A stream that Asterisk has begun to play."""
        task = asyncio.create_task(self.session.stream("hello", 60))
        assert await self.asterisk.command() == STREAM
        return task

    async def interrupted(self) -> asyncio.Task[Streamed]:
        """A stream and its interruption, neither of them answered."""
        task = await self.streaming()
        self.session.interrupt()
        assert await self.asterisk.command() == ["NOOP"]
        return task

    async def works(self) -> bool:
        """Whether the next command gets its own reply."""
        asking = asyncio.create_task(self.session.variable("X"))
        assert await self.asterisk.command() == ["GET", "VARIABLE", "X"]
        self.asterisk.send("200 result=1 (own)")
        return await asking == "own"

    async def is_closed(self) -> bool:
        """Whether Asterisk got its call back and the session refuses to go on."""
        await self.asterisk.closed()
        for use in (self.session.run("NOOP"), self.session.stream("hello", 1), self.session.wait_for_key(1)):
            with pytest.raises(HungUp):
                await use
        return True


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    with ends() as (fd, asterisk):
        session = AgiSession(Wire(fd, fd))
        yield Line(session, asterisk)
        session.close()


# Commands and replies


async def test_a_command_returns_its_reply(line: Line) -> None:
    running = asyncio.create_task(line.session.run("GET FULL VARIABLE", "${A} ${B}"))
    assert await line.asterisk.command() == ["GET", "FULL", "VARIABLE", "${A} ${B}"]
    line.asterisk.send("200 result=1 (a b)")
    assert await running == Reply(Code.DONE, 1, "a b")


async def test_a_variable_that_is_not_set_is_empty(line: Line) -> None:
    running = asyncio.create_task(line.session.variable("X"))
    await line.asterisk.command()
    line.asterisk.send("200 result=0")
    assert await running == ""


async def test_a_variable_is_set_whatever_is_in_it(line: Line) -> None:
    running = asyncio.create_task(line.session.set_variable("IVR_DISTRICT", 'a "b" \\c'))
    assert await line.asterisk.command() == ["SET", "VARIABLE", "IVR_DISTRICT", 'a "b" \\c']
    line.asterisk.send("200 result=1")
    await running


async def test_waiting_for_a_key(line: Line) -> None:
    keys = {"48": "0", "53": "5", "42": "*", "35": "#", "0": "", "": ""}
    no_keys = dict.fromkeys(["1", "65", "1114112", "999999999999999999"], "")
    for reply, key in {**keys, **no_keys}.items():
        running = asyncio.create_task(line.session.wait_for_key(7))
        assert await line.asterisk.command() == ["WAIT", "FOR", "DIGIT", "7000"]
        line.asterisk.send(f"200 result={reply}")
        assert (reply, await running) == (reply, key)


async def test_the_shortest_wait_for_a_key_is_a_millisecond_since_none_would_be_for_ever(line: Line) -> None:
    running = asyncio.create_task(line.session.wait_for_key(0.0001))
    assert await line.asterisk.command() == ["WAIT", "FOR", "DIGIT", "1"]
    line.asterisk.send("200 result=0")
    assert await running == ""


async def test_only_one_command_is_in_flight(line: Line) -> None:
    running = asyncio.create_task(line.session.variable("A"))
    await line.asterisk.command()
    with pytest.raises(SessionBroken, match="BUSY"):
        await line.session.run("NOOP")
    with pytest.raises(SessionBroken, match="BUSY"):
        await line.session.stream("hello", 1)
    assert line.asterisk.silent
    line.asterisk.send("200 result=1 (a)")
    assert await running == "a"


async def test_an_argument_that_cannot_be_sent_leaves_the_session_usable(line: Line) -> None:
    with pytest.raises(ValueError, match="line break"):
        await line.session.set_variable("X", "a\nHANGUP")
    with pytest.raises(ValueError, match="line break"):
        await line.session.stream("a\nHANGUP", 1)
    assert await line.works()


async def test_a_hang_up_notice_comes_before_the_true_reply(line: Line) -> None:
    running = asyncio.create_task(line.session.variable("A"))
    await line.asterisk.command()
    line.asterisk.send("HANGUP", "200 result=1 (a)")
    assert await running == "a"


async def test_a_hang_up_notice_between_commands_is_no_reply_to_the_next(line: Line) -> None:
    line.asterisk.send("HANGUP")
    assert await line.works()


# Ends


async def test_a_command_that_outlasts_its_limit_ends_the_session(line: Line) -> None:
    with pytest.raises(SessionBroken, match="outlasted"):
        await line.session.run("NOOP", limit_s=0.01)
    assert await line.is_closed()


async def test_a_file_that_follows_has_a_limit_of_its_own(line: Line) -> None:
    playing = asyncio.create_task(line.session.stream("hello", 60, then=[("world", -GRACE_S + 0.01)]))
    await line.asterisk.command()
    line.asterisk.send("200 result=0 endpos=8000")
    with pytest.raises(SessionBroken, match="outlasted"):
        await playing
    assert await line.is_closed()


async def test_a_hang_up_between_two_files_ends_the_session(line: Line) -> None:
    playing = asyncio.create_task(line.session.stream("hello", 60, then=[("world", 60)]))
    await line.asterisk.command()
    line.asterisk.send("200 result=0 endpos=8000")
    line.asterisk.hang_up()
    with pytest.raises(HungUp):
        await playing


async def test_an_interrupted_file_is_followed_by_none(line: Line) -> None:
    playing = asyncio.create_task(line.session.stream("hello", 60, then=[("world", 60)]))
    await line.asterisk.command()
    line.session.interrupt()
    assert await line.asterisk.command() == ["NOOP"]
    line.asterisk.send("200 result=0 endpos=8000", "200 result=0")  # it had just ended by itself
    assert (await playing).following == 0
    assert await line.works()


async def test_the_answer_about_the_channel_is_not_the_end_of_a_file(line: Line) -> None:
    playing = asyncio.create_task(line.session.stream("hello", 60, then=[("world", 60)]))
    await line.asterisk.command()
    line.asterisk.send("200 result=-1 endpos=0")
    assert await line.asterisk.command() == ["CHANNEL", "STATUS"]
    line.asterisk.send("200 result=0")
    assert await playing == Streamed("", -1)
    assert await line.works()


async def test_a_cancelled_command_ends_the_session(line: Line) -> None:
    running = asyncio.create_task(line.session.run("NOOP"))
    await line.asterisk.command()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await line.is_closed()


async def test_a_cancelled_stream_ends_the_session(line: Line) -> None:
    running = await line.interrupted()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await line.is_closed()


@pytest.mark.parametrize(
    ("reply", "end"),
    [
        ("511 Command Not Permitted on a dead channel", HungUp),
        ("510 Invalid or unknown command", SessionBroken),
        ("520 Invalid command syntax.  Proper usage not available.", SessionBroken),
        ("520-Invalid command syntax.\nUsage: NoOp\n520 End of proper usage.", SessionBroken),
        ("nonsense", SessionBroken),
    ],
)
async def test_a_reply_that_ends_the_session(line: Line, reply: str, end: type[Exception]) -> None:
    running = asyncio.create_task(line.session.run("NOOP"))
    await line.asterisk.command()
    line.asterisk.send(reply)
    with pytest.raises(end):
        await running
    assert await line.is_closed()


async def test_a_usage_text_without_an_end_ends_the_session(line: Line) -> None:
    running = asyncio.create_task(line.session.run("NOOP", limit_s=60))
    await line.asterisk.command()
    line.asterisk.send("520-Usage", *["more"] * 300)
    with pytest.raises(SessionBroken, match="without an end"):
        await running
    assert await line.is_closed()


async def test_waiting_for_a_key_of_who_is_gone(line: Line) -> None:
    running = asyncio.create_task(line.session.wait_for_key(7))
    await line.asterisk.command()
    line.asterisk.send("200 result=-1")
    with pytest.raises(HungUp):
        await running
    assert await line.is_closed()


async def idle(line: Line) -> Awaitable[object]:
    return line.session.run("NOOP")


async def busy(line: Line) -> Awaitable[object]:
    running = asyncio.create_task(line.session.run("NOOP"))
    await line.asterisk.command()
    return running


async def waiting_for_key(line: Line) -> Awaitable[object]:
    running = asyncio.create_task(line.session.wait_for_key(7))
    await line.asterisk.command()
    return running


async def streaming(line: Line) -> Awaitable[object]:
    return await line.streaming()


async def interrupted(line: Line) -> Awaitable[object]:
    return await line.interrupted()


async def interrupted_unnoticed(line: Line) -> Awaitable[object]:
    running = await line.streaming()
    line.asterisk.hang_up()
    line.session.interrupt()  # raises nothing: whoever waits for the stream learns of it
    return running


async def between_both_replies(line: Line) -> Awaitable[object]:
    running = await line.interrupted()
    line.asterisk.send("200 result=0 endpos=8000")
    await asyncio.sleep(0)
    return running


async def asking_for_the_channel(line: Line) -> Awaitable[object]:
    running = await line.streaming()
    line.asterisk.send("200 result=-1 endpos=0")
    assert await line.asterisk.command() == ["CHANNEL", "STATUS"]
    return running


async def within_a_usage_text(line: Line) -> Awaitable[object]:
    running = asyncio.create_task(line.session.run("NOOP"))
    await line.asterisk.command()
    line.asterisk.send("520-Usage")
    return running


async def within_a_line(line: Line) -> Awaitable[object]:
    running = asyncio.create_task(line.session.run("NOOP"))
    await line.asterisk.command()
    line.asterisk.send("200 result=0\n200 resu")
    await running
    return line.session.run("NOOP")


async def reading_the_header(line: Line) -> Awaitable[object]:
    line.asterisk.send(*HEADER[:2])
    return line.session.read_header(60, 4096)


@pytest.mark.parametrize(
    "state",
    [
        idle,
        busy,
        waiting_for_key,
        streaming,
        interrupted,
        interrupted_unnoticed,
        between_both_replies,
        asking_for_the_channel,
        within_a_usage_text,
        within_a_line,
        reading_the_header,
    ],
)
async def test_the_end_of_the_descriptors_is_a_hang_up(
    line: Line, state: Callable[[Line], Awaitable[Awaitable[object]]]
) -> None:
    running = await state(line)
    line.asterisk.hang_up()
    with pytest.raises(HungUp):
        await running
    with pytest.raises(HungUp):
        await line.session.run("NOOP")


async def test_a_session_gives_its_descriptors_back() -> None:
    before = descriptors()
    with ends() as (fd, asterisk):
        session = AgiSession(Wire(fd, fd))
        with pytest.raises(SessionBroken):
            await session.run("NOOP", limit_s=0.01)
        await asterisk.closed()
    assert descriptors() == before


# Streams


async def test_a_stream_plays_to_its_end(line: Line) -> None:
    running = await line.streaming()
    line.asterisk.send("200 result=0 endpos=8000")
    assert await running == Streamed("", 8000)
    assert await line.works()


async def test_a_stream_begins_at_its_offset(line: Line) -> None:
    running = asyncio.create_task(line.session.stream("hello", 60, "#", offset=1234))
    assert await line.asterisk.command() == ["STREAM", "FILE", "hello", "#", "1234"]
    line.asterisk.send("200 result=0 endpos=8000")
    await running


async def test_a_key_stops_a_stream(line: Line) -> None:
    running = await line.streaming()
    line.asterisk.send("200 result=53 endpos=4000")
    assert await running == Streamed("5", 4000)
    assert await line.works()


async def test_an_interrupted_stream_has_no_reply_of_its_own(line: Line) -> None:
    running = await line.interrupted()
    line.asterisk.send("200 result=0")
    assert await running == Streamed("", 0)
    assert await line.works()


async def test_a_stream_that_ended_by_itself_in_the_same_moment(line: Line) -> None:
    running = await line.streaming()
    line.asterisk.send("200 result=0 endpos=8000")
    line.session.interrupt()
    assert await line.asterisk.command() == ["NOOP"]
    line.asterisk.send("200 result=0")
    assert await running == Streamed("", 8000)
    assert await line.works()


async def test_a_key_in_the_moment_of_the_interruption_is_not_lost(line: Line) -> None:
    running = await line.streaming()
    line.asterisk.send("200 result=53 endpos=4000")
    line.session.interrupt()
    assert await line.asterisk.command() == ["NOOP"]
    line.asterisk.send("200 result=0")
    assert await running == Streamed("5", 4000)
    assert await line.works()


async def test_both_replies_may_come_late(line: Line) -> None:
    running = await line.interrupted()
    line.asterisk.send("200 result=35 endpos=4000", "200 result=0")
    assert await running == Streamed("#", 4000)
    assert await line.works()


async def test_an_impossible_position_is_still_the_streams_own_reply(line: Line) -> None:
    running = await line.interrupted()
    line.asterisk.send("200 result=0 endpos=-1", "200 result=0")
    await running
    assert await line.works()


async def test_a_stream_is_interrupted_once(line: Line) -> None:
    running = await line.interrupted()
    line.session.interrupt()
    line.asterisk.send("200 result=0")
    await running
    assert await line.works()


async def test_nothing_is_interrupted_while_nothing_plays(line: Line) -> None:
    line.session.interrupt()
    assert await line.works()


async def test_a_marker_that_asterisk_overlooks_is_nudged(line: Line) -> None:
    """Both lines lie in Asterisk's buffer; only a byte more makes it look for commands again."""
    running = await line.interrupted()
    await line.asterisk.nudged()
    line.asterisk.send("200 result=0")
    assert await running == Streamed("", 0)
    assert await line.works()  # after skipping the spaces


async def test_a_marker_overlooked_to_the_end_of_the_stream_is_nudged(line: Line) -> None:
    running = await line.interrupted()
    line.asterisk.send("200 result=0 endpos=8000")
    await line.asterisk.nudged()
    line.asterisk.send("200 result=0")
    assert await running == Streamed("", 8000)
    assert await line.works()


async def test_no_nudge_reaches_the_next_stream(line: Line) -> None:
    running = await line.interrupted()
    line.asterisk.send("200 result=0")
    await running
    following = await line.streaming()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):  # three times as long as a nudge waits
            await line.asterisk.nudged()
    line.asterisk.send("200 result=0 endpos=8000")
    assert await following == Streamed("", 8000)


async def test_a_missing_file_is_not_a_hang_up(line: Line) -> None:
    running = await line.streaming()
    line.asterisk.send("200 result=-1 endpos=0")
    assert await line.asterisk.command() == ["CHANNEL", "STATUS"]
    line.asterisk.send("200 result=6")
    assert await running == Streamed("", -1)
    assert await line.works()


async def test_a_missing_file_in_the_moment_of_the_interruption(line: Line) -> None:
    running = await line.interrupted()
    line.asterisk.send("200 result=-1 endpos=0", "200 result=0")
    assert await line.asterisk.command() == ["CHANNEL", "STATUS"]
    line.asterisk.send("200 result=6")
    assert await running == Streamed("", -1)
    assert await line.works()


async def test_a_hang_up_during_a_stream(line: Line) -> None:
    running = await line.streaming()
    line.asterisk.send("200 result=-1 endpos=1600")
    assert await line.asterisk.command() == ["CHANNEL", "STATUS"]
    line.asterisk.send("511 Command Not Permitted on a dead channel")
    with pytest.raises(HungUp):
        await running
    assert await line.is_closed()


async def test_a_hang_up_in_the_moment_of_the_interruption(line: Line) -> None:
    """NOOP is answered on a dead channel too, so its reply proves nothing."""
    running = await line.interrupted()
    line.asterisk.send("HANGUP", "200 result=-1 endpos=1600", "200 result=0")
    assert await line.asterisk.command() == ["CHANNEL", "STATUS"]
    line.asterisk.send("511 Command Not Permitted on a dead channel")
    with pytest.raises(HungUp):
        await running
    assert await line.is_closed()


@pytest.mark.parametrize(("reply", "end"), [("511 dead", HungUp), ("510", SessionBroken)])
async def test_a_refused_stream(line: Line, reply: str, end: type[Exception]) -> None:
    running = await line.streaming()
    line.asterisk.send(reply)
    with pytest.raises(end):
        await running
    assert await line.is_closed()


SHORTER_THAN_THE_GRACE_S = -2.98


async def test_a_stream_that_never_ends_ends_the_session(line: Line) -> None:
    with pytest.raises(SessionBroken, match="outlasted"):
        await line.session.stream("hello", SHORTER_THAN_THE_GRACE_S)
    assert await line.is_closed()


async def test_a_marker_that_is_never_answered_ends_the_session(line: Line) -> None:
    running = asyncio.create_task(line.session.stream("hello", SHORTER_THAN_THE_GRACE_S))
    await line.asterisk.command()
    line.session.interrupt()
    with pytest.raises(SessionBroken, match="outlasted"):
        await running
    assert await line.is_closed()


# The header


async def test_the_header_is_read_up_to_the_blank_line(line: Line) -> None:
    line.asterisk.send(*HEADER)
    await line.session.read_header(5, 4096)
    assert line.session.header["agi_callerid"] == "89161234567"
    assert await line.works()


async def test_a_header_of_windows_lines(line: Line) -> None:
    line.asterisk.send("agi_channel: x\r", "\r")
    await line.session.read_header(5, 4096)
    assert line.session.header == {"agi_channel": "x"}


@pytest.mark.parametrize("lines", [[""], ["GET / HTTP/1.1", "Host: x", ""], ["agi_channel: x", "\x00", ""]])
async def test_another_header_ends_the_session(line: Line, lines: list[str]) -> None:
    line.asterisk.send(*lines)
    with pytest.raises(SessionBroken):
        await line.session.read_header(5, 4096)
    assert await line.is_closed()


async def test_a_long_header_ends_the_session(line: Line) -> None:
    line.asterisk.send(*[f"agi_arg_{n}: {'x' * 100}" for n in range(50)])
    with pytest.raises(SessionBroken, match="too long"):
        await line.session.read_header(60, 4096)
    assert await line.is_closed()


async def test_a_slow_header_ends_the_session(line: Line) -> None:
    line.asterisk.send("agi_channel: x")
    with pytest.raises(SessionBroken, match="in time"):
        await line.session.read_header(0.01, 4096)
    assert await line.is_closed()
