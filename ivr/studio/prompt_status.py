"""The status of each prompt: the audio that callers hear, whether it matches the text, and its takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ivr.domain.takes import How, Take, TakeState
from ivr.studio.catalogue import Entry
from ivr.studio.published_audio import Published
from ivr.studio.voice.voices import Voices


class PromptStatus(StrEnum):
    """What callers hear of a prompt now."""

    MISSING = "missing"
    SYNTHETIC = "synthetic"
    RECORDED = "recorded"
    OUTDATED = "out of date"


@dataclass(frozen=True, slots=True)
class PromptView:
    """A prompt as an administrator sees it, in one voice.

    number: by which it is keyed on a telephone. changed: its text is not the catalogue file's. heard_in: voice in
    which callers hear it now, "" if in none. published: the take that is heard in `voice`, None if none is.
    takes: all of `voice`, the latest first. refused: the latest take is a draft that its checks speak against.
    """

    number: int
    entry: Entry
    changed: bool
    voice: str
    heard_in: str
    standing: PromptStatus
    published: Take | None
    takes: tuple[Take, ...]

    @property
    def drafts(self) -> tuple[Take, ...]:
        """Takes that nobody published yet."""
        return tuple(take for take in self.takes if take.state is TakeState.DRAFT)

    @property
    def refused(self) -> bool:
        """Whether the latest take waits for a better one."""
        return bool(self.takes) and self.takes[0].state is TakeState.DRAFT and self.takes[0].checks.refused


def seen(
    entry: Entry,
    *,
    number: int,
    changed: bool,
    voice: str,
    takes: Sequence[Take],
    voices: Voices,
    manifest: Mapping[str, Published],
) -> PromptView:
    """A prompt in a voice. takes: of all voices, the latest first. manifest: of the shipped voice."""
    own = tuple(take for take in takes if take.voice == voice)
    heard = {take.voice: take for take in takes if take.state is TakeState.PUBLISHED}
    heard_in = voices.heard(entry.id) or ""
    # A voice that is only being recorded is judged by itself.
    judged = heard_in if voice in voices.names else voice
    standing = _standing(entry, heard.get(judged), manifest.get(entry.id) if judged == voices.shipped_name else None)
    if not heard_in and judged == heard_in:
        standing = PromptStatus.MISSING
    return PromptView(number, entry, changed, voice, heard_in, standing, heard.get(voice), own)


def _standing(entry: Entry, take: Take | None, row: Published | None) -> PromptStatus:
    if take is not None:
        if take.text != entry.digest:
            return PromptStatus.OUTDATED
        return PromptStatus.SYNTHETIC if take.how is How.SYNTHESIS else PromptStatus.RECORDED
    if row is not None:
        return PromptStatus.SYNTHETIC if row.text == entry.digest else PromptStatus.OUTDATED
    return PromptStatus.MISSING
