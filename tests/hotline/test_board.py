"""The queue board: events in, queues out."""

from __future__ import annotations

from time import process_time

from ivr.hotline.queue_board import MemberState, QueueBoard
from tests.hotline.boards import built, event


def places(board: QueueBoard) -> list[str]:
    return [waiting.uniqueid for waiting in board.queue("hotline").waiting]


def test_the_list_brings_callers_with_their_waits() -> None:
    entries = [
        event("QueueEntry", Uniqueid="a", Position="1", Wait="40"),
        event("QueueEntry", Uniqueid="b", Position="2", Wait="7"),
    ]
    board = built(*entries)
    assert board.current
    assert places(board) == ["a", "b"]
    assert board.queue("hotline").longest_s == 40


def test_who_is_more_urgent_joins_before_others() -> None:
    board = built(event("QueueEntry", Uniqueid="a", Position="1"))
    board.take(event("QueueCallerJoin", Uniqueid="b", Position="2"))
    board.take(event("QueueCallerJoin", Uniqueid="c", Position="1"))
    assert places(board) == ["c", "a", "b"]
    board.take(event("QueueCallerLeave", Uniqueid="a", Position="2"))
    assert places(board) == ["c", "b"]


def test_who_left_is_known_for_a_while() -> None:
    board = built(event("QueueEntry", Uniqueid="a", Position="1"))
    assert board.left("hotline") == board.left("nowhere") == ()
    for number in range(300):
        board.take(event("QueueCallerJoin", Uniqueid=str(number), Position="2"))
        board.take(event("QueueCallerLeave", Uniqueid=str(number), Position="2"))
    assert board.left("hotline") == tuple(str(number) for number in range(100, 300))
    assert places(board) == ["a"]


def test_an_event_that_comes_twice_counts_once() -> None:
    board = built(event("QueueEntry", Uniqueid="a", Position="1"))
    board.take(event("QueueCallerJoin", Uniqueid="a", Position="1"))
    assert places(board) == ["a"]


def test_events_in_the_middle_of_a_rebuild_are_not_lost() -> None:
    board = built()
    board.begin()
    board.take(event("QueueParams"))
    board.take(event("QueueCallerJoin", Uniqueid="a", Position="1"))
    assert places(board) == ["a"], "what was known is shown until the list is complete"
    board.take(event("QueueStatusComplete"))
    assert places(board) == ["a"]


def test_a_rebuild_forgets_who_left_unseen() -> None:
    board = built(event("QueueEntry", Uniqueid="a", Position="1"))
    board.lost()
    assert (board.current, places(board)) == (False, ["a"])
    board.begin()
    board.take(event("QueueParams"))
    board.take(event("QueueStatusComplete"))
    assert (board.current, places(board)) == (True, [])


def test_members_come_pause_are_busy_and_go() -> None:
    board = built(event("QueueMember", Location="PJSIP/1", Name="Anna", Status="1", Paused="0", InCall="0"))

    def state() -> MemberState:
        (member,) = board.queue("hotline").members
        return member.state

    assert (state(), board.queue("hotline").free) == (MemberState.FREE, 1)
    status = {"Interface": "PJSIP/1", "MemberName": "Anna", "Paused": "0", "InCall": "0"}
    for number, expected in (("6", MemberState.RINGING), ("2", MemberState.BUSY), ("5", MemberState.AWAY)):
        board.take(event("QueueMemberStatus", Status=number, **status))
        assert state() is expected
    board.take(event("QueueMemberPause", Status="1", **{**status, "Paused": "1"}))
    assert (state(), board.queue("hotline").free) == (MemberState.PAUSED, 0)
    board.take(event("QueueMemberRemoved", **status))
    assert board.queue("hotline").members == ()


def test_ten_thousand_events_take_less_than_a_second() -> None:
    board = built()
    joins = [event("QueueCallerJoin", Uniqueid=str(number), Position="1") for number in range(200)]
    leaves = [event("QueueCallerLeave", Uniqueid=str(number)) for number in range(200)]
    began = process_time()
    for _ in range(25):
        for each in (*joins, *leaves):
            board.take(each)
    assert process_time() - began < 1
    assert places(board) == []
