"""One prompt from text to telephone sound, sentence by sentence, by the first engine that can speak it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydub import AudioSegment

from ivr.language.selected import LANGUAGE
from ivr.studio.catalogue import Entry
from ivr.studio.sound.telephone_sound import BadSound, silence, to_telephone, wav_bytes
from ivr.studio.voice.synthesis import Engine, NotSpoken

BETWEEN_SENTENCES_MS = 300
"""Engines hurry on after 150 ms; an old caller needs longer to tell one choice of a menu from the next."""

SHORTEST_VOWEL_MS = 60
"""A rendering with less time than this for each vowel lost a part of its text; speech takes 100 ms and more."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """What became of an entry.

    audio: a WAV file, b"" if no engine could speak it. engine, version: who spoke. faults: why better engines did not.
    """

    entry: Entry
    audio: bytes = b""
    engine: str = ""
    version: str = ""
    faults: tuple[str, ...] = ()


def render(entry: Entry, engines: Sequence[tuple[Engine, str]], scratch: Path) -> Rendering:
    """Speak `entry` by the first of `engines` (best first, with versions) that can. scratch: an existing folder."""
    if entry.pause_ms:
        return Rendering(entry, wav_bytes(silence(entry.pause_ms)), "silence")
    faults: list[str] = []
    for engine, version in engines:
        try:
            audio = wav_bytes(_spoken(entry, engine, scratch))
        except (NotSpoken, BadSound) as error:
            faults.append(f"{engine.name}: {error}")
        else:
            return Rendering(entry, audio, engine.name, version, tuple(faults))
    return Rendering(entry, faults=tuple(faults))


def _spoken(entry: Entry, engine: Engine, scratch: Path) -> AudioSegment:
    sound = silence(entry.lead_ms)
    # A piece, which has no stop of its own («девяносто девять»), is said at the engine's pace, however slow.
    tempo = engine.sentence_tempo if entry.text[-1] in ".!?:" else 1.0
    sentences = re.split(r"(?<=[.!?])\s+", entry.spoken)
    for number, sentence in enumerate(sentences):
        raw = scratch / f"{entry.id.replace('/', '+')}.{engine.name}.{number}.wav"
        engine.speak(sentence, raw)
        spoken = to_telephone(raw, tempo)
        raw.unlink()
        if len(spoken) < SHORTEST_VOWEL_MS * vowels(sentence):
            raise BadSound("too short for its text")
        sound += spoken + silence(entry.tail_ms if number == len(sentences) - 1 else BETWEEN_SENTENCES_MS)
    return sound


def vowels(text: str) -> int:
    """How many vowels a text has: the measure of how long it takes to say."""
    return sum(letter in LANGUAGE.vowels for letter in text.lower())
