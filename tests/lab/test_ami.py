"""The manager connection against the real Asterisk, and against servers that are none."""

from __future__ import annotations

import asyncio
import re
import socket

import pytest

from ivr.config import REPOSITORY
from ivr.telephony.manager.ami import AmiRefused, AmiUnavailable, CallFailed, EventsLost, connect, connected
from ivr.testbed.lab.lab import Lab
from tests.lab.cable import cable
from tests.lab.phone import exchange, global_variable
from tests.waiting import until

LIMIT_S = 30.0


def port_of(lab: Lab) -> int:
    state = lab.state
    assert state is not None
    return state.ami_port


async def test_a_wrong_secret_is_refused_once_and_for_all(lab: Lab) -> None:
    log = lab.folder / "log" / "messages.log"

    def refusals() -> int:
        return log.read_text(encoding="utf-8").count("failed to authenticate as 'lab'")

    before = refusals()
    with pytest.raises(AmiRefused):
        await connect(port_of(lab), "lab", "wrong")
    await until(lambda: refusals() > before)
    assert refusals() == before + 1


async def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(AmiUnavailable):
            await connect(free.getsockname()[1], "lab", "secret", limit_s=LIMIT_S)


async def test_a_server_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(AmiUnavailable, match="did not answer"):
        await connect(silent.getsockname()[1], "lab", "secret", limit_s=0.2)


async def test_a_server_that_closes_at_once() -> None:
    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        with pytest.raises(AmiUnavailable, match="closed"):
            await connect(server.sockets[0].getsockname()[1], "lab", "secret", limit_s=LIMIT_S)


async def test_a_line_break_is_never_sent(lab: Lab) -> None:
    async with exchange(lab) as ami:
        for text in ("x\r\nAction: Originate", "x\ny", "x\ry"):
            for sending in (
                connect(port_of(lab), text, "secret"),
                ami.action("Getvar", Variable=text),
                ami.originate("PJSIP/1@loop", context="lab-caller", caller_id=text),
            ):
                with pytest.raises(ValueError, match="line break"):
                    raise AssertionError(f"{text!r} was sent: {await sending}")


async def test_a_variable_arrives_as_it_is_and_cannot_become_two(lab: Lab) -> None:
    values = ("a,B=c", 'a"b', "a\\b", 'Ленина, "5" (угол) [2]\\, ${EVIL} = 3')
    async with exchange(lab) as ami:
        for value in values:
            call = await ami.originate("Local/s@lab-caller/n", context="lab-caller", variables={"A": value})
            assert (await ami.action("Getvar", Channel=call.channel, Variable="A"))["Value"] == value
            assert (await ami.action("Getvar", Channel=call.channel, Variable="B"))["Value"] == ""
            await ami.action("Hangup", Channel=call.channel)


async def test_a_name_that_is_none_and_a_line_that_asterisk_would_cut_are_refused(lab: Lab) -> None:
    async with exchange(lab) as ami:
        for variables in ({"A,B": "1"}, {"A": "x" * 1000}):
            with pytest.raises(ValueError, match=r"variable|line"):
                await ami.originate("Local/s@lab-caller/n", context="lab-caller", variables=variables)


async def test_an_action_answers(lab: Lab) -> None:
    async with exchange(lab) as ami:
        assert (await ami.action("Ping"))["ping"] == "Pong"
        with pytest.raises(AmiRefused):
            await ami.action("Hangup", Channel="PJSIP/nobody")


async def test_a_call_that_nobody_answers_fails(lab: Lab) -> None:
    async with exchange(lab) as ami:
        with pytest.raises(CallFailed) as failure:
            await ami.originate("PJSIP/1@softphone", context="lab-caller")
        assert failure.value.reason == 0


async def test_variables_reach_the_call_and_filters_let_no_flood_through(lab: Lab) -> None:
    async with exchange(lab) as ami:
        with ami.events() as events:
            call = await ami.originate(
                "PJSIP/88002000000@loop",
                context="lab-caller",
                caller_id="+74950000000",
                variables={"IVR_CALL": "01JH", "IVR_X": "a=b c"},
            )
            own = await events.wait_for("VarSet", LIMIT_S, Variable="IVR_X")
            line = await events.wait_for("VarSet", LIMIT_S, Variable="IVR_PROMPT")
            await ami.action("Hangup", Channel=call.channel)
            seen = [await events.next(LIMIT_S)]
            while (seen[-1].name, seen[-1]["Channel"]) != ("Hangup", line["Channel"]):
                seen.append(await events.next(LIMIT_S))
    assert (own["Channel"], own["Value"]) == (call.channel, "a=b c")
    assert {event.variables["IVR_CALL"] for event in seen if event["Channel"] == call.channel} == {"01JH"}
    assert line["CallerIDNum"] == "+74950000000"
    assert {event.name for event in seen}.isdisjoint({"Newexten", "NewCallerid", "RTCPSent", "RTCPReceived"})
    # Those of the dialplan: however late we hang up, and however far the call has come by then.
    told = {event["Variable"] for event in seen if event.name == "VarSet"}
    assert {name for name in told if not name.startswith("IVR_")} <= {"AGISTATUS"}


def test_the_accounts_that_are_shipped_are_the_tested_ones() -> None:
    """Asterisk cuts off after 100 ms whoever does not read, unless told otherwise; a busy daemon may need longer."""
    shipped = (REPOSITORY / "dialplan" / "manager.example.conf").read_text(encoding="utf-8")
    accounts = re.findall(r"^\[(.+)\]\n((?:.+\n)+)", shipped, re.MULTILINE)
    assert [name for name, _ in accounts] == ["ivr", "ivr-screen"]
    assert all(re.search(r"^writetimeout=5000\b", lines, re.MULTILINE) for _, lines in accounts)
    lab = (REPOSITORY / "ivr" / "testbed" / "lab" / "templates" / "manager.conf").read_text(encoding="utf-8")
    added = lab.partition("#include")[2].splitlines()[1:]
    assert {line.partition("=")[0].strip() for line in added if "=" in line} == {"secret"}, "and no right more"


async def test_a_reader_who_falls_behind_is_told(lab: Lab) -> None:
    async with exchange(lab) as ami:
        with ami.events("VarSet", at_most=1) as slow, ami.events("VarSet") as quick:
            for value in ("1", ""):
                await ami.action("Setvar", Variable="IVR_TEST", Value=value)
                await quick.next(LIMIT_S)
            with pytest.raises(EventsLost):
                await slow.next(LIMIT_S)


async def test_a_connection_that_breaks_ends_everything(lab: Lab) -> None:
    state = lab.state
    assert state is not None
    async with (
        global_variable(lab, "LAB_CALLED", "rings"),
        cable(state.ami_port) as link,
        connected(link.port, state.ami_user, state.ami_secret) as ami,
    ):
        with ami.events() as events:
            call = asyncio.create_task(
                ami.originate("Local/+79160000000@lab-called/n", context="lab-caller", ring_s=60)
            )
            await events.wait_for("VarSet", LIMIT_S, Variable="IVR_RUNG")
            link.cut()
            with pytest.raises(AmiUnavailable):
                while True:
                    await events.next(LIMIT_S)
            with pytest.raises(AmiUnavailable):
                await call
            with pytest.raises(AmiUnavailable):
                await ami.action("Ping")
