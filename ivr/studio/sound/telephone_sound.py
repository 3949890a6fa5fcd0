"""Sound made fit for the telephone: 8 kHz, 16 bit, mono, cut close, one level.

The level of every prompt is -20 dBFS, measured over its speech and not over its pauses: RMS of the 10 ms
blocks that are at most 30 dB below the loudest (in the spirit of ITU-T P.56). Why -20: it is loud for old
ears, about -14 dBm0 on a G.711 line (0 dBm0 is -6.15 dBFS), and it leaves 17 dB for the peaks of speech above the
ceiling of -3 dBFS, which codecs and resamplers on the way need; the limiter has next to nothing to do.
"""

from __future__ import annotations

import audioop
import io
import math
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path

from pydub import AudioSegment

from ivr.domain.faults import BrokenFile

RATE = 8000
LEVEL_DBFS = -20.0
CEILING_DBFS = -3.0
LEAD_MS = 15
FADE_IN_MS, FADE_OUT_MS = 5, 10
BLOCK_MS = 10
SPECK_MS, SPECK_AWAY_MS = 40, 100
"""Sound shorter and farther from the rest than this is no speech: voices cut from recordings leave such specks."""
SPEECH_BELOW_LOUDEST_DB = 30.0
AUDIBLE_DBFS = -52.0  # after levelling; keeps the burst of a final «ть», drops the noise floor
ABOVE_BACKGROUND_DB = 6.0
BREATH_MS = 50
DIGITAL_SILENCE_DBFS = -75.0  # a gate or a codec made it, no room is so quiet
CONVERT_LIMIT_S = 60.0

# The telephone carries 300 to 3400 Hz and a little more: what is below is rumble, what is above 4 kHz would fold back.
TO_TELEPHONE = f"highpass=f=120,aresample={RATE}:resampler=soxr:precision=28"


class BadSound(BrokenFile):
    """The sound cannot become a prompt; the text says why."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a file sounds like, in dBFS and milliseconds. lead_ms, tail_ms: silence at the edges."""

    length_ms: int
    level: float
    peak: float
    lead_ms: int
    tail_ms: int


def to_telephone(source: Path, tempo: float = 1.0) -> AudioSegment:
    """One sentence or piece from a WAV of any rate: band, close cut with soft edges, level, limit.

    tempo: 1.1 is a tenth quicker at the same pitch, 0.5 to 2. Raises BadSound if nothing is heard or ffmpeg fails.
    """
    return finished(converted(source, tempo))


def finished(sound: AudioSegment, background: float = -math.inf) -> AudioSegment:
    """Converted sound, cut close with soft edges, levelled, limited. Raises BadSound if nothing is heard.

    background: dBFS of the noise behind it; what is not above that is no speech.
    """
    level = speech_level(sound)
    sound = _levelled(sound)
    lead, end = _edges(sound, max(AUDIBLE_DBFS, background + LEVEL_DBFS - level + ABOVE_BACKGROUND_DB))
    sound = sound[max(lead - LEAD_MS, 0) : end + BLOCK_MS]
    return _limited(_levelled(sound.fade_in(FADE_IN_MS).fade_out(FADE_OUT_MS)))


def background_level(sound: AudioSegment) -> float:
    """The level of the quietest 50 ms that are no digital silence, dBFS; -inf where there are none.

    Speech closes the mouth so long in nearly every word, so that also a word that is cut close shows its background.
    """
    levels = (sound[start : start + BREATH_MS].dBFS for start in range(0, len(sound) - BREATH_MS + 1, BLOCK_MS))
    return min((level for level in levels if level > DIGITAL_SILENCE_DBFS), default=-math.inf)


def alaw_bytes(wav: bytes) -> bytes:
    """A published WAV as G.711 A-law, which Asterisk sends to a telephone as it is."""
    with wave.open(io.BytesIO(wav)) as source:
        return audioop.lin2alaw(source.readframes(source.getnframes()), 2)


def as_heard(wav: bytes) -> bytes:
    """A published WAV as a caller hears it: through A-law and back."""
    with wave.open(io.BytesIO(wav)) as source:
        data = audioop.lin2alaw(source.readframes(source.getnframes()), 2)
    return wav_bytes(AudioSegment(data=audioop.alaw2lin(data, 2), sample_width=2, frame_rate=RATE, channels=1))


def silence(length_ms: int) -> AudioSegment:
    """Nothing, for `length_ms`."""
    return AudioSegment.silent(duration=length_ms, frame_rate=RATE)


def wav_bytes(sound: AudioSegment) -> bytes:
    """The contents of a WAV file."""
    target = io.BytesIO()
    sound.export(target, format="wav")
    return target.getvalue()


def opened(file: Path) -> AudioSegment:
    """A published WAV. Raises BadSound if it is not 8 kHz, 16 bit, mono WAV, or has no length."""
    try:
        # Not by pydub: it would have ffmpeg decode what Asterisk cannot play.
        with wave.open(str(file), "rb") as source:
            rate, width, channels = source.getframerate(), source.getsampwidth(), source.getnchannels()
            data = source.readframes(source.getnframes())
    except FileNotFoundError as error:
        raise BadSound("no such file") from error
    except (OSError, EOFError, wave.Error) as error:
        raise BadSound("not a WAV file") from error
    if (rate, width, channels) != (RATE, 2, 1):
        raise BadSound(f"{rate} Hz, {8 * width} bit, {channels} channel(s) instead of {RATE} Hz, 16 bit, 1 channel")
    if len(data) < 2:
        raise BadSound("empty")
    return AudioSegment(data=data[: len(data) // 2 * 2], sample_width=2, frame_rate=RATE, channels=1)


def measure(file: Path) -> Measure:
    """Measure a published WAV. Raises BadSound as `opened` does, and if it holds no speech."""
    sound = opened(file)
    lead, end = _edges(sound)
    return Measure(len(sound), speech_level(sound), sound.max_dBFS, lead, len(sound) - end)


def converted(source: Path, tempo: float = 1.0) -> AudioSegment:
    """A WAV of any rate at 8 kHz, mono, without what the telephone does not carry. Raises BadSound."""
    # pydub's own rate conversion has no filter worth the name: what is above 4 kHz would be heard as noise.
    filters = TO_TELEPHONE if tempo == 1.0 else f"atempo={tempo},{TO_TELEPHONE}"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(source), "-af", filters]
    command += ["-ac", "1", "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=CONVERT_LIMIT_S, check=False)
    except FileNotFoundError as error:
        raise BadSound("ffmpeg is missing: apt-get install ffmpeg") from error
    except subprocess.TimeoutExpired as error:
        raise BadSound(f"ffmpeg took longer than {CONVERT_LIMIT_S:.0f} s") from error
    if done.returncode:
        raise BadSound(f"ffmpeg: {done.stderr.decode(errors='replace').strip()}")
    return AudioSegment(data=done.stdout, sample_width=2, frame_rate=RATE, channels=1)


def _blocks(sound: AudioSegment) -> list[AudioSegment]:
    return [sound[start : start + BLOCK_MS] for start in range(0, len(sound), BLOCK_MS)]


def speech_level(sound: AudioSegment) -> float:
    """RMS of the speech in `sound`, dBFS; -inf for silence."""
    levels = [block.dBFS for block in _blocks(sound)]
    floor = max(levels, default=-math.inf) - SPEECH_BELOW_LOUDEST_DB
    powers = [10 ** (level / 10) for level in levels if level >= floor and level > -math.inf]
    return 10 * math.log10(sum(powers) / len(powers)) if powers else -math.inf


def _levelled(sound: AudioSegment) -> AudioSegment:
    level = speech_level(sound)
    if level == -math.inf:
        raise BadSound("nothing is heard")
    return sound.apply_gain(LEVEL_DBFS - level)


def _edges(sound: AudioSegment, audible: float = AUDIBLE_DBFS) -> tuple[int, int]:
    """Where speech begins and ends, milliseconds; specks before and after it do not count."""
    spans: list[list[int]] = []
    for index, block in enumerate(_blocks(sound)):
        if block.dBFS <= audible:
            continue
        start = index * BLOCK_MS
        if spans and start - spans[-1][1] <= SPECK_AWAY_MS:
            spans[-1][1] = start + BLOCK_MS
        else:
            spans.append([start, start + BLOCK_MS])
    speech = [span for span in spans if span[1] - span[0] >= SPECK_MS]
    if not speech:
        raise BadSound("nothing is heard")
    return speech[0][0], min(speech[-1][1], len(sound))


def _limited(sound: AudioSegment) -> AudioSegment:
    """`sound` with its peaks brought under the ceiling by a gain that moves smoothly from block to block."""
    ceiling = sound.max_possible_amplitude * 10 ** (CEILING_DBFS / 20)
    samples = sound.get_array_of_samples()
    if max(map(abs, samples), default=0) <= ceiling:
        return sound
    size = RATE * BLOCK_MS // 1000
    peaks = [max(map(abs, samples[start : start + size])) for start in range(0, len(samples), size)]
    own = [min(1.0, ceiling / peak) if peak else 1.0 for peak in peaks]
    # The gain of a block holds at its middle; the least of its neighbours' keeps the slopes between under the ceiling.
    gains = [min(own[max(index - 1, 0) : index + 2]) for index in range(len(own))]
    for index in range(len(samples)):
        place = index / size - 0.5
        before = min(max(math.floor(place), 0), len(gains) - 1)
        after = min(before + 1, len(gains) - 1)
        share = min(max(place - before, 0.0), 1.0)
        samples[index] = int(samples[index] * (gains[before] * (1 - share) + gains[after] * share))
    return AudioSegment(data=samples.tobytes(), sample_width=2, frame_rate=RATE, channels=1)
