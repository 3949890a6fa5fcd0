"""Boards of queues, from events as Asterisk sends them."""

from __future__ import annotations

from ivr.hotline.queue_board import QueueBoard
from ivr.telephony.manager.ami import Message


def event(name: str, **headers: str) -> Message:
    return Message(name, {header.lower(): value for header, value in {"Queue": "hotline", **headers}.items()})


def built(*events: Message, now: float = 100.0) -> QueueBoard:
    """A board whose list of Asterisk held these events."""
    board = QueueBoard(lambda: now)
    board.begin()
    for each in (event("QueueParams"), *events, event("QueueStatusComplete")):
        board.take(each)
    return board
