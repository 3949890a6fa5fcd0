"""Old takes go, with their files; what calls hear and what would be restored never does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from ivr.cli import app
from ivr.config import Settings
from ivr.domain.takes import Checks, How, NewTake, NoSuchTake, Take
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.prompts import takes
from ivr.studio.sound.recording_store import RecordingStore
from ivr.studio.studio import Studio
from tests.studio.stock import new_database, settings_in

ASK, THREE = "identify/ask", "digit/3"
YEAR = timedelta(days=365)
BYTES = 3000
"""Of a recording, and as many of the sound made of it."""


@dataclass
class Shelf:
    """A studio whose takes are bytes that nobody listens to, and a clock."""

    settings: Settings
    database: Database
    masters: RecordingStore
    now: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=1000))

    def record(self, prompt: str = ASK, voice: str = "own", *, published: bool = False) -> Take:
        name = self.masters.keep(bytes(BYTES))
        self.masters.keep_sound(name, bytes(BYTES))
        new = NewTake(prompt, voice, How.FILE, "anna", self.now, name, "", "", Checks())
        take = takes.add(self.database, new)
        takes.numbers(self.database, [prompt])
        return self.publish(take) if published else take

    def publish(self, take: Take) -> Take:
        return takes.publish(self.database, take.id, "anna", self.now, lambda _: None)

    def take_back(self, prompt: str = ASK) -> Take | None:
        return takes.withdraw(self.database, prompt, "own", "anna", self.now, lambda _: None)

    def left(self) -> set[int]:
        """Takes that are there; each has both its files, and there are no others."""
        known = takes.listed(self.database)
        files = {file for file in self.settings.studio.takes.rglob("*") if file.is_file()}
        whole = {kept(take.master) for take in known for kept in (self.masters.master, self.masters.sound)}
        assert files == whole
        return {take.id for take in known}

    def run(self, *arguments: str) -> tuple[int, str]:
        settings = self.settings
        environment = {
            "IVR_STORE__URL": settings.store.url,
            "IVR_STUDIO__TAKES": str(settings.studio.takes),
            "IVR_SOUNDS__OWN": str(settings.sounds.own),
        }
        done = CliRunner().invoke(app, ["prompts", "clean", *arguments], env=environment)
        return done.exit_code, done.output

    def audit(self) -> list[tuple[str, dict]]:
        audit = tables.of(tables.Audit)
        with self.database.reading() as connection:
            query = select(audit.c.who, audit.c.detail).where(audit.c.action == "prompt.clean")
            return [tuple(row) for row in connection.execute(query)]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    settings = settings_in(tmp_path)
    new_database(tmp_path)
    database = Database(settings.store.url)
    yield Shelf(settings, database, RecordingStore(settings.studio.takes, 1 << 20))
    database.close()


def test_old_takes_go_but_what_is_heard_and_what_would_be_restored(shelf: Shelf) -> None:
    draft = shelf.record()
    first, second, heard = (shelf.record(published=True) for _ in range(3))
    other_voice = shelf.record(voice="second", published=True)
    alone = shelf.record(THREE, published=True)
    shelf.now = datetime.now(UTC)
    young = shelf.record()
    assert shelf.run("--dry-run") == (0, "would be removed: 2 takes older than 365 days, 0.0 MB\n")
    everything = {take.id for take in (draft, first, second, heard, other_voice, alone, young)}
    assert shelf.left() == everything and shelf.audit() == []
    assert shelf.run("--by", "boris") == (0, "removed: 2 takes older than 365 days, 0.0 MB\n")
    assert shelf.left() == everything - {draft.id, first.id}
    ((who, told),) = shelf.audit()
    assert who == "boris" and (told["takes"], told["bytes"]) == (2, 4 * BYTES)
    assert shelf.run() == (0, "removed: 0 takes older than 365 days, 0.0 MB\n")
    assert len(shelf.audit()) == 1
    restored = shelf.take_back()
    assert restored is not None and restored.id == second.id
    with pytest.raises(NoSuchTake):
        takes.found(shelf.database, first.id)


def test_what_was_taken_back_lately_stays_however_old_it_is(shelf: Shelf) -> None:
    old, heard = shelf.record(published=True), shelf.record(published=True)
    draft = shelf.record()
    shelf.now = datetime.now(UTC) - timedelta(days=30)
    shelf.take_back()
    assert shelf.run("--days", "300")[0] == 0
    assert shelf.left() == {old.id, heard.id}, "the draft went, what was heard a month ago did not"
    assert shelf.run("--days", "20")[0] == 0
    assert shelf.left() == {old.id}
    assert draft.id not in shelf.left()


def test_nothing_is_too_old_where_the_setting_says_so(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.record()
    monkeypatch.setenv("IVR_STUDIO__KEEP_DAYS", "0")
    code, said = shelf.run()
    assert code == 2 and "give --days" in said
    assert len(shelf.left()) == 1


def test_who_was_killed_in_between_is_finished_by_the_next_run(shelf: Shelf) -> None:
    half = shelf.record()
    shelf.masters.master(half.master).unlink()
    assert shelf.run()[0] == 0
    assert shelf.left() == set()


def test_a_file_that_cannot_be_removed_leaves_its_take(shelf: Shelf) -> None:
    stuck, loose = shelf.record(), shelf.record(THREE)
    shelf.masters.sound(stuck.master).unlink()
    shelf.masters.sound(stuck.master).mkdir()
    code, said = shelf.run()
    assert code == 1 and "could not be removed: 1" in said and "removed: 1 takes" in said
    assert {take.id for take in takes.listed(shelf.database)} == {stuck.id}
    assert loose.id != stuck.id


def test_the_door_of_the_studio_does_the_same(shelf: Shelf) -> None:
    shelf.record()
    studio = Studio(shelf.settings, shelf.database)
    assert studio.old_takes(YEAR) == studio.clean(YEAR, "anna")
    studio.close()
    assert shelf.left() == set()
