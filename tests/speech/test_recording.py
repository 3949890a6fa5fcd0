"""WAV files of all kinds become telephone audio; what is none is told."""

from __future__ import annotations

import audioop
import math
import struct
from array import array
from pathlib import Path

import pytest

from ivr.speech.recording import ALAW, EXTENSIBLE, FLOAT, PCM, ULAW, BadRecording, telephone_audio

LOUD = 8000


def tone(rate: int, hertz: float, seconds: float = 0.5, loud: int = LOUD) -> array[int]:
    return array("h", (round(loud * math.sin(2 * math.pi * hertz * n / rate)) for n in range(int(rate * seconds))))


def wav(folder: Path, data: bytes, rate: int = 8000, channels: int = 1, bits: int = 16, tag: int = PCM) -> Path:
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits)
    if tag == EXTENSIBLE:
        form += struct.pack("<HHIH14x", 22, bits, 0, PCM)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"LIST" + struct.pack("<I", 3) + b"abc\0"
    chunks += b"data" + struct.pack("<I", len(data)) + data
    file = folder / "sound.wav"
    file.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    return file


def strength(pcm: bytes, hertz: float) -> float:
    """Amplitude of one frequency at 8 kHz, without the edges."""
    samples = array("h", pcm)[400:-400]
    turn = 2 * math.pi * hertz / 8000
    sine = sum(sample * math.sin(turn * n) for n, sample in enumerate(samples))
    cosine = sum(sample * math.cos(turn * n) for n, sample in enumerate(samples))
    return 2 * math.hypot(sine, cosine) / len(samples)


def test_telephone_audio_is_left_as_it_is(tmp_path: Path) -> None:
    samples = tone(8000, 440).tobytes()
    assert telephone_audio(wav(tmp_path, samples)) == samples


@pytest.mark.parametrize("rate", [11025, 16000, 22050, 24000, 32000, 44100, 48000, 96000])
def test_any_rate_keeps_length_and_tones(tmp_path: Path, rate: int) -> None:
    pcm = telephone_audio(wav(tmp_path, tone(rate, 1000).tobytes(), rate))
    assert len(pcm) / 2 == pytest.approx(4000, abs=4)
    assert strength(pcm, 1000) == pytest.approx(LOUD, rel=0.1)


@pytest.mark.parametrize(
    ("rate", "hertz"), [(16000, 5000), (16000, 7000), (44100, 5000), (44100, 11000), (48000, 6000)]
)
def test_tones_above_the_telephone_band_do_not_come_back_as_others(tmp_path: Path, rate: int, hertz: int) -> None:
    pcm = telephone_audio(wav(tmp_path, tone(rate, hertz).tobytes(), rate))
    assert audioop.rms(pcm[800:-800], 2) < LOUD / 100


def test_full_scale_stays_full_scale(tmp_path: Path) -> None:
    pcm = telephone_audio(wav(tmp_path, tone(16000, 300, loud=32767).tobytes(), 16000))
    assert strength(pcm, 300) == pytest.approx(32767, rel=0.02)


@pytest.mark.parametrize(("width", "near"), [(1, 200), (3, 0), (4, 0)])
def test_other_widths(tmp_path: Path, width: int, near: int) -> None:
    samples = tone(8000, 440)
    data = audioop.lin2lin(samples.tobytes(), 2, width)
    if width == 1:
        data = audioop.bias(data, 1, 128)
    pcm = telephone_audio(wav(tmp_path, data, bits=8 * width))
    assert max(abs(a - b) for a, b in zip(array("h", pcm), samples, strict=True)) <= near + 56


@pytest.mark.parametrize(("tag", "pack"), [(ALAW, audioop.lin2alaw), (ULAW, audioop.lin2ulaw)])
def test_telephone_codecs(tmp_path: Path, tag: int, pack: object) -> None:
    assert callable(pack)
    pcm = telephone_audio(wav(tmp_path, pack(tone(8000, 440).tobytes(), 2), bits=8, tag=tag))
    assert strength(pcm, 440) == pytest.approx(LOUD, rel=0.02)


@pytest.mark.parametrize(("kind", "bits"), [("f", 32), ("d", 64)])
def test_floating_point_with_values_that_are_none(tmp_path: Path, kind: str, bits: int) -> None:
    numbers = array(kind, [0.5, -0.5, 7.0, float("nan")])
    pcm = telephone_audio(wav(tmp_path, numbers.tobytes(), bits=bits, tag=FLOAT))
    assert list(array("h", pcm)) == [16383, -16383, 32767, 0]


def test_stereo_is_mixed_and_of_four_channels_the_first_counts(tmp_path: Path) -> None:
    assert list(array("h", telephone_audio(wav(tmp_path, array("h", [100, 300]).tobytes(), channels=2)))) == [200]
    four = array("h", [7, 1, 1, 1, 9, 1, 1, 1]).tobytes()
    assert list(array("h", telephone_audio(wav(tmp_path, four, channels=4)))) == [7, 9]


def test_the_extensible_form_of_the_header(tmp_path: Path) -> None:
    samples = tone(8000, 440).tobytes()
    assert telephone_audio(wav(tmp_path, samples, tag=EXTENSIBLE)) == samples


def test_a_length_that_was_never_filled_in_is_that_of_the_file(tmp_path: Path) -> None:
    samples = tone(8000, 440).tobytes()
    file = wav(tmp_path, samples)
    for size in (0, 0xFFFFFFFF):
        whole = file.read_bytes()
        at = whole.index(b"data") + 4
        file.write_bytes(whole[:at] + struct.pack("<I", size) + whole[at + 4 :])
        assert telephone_audio(file) == samples


def test_a_torn_file_gives_what_is_there_in_whole_samples(tmp_path: Path) -> None:
    file = wav(tmp_path, tone(8000, 440).tobytes())
    file.write_bytes(file.read_bytes()[:-1001])
    assert len(telephone_audio(file)) == 8000 - 1002


def test_an_hour_counts_with_its_beginning_only(tmp_path: Path) -> None:
    pcm = telephone_audio(wav(tmp_path, bytes(16000 * 3600)))
    assert 30 * 16000 <= len(pcm) <= 32 * 16000


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no WAV file"),
        (b"ID3 this is music", "no WAV file"),
        (b"RIFF\x00\x00\x00\x00WAVE", "without sound"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt \x04\x00\x00\x00\x01\x00\x01\x00", "damaged"),
        (b"RIFF\x00\x00\x00\x00WAVEdata\x04\x00\x00\x00\x01\x00\x01\x00", "without sound"),
    ],
)
def test_what_is_no_recording_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "sound.wav"
    file.write_bytes(content)
    with pytest.raises(BadRecording, match=told):
        telephone_audio(file)


@pytest.mark.parametrize(
    "damage", [{"tag": 49}, {"bits": 12}, {"channels": 0}, {"channels": 9}, {"rate": 6000}, {"rate": 2_000_000}]
)
def test_kinds_of_wav_that_are_not_understood_are_told(tmp_path: Path, damage: dict[str, int]) -> None:
    with pytest.raises(BadRecording, match="not understood"):
        telephone_audio(wav(tmp_path, bytes(1000), **damage))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match="No such file"):
        telephone_audio(tmp_path / "nothing.wav")
