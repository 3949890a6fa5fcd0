"""Takes: recordings of prompts, what is measured on them, and why one is refused.

Reasons are told to administrators, so they are Russian, with the figure found, the figure wanted and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from ivr.domain.faults import Conflict, Fault, NotFound, Refused


class TakeState(StrEnum):
    """Where a take stands. withdrawn: taken back, or replaced by a later one."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class How(StrEnum):
    """Which way a take came in."""

    PHONE = "phone"
    BROWSER = "browser"
    FILE = "file"
    SYNTHESIS = "synthesis"


class Reason(StrEnum):
    """Why a take is refused."""

    UNDECODABLE = "undecodable"
    TOO_LARGE = "too large"
    TOO_LONG = "too long"
    SILENCE = "silence"
    CUT_OFF = "cut off"
    CLIPPING = "clipping"
    TOO_QUIET = "too quiet"
    TOO_NOISY = "too noisy"
    TOO_SHORT_FOR_TEXT = "too short for its text"
    TOO_LONG_FOR_TEXT = "too long for its text"
    OTHER_WORDS = "other words"
    OLD_TEXT = "old text"  # told when it is published: what the text is may change after the take


HARD = frozenset({Reason.UNDECODABLE, Reason.TOO_LARGE, Reason.TOO_LONG, Reason.SILENCE})
"""Nobody can insist on these: there is nothing that a caller could hear."""

_TOLD = {
    Reason.UNDECODABLE: "Это не звук или файл испорчен. Подойдут wav, mp3, ogg, m4a и webm.",
    Reason.TOO_LARGE: "Файл слишком большой: {found} МБ, можно до {wanted} МБ. Сохраните его как mp3 или обрежьте.",
    Reason.TOO_LONG: "Запись слишком длинная: дольше {wanted} с. Запишите одну подсказку, без соседних.",
    Reason.SILENCE: "Ничего не слышно. Проверьте, тот ли микрофон выбран и не выключен ли он.",
    Reason.CUT_OFF: "Файл оборван: в нём {found} с звука вместо {wanted} с. Загрузите его ещё раз.",
    Reason.CLIPPING: "Перегрузка: уровень упёрся в потолок {found} раз. Отодвиньтесь от микрофона или убавьте его.",
    Reason.TOO_QUIET: "Слишком тихо: {found} дБ, нужно не тише {wanted}. Подойдите ближе к микрофону.",
    Reason.TOO_NOISY: (
        "Шумно: голос громче фона всего на {found} дБ, нужно не меньше {wanted}. Закройте окно, выключите вентилятор."
    ),
    Reason.TOO_SHORT_FOR_TEXT: (
        "Слишком коротко для этого текста: {found} с, нужно хотя бы {wanted}. Прочтите весь текст."
    ),
    Reason.TOO_LONG_FOR_TEXT: (
        "Слишком длинно для этого текста: {found} с, нужно не больше {wanted}. Читайте без долгих пауз и лишних слов."
    ),
    Reason.OTHER_WORDS: "Слышится «{found}» вместо «{wanted}». Проверьте, та ли это подсказка, и говорите отчётливо.",
    Reason.OLD_TEXT: "Прочитан прежний текст, с тех пор его изменили. Запишите нынешний.",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason with its figures, as they are told. found, wanted: "" where the reason has none."""

    reason: Reason
    found: str = ""
    wanted: str = ""

    @property
    def hard(self) -> bool:
        """Whether nobody can insist on publishing all the same."""
        return self.reason in HARD

    def __str__(self) -> str:
        """What the administrator reads, in Russian."""
        return _TOLD[self.reason].format(found=self.found, wanted=self.wanted)


class Hearing(StrEnum):
    """Whether the recogniser listened to a take."""

    NOT_ASKED = "not asked"  # only numbers and commands are words that it knows
    AGREED = "agreed"
    DIFFERED = "differed"
    NO_MODEL = "no model"
    NO_ANSWER = "no answer"  # it broke down or took too long


@dataclass(frozen=True, slots=True)
class Checks:
    """What was measured. length_ms: of the prompt as published. level_db, peak_db: as recorded, dBFS.

    snr_db: speech over background, None where no background is heard. clipped: times that the sound hit the ceiling.
    heard: the recogniser's words, "" where it did not listen.
    """

    length_ms: int = 0
    level_db: float | None = None
    peak_db: float | None = None
    snr_db: float | None = None
    clipped: int = 0
    hearing: Hearing = Hearing.NOT_ASKED
    heard: str = ""
    refusals: tuple[Refusal, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether something speaks against publishing."""
        return bool(self.refusals)

    @property
    def hard(self) -> bool:
        """Whether it can never be published."""
        return any(refusal.hard for refusal in self.refusals)

    def stored(self) -> dict[str, Any]:
        """As JSON holds it."""
        refusals = [{"reason": one.reason.value, "found": one.found, "wanted": one.wanted} for one in self.refusals]
        return {
            "length_ms": self.length_ms,
            "level_db": self.level_db,
            "peak_db": self.peak_db,
            "snr_db": self.snr_db,
            "clipped": self.clipped,
            "hearing": self.hearing.value,
            "heard": self.heard,
            "refusals": refusals,
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Checks:
        """From what JSON holds. Raises KeyError, ValueError."""
        refusals = tuple(Refusal(Reason(one["reason"]), one["found"], one["wanted"]) for one in stored["refusals"])
        return cls(
            length_ms=stored["length_ms"],
            level_db=stored["level_db"],
            peak_db=stored["peak_db"],
            snr_db=stored["snr_db"],
            clipped=stored["clipped"],
            hearing=Hearing(stored["hearing"]),
            heard=stored["heard"],
            refusals=refusals,
        )


@dataclass(frozen=True, slots=True)
class Take:
    """One recording of one prompt in one voice.

    master: name under which the recording and its sound are kept, not to be guessed. text: digest of the text that
    was to be said. audio: SHA-256 of the sound made from it, "" where none could be made. publication: the how manieth
    of its prompt and voice it was, None before it is published and once it was taken back.
    """

    id: int
    prompt_id: str
    voice: str
    state: TakeState
    how: How
    made_by: str
    made_at: datetime
    master: str
    text: str
    audio: str
    publication: int | None
    checks: Checks

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What speaks against publishing it."""
        return self.checks.refusals


@dataclass(frozen=True, slots=True)
class NewTake:
    """A take that has no number yet; fields as in Take."""

    prompt_id: str
    voice: str
    how: How
    made_by: str
    made_at: datetime
    master: str
    text: str
    audio: str
    checks: Checks


@dataclass(frozen=True, slots=True)
class ChangedText:
    """What an administrator made of a prompt's text and of the note on how to say it."""

    text: str
    notes: str


class TakeFault(Fault):
    """What was asked cannot be done; the text says why, in Russian, for administrators."""


class NoSuchTake(TakeFault, NotFound, LookupError):
    """There is no take of this number."""


class NotPublishable(TakeFault, Refused):
    """Its checks speak against it. refusals: all of them."""

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        super().__init__(" ".join(map(str, refusals)))
        self.refusals = refusals


class NothingPublished(TakeFault, NotFound):
    """No take of the prompt is published in this voice."""


class MayNotRecord(TakeFault, Refused):
    """Whose entrance was closed, or whose role was changed, while they called."""


class OtherPublished(TakeFault, Conflict):
    """Another take is published than the one that was to be taken back."""
