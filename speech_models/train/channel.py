"""What a telephone line does to a voice: room, noise, band, level, codecs, lost packets, digital silence.

All signals are float32 at 8 kHz, full scale 1.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import scipy.fft
import soundfile

from speech_models.train.features import RATE, resample

PACKET = 160
"""Samples in a packet of 20 ms."""
DTMF_LOW, DTMF_HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
LINE_TONES = (350, 400, 425, 440, 480, 620, 1000, 1400)

Random = np.random.Generator


def a_law(samples: np.ndarray) -> np.ndarray:
    """There and back, eight bits (ITU-T G.711)."""
    a, ln = 87.6, 1 + np.log(87.6)
    size = np.abs(np.clip(samples, -1, 1))
    packed = np.where(size < 1 / a, a * size / ln, (1 + np.log(np.maximum(a * size, 1e-9))) / ln)
    packed = (np.floor(packed * 128) + 0.5) / 128
    size = np.where(packed < 1 / ln, packed * ln / a, np.exp(packed * ln - 1) / a)
    return (size * np.sign(samples)).astype(np.float32)


def mu_law(samples: np.ndarray) -> np.ndarray:
    packed = (np.floor(np.log1p(255 * np.abs(np.clip(samples, -1, 1))) / np.log(256) * 128) + 0.5) / 128
    return (np.expm1(packed * np.log(256)) / 255 * np.sign(samples)).astype(np.float32)


def gsm(samples: np.ndarray) -> np.ndarray:
    """There and back through GSM 06.10."""
    file = io.BytesIO()
    soundfile.write(file, np.clip(samples, -1, 1), RATE, format="WAV", subtype="GSM610")
    file.seek(0)
    heard = soundfile.read(file, dtype="float32")[0]
    return np.pad(heard, (0, max(0, len(samples) - len(heard))))[: len(samples)]


def lossy(random: Random, samples: np.ndarray, share: float) -> np.ndarray:
    """Packets lost one by one: half of them silent, half filled with the packet before."""
    heard = samples.copy()
    for at in range(PACKET, len(samples), PACKET):
        if random.random() < share:
            end = min(at + PACKET, len(samples))
            heard[at:end] = 0.0 if random.random() < 0.5 else heard[at - PACKET : end - PACKET]
    return heard


def noise(random: Random, size: int, voices: Sequence[np.ndarray]) -> np.ndarray:
    """Coloured noise, other voices or a hum, of unit power."""
    kind = random.random()
    if kind < 0.55 or (kind < 0.9 and not voices):
        samples = _coloured(random, size)
    elif kind < 0.9:
        samples = np.zeros(size, np.float32)
        for _ in range(random.integers(1, 6)):
            voice = voices[random.integers(len(voices))]
            voice = np.resize(np.roll(voice, random.integers(0, len(voice))), size)
            samples += voice / (np.std(voice) + 1e-5) * random.uniform(0.3, 1)
    else:
        moments = np.arange(size) / RATE
        mains = random.choice([50, 60, 100])
        samples = 0.1 * random.standard_normal(size)
        for k in range(1, 8):
            samples += random.uniform(0, 1) / k * np.sin(2 * np.pi * mains * k * moments + random.random() * 6)
    return (samples / (np.std(samples) + 1e-8)).astype(np.float32)


def _coloured(random: Random, size: int) -> np.ndarray:
    hertz = np.maximum(np.arange(size // 2 + 1), 1) / size * RATE
    power = (hertz / 1000) ** (-random.uniform(0.0, 2.0) / 2)
    power[hertz < 60] *= 0.1
    if random.random() < 0.4:
        middle, width = random.uniform(200, 3000), random.uniform(50, 600)
        power *= 1 + random.uniform(1, 6) * np.exp(-(((hertz - middle) / width) ** 2))
    samples = scipy.fft.irfft(power * np.exp(2j * np.pi * random.random(len(power))), size)
    if random.random() < 0.3:
        points = max(3, size // 3000)
        level = 10 ** random.uniform(-1.2, 0.3, points)
        samples = samples * np.interp(np.arange(size), np.linspace(0, size, points), level)
    return samples


def tones(random: Random, size: int) -> np.ndarray:
    """Keys, tones of the exchange or whistles, of unit power."""
    samples = np.zeros(size, np.float32)
    moments = np.arange(size) / RATE
    kind = random.random()
    if kind < 0.5:
        for _ in range(random.integers(1, 6)):
            length = int(RATE * random.uniform(0.04, 0.3))
            at = random.integers(0, max(1, size - length))
            here = moments[: min(length, size - at)]
            low, high = random.choice(DTMF_LOW), random.choice(DTMF_HIGH)
            key = np.sin(2 * np.pi * low * here) + np.sin(2 * np.pi * high * here) * random.uniform(0.7, 1.3)
            samples[at : at + len(here)] = key
    elif kind < 0.75:
        beat = (moments * random.choice([0.25, 1.0, 2.0])) % 1 < random.uniform(0.3, 1.01)
        samples = np.sin(2 * np.pi * random.choice(LINE_TONES) * moments) * beat
    else:
        hertz = np.interp(moments, np.linspace(0, size / RATE, 4), random.uniform(200, 3000, 4))
        on = (random.random(size // 800 + 1).repeat(800)[:size] < 0.6).astype(np.float32)
        samples = np.sin(2 * np.pi * np.cumsum(hertz) / RATE) * on
    return (samples / (np.std(samples) + 1e-6)).astype(np.float32)


def sounds_of_people(random: Random, size: int) -> np.ndarray:
    """Breath, a cough, a click of the tongue or a knock on the handset, of unit peak; nothing of it is a word."""
    shape = noise(random, size, ())
    moments = np.linspace(0, 1, size)
    if random.random() < 0.5:
        hertz = np.fft.rfftfreq(size, 1 / RATE)
        low = random.uniform(150, 900)
        soft = np.fft.rfft(shape) / np.sqrt(1 + (low / np.maximum(hertz, 1)) ** 4)
        shape = np.fft.irfft(soft, size) * np.sin(np.pi * moments ** random.uniform(0.5, 2)) ** 2
    else:
        shape = shape * np.minimum(moments * random.uniform(20, 100), 1) * np.exp(-random.uniform(3, 12) * moments)
    return (shape / (np.abs(shape).max() + 1e-6)).astype(np.float32)


def _with_sounds_between(random: Random, samples: np.ndarray, before: int, after: int) -> np.ndarray:
    """Such sounds before and after the voice, quiet or as loud as it."""
    for start, room in ((0, before), (len(samples) - after, after)):
        longest = min(room, int(0.5 * RATE))
        if longest > 400 and random.random() < 0.6:
            size = random.integers(320, longest)
            at = start + random.integers(0, room - size + 1)
            sound = sounds_of_people(random, size) * 10 ** (random.uniform(-35, 0) / 20)
            samples[at : at + size] += sound * random.uniform(0.4, 1)
    return samples


def _room(random: Random, samples: np.ndarray) -> np.ndarray:
    size = int(RATE * random.uniform(0.08, 0.5))
    echo = random.standard_normal(size) * 10 ** (-3 * np.arange(size) / size)
    echo *= random.uniform(0.05, 0.5) / np.sqrt((echo**2).sum())
    echo[0] = 1
    if random.random() < 0.5:
        echo[1 : int(8 * random.uniform(1, 25))] = 0
    length = scipy.fft.next_fast_len(len(samples) + size)
    heard = scipy.fft.irfft(scipy.fft.rfft(samples, length) * scipy.fft.rfft(echo, length), length)
    return heard[: len(samples)].astype(np.float32)


def _band(random: Random, samples: np.ndarray) -> np.ndarray:
    """Band limits, sharp as of digital filters or soft; tilt and the uneven answer of a handset."""
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    gain = np.ones(len(hertz))
    kind = random.random()
    if kind < 0.5:
        low, high = random.uniform(120, 360), random.uniform(3050, 3850)
        rise, fall = random.uniform(2, 120), random.uniform(2, 200)
        floor = 10 ** -random.uniform(1.5, 6)
        gain = np.clip((hertz - low) / rise + 1, 0, 1) * np.clip((high - hertz) / fall + 1, 0, 1)
        gain = np.maximum(gain, floor)
        one_sided = random.random()
        if one_sided < 0.2:
            gain[hertz <= low] = 1
        elif one_sided < 0.4:
            gain[hertz >= high] = 1
    elif kind < 0.85:
        low, high = random.uniform(60, 380), random.uniform(2900, 3950)
        gain /= np.sqrt(1 + (low / np.maximum(hertz, 1)) ** (2 * random.integers(2, 9)))
        gain /= np.sqrt(1 + (hertz / high) ** (2 * random.integers(6, 24)))
    points = random.integers(4, 10)
    decibels = random.uniform(-5, 5) * np.log2(np.clip(hertz, 100, 4000) / 1000)
    decibels += np.interp(hertz, np.linspace(0, 4000, points), random.normal(0, 2.5, points))
    return np.fft.irfft(np.fft.rfft(samples) * gain * 10 ** (decibels / 20), len(samples)).astype(np.float32)


def _coded(random: Random, samples: np.ndarray) -> np.ndarray:
    kind = random.random()
    if kind < 0.5:
        return a_law(samples)
    if kind < 0.6:
        return mu_law(samples)
    if kind < 0.75:
        heard = gsm(samples)
        return a_law(heard) if random.random() < 0.3 else heard
    return samples


def over_the_line(
    random: Random, samples: np.ndarray, rate: int, voices: Sequence[np.ndarray], *, warped: bool
) -> tuple[np.ndarray, float, float]:
    """The voice as the line brings it, 16-bit values at 8 kHz; seconds before it begins; how much faster it became.

    warped: the speaker was changed already and keeps most of the tempo.
    """
    faster = random.uniform(0.86, 1.16) if random.random() < 0.75 else random.uniform(0.74, 1.3)
    if warped:
        faster = random.uniform(0.94, 1.06)
    voice = resample(samples, rate, faster)
    voice /= np.max(np.abs(voice)) + 1e-6
    before = int(RATE * random.uniform(0.02, 0.6))
    after = int(RATE * (random.uniform(0.05, 0.7) if random.random() < 0.7 else random.uniform(0.7, 1.6)))
    heard = np.pad(voice, (before, after))
    if random.random() < 0.25:
        heard = _with_sounds_between(random, heard, before, after)
    if random.random() < 0.4:
        heard = _room(random, heard)
    ratio = random.uniform(3, 18) if random.random() < 0.5 else random.uniform(15, 50)
    loud = np.sqrt((heard**2).sum() / len(voice))
    if random.random() < 0.9:
        heard = heard + noise(random, len(heard), voices) * loud * 10 ** (-ratio / 20)
    if random.random() < 0.06:
        heard = heard + tones(random, len(heard)) * loud * 10 ** (-random.uniform(5, 25) / 20)
    heard = _band(random, heard)
    heard /= np.max(np.abs(heard)) + 1e-6
    if random.random() < 0.1:
        heard = np.clip(heard * random.uniform(1.2, 4), -1, 1)
    heard = heard * 10 ** ((random.uniform(-30, 0) if random.random() < 0.65 else random.uniform(-50, -24)) / 20)
    heard = _coded(random, heard)
    if random.random() < 0.2:
        heard = lossy(random, heard, random.uniform(0.005, 0.05))
    if random.random() < 0.35:
        heard = _silent_edges(random, heard, before, after)
    return np.round(np.clip(heard, -1, 1) * 32767), before / RATE, faster


def _silent_edges(random: Random, samples: np.ndarray, before: int, after: int) -> np.ndarray:
    """Discontinuous transmission: digital or nearly digital silence around the voice."""
    silence = np.zeros(len(samples), np.float32)
    if random.random() < 0.5:
        silence = (random.standard_normal(len(samples)) * 10 ** random.uniform(-5, -3.2)).astype(np.float32)
    begin, end = random.integers(0, before + 1), len(samples) - random.integers(0, after + 1)
    if random.random() < 0.7:
        samples[:begin] = silence[:begin]
    if random.random() < 0.8:
        samples[end:] = silence[end:]
    return samples
