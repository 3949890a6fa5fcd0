"""Whom the Ringer rings, and when: by the clock of the test, on a real database."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from ivr.domain.callbacks import Callback, CallbackRequest, CallbackResult, CallbackTerms
from ivr.domain.outages import Cause, Kind, Place
from ivr.hotline.callback_dialer import CallbackDialer, DialerLimits
from ivr.hotline.queue_board import QueueBoard
from ivr.storage import tables
from ivr.storage.callbacks.repository import CallbackRepository
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade
from ivr.storage.outages import changes as outages
from ivr.telephony.manager.ami import Message
from tests.owed import asked
from tests.waiting import until

MOSCOW = ZoneInfo("Europe/Moscow")
EVENING = datetime(2026, 11, 20, 21, 50, tzinfo=MOSCOW)
LIMIT_S = 90.0


class ScriptedExchange:
    """Everybody who is rung does not answer, or what the test says."""

    name = "here"

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.answer = CallbackResult.NO_ANSWER
        self.known: dict[str, CallbackResult] = {}  # answers by token, kept since before
        self.up: set[str] = set()  # tokens of calls
        self.board = QueueBoard()  # of one person, who works
        self.answers = asyncio.Event()
        self.answers.set()

    async def ring(self, promise: Callback) -> CallbackResult:
        self.rung.append(promise.phone)
        await self.answers.wait()
        return self.answer

    def returned(self, uniqueid: str) -> str:
        return uniqueid.removeprefix("back-") if uniqueid.startswith("back-") else ""

    async def live(self) -> frozenset[str]:
        return frozenset(self.up)

    async def kept(self, token: str) -> CallbackResult | None:
        return self.known.get(token)


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ringing") / "upgraded.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def database(upgraded: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copy(upgraded, tmp_path / "ivr.db")
    database = Database(f"sqlite:///{tmp_path}/ivr.db")
    yield database
    database.close()


def outage_of(database: Database, asked: int) -> int:
    """An outage, and so many callers who asked for its end; its number."""
    place = Place("Север")
    entered = outages.add(database, Kind.EMERGENCY, place, Cause.CABLE, EVENING, None, "anna", EVENING, anywhere=True)
    row = {"kind": "power", "state": "due", "outage_id": entered.id, "created_at": EVENING, "due_at": None}
    with database.writing() as connection:
        rows = [{"phone": f"+7916000{number:04d}", **row} for number in range(asked)]
        connection.execute(insert(tables.of(tables.Callback)), rows)
    return entered.id


def end(database: Database, outage: int, at: datetime) -> None:
    outages.end(database, outage, "anna", at, ended_at=at)


class Rounds:
    """A Ringer whose rounds and clock the test drives."""

    def __init__(self, database: Database, exchange: ScriptedExchange, time: datetime, pace: DialerLimits) -> None:
        self.time = time
        self._exchange = exchange
        pauses = (timedelta(minutes=5), timedelta(minutes=15))
        terms = CallbackTerms(MOSCOW, pauses, quiet_from=22, quiet_to=8, fresh=timedelta(hours=1))
        self.ringer = CallbackDialer(
            CallbackRepository(database), exchange, exchange.board, terms, pace, lambda: self.time
        )

    async def at(self, time: datetime) -> None:
        """All that is done at that time: what is due, and what becomes due by how it ends."""
        self.time = time
        for _ in range(2):
            await self.ringer.round()
            if self._exchange.answers.is_set() and self.ringer.calls:
                _, going_on = await asyncio.wait(self.ringer.calls, timeout=LIMIT_S)
                assert not going_on, "everybody has answered, and a call has not ended"


@contextlib.asynccontextmanager
async def ringing(
    database: Database, time: datetime, per_minute: int = 60, at_once: int = 100
) -> AsyncIterator[tuple[Rounds, ScriptedExchange]]:
    exchange = ScriptedExchange()
    board = exchange.board
    board.begin()
    board.take(Message("QueueMember", {"queue": "hotline", "name": "anna", "status": "1", "paused": "0"}))
    board.take(Message("QueueStatusComplete"))
    rounds = Rounds(database, exchange, time, DialerLimits(at_once=at_once, power_per_minute=per_minute, look_s=0.01))
    yield rounds, exchange
    await rounds.ringer.close()


async def test_rounds_follow_until_it_is_cancelled(database: Database) -> None:
    async with ringing(database, DAY) as (rounds, exchange):
        running = asyncio.create_task(rounds.ringer.run())
        for number in (1, 2):
            promised(database, f"+7916000000{number}")
            await until(lambda: len(exchange.rung) == number)  # noqa: B023 - waited for in this turn
        running.cancel()
        await asyncio.wait({running})
        assert rounds.ringer.calls == ()


async def test_asked_at_ten_to_ten_and_the_light_back_at_eleven_is_rung_at_eight(database: Database) -> None:
    outage = outage_of(database, 1)
    async with ringing(database, EVENING) as (rounds, exchange):
        at_eleven = EVENING + timedelta(minutes=70)
        end(database, outage, at_eleven)
        for hours in (0, 2, 8.5):
            await rounds.at(at_eleven + timedelta(hours=hours))
            assert exchange.rung == []
        exchange.answer = CallbackResult.CONFIRMED
        await rounds.at(at_eleven.replace(day=21, hour=8))
        assert exchange.rung == ["+79160000000"]


async def test_a_try_again_waits_for_the_morning_too(database: Database) -> None:
    outage = outage_of(database, 1)
    async with ringing(database, EVENING) as (rounds, exchange):
        end(database, outage, EVENING + timedelta(minutes=7))
        await rounds.at(EVENING + timedelta(minutes=7))
        assert len(exchange.rung) == 1
        await rounds.at(EVENING + timedelta(minutes=13))
        assert len(exchange.rung) == 1
        await rounds.at(EVENING.replace(day=21, hour=8, minute=0))
        assert len(exchange.rung) == 2


async def test_pauses_grow_and_then_it_is_given_up(database: Database) -> None:
    noon = EVENING.replace(day=21, hour=12)
    outage = outage_of(database, 1)
    async with ringing(database, noon) as (rounds, exchange):
        end(database, outage, noon)
        for minutes, tries in ((0, 1), (4, 1), (5, 2), (15, 2), (20, 3), (200, 3)):
            await rounds.at(noon + timedelta(minutes=minutes))
            assert len(exchange.rung) == tries
    callbacks = tables.of(tables.Callback)
    with database.reading() as connection:
        assert tuple(connection.execute(select(callbacks.c.state, callbacks.c.reason)).one()) == (
            "given-up",
            "no answer",
        )


async def test_so_many_begin_in_a_minute_and_no_more(database: Database) -> None:
    noon = EVENING.replace(day=21, hour=12)
    outage = outage_of(database, 40)
    async with ringing(database, noon, per_minute=120) as (rounds, exchange):
        end(database, outage, noon)
        begun = []
        for second in range(6):
            await rounds.at(noon + timedelta(seconds=second))
            begun.append(len(exchange.rung))
    assert begun == [1, 3, 5, 7, 9, 11]


async def test_however_many_wait_for_the_light_a_call_is_left_for_the_queue(database: Database) -> None:
    noon = EVENING.replace(day=21, hour=12)
    outage = outage_of(database, 40)
    async with ringing(database, noon, per_minute=6000, at_once=10) as (rounds, exchange):
        exchange.answers.clear()
        end(database, outage, noon)
        for seconds in range(3):
            await rounds.at(noon + timedelta(seconds=seconds))
        assert len(exchange.rung) == 8
        asked_at = noon + timedelta(seconds=3)
        assert asked(CallbackRepository(database), CallbackRequest("+79169990000", "hotline", 0, asked_at), asked_at)
        await rounds.at(asked_at)
        assert exchange.rung[8:] == ["+79169990000"]


# ------------------------------------------------------------------------- tries in doubt, and Asterisks that come back

DAY = EVENING.replace(day=21, hour=12)


def ended_as(database: Database) -> tuple[str, str]:
    callbacks = tables.of(tables.Callback)
    with database.reading() as connection:
        state, reason = connection.execute(select(callbacks.c.state, callbacks.c.reason)).one()
    return state, reason


def tried(database: Database, exchange: str) -> Callback:
    """A promise of the queue whose try was begun at noon by a daemon that is not heard of again."""
    callbacks = CallbackRepository(database)
    assert asked(callbacks, CallbackRequest("+79160000000", "hotline", 0, DAY), DAY)
    promise = callbacks.claim("hotline", exchange, DAY, timedelta(seconds=60))
    assert promise is not None
    return promise


@pytest.mark.parametrize("exchange", ["here", "there"])
@pytest.mark.parametrize(
    ("answer", "ends"), [(CallbackResult.CONFIRMED, "done"), (CallbackResult.DECLINED, "given-up")]
)
async def test_after_hours_asterisk_is_asked_before_anybody_is_rung_again(
    database: Database, exchange: str, answer: CallbackResult, ends: str
) -> None:
    """Rung by this Asterisk, or by one of another name that may be the same: the answer kept here counts."""
    promise = tried(database, exchange)
    async with ringing(database, DAY) as (rounds, here):
        here.known[promise.token] = answer
        await rounds.at(DAY + timedelta(hours=3))
        assert ended_as(database) == (ends, answer)
        assert here.rung == []


async def test_a_call_that_is_still_up_after_hours_is_not_doubled(database: Database) -> None:
    promise = tried(database, "there")
    async with ringing(database, DAY) as (rounds, here):
        here.up.add(promise.token)
        await rounds.at(DAY + timedelta(hours=3))
        assert (here.rung, ended_as(database)) == ([], ("calling", ""))


async def test_what_another_asterisk_took_for_failed_is_not_rung_where_it_was_answered(database: Database) -> None:
    """The one that served the caller was away for hours, another tried in vain, and now it is back."""
    promise = tried(database, "here")
    assert CallbackRepository(database).again(promise, DAY + timedelta(hours=2), CallbackResult.FAILED)
    async with ringing(database, DAY) as (rounds, here):
        here.known[promise.token] = CallbackResult.CONFIRMED
        await rounds.at(DAY + timedelta(hours=3))
        assert ended_as(database) == ("done", "confirmed")
        assert here.rung == []


async def test_who_answered_nothing_that_anybody_knows_of_is_rung_again(database: Database) -> None:
    tried(database, "there")
    async with ringing(database, DAY) as (rounds, here):
        here.answer = CallbackResult.CONFIRMED
        for hours in (3, 4):  # taken for failed; then the pause is over
            await rounds.at(DAY + timedelta(hours=hours))
        assert ended_as(database) == ("done", "confirmed")
        assert here.rung == ["+79160000000"]


async def test_an_answer_is_known_while_the_call_goes_on(database: Database) -> None:
    """Its daemon was killed before the key: whoever looks after it need not wait for the end of the talk."""
    promise = tried(database, "here")
    async with ringing(database, DAY) as (rounds, here):
        here.up.add(promise.token)
        await rounds.at(DAY + timedelta(minutes=2))
        assert ended_as(database) == ("calling", "")
        here.known[promise.token] = CallbackResult.CONFIRMED
        await rounds.at(DAY + timedelta(minutes=4))
        assert ended_as(database) == ("done", "confirmed")
        assert here.rung == []


async def test_who_asks_from_elsewhere_is_rung_after_the_call_that_is_up(database: Database) -> None:
    """Two callers of one number; what the first one answered is not known for a while."""
    promise = tried(database, "here")
    assert asked(CallbackRepository(database), CallbackRequest("+79160000000", "hotline", 0, DAY), DAY)
    async with ringing(database, DAY) as (rounds, here):
        here.up.add(promise.token)
        here.known[promise.token] = CallbackResult.CONFIRMED
        await rounds.at(DAY + timedelta(minutes=2))
        assert here.rung == []
        here.up.clear()
        await rounds.at(DAY + timedelta(minutes=4))
        assert here.rung == ["+79160000000"]


# ------------------------------------------------------------------------- who is back waits again, but not all of them


def promised(database: Database, *phones: str, priority: int = 0) -> None:
    for phone in phones:
        assert asked(
            CallbackRepository(database), CallbackRequest(phone, "hotline", priority, DAY - timedelta(hours=1)), DAY
        )


async def test_nobody_is_rung_while_who_was_rung_still_waits_for_the_only_person(database: Database) -> None:
    """All of them would hear music again, for as long as without their promise."""
    async with ringing(database, DAY) as (rounds, exchange):
        exchange.board.take(Message("QueueCallerJoin", {"queue": "hotline", "uniqueid": "back-1", "position": "1"}))
        promised(database, "+79160000001", "+79160000002")
        await rounds.at(DAY)
        assert exchange.rung == []
        promised(database, "+79160000003", priority=10)
        await rounds.at(DAY)
        assert exchange.rung == ["+79160000003"]  # danger goes before them in the queue too
        exchange.answer = CallbackResult.CONFIRMED
        exchange.board.take(Message("QueueCallerLeave", {"queue": "hotline", "uniqueid": "back-1"}))
        await rounds.at(DAY + timedelta(minutes=1))
        assert exchange.rung == ["+79160000003", "+79160000001"]
        for minutes in (2, 3):  # confirmed, and on the way to the queue
            await rounds.at(DAY + timedelta(minutes=minutes))
            assert len(exchange.rung) == 2


async def test_who_was_taken_out_of_the_queue_at_once_holds_nobody_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not for as long as the way to the queue may take."""
    monkeypatch.setattr("ivr.hotline.callback_dialer.ON_WAY_S", 3600.0)
    async with ringing(database, DAY) as (rounds, exchange):
        exchange.answer = CallbackResult.CONFIRMED
        phones = [f"+7916000000{number}" for number in range(1, 6)]
        promised(database, *phones)
        for number, phone in enumerate(phones, start=1):
            await rounds.at(DAY + timedelta(seconds=number))
            assert exchange.rung == phones[:number], "the next one is not rung before this one has come to the queue"
            with database.reading() as connection:
                done = select(tables.of(tables.Callback).c.token).where(tables.of(tables.Callback).c.phone == phone)
                token = connection.scalar(done)
            back = {"queue": "hotline", "uniqueid": f"back-{token}", "position": "1"}
            exchange.board.take(Message("QueueCallerJoin", back))
            exchange.board.take(Message("QueueCallerLeave", back))


async def test_others_who_wait_take_nobodys_turn(database: Database) -> None:
    async with ringing(database, DAY) as (rounds, exchange):
        exchange.board.take(Message("QueueCallerJoin", {"queue": "hotline", "uniqueid": "1763.5", "position": "1"}))
        promised(database, "+79160000001")
        await rounds.at(DAY)
        assert exchange.rung == ["+79160000001"]
