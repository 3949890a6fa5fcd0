"""People and their sessions, on both databases; two at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ivr.domain.users import LastAdministrator, LoginTaken, NoSuchPerson, Role
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.users import login_throttle, sessions
from ivr.storage.users import users as people
from ivr.storage.users.login_throttle import AT_PAGES
from tests.storage.conftest import Now, Stock

pytestmark = pytest.mark.both_databases

HOUR = timedelta(hours=1)


def test_a_session_from_beginning_to_end(database: Database, now: Now) -> None:
    anna = people.add(database, "anna", Role.CLERK, "hash", "cli", now())
    attempt = login_throttle.begin_attempt(database, "anna", "192.0.2.1", now())
    assert (attempt.user, attempt.password, attempt.locked) == (anna.id, "hash", False)
    sessions.begin_session(database, attempt, "token", "192.0.2.1", 2 * HOUR, now())
    assert sessions.who_is(database, "token", HOUR, now()) == anna
    assert sessions.who_is(database, "another", HOUR, now()) is None
    now.time += HOUR - timedelta(seconds=1)
    assert sessions.who_is(database, "token", HOUR, now()) == anna  # and is seen now
    now.time += HOUR - timedelta(seconds=1)
    assert sessions.who_is(database, "token", HOUR, now()) == anna
    now.time += timedelta(seconds=3)
    assert sessions.who_is(database, "token", HOUR, now()) is None
    sessions.end_session(database, "token", now())
    assert sessions.end_sessions(database, anna.id, now()) == 0


def test_many_attempts_at_once_do_not_pass_the_limit(database: Database, now: Now) -> None:
    people.add(database, "anna", Role.CLERK, "hash", "cli", now())
    with ThreadPoolExecutor(6) as threads:
        tried = list(
            threads.map(lambda _: login_throttle.begin_attempt(database, "anna", "192.0.2.1", now()), range(12))
        )
    assert sum(not attempt.locked for attempt in tried) == AT_PAGES.pair


def test_two_administrators_cannot_send_each_other_away(database: Database, now: Now, stock: Stock) -> None:
    both = [people.add(database, login, Role.ADMINISTRATOR, "hash", "cli", now()) for login in ("anna", "boris")]

    def send_away(key: int) -> bool:
        try:
            people.set_active(database, key, False, "other", now())
        except LastAdministrator:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(send_away, [person.id for person in both])) == [False, True]
    assert sorted(active for (active,) in stock.rows(tables.User, "active")) == [False, True]


def test_faults_have_names(database: Database, now: Now) -> None:
    people.add(database, "anna", Role.CLERK, None, "cli", now())
    with pytest.raises(LoginTaken):
        people.add(database, "anna", Role.VOICE, None, "cli", now())
    with pytest.raises(NoSuchPerson):
        people.find(database, "nobody")
    assert login_throttle.begin_attempt(database, "anna", "a", now()).password is None  # has no password
