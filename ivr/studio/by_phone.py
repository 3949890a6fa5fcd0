"""The studio as a call to it sees it: `ivr.dialogue.studio.ports.RecordingStudio`.

Asterisk writes recordings into a folder that both share, under names of ours:
``<person>-<prompt number>-<random>-<digest of the text that was read>``, older files lack the last part.
A file is removed once it is a take; what a killed daemon leaves behind is taken in later.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ivr.dialogue.ports import Phrase
from ivr.dialogue.studio.ports import Card
from ivr.domain.faults import StoreUnavailable
from ivr.domain.takes import How, MayNotRecord, Take
from ivr.domain.users import Person
from ivr.storage.prompts import studio_calls
from ivr.storage.users import login_throttle
from ivr.storage.users import users as people
from ivr.storage.users.credentials import Hashers
from ivr.studio.prompt_status import PromptStatus, PromptView
from ivr.studio.published_file_sync import NoSound, SoundProblem
from ivr.studio.sound.telephone_sound import BadSound
from ivr.studio.studio import Studio
from ivr.studio.voice.reading_aloud import text_sound

log = logging.getLogger(__name__)

ENDING = ".wav16"
HEADER_BYTES, SHORTEST_BYTES = 44, 3200  # 0.1 s: a hang-up at the tone
STALE_S = 300.0
"""How long after its longest recording a file belongs to no call any more."""
AGAIN_S, LATEST_AGAIN_S = 120.0, 86400.0
"""Pause after the first failed try to take a file in, doubled after each further one, and the longest. What can never
succeed stays where it is and costs one try a day; what failed once (ffmpeg, the disk) is not lost."""
TEXTS = "texts"
_LEFT = re.compile(r"([0-9]{1,9})-([0-9]{1,9})-[0-9a-f]{16}(?:-([0-9a-f]{64}))?")


class PhoneStudio:
    """What all calls of a daemon share; `desk` is one call's. folder: where Asterisk writes recordings."""

    def __init__(
        self, studio: Studio, hashers: Hashers, folder: Path, longest_s: float, now: Callable[[], datetime]
    ) -> None:
        """hashers: where PINs are looked at, the process's own. longest_s: of one recording. now: aware time."""
        self.studio = studio
        self.hashers = hashers
        self.folder = folder.absolute()
        self.longest_s = longest_s
        self.now = now
        self._again: dict[str, tuple[float, float]] = {}  # by name: not before, and the pause until then

    def desk(self, caller: str, lent: dict[str, Path]) -> PhoneDesk:
        """The studio for one call. caller: whose failed PINs are counted. lent: gets files to be played, by id."""
        return PhoneDesk(self, caller, lent)

    async def begun(self, token: str) -> tuple[Person, int] | None:
        """The user whose page began the call, and the prompt number; None for an unknown or expired token.

        Raises StoreUnavailable.
        """
        leave = await asyncio.to_thread(studio_calls.take_leave, self.studio.database, token, self.now())
        if leave is None:
            return None
        seen = await asyncio.to_thread(self.studio.prompt, leave.prompt_id)
        return leave.person, seen.number

    def take_in(self) -> int:
        """Make drafts of recordings whose call a fault ended; how many. What cannot become one stays for later.

        Raises StoreUnavailable, OSError if the folder cannot be read.
        """
        files = sorted(self.folder.glob(f"*{ENDING}")) if self.folder.is_dir() else []
        self._again = {file.name: self._again[file.name] for file in files if file.name in self._again}
        return sum(self._taken_in(file) for file in files)

    def _taken_in(self, file: Path) -> bool:
        """Whether a draft was made of it. Raises StoreUnavailable."""
        left = _LEFT.fullmatch(file.stem)
        not_before, pause = self._again.get(file.name, (0.0, AGAIN_S))
        if left is None or time.monotonic() < not_before:
            return False
        try:
            if time.time() - file.stat().st_mtime < self.longest_s + STALE_S:
                return False
            who = people.find(self.studio.database, int(left[1])).login
            prompt = self.studio.numbered(int(left[2])).id
            return self.kept(prompt, who, file.with_suffix(""), left[3]) is not None
        except StoreUnavailable:
            raise
        except FileNotFoundError:
            if not file.exists():
                return False
            self._put_off(file, pause, "FileNotFoundError")
        except Exception as error:  # whatever it is: the files after this one become takes
            self._put_off(file, pause, type(error).__name__)
        return False

    def _put_off(self, file: Path, pause: float, reason: str) -> None:
        self._again[file.name] = (time.monotonic() + pause, min(2 * pause, LATEST_AGAIN_S))
        log.error("a recording by telephone cannot be taken in; it stays", extra={"path": str(file), "reason": reason})

    def kept(self, prompt: str, who: str, name: Path, text: str | None) -> Take | None:
        """A draft of a recording; its file goes once there is one. text: digest of what was read, None if unknown."""
        file = name.with_suffix(ENDING)
        try:
            if file.stat().st_size < HEADER_BYTES + SHORTEST_BYTES:
                file.unlink()
                return None
        except FileNotFoundError:
            return None
        take = self.studio.add_take(prompt, file, how=How.PHONE, who=who, text=text)
        file.unlink()
        return take


class PhoneDesk:
    """One call's studio."""

    def __init__(self, shared: PhoneStudio, caller: str, lent: dict[str, Path]) -> None:
        self._shared = shared
        self._studio = shared.studio
        self._caller = caller
        self._lent = lent

    @property
    def longest_s(self) -> float:
        """Longest recording, seconds."""
        return self._shared.longest_s

    async def admit(self, number: int, pin: str) -> Person | None:
        """The user, by number and PIN. Failures count for the user, for the caller's number, and for both together."""
        database, now = self._studio.database, self._shared.now()
        attempt = await asyncio.to_thread(login_throttle.begin_attempt, database, number, f"tel:{self._caller}", now)
        if attempt.locked:
            return None
        if not await self._shared.hashers.fits(pin, attempt.password):
            return None
        return await asyncio.to_thread(studio_calls.enter, database, attempt, now)

    async def card(self, number: int) -> Card | None:
        """The prompt with this number."""
        return await asyncio.to_thread(self._card, number)

    def _card(self, number: int) -> Card | None:
        found = [one for one in self._studio.prompts() if one.number == number and one.entry.text]
        return _card_of(found[0]) if found else None

    async def next_missing(self, after: int) -> Card | None:
        """The next prompt that no voice has recorded and that has no good draft either."""
        return await asyncio.to_thread(self._next_missing, after)

    def _next_missing(self, after: int) -> Card | None:
        waiting = [one for one in self._studio.prompts() if one.entry.text and _waits(one)]
        waiting.sort(key=lambda one: (one.number <= after, one.number))
        return _card_of(waiting[0]) if waiting else None

    async def text(self, card: Card) -> Phrase:
        """The text, by the shipped voice or a synthesiser."""
        return await asyncio.to_thread(self._text, card)

    def _text(self, card: Card) -> Phrase:
        entry = self._studio.catalogue()[card.prompt]
        file = text_sound(self._studio.voices, entry, self._shared.folder / TEXTS)
        return () if file is None else self._lend(f"text/{card.number}", file)

    async def as_heard(self, take: Take) -> Phrase:
        """A take as callers will hear it."""
        try:
            file = await asyncio.to_thread(self._studio.preview_file, take.id)
        except NoSound:
            return ()
        return self._lend(f"take/{take.id}", file)

    def _lend(self, id_: str, file: Path) -> Phrase:
        self._lent[id_] = file
        return (id_,)

    def name_recording(self, card: Card, person: Person) -> str:
        """Path without its ending; nothing of it comes from outside."""
        folder = self._shared.folder
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o2770)  # Asterisk's user writes there, as one of our group
        name = f"{person.id}-{card.number}-{secrets.token_hex(8)}"
        return str(folder / (f"{name}-{card.text}" if card.text else name))

    async def keep(self, card: Card, person: Person, name: str) -> Take | None:
        """Make a draft of the recording. Nothing is stored for a user who may not record."""
        try:
            await self._still_may(person)
        except MayNotRecord:
            await asyncio.to_thread(Path(name).with_suffix(ENDING).unlink, missing_ok=True)
            raise
        try:
            return await asyncio.to_thread(self._shared.kept, card.prompt, person.login, Path(name), card.text or None)
        except BadSound as error:  # of this machine: ffmpeg is missing, or took too long
            raise NoSound(SoundProblem.NOT_PROCESSED) from error

    async def publish(self, take: Take, person: Person) -> None:
        """Publish a take; never against its checks: only a user who sees them on the page may do that."""
        await self._still_may(person)
        await asyncio.to_thread(self._studio.publish, take.id, person.login)

    async def take_back(self, card: Card, person: Person) -> None:
        """Let callers hear the take before."""
        await self._still_may(person)
        await asyncio.to_thread(self._studio.withdraw, card.prompt, person.login, expected=card.take)

    async def _still_may(self, person: Person) -> None:
        """Roles and closed entrances count from the next press, also in a call. Raises MayNotRecord."""
        if not await asyncio.to_thread(studio_calls.may_record, self._studio.database, person.id):
            raise MayNotRecord


def _card_of(seen: PromptView) -> Card:
    since = seen.published.id if seen.published is not None else 0
    draft = next((take for take in seen.drafts if take.audio and take.id > since), None)
    heard, published = bool(seen.heard_in), seen.published is not None
    return Card(seen.number, seen.entry.id, heard, published, draft, since, seen.entry.digest)


def _waits(seen: PromptView) -> bool:
    """Whether a prompt is to be recorded: no take says its text, and no draft that might be published does."""
    if seen.standing is PromptStatus.RECORDED:
        return False
    return not any(take.text == seen.entry.digest and not take.checks.refused for take in seen.drafts)
