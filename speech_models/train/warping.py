"""Pseudo-speakers by the WORLD vocoder: pitch, formants, breath, tempo and vowel length changed one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
import pyworld
import scipy.signal

from speech_models.train.features import Segment
from speech_models.train.phones import SILENCE, VOWELS

RATE = 16000
FRAME_MS = 7.0
PITCH_HZ = (75.0, 350.0)
DRAWLED = 0.14
WHISPERED = 0.02


@dataclass(frozen=True, slots=True)
class Voice:
    """pitch: Hz, 0 where unvoiced. envelope: logarithm of power, frames x bins. aperiodicity: 0-1, the same shape."""

    pitch: np.ndarray
    envelope: np.ndarray
    aperiodicity: np.ndarray


def analyse(samples: np.ndarray, rate: int) -> Voice:
    if rate != RATE:
        common = gcd(RATE, rate)
        samples = scipy.signal.resample_poly(samples, RATE // common, rate // common)
    samples = samples.astype(np.float64)
    rough, times = pyworld.dio(samples, RATE, f0_floor=60.0, f0_ceil=550.0, frame_period=FRAME_MS)
    pitch = pyworld.stonemask(samples, rough, times, RATE)
    envelope = np.log(pyworld.cheaptrick(samples, pitch, times, RATE) + 1e-16).astype(np.float32)
    return Voice(pitch, envelope, pyworld.d4c(samples, pitch, times, RATE).astype(np.float32))


def _retimed(random: np.random.Generator, segments: Sequence[Segment]) -> tuple[np.ndarray, np.ndarray]:
    """Old and new borders of the phones, seconds. Drawled speech has long vowels."""
    drawled = random.random() < DRAWLED
    tempo = random.uniform(0.6, 0.95) if drawled else random.uniform(0.75, 1.35)
    vowel = random.uniform(1.3, 2.6) if drawled else np.exp(random.normal(0, 0.15))
    pause, uneven = random.uniform(0.3, 1.8), random.uniform(0, 0.22)
    factor = np.array([vowel if p in VOWELS else pause if p == SILENCE else 1.0 for p, _, _ in segments])
    factor = np.clip(factor * np.exp(random.normal(0, uneven, len(segments))) / tempo, 0.45, 4.0)
    lengths = np.array([length for _, _, length in segments])
    old = np.concatenate([[segments[0][1]], [start + length for _, start, length in segments]])
    return old, np.concatenate([[0.0], np.cumsum(lengths * factor)])


def _new_pitch(random: np.random.Generator, pitch: np.ndarray) -> np.ndarray:
    voiced = pitch > 0
    if voiced.sum() > 3:
        log = np.log(pitch[voiced])
        middle = np.median(log)
        wanted = random.uniform(*np.log(PITCH_HZ))
        shift = np.clip(wanted - middle, np.log(0.55), np.log(2.1))
        drift = np.cumsum(random.normal(0, 0.004, len(log))) * 0.5 + random.normal(0, random.uniform(0, 0.02), len(log))
        log = middle + shift + (log - middle) * random.uniform(0.3, 1.5) + drift
        pitch[voiced] = np.clip(np.exp(log), 55, 520)
    return pitch * (random.random() >= WHISPERED)


def _new_formants(random: np.random.Generator, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """From which bin each bin takes its value, low and high formants moved a little apart; the bins' frequencies."""
    mild = random.random() < 0.75
    warp = random.uniform(0.86, 1.20) if mild else random.uniform(0.78, 1.32)
    low, high = warp * random.uniform(0.94, 1.06), warp * random.uniform(0.95, 1.05)
    hertz = np.arange(bins) / (bins - 1) * RATE / 2
    source = np.arange(bins) / np.interp(hertz, [0, 700, 2500, 8000], [low, low, high, high])
    return np.clip(source, 0, bins - 1.001), hertz


def another_speaker(
    random: np.random.Generator, voice: Voice, segments: Sequence[Segment]
) -> tuple[np.ndarray, list[Segment]]:
    """16 kHz samples as a speaker who does not exist says them, and their phone times."""
    old, new = _retimed(random, segments)
    frames = max(8, int(new[-1] * 1000 / FRAME_MS))
    moments = np.arange(frames) * FRAME_MS / 1000
    position = np.clip(np.interp(moments, new, old) * 1000 / FRAME_MS, 0, len(voice.pitch) - 1.001)
    whole = position.astype(int)
    part = (position - whole)[:, None].astype(np.float32)
    nearest = np.rint(position).astype(int).clip(0, len(voice.pitch) - 1)
    pitch = _new_pitch(random, voice.pitch[nearest].copy())
    envelope = voice.envelope[whole] * (1 - part) + voice.envelope[whole + 1] * part
    source, hertz = _new_formants(random, envelope.shape[1])
    low = source.astype(int)
    between = (source - low).astype(np.float32)
    envelope = envelope[:, low] * (1 - between) + envelope[:, low + 1] * between
    decibels_per_octave = random.uniform(-4, 4)
    octaves = np.log2(np.clip(hertz, 100, 8000) / 1000)
    envelope = envelope + (decibels_per_octave * octaves * np.log(10) / 10).astype(np.float32)
    breath = np.clip(voice.aperiodicity[nearest][:, low] ** random.uniform(0.6, 1.6), 1e-3, 1 - 1e-3)
    if random.random() < 0.15:
        breath = 1 - (1 - breath) * random.uniform(0.5, 0.9)
    samples = pyworld.synthesize(
        np.ascontiguousarray(pitch, np.float64),
        np.exp(np.ascontiguousarray(envelope, np.float64)),
        np.ascontiguousarray(breath, np.float64),
        RATE,
        FRAME_MS,
    )
    times = [
        (phone, float(begin), float(end - begin))
        for (phone, _, _), begin, end in zip(segments, new[:-1], new[1:], strict=True)
    ]
    return samples.astype(np.float32), times
