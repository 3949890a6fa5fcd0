"""A recording made fit for the telephone, measured, and refused with a reason where callers would suffer from it."""

from __future__ import annotations

import audioop
import math
import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydub import AudioSegment

from ivr.domain.takes import Checks, Reason, Refusal
from ivr.studio.catalogue import Entry
from ivr.studio.sound.decoder import Undecodable, decode
from ivr.studio.sound.telephone_sound import (
    BadSound,
    background_level,
    converted,
    finished,
    silence,
    speech_level,
    wav_bytes,
)
from ivr.studio.voice.renderer import SHORTEST_VOWEL_MS, vowels

SILENT_DBFS = -60.0
"""Speech below this is lost in the noise of any microphone and in the last steps of A-law."""
QUIETEST_DBFS = -36.0
"""From here on 16 dB of gain make the prompt; with more, the room and the steps of A-law are heard with it."""
LEAST_SNR_DB = 15.0
"""Less, and numbers are misheard by old callers (ITU-T P.800 rates 15 dB "fair")."""
LONGEST_VOWEL_MS, AROUND_MS, BETWEEN_SENTENCES_MS = 500, 1000, 1000
"""Slow and distinct speech takes 250 ms for a vowel with its consonants."""
CUT_OFF_SHARE = 0.9

CEILING = 0.89 * 32768  # -1 dBFS: A-law ends at 32256
FLAT_AT_CEILING, FLAT_BELOW = 3, 8  # samples in a row at the same extreme
CLIPS_AT_CEILING, CLIPS_BELOW = 3, 10


@dataclass(frozen=True, slots=True)
class Processed:
    """audio: a WAV as published, b"" where none could be made."""

    audio: bytes
    checks: Checks


def process(master: Path, entry: Entry, scratch: Path, longest_s: float) -> Processed:
    """Decode a recording, measure it, and make the prompt of it. scratch: an empty folder.

    What is wrong with it is in the checks. Raises BadSound where ffmpeg is missing.
    """
    try:
        decoded = decode(master, scratch / "decoded.wav", longest_s)
    except Undecodable:
        return _refused(Reason.UNDECODABLE)
    channels, rate = _channels(decoded.file)
    seconds = len(channels[0]) / 2 / rate
    if seconds < 0.02:
        return _refused(Reason.UNDECODABLE)
    if seconds > longest_s:
        return _refused(Reason.TOO_LONG, wanted=round(longest_s))
    chosen = scratch / "chosen.wav"
    _write(chosen, _loudest(channels), rate)
    sound = converted(chosen)
    level, background = speech_level(sound), background_level(sound)
    if level < SILENT_DBFS:
        return _refused(Reason.SILENCE)
    try:
        speech = finished(sound, background)
    except BadSound:  # all of it is background, or specks
        try:
            speech = finished(sound)
        except BadSound:
            return _refused(Reason.SILENCE)
        background = level
    clipped = max(map(_clips, channels))
    refusals: list[Refusal] = []
    if decoded.declared_s is not None and seconds < CUT_OFF_SHARE * min(decoded.declared_s, longest_s):
        refusals.append(Refusal(Reason.CUT_OFF, round(seconds, 1), round(decoded.declared_s, 1)))
    if clipped:
        refusals.append(Refusal(Reason.CLIPPING, clipped))
    if level < QUIETEST_DBFS:
        refusals.append(Refusal(Reason.TOO_QUIET, round(level), round(QUIETEST_DBFS)))
    if level - background < LEAST_SNR_DB:
        refusals.append(Refusal(Reason.TOO_NOISY, round(level - background), round(LEAST_SNR_DB)))
    refusals.extend(_length_refusals(len(speech), entry.text))
    prompt = silence(entry.lead_ms) + speech + silence(entry.tail_ms)
    checks = Checks(
        length_ms=len(prompt),
        level_db=round(level, 1),
        peak_db=round(_dbfs(max(audioop.max(channel, 2) for channel in channels)), 1),
        snr_db=None if background == -math.inf else round(level - background, 1),
        clipped=clipped,
        refusals=tuple(refusals),
    )
    return Processed(wav_bytes(prompt), checks)


def _refused(reason: Reason, found: float | str = "", wanted: float | str = "") -> Processed:
    return Processed(b"", Checks(refusals=(Refusal(reason, found, wanted),)))


def _length_refusals(length_ms: int, text: str) -> Iterator[Refusal]:
    spoken = vowels(text)
    sentences = len(re.findall(r"[.!?:]+", text[:-1])) + 1
    shortest = SHORTEST_VOWEL_MS * spoken
    longest = AROUND_MS + LONGEST_VOWEL_MS * spoken + BETWEEN_SENTENCES_MS * (sentences - 1)
    if length_ms < shortest:
        yield Refusal(Reason.TOO_SHORT_FOR_TEXT, _seconds(length_ms), _seconds(shortest))
    elif length_ms > longest:
        yield Refusal(Reason.TOO_LONG_FOR_TEXT, _seconds(length_ms), _seconds(longest))


def _channels(file: Path) -> tuple[list[bytes], int]:
    """Samples of each channel, 16 bit, and their rate."""
    with wave.open(str(file), "rb") as source:
        rate, count = source.getframerate(), source.getnchannels()
        data = source.readframes(source.getnframes())
    if count == 1:
        return [data], rate
    return [audioop.tomono(data, 2, 1, 0), audioop.tomono(data, 2, 0, 1)], rate


def _loudest(channels: list[bytes]) -> bytes:
    """The channel that carries most: a mix would halve one that stands alone, and cancel two of opposite sign."""
    return max(channels, key=lambda channel: audioop.rms(channel, 2))


def _write(file: Path, data: bytes, rate: int) -> None:
    AudioSegment(data=data, sample_width=2, frame_rate=rate, channels=1).export(file, format="wav").close()


def _clips(channel: bytes) -> int:
    """How often the sound runs flat at its extremes, 0 where that may be chance."""
    low, high = audioop.minmax(channel, 2)
    at_ceiling = max(high, -low) >= CEILING
    flat = FLAT_AT_CEILING if at_ceiling else FLAT_BELOW
    runs = 0
    for extreme in {low, high}:
        if abs(extreme) < 0.9 * max(high, -low):
            continue
        sample = re.escape(extreme.to_bytes(2, "little", signed=True))
        found = re.finditer(rb"(?:%b){%d,}" % (sample, flat), channel, re.DOTALL)
        runs += sum(run.start() % 2 == 0 for run in found)
    return runs if runs >= (CLIPS_AT_CEILING if at_ceiling else CLIPS_BELOW) else 0


def _dbfs(amplitude: int) -> float:
    return 20 * math.log10(max(amplitude, 1) / 32768)


def _seconds(milliseconds: float) -> float:
    return round(milliseconds / 1000, 1)
