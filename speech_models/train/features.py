"""Features of telephone speech as Vosk computes them from conf/mfcc.conf, and the phone of each frame."""

from __future__ import annotations

from collections.abc import Sequence

import kaldi_native_fbank as fbank
import numpy as np
import scipy.fft

from speech_models.train.phones import NUMBER_OF

RATE = 8000
COEFFICIENTS = 30
FRAMES_PER_SECOND = 100
FIRST_CENTRE, FRAME_SHIFT = 100, 80
"""Samples: the middle of the first window of 25 ms, and from window to window."""

Segment = tuple[str, float, float]
"""Phone, start and length in seconds."""


def _options() -> fbank.MfccOptions:
    options = fbank.MfccOptions()
    options.frame_opts.samp_freq = RATE
    options.frame_opts.dither = 0.0
    options.frame_opts.snip_edges = True
    options.frame_opts.window_type = "povey"
    options.mel_opts.num_bins = COEFFICIENTS
    options.mel_opts.low_freq = 100
    options.mel_opts.high_freq = 3800
    options.num_ceps = COEFFICIENTS
    options.use_energy = False
    return options


def mfcc(samples: np.ndarray) -> np.ndarray:
    """Frames x 30 of 8 kHz samples in the range of 16-bit integers."""
    computer = fbank.OnlineMfcc(_options())
    computer.accept_waveform(RATE, samples.astype(np.float32))
    computer.input_finished()
    frames = [computer.get_frame(k) for k in range(computer.num_frames_ready)]
    return np.stack(frames) if frames else np.zeros((0, COEFFICIENTS), np.float32)


def resample(samples: np.ndarray, rate: int, faster: float = 1.0) -> np.ndarray:
    """To 8 kHz; `faster` than 1 shortens and raises the voice, as a tape does."""
    size = scipy.fft.next_fast_len(len(samples), real=True)
    spectrum = scipy.fft.rfft(samples, size)
    length = round(size * RATE / (rate * faster))
    cut = np.zeros(length // 2 + 1, spectrum.dtype)
    kept = min(len(cut), len(spectrum))
    cut[:kept] = spectrum[:kept]
    out = scipy.fft.irfft(cut, length) * (length / size)
    return out[: int(len(samples) * RATE / (rate * faster))].astype(np.float32)


def phone_of_frames(segments: Sequence[Segment], frames: int, offset: float = 0.0, faster: float = 1.0) -> np.ndarray:
    """Phone numbers, int8; silence before, after and where a phone is unknown."""
    centres = (FRAME_SHIFT * np.arange(frames) + FIRST_CENTRE) / RATE
    ends = np.array([(start + length) / faster + offset for _, start, length in segments])
    phones = np.array([NUMBER_OF.get(phone, 0) for phone, _, _ in segments])
    at = np.searchsorted(ends, centres, side="right")
    found = np.where(at < len(phones), phones[np.minimum(at, len(phones) - 1)], 0) if len(phones) else 0 * at
    found[centres < offset] = 0
    return found.astype(np.int8)
