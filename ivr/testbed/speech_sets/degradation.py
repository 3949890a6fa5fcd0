"""What a telephone line does to speech: codec, noise, lost packets.

Noise stands under the whole utterance with its pauses, at a ratio to the level of the speech in it; then comes the
codec. The last line is the worst that callers have: an old mobile in a noisy place, cut sharply at 300 and 3400 Hz.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from ivr.testbed.speech_sets import sound
from ivr.testbed.speech_sets.programs import run

LOSS = 0.02
POOL_S = 20
VOICES_OF_BABBLE = 6


class Degradation(StrEnum):
    """What happens to an utterance on its way."""

    CLEAN = "clean"
    ALAW = "A-law"
    NOISE_15 = "15 dB noise"
    NOISE_10 = "10 dB noise"
    LOST_PACKETS = "2 % loss"
    MOBILE = "15 dB, GSM"


RATIOS_DB = {Degradation.NOISE_15: 15.0, Degradation.NOISE_10: 10.0, Degradation.MOBILE: 15.0}
_RAW = ["-f", "s16le", "-ar", str(sound.RATE), "-ac", "1"]
_BAND = "firequalizer=gain='if(between(f,300,3400),0,-90)':delay=0.016"


@dataclass(frozen=True, slots=True)
class Noise:
    """Noises of some seconds each, looped as long as needed: hiss, rumble, a car, people who talk."""

    kinds: tuple[bytes, ...]

    def excerpt(self, length: int, random: Random) -> bytes:
        """`length` bytes of one of them, from anywhere in it."""
        kind = random.choice(self.kinds)
        start = random.randrange(len(kind) // 2) * sound.WIDTH
        return (kind[start:] + kind * (length // len(kind) + 1))[:length]


def noise_from(seed: int, other_speech: Sequence[bytes]) -> Noise:
    """Coloured noises, and a babble of the speech given; without speech no babble."""
    random = Random(f"noise/{seed}")
    kinds = [_coloured(random, pole) for pole in (0.0, 0.7, 0.95)]
    babble = _babble(random, other_speech)
    return Noise((*kinds, babble, babble) if babble else tuple(kinds))


def degraded(pcm: bytes, degradation: Degradation, noise: Noise, random: Random) -> bytes:
    """The utterance as the other end of the line gets it. The same `random` gives the same bytes.

    Raises ProgramFailed where MOBILE cannot be made.
    """
    if degradation is Degradation.CLEAN:
        return pcm
    if degradation in RATIOS_DB:
        excerpt = noise.excerpt(len(pcm), random)
        wanted = sound.speech_level(pcm) - RATIOS_DB[degradation]
        pcm = sound.mixed(pcm, sound.amplified(excerpt, wanted - sound.level(excerpt)))
    if degradation is Degradation.MOBILE:
        pcm = over_gsm(pcm)
    coded = sound.over_alaw(pcm)
    return with_losses(coded, LOSS, random) if degradation is Degradation.LOST_PACKETS else coded


def with_losses(pcm: bytes, share: float, random: Random) -> bytes:
    """The sound with packets of 20 ms missing, each by chance; a receiver puts silence or the packet before there."""
    repeats = random.random() < 0.5
    kept: list[bytes] = []
    for packet in sound.blocks(pcm, sound.PACKET_MS):
        if random.random() >= share:
            kept.append(packet)
        elif repeats and kept and len(kept[-1]) >= len(packet):
            kept.append(kept[-1][: len(packet)])
        else:
            kept.append(bytes(len(packet)))
    return b"".join(kept)


def over_gsm(pcm: bytes) -> bytes:
    """The sound between 300 and 3400 Hz after a way through GSM full rate. Raises ProgramFailed without ffmpeg."""
    quiet = ["ffmpeg", "-v", "error", "-nostdin"]
    sent = run([*quiet, *_RAW, "-i", "pipe:0", "-af", _BAND, "-c:a", "libgsm", "-f", "gsm", "pipe:1"], pcm)
    heard = run([*quiet, "-f", "gsm", "-i", "pipe:0", *_RAW, "pipe:1"], sent)
    return (heard + bytes(len(pcm)))[: len(pcm)]


def _coloured(random: Random, pole: float) -> bytes:
    """White noise through one pole: 0 hisses, 0.95 rumbles like a car."""
    values, last = bytearray(), 0.0
    for _ in range(POOL_S * sound.RATE):
        last = pole * last + random.gauss(0.0, 1.0)
        values += max(-32768, min(32767, int(last * 2500 * (1 - pole * pole) ** 0.5))).to_bytes(
            2, "little", signed=True
        )
    return bytes(values)


def _babble(random: Random, speech: Sequence[bytes]) -> bytes:
    if not speech:
        return b""
    length = sound.bytes_of(POOL_S * 1000)
    babble = bytes(length)
    for _ in range(VOICES_OF_BABBLE):
        voice = b""
        while len(voice) < length:
            voice += sound.at_level(random.choice(speech), random.uniform(-38.0, -32.0))
        babble = sound.mixed(babble, voice[:length])
    return babble
