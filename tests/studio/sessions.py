"""Long recordings as a speaker brings them: shipped prompts read a sheet, with pauses, coughs and slips, in a room."""

from __future__ import annotations

import audioop
import random
import wave
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from ivr.config import REPOSITORY
from ivr.studio.catalogue import Entry
from ivr.studio.voice.synthesis import Engine
from tests.studio.recordings import ffmpeg

RATE = 16000


Voice = Callable[[Entry], bytes]
"""Says a prompt: samples of 16 kHz, without silence at the edges, a natural voice's peak."""


def shipped(entry: Entry) -> bytes:
    """As the voice of prompts/ru says it."""
    return _cut(REPOSITORY / "prompts" / "ru" / f"{entry.id}.wav")


def by(engine: Engine) -> Voice:
    """As a synthesiser says it."""
    return lambda entry: spoken(entry.spoken, engine)


@cache
def spoken(spoken_text: str, engine: Engine) -> bytes:
    """What a synthesiser makes of a text."""
    with TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.wav"
        engine.speak(spoken_text, raw)
        return _cut(raw)


@cache
def _cut(raw: Path) -> bytes:
    with TemporaryDirectory() as folder:
        cut = Path(folder) / "cut.wav"
        edge = "silenceremove=start_periods=1:start_threshold=-50dB"
        ffmpeg("-i", str(raw), "-af", f"{edge},areverse,{edge},areverse", "-ar", str(RATE), "-ac", "1", str(cut))
        with wave.open(str(cut)) as file:
            return audioop.mul(file.readframes(file.getnframes()), 2, 0.5)


def speak_all(entries: Iterable[Entry], engine: Engine) -> None:
    """Speak ahead, on all processors."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda entry: spoken(entry.spoken, engine), entries))


def quiet(seconds: float) -> bytes:
    return bytes(int(seconds * RATE) * 2)


def cough(length_s: float = 0.35) -> bytes:
    chance = random.Random(7)
    count = int(length_s * RATE)
    samples = (int(chance.gauss(0, 5000) * (1 - place / count)) for place in range(count))
    return b"".join(max(min(one, 32767), -32768).to_bytes(2, "little", signed=True) for one in samples)


def with_rest(said: bytes, rest_s: float) -> bytes:
    """A text of two sentences with a longer rest between them: in the middle of the longest pause."""
    step = RATE // 100 * 2
    loud = [audioop.rms(said[at : at + step], 2) > 150 for at in range(0, len(said), step)]
    pauses = [list(places) for is_loud, places in groupby(range(len(loud)), loud.__getitem__) if not is_loud]
    longest = max(pauses, key=len)
    middle = longest[len(longest) // 2] * step
    return said[:middle] + quiet(rest_s) + said[middle:]


@dataclass
class Reading:
    """What is read, sound by sound. where: seconds at which each prompt was said, the last time that it was."""

    voice: Voice = shipped
    seed: int = 1
    sound: bytearray = field(default_factory=lambda: bytearray(quiet(3)))
    where: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def pause(self, seconds: float | None = None) -> None:
        self.sound += quiet(self._chance.uniform(0.5, 3.0) if seconds is None else seconds)

    def say(self, entry: Entry, sound: bytes | None = None) -> None:
        start = len(self.sound) / 2 / RATE
        self.sound += self.voice(entry) if sound is None else sound
        self.where[entry.id] = (start, len(self.sound) / 2 / RATE)
        self.pause()

    def noise(self, sound: bytes) -> tuple[float, float]:
        start = len(self.sound) / 2 / RATE
        self.sound += sound
        end = len(self.sound) / 2 / RATE
        self.pause(3)
        return start, end

    def save(self, target: Path, options: Sequence[str] = (), room: float = 0.002) -> Path:
        """In a room with a computer in it."""
        clean = target.with_suffix(".clean.wav")
        with wave.open(str(clean), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(bytes(self.sound))
        mix = "[0:a][1:a]amix=duration=first:normalize=0"
        noise = f"anoisesrc=a={room}:r={RATE}:c=pink:seed=7"  # the same at each run
        ffmpeg("-i", str(clean), "-f", "lavfi", "-i", noise, "-filter_complex", mix, *options, str(target))
        clean.unlink()
        return target
