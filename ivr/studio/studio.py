"""The studio: the one door to takes and texts, for the command line, the telephone and the pages.

Synchronous and safe from any thread; every call ends within the limits of the database, ffmpeg and the recogniser.
TakeFault's texts are Russian, for administrators; StoreUnavailable and OSError are faults of the machine.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from ivr.config import VOICE, Settings
from ivr.dialogue.ports import Expects
from ivr.domain.faults import BadInput, Conflict, NotFound
from ivr.domain.takes import (
    ChangedText,
    Hearing,
    How,
    NewTake,
    NotPublishable,
    Reason,
    Refusal,
    Take,
    TakeFault,
)
from ivr.storage.database.database import Database
from ivr.storage.prompts import obsolete_takes, takes
from ivr.storage.prompts.obsolete_takes import Cleaned
from ivr.studio.catalogue import BadText, Entry, TextProblem, load_catalogue, speakable
from ivr.studio.prompt_status import PromptView, seen
from ivr.studio.published_file_sync import NoSound, PublishedFileSync, SoundProblem
from ivr.studio.sound.recording_store import RecordingStore, TooLarge
from ivr.studio.sound.take_processor import process
from ivr.studio.sound.take_recognition import Listener
from ivr.studio.sound.telephone_sound import as_heard
from ivr.studio.voice.renderer import render
from ivr.studio.voice.synthesis import engines_here
from ivr.studio.voice.voices import Voices

AT_ONCE = 2
"""Recordings processed at the same time; the calls on this machine need its other cores."""
TURN_S = 60.0


@dataclass(eq=False)
class NoSuchPrompt(TakeFault, NotFound, LookupError):
    """There is no prompt of this id, or number."""

    prompt: str


@dataclass(eq=False)
class NoSuchVoice(TakeFault, BadInput):
    """That is no name of a voice one may record."""

    voice: str


class BusyWith(StrEnum):
    """What there is too much of, or what takes too long."""

    RECORDINGS = "recordings"
    LATE = "late"
    RINGING = "ringing"


@dataclass(eq=False)
class Busy(TakeFault, Conflict):
    """Too much is worked on at this moment."""

    what: BusyWith


class Studio:
    """Takes, texts and voices of one installation. `close` ends its recogniser; the database is the caller's."""

    def __init__(
        self, settings: Settings, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Reads nothing yet."""
        self._settings = settings
        self.database = database
        self._now = now
        self._masters = RecordingStore(settings.studio.takes, settings.studio.upload_mb << 20)
        self._listener = Listener(settings.speech.model)
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self.voices = Voices(settings.sounds)
        self.files = PublishedFileSync(database, self._masters, self.voices)

    def close(self) -> None:
        """End the recogniser."""
        self._listener.close()

    # ------------------------------------------------------------------------------------------------ looking

    @property
    def voice(self) -> str:
        """The voice that callers hear first and that is recorded by default."""
        return self._settings.sounds.voices[0]

    def catalogue(self) -> Mapping[str, Entry]:
        """Every prompt with its present text, in the order of the file. Raises BadCatalogue, StoreUnavailable."""
        return load_catalogue(self._settings.sounds.catalogue, takes.changed_texts(self.database))

    def prompts(self, voice: str | None = None) -> list[PromptView]:
        """Every prompt with number, text, standing and takes. Raises BadCatalogue, BadManifest, StoreUnavailable."""
        voice = self._voice(voice)
        changed = takes.changed_texts(self.database)
        catalogue = load_catalogue(self._settings.sounds.catalogue, changed)
        numbers = takes.numbers(self.database, catalogue)
        by_prompt: dict[str, list[Take]] = {}
        known = {take.id: take for take in (*takes.published(self.database), *takes.listed(self.database))}
        for _, take in sorted(known.items(), reverse=True):
            by_prompt.setdefault(take.prompt_id, []).append(take)
        manifest = self.voices.shipped.manifest()
        return [
            seen(
                entry,
                number=numbers[entry.id],
                changed=entry.id in changed,
                voice=voice,
                takes=by_prompt.get(entry.id, []),
                voices=self.voices,
                manifest=manifest,
            )
            for entry in catalogue.values()
        ]

    def prompt(self, id_: str, voice: str | None = None) -> PromptView:
        """One prompt. Raises NoSuchPrompt and what `prompts` raises."""
        for one in self.prompts(voice):
            if one.entry.id == id_:
                return one
        raise NoSuchPrompt(id_)

    def numbered(self, number: int) -> Entry:
        """The prompt that is keyed by `number`. Raises NoSuchPrompt, StoreUnavailable."""
        catalogue = self.catalogue()
        for id_, known in takes.numbers(self.database, catalogue).items():
            if known == number:
                return catalogue[id_]
        raise NoSuchPrompt(str(number))

    def words(self, pcm: bytes, expects: Expects) -> tuple[tuple[str, ...], ...] | Hearing:
        """What the line's recogniser hears in 16 bit samples at 8 kHz, the likeliest first, or why nothing."""
        return self._listener.words(pcm, expects)

    def take(self, take: int) -> Take:
        """One take. Raises NoSuchTake, StoreUnavailable."""
        return takes.found(self.database, take)

    def takes(self, prompt: str | None = None, voice: str | None = None) -> list[Take]:
        """Takes, the latest first. Raises StoreUnavailable."""
        return takes.listed(self.database, prompt, voice)

    def preview(self, take: int) -> bytes:
        """A WAV of a take as callers hear it, through A-law. Raises NoSuchTake, NoSound, StoreUnavailable, OSError."""
        return as_heard(self.preview_file(take).read_bytes())

    def preview_file(self, take: int) -> Path:
        """The WAV of a take, that Asterisk may play. Raises NoSuchTake, NoSound, StoreUnavailable."""
        found = self.take(take)
        if not found.audio:
            raise NoSound(SoundProblem.REFUSED, found.refusals)
        return self._masters.sound(found.master)

    def heard(self, prompt: str) -> bytes:
        """A WAV of what callers hear of a prompt now, through A-law. Raises NoSound, ValueError for no id, OSError."""
        voice = self.voices.heard(prompt)
        if voice is None:
            raise NoSound(SoundProblem.NONE_YET)
        return as_heard(self.voices.folder(voice).path(prompt).read_bytes())

    def master(self, take: int) -> Path:
        """The recording as it came; of any format. Raises NoSuchTake, StoreUnavailable."""
        return self._masters.master(self.take(take).master)

    # ------------------------------------------------------------------------------------------------ recording

    def add_take(
        self,
        prompt: str,
        sound: Path | bytes | BinaryIO,
        *,
        how: How,
        who: str,
        voice: str | None = None,
        text: str | None = None,
    ) -> Take:
        """Keep a recording, process it and check it. What is wrong with it is in `Take.refusals`.

        text: `Entry.digest` of what its speaker had before them, None for the present text. After a change in between
        it is a take of the text before.
        A stream is read up to the limit and no further. Raises NoSuchPrompt, NoSuchVoice, NotPublishable for a file
        beyond the limit, Busy, BadSound where ffmpeg is missing, StoreUnavailable, OSError.
        """
        entry, voice = self._entry(prompt), self._voice(voice)
        try:
            name = self._masters.keep(sound)
        except TooLarge:
            most = self._settings.studio.upload_mb
            raise NotPublishable((Refusal(Reason.TOO_LARGE, wanted=most),)) from None
        return self._kept(entry, voice, name, how, who, text)

    def synthesise(self, prompt: str, *, who: str, voice: str | None = None, engine: str | None = None) -> Take:
        """Make a take by the best synthesiser of this machine. Raises NoEngine, NoSound and what `add_take` raises."""
        entry, voice = self._entry(prompt), self._voice(voice)
        engines = engines_here(engine)
        with self._place(), TemporaryDirectory(prefix="ivr-take-") as scratch:
            rendering = render(entry, engines, Path(scratch))
        if not rendering.audio:
            raise NoSound(SoundProblem.NOT_SPOKEN)
        return self._kept(entry, voice, self._masters.keep(rendering.audio), How.SYNTHESIS, who)

    def _kept(self, entry: Entry, voice: str, name: str, how: How, who: str, text: str | None = None) -> Take:
        try:
            with self._place(), TemporaryDirectory(prefix="ivr-take-") as scratch:
                made = process(self._masters.master(name), entry, Path(scratch), self._settings.studio.longest_s)
                checks = made.checks
                if made.audio and how is not How.SYNTHESIS:
                    heard = self._listener.listen(made.audio, entry.text)
                    checks = replace(checks, hearing=heard.hearing, heard=heard.words)
                    if heard.hearing is Hearing.DIFFERED:
                        other = Refusal(Reason.OTHER_WORDS, heard.words.replace("[unk]", "…"), entry.text)
                        checks = replace(checks, refusals=(*checks.refusals, other))
            if made.audio:
                self._masters.keep_sound(name, made.audio)
            audio = hashlib.sha256(made.audio).hexdigest() if made.audio else ""
            new = NewTake(entry.id, voice, how, who, self._now(), name, text or entry.digest, audio, checks)
            return takes.add(self.database, new)
        except BaseException:
            self._masters.forget(name)
            raise

    # ------------------------------------------------------------------------------------------------ publishing

    def publish(self, take: int, who: str, *, insist: bool = False) -> Take:
        """Let callers hear a take from the next prompt on. insist: although its checks speak against it, or its text.

        Raises NoSuchTake, NotPublishable, StoreUnavailable, OSError; then callers hear what they heard before.
        """
        wanted = self.take(take)
        catalogue = self.catalogue()
        entry = catalogue.get(wanted.prompt_id)
        against = (Refusal(Reason.OLD_TEXT),) if entry is not None and entry.digest != wanted.text else ()
        takes.numbers(self.database, (*catalogue, wanted.prompt_id))  # its row there is what is locked
        with self.files.kept(wanted.prompt_id, wanted.voice) as place:
            return takes.publish(self.database, take, who, self._now(), place, against=against, insist=insist)

    def withdraw(self, prompt: str, who: str, *, voice: str | None = None, expected: int | None = None) -> Take | None:
        """Take back what callers hear; the take before, or the next voice of the chain, is heard again.

        expected: the take that somebody heard and means. Raises NothingPublished, OtherPublished, NoSuchVoice,
        StoreUnavailable, OSError; then callers hear what they heard before.
        """
        voice = self._voice(voice)
        with self.files.kept(prompt, voice) as place:
            return takes.withdraw(self.database, prompt, voice, who, self._now(), place, expected=expected)

    def old_takes(self, age: timedelta) -> Cleaned:
        """What `clean` would remove now. Raises StoreUnavailable, OSError."""
        old = obsolete_takes.old(self.database, self._now() - age)
        return Cleaned(len(old), sum(self._masters.size(take.master) for take in old), 0)

    def clean(self, age: timedelta, who: str) -> Cleaned:
        """Remove drafts and withdrawn takes older than `age`, with their recordings.

        Never what callers hear, never what taking that back would restore; and while anything was published or taken
        back at a prompt within `age`, none of its withdrawn takes. Raises StoreUnavailable.
        """
        now = self._now()
        takes.numbers(self.database, {take.prompt_id for take in obsolete_takes.old(self.database, now - age)})
        return obsolete_takes.remove(self.database, now - age, who, now, lambda take: self._masters.forget(take.master))

    def change_text(self, prompt: str, text: str, who: str, *, notes: str | None = None) -> Entry:
        """Let a prompt say something else: its audio is out of date until it is recorded or synthesised anew.

        Raises NoSuchPrompt, BadText, StoreUnavailable.
        """
        entry = self._entry(prompt)
        kept = ChangedText(speakable(text), entry.notes if notes is None else " ".join(notes.split()))
        takes.numbers(self.database, self.catalogue())
        takes.change_text(self.database, prompt, kept, who, self._now())
        return self._entry(prompt)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=TURN_S):
            raise Busy(BusyWith.RECORDINGS)
        try:
            yield
        finally:
            self._places.release()

    def _entry(self, prompt: str) -> Entry:
        entry = self.catalogue().get(prompt)
        if entry is None:
            raise NoSuchPrompt(prompt)
        if not entry.text:
            raise BadText(TextProblem.PAUSE)
        return entry

    def _voice(self, voice: str | None) -> str:
        voice = voice or self.voice
        if not VOICE.fullmatch(voice) or voice == self._settings.sounds.voice:
            raise NoSuchVoice(voice)
        return voice
