"""The studio as a call sees it, on a real database: who is let in, which prompt comes next, what is left over."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ivr.domain.takes import How, MayNotRecord, NotPublishable, OtherPublished, Reason, Take, TakeFault, TakeState
from ivr.domain.users import LOCK, Person, Role
from ivr.storage.database.database import Database
from ivr.storage.prompts import studio_calls
from ivr.storage.users import credentials
from ivr.storage.users import users as people
from ivr.storage.users.credentials import Hashers
from ivr.storage.users.login_throttle import BY_TELEPHONE, begin_attempt
from ivr.studio.by_phone import AGAIN_S, ENDING, LATEST_AGAIN_S, STALE_S, PhoneStudio
from ivr.studio.sound.telephone_sound import BadSound
from ivr.studio.studio import Studio
from tests.studio.recordings import ffmpeg, recording
from tests.studio.stock import ASK, ASK_TEXT, new_database, settings_in, speak_quickly
from tests.web.people import password_hash

PIN, OTHER_PIN = "471108", "112233"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass
class Phones:
    """A studio by telephone whose clock stands until a test moves it."""

    studio: Studio
    hashers: Hashers
    folder: Path
    now: datetime = NOON

    def shared(self) -> PhoneStudio:
        return PhoneStudio(self.studio, self.hashers, self.folder, 30, lambda: self.now)

    def somebody(self, login: str, role: Role, pin: str | None = PIN) -> Person:
        person = people.add(self.studio.database, login, role, None, "test", self.now)
        hash_text = password_hash(pin) if pin else None
        return people.set_pin(self.studio.database, person.id, hash_text, "test", self.now)

    async def admits(self, number: int, pin: str, caller: str = "101") -> bool:
        return await self.shared().desk(caller, {}).admit(number, pin) is not None


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Phones]:
    settings = settings_in(tmp_path)
    new_database(tmp_path)
    database = Database(settings.store.url)
    studio, hashers = Studio(settings, database), Hashers(limit_s=30)
    yield Phones(studio, hashers, tmp_path / "calls")
    await hashers.close()
    studio.close()
    database.close()


async def test_number_and_pin_let_in_who_may_record(phones: Phones) -> None:
    voice, chief = phones.somebody("anna", Role.VOICE), phones.somebody("chief", Role.ADMINISTRATOR, "908172")
    clerk, none = phones.somebody("clerk", Role.CLERK), phones.somebody("boris", Role.VOICE, None)
    assert await phones.admits(voice.id, PIN)
    assert await phones.admits(chief.id, "908172")
    assert not await phones.admits(chief.id, PIN), "somebody else's"
    assert not await phones.admits(clerk.id, PIN)
    assert not await phones.admits(none.id, PIN)
    assert not await phones.admits(999, PIN)
    people.set_active(phones.studio.database, voice.id, False, "test", phones.now)
    assert not await phones.admits(voice.id, PIN)


async def test_five_wrong_pins_lock_for_a_quarter_of_an_hour_also_when_tried_at_once(phones: Phones) -> None:
    anna = phones.somebody("anna", Role.VOICE)
    tries = [phones.admits(anna.id, OTHER_PIN, "101") for n in range(BY_TELEPHONE.pair)]
    assert not any(await asyncio.gather(*tries))
    assert not await phones.admits(anna.id, PIN, "101")
    assert await phones.admits(anna.id, PIN, "102"), "another telephone"
    phones.now += LOCK + timedelta(seconds=1)
    assert await phones.admits(anna.id, PIN, "101")


async def test_wrong_pins_from_many_telephones_lock_the_person_but_not_at_the_pages(phones: Phones) -> None:
    anna = phones.somebody("anna", Role.VOICE)
    for number in range(BY_TELEPHONE.login):
        assert not await phones.admits(anna.id, OTHER_PIN, f"1{number:02}")
    assert not await phones.admits(anna.id, PIN, "200")
    database = phones.studio.database
    assert not begin_attempt(database, "anna", "127.0.0.1", phones.now).locked
    people.set_active(database, anna.id, True, "test", phones.now)
    assert await phones.admits(anna.id, PIN, "200")


async def test_a_right_pin_forgives_the_wrong_ones(phones: Phones) -> None:
    anna = phones.somebody("anna", Role.VOICE)
    for _ in range(3):
        for _ in range(BY_TELEPHONE.pair - 1):
            assert not await phones.admits(anna.id, OTHER_PIN)
        assert await phones.admits(anna.id, PIN)


async def test_one_telephone_that_tries_many_people_is_locked(phones: Phones) -> None:
    anna = phones.somebody("anna", Role.VOICE)
    for number in range(BY_TELEPHONE.address):
        begin_attempt(phones.studio.database, 1000 + number, "tel:101", phones.now)
    assert not await phones.admits(anna.id, PIN, "101")
    assert await phones.admits(anna.id, PIN, "102")


def test_a_password_is_no_pin(phones: Phones) -> None:
    database = phones.studio.database
    clerk = people.add(database, "clerk", Role.VOICE, credentials.hashed(PIN), "test", phones.now)
    assert begin_attempt(database, clerk.id, "tel:101", phones.now).password is None
    assert begin_attempt(database, "clerk", "127.0.0.1", phones.now).password is not None


async def test_leave_from_the_pages_is_good_once_for_two_minutes_and_for_who_may_record(phones: Phones) -> None:
    database = phones.studio.database
    anna, clerk = phones.somebody("anna", Role.VOICE), phones.somebody("clerk", Role.CLERK)
    number = phones.studio.prompt(ASK).number
    token = studio_calls.give_leave(database, anna.id, ASK, "101", phones.now)
    assert await phones.shared().begun("0" * 32) is None
    assert await phones.shared().begun(token) == (people.find(database, anna.id), number)
    assert await phones.shared().begun(token) is None
    late = studio_calls.give_leave(database, anna.id, ASK, "101", phones.now - timedelta(minutes=2))
    assert await phones.shared().begun(late) is None
    refused = studio_calls.give_leave(database, clerk.id, ASK, "101", phones.now)
    assert await phones.shared().begun(refused) is None
    gone = studio_calls.give_leave(database, anna.id, ASK, "101", phones.now)
    people.set_active(database, anna.id, False, "test", phones.now)
    assert await phones.shared().begun(gone) is None


async def test_next_is_what_has_neither_a_recording_nor_a_good_draft(phones: Phones, tmp_path: Path) -> None:
    lent: dict[str, Path] = {}
    desk = phones.shared().desk("101", lent)
    first = await desk.next_missing(0)
    assert first is not None
    second = await desk.next_missing(first.number)
    assert second is not None
    assert second.number > first.number
    text = phones.studio.catalogue()[first.prompt].text
    take = phones.studio.add_take(first.prompt, recording(tmp_path, text), how=How.PHONE, who="anna")
    assert take.refusals == ()
    drafted = await desk.card(first.number)
    assert drafted is not None
    assert drafted.draft == take
    assert await desk.next_missing(0) == second
    assert await desk.next_missing(10**8) == second, "from the beginning again"
    (text_id,), (take_id,) = await desk.text(second), await desk.as_heard(take)
    assert lent[text_id] == phones.studio.voices.shipped.path(second.prompt)
    assert lent[take_id] == phones.studio.preview_file(take.id)


async def test_a_changed_text_is_read_out_as_it_is_now(phones: Phones, monkeypatch: pytest.MonkeyPatch) -> None:
    speak_quickly(phones.folder.parent, monkeypatch)
    phones.studio.change_text(ASK, "Назовите номер счёта.", "anna")
    lent: dict[str, Path] = {}
    desk = phones.shared().desk("101", lent)
    card = await desk.card(phones.studio.prompt(ASK).number)
    assert card is not None
    (spoken,) = await desk.text(card)
    assert lent[spoken].parent == phones.folder / "texts"
    before = lent[spoken].stat()
    assert await desk.text(card) == (spoken,)
    assert lent[spoken].stat().st_mtime_ns == before.st_mtime_ns, "synthesised once"


def left(phones: Phones, name: str, sound: bytes, age_s: float) -> Path:
    """A file as Asterisk leaves it when the daemon is killed."""
    phones.folder.mkdir(exist_ok=True)
    file = phones.folder / f"{name}{ENDING}"
    file.write_bytes(sound)
    os.utime(file, (time.time() - age_s, time.time() - age_s))
    return file


def test_what_a_killed_daemon_leaves_becomes_drafts_once_no_call_can_write_it(phones: Phones, tmp_path: Path) -> None:
    anna = phones.somebody("anna", Role.VOICE)
    number = phones.studio.prompt(ASK).number
    source = recording(tmp_path, ASK_TEXT).read_bytes()
    old = 30 + STALE_S + 60
    taken = left(phones, f"{anna.id}-{number}-0123456789abcdef", source, old)
    fresh = left(phones, f"{anna.id}-{number}-0123456789abcdee", source, 10)
    nobodys = left(phones, f"99-{number}-0123456789abcdef", source, old)
    foreign = left(phones, "../../x".replace("/", "-"), source, old)
    assert phones.shared().take_in() == 1
    assert not taken.exists()
    assert fresh.exists()
    assert nobodys.exists()
    assert foreign.exists()
    (take,) = phones.studio.takes()
    assert (take.prompt_id, take.made_by, take.how, take.state) == (ASK, "anna", How.PHONE, TakeState.DRAFT)
    assert phones.shared().take_in() == 0


async def test_what_was_read_by_telephone_is_of_the_text_that_was_told(phones: Phones, tmp_path: Path) -> None:
    anna, studio = phones.somebody("anna", Role.VOICE), phones.studio
    desk, number = phones.shared().desk("101", {}), studio.prompt(ASK).number
    card = await desk.card(number)
    assert card is not None
    names = [Path(desk.name_recording(card, anna)).name for _ in range(2)]
    studio.change_text(ASK, "Назовите номер лицевого счёта.", "boss")
    source = recording(tmp_path, ASK_TEXT).read_bytes()
    left(phones, names[0], source, 0)
    kept = await desk.keep(card, anna, str(phones.folder / names[0]))
    left(phones, names[1], source, 30 + STALE_S + 60)  # and the same, left by a daemon that was killed
    assert phones.shared().take_in() == 1
    taken_in, _ = studio.takes()
    assert kept is not None
    assert kept.text == taken_in.text == card.text != studio.prompt(ASK).entry.digest
    with pytest.raises(NotPublishable, match="OLD_TEXT"):
        await desk.publish(kept, anna)
    now = await desk.card(number)
    assert now is not None and now.text == studio.prompt(ASK).entry.digest


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "another role"])
async def test_who_may_not_any_more_changes_nothing_in_a_call_that_goes_on(
    phones: Phones, tmp_path: Path, closed: bool
) -> None:
    anna, studio = phones.somebody("anna", Role.VOICE), phones.studio
    desk, number = phones.shared().desk("101", {}), phones.studio.prompt(ASK).number
    source = recording(tmp_path, ASK_TEXT)
    published, draft = (studio.add_take(ASK, source, how=How.PHONE, who="anna") for _ in range(2))
    await desk.publish(published, anna)
    card = await desk.card(number)
    assert card is not None
    if closed:
        people.set_active(studio.database, anna.id, False, "test", phones.now)
    else:
        people.set_role(studio.database, anna.id, Role.VIEWER, "test", phones.now)
    name = desk.name_recording(card, anna)
    file = left(phones, Path(name).name, source.read_bytes(), 0)
    for refused in (desk.publish(draft, anna), desk.take_back(card, anna), desk.keep(card, anna, name)):
        with pytest.raises(MayNotRecord):
            await refused
    assert not file.exists()
    heard = studio.prompt(ASK).published
    assert heard is not None and heard.id == published.id
    assert len(studio.takes()) == 2


async def test_key_six_takes_back_only_what_the_caller_was_told_of(phones: Phones, tmp_path: Path) -> None:
    anna, studio = phones.somebody("anna", Role.VOICE), phones.studio
    desk, number = phones.shared().desk("101", {}), phones.studio.prompt(ASK).number
    before = await desk.card(number)
    takes = [studio.add_take(ASK, recording(tmp_path, ASK_TEXT), how=How.FILE, who="boris") for _ in range(2)]
    cards = []
    for take in takes:
        studio.publish(take.id, "boris")
        cards.append(await desk.card(number))
    first, second = cards
    assert before is not None and first is not None and second is not None
    for old in (before, first):
        with pytest.raises(OtherPublished):
            await desk.take_back(old, anna)
    await desk.take_back(second, anna)
    published = studio.prompt(ASK).published
    assert published is not None and published.id == takes[0].id


async def test_a_hang_up_at_the_tone_makes_no_take(phones: Phones) -> None:
    anna = phones.somebody("anna", Role.VOICE)
    desk = phones.shared().desk("101", {})
    card = await desk.card(phones.studio.prompt(ASK).number)
    assert card is not None
    name = desk.name_recording(card, anna)
    assert await desk.keep(card, anna, name) is None
    file = left(phones, Path(name).name, b"RIFF", 0)
    assert await desk.keep(card, anna, name) is None
    assert phones.shared().take_in() == 0
    assert await asyncio.to_thread(file.exists) is False


def test_one_recording_that_cannot_be_worked_on_keeps_no_other_from_becoming_a_take(
    phones: Phones, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    anna = phones.somebody("anna", Role.VOICE)
    number = phones.studio.prompt(ASK).number
    source = recording(tmp_path, ASK_TEXT).read_bytes()
    old, now = 30 + STALE_S + 60, 1000.0
    monkeypatch.setattr("ivr.studio.by_phone.time.monotonic", lambda: now)
    bad, good = (left(phones, f"{anna.id}-{number}-{n:016x}", source, old) for n in range(2))
    gone = left(phones, f"999-{number}-{2:016x}", source, old)
    add_take, tried = phones.studio.add_take, []

    def add(prompt: str, sound: Path, **how: Any) -> Take:
        tried.append(sound)
        if sound == bad:
            raise BadSound("ffmpeg took longer than 60 s")
        return add_take(prompt, sound, **how)

    monkeypatch.setattr(phones.studio, "add_take", add)
    shared = phones.shared()
    assert shared.take_in() == 1
    assert (bad.exists(), good.exists(), gone.exists()) == (True, False, True)
    assert {record.reason for record in caplog.records if hasattr(record, "reason")} == {"BadSound", "NoSuchPerson"}
    tries = []
    for _ in range(7 * 24 * 60):  # a week of looks, one a minute
        now += 60
        tried.clear()
        shared.take_in()
        if tried:
            tries.append(now)
    assert tries[0] == 1000 + AGAIN_S
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert pauses == sorted(pauses) and pauses[-1] == LATEST_AGAIN_S
    monkeypatch.setattr(phones.studio, "add_take", add_take)
    now += LATEST_AGAIN_S
    assert shared.take_in() == 1
    assert not bad.exists()


async def test_without_ffmpeg_the_caller_is_told_and_the_recording_stays(
    phones: Phones, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = phones.somebody("anna", Role.VOICE)
    desk = phones.shared().desk("101", {})
    card = await desk.card(phones.studio.prompt(ASK).number)
    assert card is not None
    name = desk.name_recording(card, anna)
    file = left(phones, Path(name).name, recording(tmp_path, ASK_TEXT).read_bytes(), 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TakeFault):
        await desk.keep(card, anna, name)
    assert await asyncio.to_thread(file.exists)


def test_a_click_is_silence_and_no_fault(phones: Phones, tmp_path: Path) -> None:
    click = tmp_path / "click.wav"
    ffmpeg("-f", "lavfi", "-i", "aevalsrc='if(between(t,0.5,0.51),0.5*sin(6283*t),0)':d=1:s=16000", str(click))
    take = phones.studio.add_take(ASK, click, how=How.PHONE, who="anna")
    assert [refusal.reason for refusal in take.refusals] == [Reason.SILENCE]
