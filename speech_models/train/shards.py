"""Shards of features for training: ever new speakers and lines from the same utterances."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from speech_models.train.channel import a_law, noise, over_the_line, sounds_of_people, tones
from speech_models.train.features import FRAMES_PER_SECOND, RATE, Segment, mfcc, phone_of_frames, resample
from speech_models.train.speech import Utterance
from speech_models.train.warping import RATE as WARPED_RATE
from speech_models.train.warping import analyse, another_speaker

SHARE = {
    "voices": 0.64,
    "festvox": 0.18,
    "gcompris_lubimov": 0.09,
    "gcompris_suvorova_geo": 0.025,
    "klettres_dashk0": 0.025,
    "espeak": 0.04,
}
"""How often each source is taken, as far as it is there."""
SHARD_FRAMES = 25 * 60 * FRAMES_PER_SECOND
AS_SPOKEN = 0.38
SPEAKERS_EACH = 2
NO_SPEECH = 0.07
BABBLE_VOICES = 60


class _Shard:
    def __init__(self) -> None:
        self.features: list[np.ndarray] = []
        self.phones: list[np.ndarray] = []
        self.frames = 0

    def add(self, samples: np.ndarray, segments: Sequence[Segment], offset: float = 0.0, faster: float = 1.0) -> None:
        features = mfcc(samples)
        self.features.append(features.astype(np.float16))
        self.phones.append(phone_of_frames(segments, len(features), offset, faster))
        self.frames += len(features)

    def write(self, file: Path) -> None:
        rough = file.with_name("part.npz")
        np.savez(rough, features=np.concatenate(self.features), phones=np.concatenate(self.phones))
        rough.rename(file)


def _no_speech(random: np.random.Generator) -> np.ndarray:
    """Noise, tones or digital silence: nothing to be heard as a word."""
    size = int(RATE * random.uniform(0.5, 2.5))
    kind = random.random()
    samples = tones(random, size) if kind < 0.3 else noise(random, size, ())
    if kind > 0.75:
        samples = samples * 10 ** random.uniform(-3, -1.5)
        size = random.integers(400, len(samples))
        samples[:size] += 2 * sounds_of_people(random, size)
    samples = samples * 10 ** random.uniform(-4.5, -0.8) * (random.random() >= 0.25)
    samples = a_law(samples) if random.random() < 0.5 else samples
    return np.round(np.clip(samples, -1, 1) * 32767)


def make_shards(utterances: Sequence[Utterance], folder: Path, seconds: float, seed: int) -> None:
    """shard-*.npz of 25 minutes of speech each until the time is over; a later run adds to them.

    Raises ValueError where there is no utterance.
    """
    if not utterances:
        raise ValueError("no speech to learn from")
    folder.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + seconds
    number = len(list(folder.glob("shard-*.npz")))
    random = np.random.default_rng((seed, number))
    by_source: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        by_source.setdefault(utterance.source, []).append(utterance)
    names = [name for name in SHARE if name in by_source]
    shares = np.array([SHARE[name] for name in names])
    used: Counter[str] = Counter()

    def any_utterance() -> Utterance:
        name = names[random.choice(len(names), p=shares / shares.sum())]
        used[name] += 1
        return by_source[name][random.integers(len(by_source[name]))]

    while time.monotonic() < until:
        voices = [resample(*any_utterance().samples()) for _ in range(BABBLE_VOICES)]
        shard = _Shard()
        while shard.frames < SHARD_FRAMES:
            utterance = any_utterance()
            samples, rate = utterance.samples()
            if random.random() < AS_SPOKEN or len(utterance.phones) < 2:
                heard, offset, faster = over_the_line(random, samples, rate, voices, warped=False)
                shard.add(heard, utterance.phones, offset, faster)
            else:
                voice = analyse(samples, rate)
                for _ in range(SPEAKERS_EACH):
                    said, times = another_speaker(random, voice, utterance.phones)
                    if np.isfinite(said).all() and np.abs(said).max() > 1e-4:
                        heard, offset, faster = over_the_line(random, said, WARPED_RATE, voices, warped=True)
                        shard.add(heard, times, offset, faster)
            if random.random() < NO_SPEECH:
                shard.add(_no_speech(random), ())
        shard.write(folder / f"shard-{number:05d}.npz")
        number += 1
        print(f"shard {number}, {dict(used)}", flush=True)
