"""What a caller finds in the ledger, and what stays of what he gave."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from ivr.domain.contacts import Contact, Submission
from ivr.domain.faults import StoreUnavailable
from ivr.domain.meters import Zone
from ivr.domain.readings import Channel, Entry, Period, Reading, Use, Window
from ivr.storage import tables
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.database.database import Database
from tests.storage.conftest import MOSCOW, Now, Stock, utc
from tests.submissions import by_phone
from tests.waiting import LIMIT_S

NOVEMBER = Period(2026, 11)
COLUMNS = ("register_id", "value", "period", "status", "contact_id")


def given(register: int, value: int, call: str = "call-1", period: Period = NOVEMBER, **fields: object) -> Submission:
    """One value by keys, 20 November 2026."""
    at = datetime(2026, 11, 20, 12, tzinfo=MOSCOW)
    entry = Entry(register, value, **fields)  # type: ignore[arg-type]
    return by_phone(call, at, period, Channel.KEYS, (entry,))


@pytest.mark.both_databases
async def test_account_has_its_place_and_meters_in_the_order_of_installation(
    ledger: AccountRepository, stock: Stock
) -> None:
    key = stock.account("0012345678", district="Север", street="Мира", house="5", flat="12")
    day, night = stock.meter(key, "A-2", zones=2, digits=6)
    (whole,) = stock.meter(key, "A-1")
    account = await ledger.account("0012345678")
    assert account is not None
    assert (account.id, account.number, account.district) == (key, "0012345678", "Север")
    assert (account.street, account.house, account.flat) == ("Мира", "5", "12")
    assert [meter.serial for meter in account.meters] == ["A-2", "A-1"]
    two, one = account.meters
    assert [(r.id, r.zone, r.digits) for r in two.registers] == [(day, Zone.T1, 6), (night, Zone.T2, 6)]
    assert [(r.id, r.base, r.latest, r.uses) for r in one.registers] == [(whole, None, None, ())]


async def test_account_without_meter_and_unknown_account(ledger: AccountRepository, stock: Stock) -> None:
    stock.account("0012345678")
    account = await ledger.account("0012345678")
    assert account is not None and account.meters == ()
    assert await ledger.account("0000000000") is None


async def test_removed_meters_are_not_asked_for(ledger: AccountRepository, stock: Stock, database: Database) -> None:
    stock.meter(stock.account(), "old")
    with database.writing() as connection:
        connection.execute(tables.of(tables.Meter).update().values(removed=date(2026, 1, 1)))
    account = await ledger.account("0012345678")
    assert account is not None and account.meters == ()


@pytest.mark.both_databases
async def test_active_numbers_are_those_with_a_meter_in_use(
    ledger: AccountRepository, stock: Stock, database: Database
) -> None:
    stock.meter(stock.account("0000000001"), "old")
    with database.writing() as connection:
        connection.execute(tables.of(tables.Meter).update().values(removed=date(2026, 1, 1)))
    stock.meter(stock.account("0012345678"), "A-1")
    stock.meter(stock.account("9999999999"), "A-2")
    stock.account("0000000002")
    asked = [f"{number:010}" for number in range(1998)] + ["0012345678", "9999999999"]
    assert await ledger.active(asked) == {"0012345678", "9999999999"}
    assert await ledger.active([]) == frozenset()
    with pytest.raises(ValueError, match="2000"):
        await ledger.active([*asked, "1"])


async def test_how_a_reading_came_is_stored(ledger: AccountRepository, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    await ledger.keep(replace(given(register, 5), channel=Channel.VOICE))
    assert stock.rows(tables.Reading, "channel") == [("phone-voice",)]


@pytest.mark.both_databases
async def test_past_uses_are_differences_of_months(ledger: AccountRepository, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    stock.reading(register, 99900, "2026-08-20", "2026-08")
    stock.reading(register, 50, "2026-09-20", "2026-09")  # the display passed its last digit
    stock.reading(register, 7777, "2026-10-18", "2026-10", status="superseded")
    stock.reading(register, 250, "2026-10-20", "2026-10", channel="billing")
    found = await the_register(ledger)
    assert found.uses == (Use(150, 31), Use(200, 30))
    assert found.base == found.latest == Reading(250, date(2026, 10, 20))


async def test_a_value_that_billing_corrected_downwards_is_no_use(ledger: AccountRepository, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    stock.reading(register, 5000, "2026-09-20", "2026-09")
    stock.reading(register, 4000, "2026-10-20", "2026-10", channel="billing")
    assert (await the_register(ledger)).uses == ()


async def test_a_use_is_the_difference_times_the_transformation_ratio(
    database: Database, ledger: AccountRepository, stock: Stock
) -> None:
    (register,) = stock.meter(stock.account())
    with database.writing() as connection:
        connection.execute(update(tables.of(tables.Meter)).values(ratio=20))
    stock.reading(register, 5000, "2026-09-20", "2026-09")
    stock.reading(register, 5010, "2026-10-20", "2026-10")
    assert (await the_register(ledger)).uses == (Use(200, 30),)


@pytest.mark.both_databases
async def test_an_account_is_found_by_its_other_numbers_each_once(
    database: Database, ledger: AccountRepository, stock: Stock
) -> None:
    one, other = stock.account("0012345678"), stock.account("0087654321")
    aliases = insert(tables.of(tables.AccountAlias))
    with database.writing() as connection:
        for kind, alias, account in (("old", "5555", one), ("bank", "5555", one), ("els", "70АБ123456", other)):
            connection.execute(aliases.values(kind=kind, alias=alias, account_id=account))
    assert [it.number for it in await ledger.accounts_of_alias("5555")] == ["0012345678"]
    assert [it.number for it in await ledger.accounts_of_alias("70АБ123456")] == ["0087654321"]
    assert await ledger.accounts_of_alias("0012345678") == ()


async def test_a_reading_of_the_present_period_of_the_accounts_own_window_is_no_measure(
    database: Database, stock: Stock, now: Now
) -> None:
    """On the 20th readings of «private» count for December, of all others for November."""
    window = Window(15, 25, (("private", Window(10, 18)),))
    repository = AccountRepository(database, zone=MOSCOW, window=window, now=now, limit_s=LIMIT_S)
    for number, group in (("0000000001", "private"), ("0000000002", "")):
        (register,) = stock.meter(stock.account(number, window_group=group), f"M{number}")
        stock.reading(register, 900, "2026-11-17", "2026-11", status="accepted")
        account = await repository.account(number)
        assert account is not None
        assert (account.meters[0].registers[0].base is not None) == (group == "private")
    await repository.close()


async def test_uses_go_back_a_year(ledger: AccountRepository, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    for month in range(24):
        period = Period(2024 + (10 + month) // 12, (10 + month) % 12 + 1)
        stock.reading(register, 100 * month, f"{period}-20", str(period))
    assert [use.kwh for use in (await the_register(ledger)).uses] == [100] * 12


async def test_own_reading_of_the_present_period_is_read_back_but_is_no_measure(
    ledger: AccountRepository, stock: Stock
) -> None:
    (register,) = stock.meter(stock.account())
    stock.reading(register, 100, "2026-10-20", "2026-10")
    stock.reading(register, 900, "2026-11-17", "2026-11", status="accepted")
    found = await the_register(ledger)
    assert (found.base, found.latest) == (Reading(100, date(2026, 10, 20)), Reading(900, date(2026, 11, 17)))


@pytest.mark.both_databases
async def test_billing_is_a_measure_even_behind_a_callers_reading(ledger: AccountRepository, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    stock.reading(register, 100, "2026-10-20", "2026-10")
    stock.reading(register, 150, "2026-11-03", "2026-11", channel="billing", status="superseded")
    stock.reading(register, 900, "2026-11-17", "2026-11", status="accepted")
    found = await the_register(ledger)
    assert (found.base, found.latest) == (Reading(150, date(2026, 11, 3)), Reading(900, date(2026, 11, 17)))


@pytest.mark.both_databases
async def test_what_counts_as_a_measure(ledger: AccountRepository, stock: Stock) -> None:
    counts = {
        ("flagged", "above-usual-use", "phone-keys"): False,
        ("flagged", "same-value", "phone-keys"): True,
        ("accepted", "above-usual-use", "phone-keys"): True,
        ("superseded", "", "phone-keys"): False,
        ("superseded", "refused", "billing"): False,
        ("superseded", "", "billing"): True,
    }
    key = stock.account()
    for number, (status, reason, channel) in enumerate(counts):
        (register,) = stock.meter(key, f"M{number}")
        stock.reading(register, 100, "2026-09-20", "2026-09")
        stock.reading(register, 900, "2026-10-20", "2026-10", status=status, reason=reason, channel=channel)
    account = await ledger.account("0012345678")
    assert account is not None
    bases = [meter.registers[0].base for meter in account.meters]
    assert [base and base.value for base in bases] == [900 if measured else 100 for measured in counts.values()]


@pytest.mark.both_databases
async def test_days_are_those_of_the_customers_zone(ledger: AccountRepository, stock: Stock, now: Now) -> None:
    (register,) = stock.meter(stock.account())
    late = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)  # half past one of the 21st in Moscow
    await ledger.keep(by_phone("c", late, NOVEMBER, Channel.KEYS, (Entry(register, 5),)))
    assert (await the_register(ledger)).latest == Reading(5, date(2026, 11, 21))
    assert stock.rows(tables.Reading, "received_at") == [(late,)]


@pytest.mark.both_databases
async def test_accounts_of_a_phone_are_three_at_most(ledger: AccountRepository, stock: Stock) -> None:
    for number in ("4", "2", "3", "1"):
        stock.account(number, phones="+79161234567 +74951234567")
    assert [account.number for account in await ledger.accounts_of_phone("+79161234567")] == ["1", "2", "3"]
    assert await ledger.accounts_of_phone("+79160000000") == ()


@pytest.mark.both_databases
async def test_whether_an_account_starts_with_zero(ledger: AccountRepository, stock: Stock, now: Now) -> None:
    stock.account("1012345678")
    assert not await ledger.any_starts_with_zero()
    stock.account("0912345678")
    now.time += timedelta(seconds=10)
    assert await ledger.any_starts_with_zero()


async def test_a_clock_set_back_does_not_keep_an_answer(ledger: AccountRepository, stock: Stock, now: Now) -> None:
    assert not await ledger.any_starts_with_zero()
    stock.account("0912345678")
    now.time -= timedelta(hours=1)
    assert await ledger.any_starts_with_zero()


@pytest.mark.both_databases
async def test_kept_reading_has_a_receipt_of_its_call(ledger: AccountRepository, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    receipt = await ledger.keep(given(register, 12345))
    assert receipt.isdigit()
    (contact,) = stock.rows(tables.Contact, "id", "channel", "source", "key", "call_id", "receipt", "received_at")
    key = contact[0]
    assert contact[1:] == ("phone", "phone", "call-1", "call-1", receipt, utc("2026-11-20T09:00:00"))
    assert stock.rows(tables.Reading, *COLUMNS) == [(register, 12345, "2026-11", "accepted", key)]


@pytest.mark.both_databases
async def test_meters_of_one_call_share_the_receipt_and_other_calls_have_their_own(
    ledger: AccountRepository, stock: Stock
) -> None:
    account = stock.account()
    (one,), (two,) = stock.meter(account, "A"), stock.meter(account, "B")
    first = await ledger.keep(given(one, 1))
    assert await ledger.keep(given(two, 2)) == first
    assert await ledger.keep(given(two, 2, call="call-2")) != first


@pytest.mark.both_databases
async def test_the_same_again_is_stored_once(ledger: AccountRepository, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    assert await ledger.keep(given(register, 5)) == await ledger.keep(given(register, 5))
    assert stock.rows(tables.Reading, "value", "status") == [(5, "accepted")]


@pytest.mark.both_databases
@pytest.mark.parametrize("channel", [Channel.OFFICE, Channel.BANK, Channel.SMS, Channel.REMOTE])
async def test_a_contact_that_is_no_call_is_stored_once_and_has_a_receipt(
    ledger: AccountRepository, stock: Stock, channel: Channel
) -> None:
    (register,) = stock.meter(stock.account())
    contact = Contact(channel, "some source", "line 7", utc("2026-11-27T09:00:00"))
    submission = Submission(contact, date(2026, 11, 24), NOVEMBER, channel, (Entry(register, 5),))
    receipts = {await ledger.keep(submission) for _ in range(3)}
    assert stock.rows(tables.Contact, "call_id", "receipt") == [(None, receipts.pop())] and not receipts
    assert stock.rows(tables.Reading, "value", "channel", "read_on", "received_at") == [
        (5, channel, date(2026, 11, 24), utc("2026-11-27T09:00:00"))
    ]
    assert stock.rows(tables.Call, "id") == []


async def test_the_same_key_of_two_sources_is_two_contacts(ledger: AccountRepository, stock: Stock) -> None:
    account = stock.account()
    for source, serial in (("one bank", "A"), ("another bank", "B")):
        (register,) = stock.meter(account, serial)
        contact = Contact(Channel.BANK, source, "1", utc("2026-11-20T09:00:00"))
        await ledger.keep(Submission(contact, date(2026, 11, 20), NOVEMBER, Channel.BANK, (Entry(register, 5),)))
    assert len({receipt for (receipt,) in stock.rows(tables.Contact, "receipt")}) == 2


@pytest.mark.parametrize("channel", [Channel.KEYS, Channel.FILE, Channel.INSPECTOR, Channel.REMOTE])
async def test_an_older_reading_never_replaces_a_newer_one(
    ledger: AccountRepository, stock: Stock, channel: Channel
) -> None:
    (register,) = stock.meter(stock.account())
    await ledger.keep(given(register, 90))
    late = Contact(channel, "late", "1", utc("2026-11-22T09:00:00"))
    await ledger.keep(Submission(late, date(2026, 11, 19), NOVEMBER, channel, (Entry(register, 70),)))
    assert stock.rows(tables.Reading, "value", "status") == [(90, "accepted"), (70, "superseded")]


async def test_of_one_day_the_measure_of_the_highest_rank_counts(ledger: AccountRepository, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    for value, channel in ((100, "billing"), (102, "inspector"), (101, "remote"), (104, "office"), (105, "phone-keys")):
        stock.reading(register, value, "2026-10-20", "2026-10", channel=channel, status="superseded")
    assert (await the_register(ledger)).base == Reading(102, date(2026, 10, 20))
    stock.reading(register, 110, "2026-10-21", "2026-10", channel="office")
    assert (await the_register(ledger)).base == Reading(110, date(2026, 10, 21))


async def test_what_waits_for_a_clerk_is_no_measure(ledger: AccountRepository, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    stock.reading(register, 100, "2026-10-20", "2026-10", channel="billing")
    stock.reading(register, 900, "2026-11-19", "2026-11", channel="office", status="flagged")
    assert (await the_register(ledger)).base == Reading(100, date(2026, 10, 20))


@pytest.mark.both_databases
async def test_another_value_in_the_same_call_replaces_the_first(ledger: AccountRepository, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    for value in (5, 6, 5):
        await ledger.keep(given(register, value))
    rows = stock.rows(tables.Reading, "value", "status")
    assert rows == [(5, "superseded"), (6, "superseded"), (5, "accepted")]


@pytest.mark.both_databases
async def test_a_second_reading_of_the_period_replaces_the_first(ledger: AccountRepository, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    await ledger.keep(given(register, 5))
    await ledger.keep(given(register, 6, call="call-2", flagged=True, reason="above-usual-use", voice="a.wav"))
    rows = stock.rows(tables.Reading, "value", "status", "reason", "voice")
    assert rows == [(5, "superseded", "", None), (6, "flagged", "above-usual-use", "a.wav")]


async def test_a_repeat_after_a_newer_call_does_not_bring_the_old_value_back(
    ledger: AccountRepository, stock: Stock
) -> None:
    (register,) = stock.meter(stock.account())
    await ledger.keep(given(register, 5))
    await ledger.keep(given(register, 6, call="call-2"))
    await ledger.keep(given(register, 5))
    assert stock.rows(tables.Reading, "value", "status") == [(5, "superseded"), (6, "accepted")]


async def test_another_period_has_its_own_reading(ledger: AccountRepository, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    await ledger.keep(given(register, 5))
    await ledger.keep(given(register, 6, call="call-2", period=NOVEMBER.following))
    assert stock.rows(tables.Reading, "period", "status") == [("2026-11", "accepted"), ("2026-12", "accepted")]


@pytest.mark.both_databases
async def test_all_zones_or_none(ledger: AccountRepository, stock: Stock) -> None:
    day, night = stock.meter(stock.account(), zones=2)
    at = datetime(2026, 11, 20, tzinfo=UTC)
    bad = by_phone("c", at, NOVEMBER, Channel.KEYS, (Entry(day, 1), Entry(night, -1)))
    with pytest.raises(StoreUnavailable):
        await ledger.keep(bad)
    assert stock.rows(tables.Reading, "value") == stock.rows(tables.Call, "id") == []


@pytest.mark.both_databases
async def test_replaced_export_keeps_its_batch(ledger: AccountRepository, stock: Stock, database: Database) -> None:
    (register,) = stock.meter(stock.account())
    with database.writing() as connection:
        batch = {"number": 7, "made_at": datetime(2026, 11, 18, tzinfo=UTC), "readings": 1}
        connection.execute(tables.of(tables.Batch).insert(), batch)
    key = stock.reading(register, 5, "2026-11-17", "2026-11")
    with database.writing() as connection:
        connection.execute(tables.of(tables.Reading).update().values(batch=7, exported_as="accepted"))
    await ledger.keep(given(register, 6))
    assert stock.rows(tables.Reading, "status", "batch", "exported_as")[0] == ("superseded", 7, "accepted")
    assert stock.rows(tables.Reading, "id")[0] == (key,)


@pytest.mark.both_databases
async def test_many_calls_about_one_register_leave_one_live_reading(url: str, stock: Stock, now: Now) -> None:
    (register,) = stock.meter(stock.account())
    nodes = [
        AccountRepository(Database(url, LIMIT_S), zone=MOSCOW, window=Window(), now=now, threads=4, limit_s=LIMIT_S)
        for _ in range(2)
    ]
    receipts = await asyncio.gather(
        *(nodes[value % 2].keep(given(register, value, call=f"call-{value}")) for value in range(16))
    )
    assert len(set(receipts)) == 16
    statuses = [status for (status,) in stock.rows(tables.Reading, "status")]
    assert (statuses.count("accepted"), statuses.count("superseded")) == (1, 15)
    for node in nodes:
        await node.close()
        node.units.database.close()


@pytest.mark.both_databases
async def test_the_same_call_twice_at_once_is_stored_once(ledger: AccountRepository, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    receipts = await asyncio.gather(*(ledger.keep(given(register, 5)) for _ in range(8)))
    assert len(set(receipts)) == 1
    assert stock.rows(tables.Reading, "value", "status") == [(5, "accepted")]


@pytest.mark.both_databases
async def test_a_locked_store_is_told_in_time_and_nothing_is_stored(stock: Stock, database: Database, now: Now) -> None:
    (register,) = stock.meter(stock.account())
    url = database.engine.url.render_as_string(False)
    hurried = Database(url, limit_s=0.3)
    ledger = AccountRepository(hurried, zone=MOSCOW, window=Window(), now=now, limit_s=10 * LIMIT_S)
    with database.writing() as connection:
        connection.execute(tables.of(tables.Reading).insert(), pending(register))  # the row that the call will want
        with pytest.raises(StoreUnavailable):
            async with asyncio.timeout(LIMIT_S):
                await ledger.keep(given(register, 5))
    await ledger.close()
    hurried.close()
    assert stock.rows(tables.Reading, "value") == [(1,)]


async def test_a_closed_ledger_is_unavailable(ledger: AccountRepository) -> None:
    await ledger.close()
    with pytest.raises(StoreUnavailable):
        await ledger.account("1")


@pytest.mark.both_databases
async def test_a_unit_that_comes_too_late_is_undone(stock: Stock, database: Database, now: Now) -> None:
    """The wait inside the driver is longer than the ledger's: the caller heard that nothing is stored."""
    (register,) = stock.meter(stock.account())
    ledger = AccountRepository(
        Database(database.engine.url.render_as_string(False)), zone=MOSCOW, window=Window(), now=now, limit_s=0.2
    )
    with database.writing() as connection:
        connection.execute(tables.of(tables.Reading).insert(), pending(register))
        with pytest.raises(StoreUnavailable):
            await ledger.keep(given(register, 5))
        connection.rollback()
    await ledger.close()  # waits until the late unit has ended
    assert stock.rows(tables.Reading, "value") == []
    ledger.units.database.close()


def pending(register: int) -> dict[str, object]:
    """A reading of November that its transaction has not committed."""
    at = datetime(2026, 11, 20, tzinfo=UTC) - timedelta(days=1)
    row = {
        "register_id": register,
        "value": 1,
        "read_on": at.date(),
        "received_at": at,
        "created_at": at,
        "period": "2026-11",
    }
    return {**row, "channel": "billing", "status": "exported"}


async def the_register(ledger: AccountRepository):
    """The only register of the only account."""
    account = await ledger.account("0012345678")
    assert account is not None
    return account.meters[0].registers[0]
