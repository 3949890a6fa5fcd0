"""The manager connection that lasts, and the board that it keeps, on the real Asterisk."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.hotline.queue_board import MemberState, QueueBoard
from ivr.telephony.manager.ami import Ami, AmiUnavailable, connected
from ivr.telephony.manager.queues import follow
from ivr.testbed.lab.lab import Lab
from tests.lab.boards import QUICK, following, lasting_with, state_of, waits
from tests.lab.cable import cable
from tests.lab.phone import calling, exchange, waiting_callers
from tests.waiting import LIMIT_S, until

PERSON = {"Queue": "hotline", "Interface": "Local/hotline@lab-agent/n"}


async def test_the_board_shows_who_waits_and_who_is_there(lab: Lab) -> None:
    board = QueueBoard()
    async with following(lab, board):
        await until(lambda: board.current)
        (member,) = board.queue("hotline").members
        assert member.name == "Hotline"
        async with waiting_callers(lab, 2):
            await until(lambda: waits(board) == 2 and board.queue("hotline").free == 0)
            await until(lambda: board.queue("hotline").longest_s > 0.2)
        await until(lambda: waits(board) == 0)
        await until(lambda: board.queue("hotline").members[0].state is MemberState.FREE)


async def test_the_manager_away_in_the_middle_of_a_queue(lab: Lab) -> None:
    board = QueueBoard(lambda: 0.0)
    async with cable(state_of(lab).ami_port) as link, following(lab, board, link.port) as lasting:
        await until(lambda: board.current)
        async with waiting_callers(lab, 2) as callers:
            await until(lambda: waits(board) == 2)
            link.cut()
            await until(lambda: not board.current)
            with pytest.raises(AmiUnavailable):
                _ = lasting.ami
            _, second = (waiting.uniqueid for waiting in board.queue("hotline").waiting)
            tries = link.connections
            await callers[0].hangs_up()
            async with calling(lab) as comes, exchange(lab) as ami:
                await comes.presses("0")
                third = (await comes.sees("QueueCallerJoin", Queue="hotline"))["Uniqueid"]
                await ami.action("QueuePause", Paused="true", **PERSON)
                try:
                    await until(lambda: link.connections > tries + 2)  # tried in vain, with pauses
                    assert not board.current
                    link.mend()
                    await until(lambda: board.current)
                    assert [waiting.uniqueid for waiting in board.queue("hotline").waiting] == [second, third]
                    assert [member.state for member in board.queue("hotline").members] == [MemberState.PAUSED]
                    longer, shorter = (waiting.since for waiting in board.queue("hotline").waiting)
                    assert longer < min(shorter, 0.0), "since they joined, not since the connection is back"
                finally:
                    await ami.action("QueuePause", Paused="false", **PERSON)
            await until(lambda: waits(board) == 1)  # and what happens from now on is seen again


async def test_who_learns_first_of_a_break_is_given_no_broken_connection(lab: Lab) -> None:
    connections: list[Ami] = []
    found: list[str] = []

    async def work(ami: Ami) -> None:
        connections.append(ami)
        with ami.events() as events:
            try:
                while True:
                    await events.next(LIMIT_S)
            except AmiUnavailable:
                try:
                    _ = lasting.ami
                except AmiUnavailable as fault:
                    found.append(str(fault))

    async with cable(state_of(lab).ami_port) as link, lasting_with(lab, work, link.port) as lasting:
        await until(lambda: connections)
        link.cut()
        await until(lambda: found)
    assert found == ["no connection to Asterisk's manager"]


async def test_asterisk_restarted_and_the_board_is_right_again(lab_folder: Path) -> None:
    lab = Lab(lab_folder)
    await asyncio.to_thread(lab.up)
    board = QueueBoard()
    async with following(lab, board) as lasting:
        await until(lambda: board.current)
        before = lasting.ami

        def connected_again() -> bool:
            try:
                return lasting.ami is not before
            except AmiUnavailable:
                return False

        await asyncio.to_thread(lab.restart)
        await until(connected_again)
        # Who connects while Asterisk starts is given a list without queues first, and the whole one a moment later.
        await until(lambda: board.current and [one.name for one in board.queue("hotline").members] == ["Hotline"])


async def test_an_asterisk_that_hangs_is_left_and_found_again(lab: Lab) -> None:
    board = QueueBoard()
    impatient = replace(QUICK, ping=0.3, answer=1.0)
    async with cable(state_of(lab).ami_port) as link, following(lab, board, link.port, patience=impatient):
        await until(lambda: board.current)
        link.hold()
        await until(lambda: not board.current)
        await link.release()
        await until(lambda: board.current)


async def test_a_wrong_secret_is_said_and_not_tried_quickly(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    board = QueueBoard()
    log = lab.folder / "log" / "messages.log"
    before = log.read_text(encoding="utf-8").count("failed to authenticate as 'lab'")
    async with cable(state_of(lab).ami_port) as link, following(lab, board, link.port, "wrong"):
        with caplog.at_level(logging.ERROR):
            await until(lambda: link.connections >= 2 and caplog.records)
    errors = [record.getMessage() for record in caplog.records]
    assert set(errors) == {"Asterisk's manager refused the login; wrong ami.user, ami.secret or permit"}
    assert log.read_text(encoding="utf-8").count("failed to authenticate as 'lab'") - before <= link.connections
    assert not board.current


async def test_more_events_than_are_taken_in_build_the_board_again(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    board = QueueBoard()
    state = state_of(lab)
    async with (
        exchange(lab) as ami,
        cable(state.ami_port) as link,
        connected(link.port, state.ami_user, state.ami_secret) as slow,
    ):
        following = asyncio.create_task(follow(slow, board, at_most=6))
        await until(lambda: board.current)
        link.hold()
        for number in range(20):
            await ami.action("QueuePause", Paused="true" if number % 2 == 0 else "false", **PERSON)
        await until(lambda: link.held.count(b"Event: QueueMemberPause") == 20)
        await link.release()  # all come in before the reader's next turn
        await until(lambda: "events of the queues came too fast; the board is built again" in caplog.messages)
        await until(lambda: board.current and board.queue("hotline").members[0].state is MemberState.FREE)
        following.cancel()
        await asyncio.wait({following})


async def test_a_caller_who_is_taken_leaves_the_board(lab: Lab) -> None:
    board = QueueBoard()
    async with following(lab, board), calling(lab) as phone:
        await until(lambda: board.current)
        await phone.presses("0")
        await phone.joins("hotline")
        await until(lambda: waits(board) == 0 and board.queue("hotline").members[0].state is MemberState.BUSY)
