"""What the telephone gets: band, level, headroom, edges. Measured on made tones and on every published prompt."""

from __future__ import annotations

import array
import math
import subprocess
import wave
from datetime import date
from pathlib import Path

import pytest

from ivr.config import REPOSITORY
from ivr.domain.meters import ZoneName
from ivr.language.ru.numbers import cardinal, day_of, digits, zone
from ivr.studio.catalogue import load_catalogue
from ivr.studio.sound.telephone_sound import CEILING_DBFS, LEVEL_DBFS, RATE, BadSound, measure, opened, to_telephone

PUBLISHED = REPOSITORY / "prompts" / "ru"
SPOKEN = [entry for entry in load_catalogue(REPOSITORY / "prompts" / "ru.toml").values() if entry.text]


def recording(folder: Path, *parts: tuple[float, dict[float, float]], rate: int = 16000) -> Path:
    """A WAV of parts one after the other: seconds, and amplitude (1 is full scale) by frequency in hertz."""
    samples = array.array("h")
    for seconds, tones in parts:
        for index in range(int(seconds * rate)):
            value = sum(a * math.sin(2 * math.pi * f * index / rate) for f, a in tones.items())
            samples.append(int(32767 * value))
    file = folder / "recording.wav"
    with wave.open(str(file), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(samples.tobytes())
    return file


def strength(samples: array.array[int], hertz: float) -> float:
    """Amplitude of one frequency, 1 is full scale."""
    turn = 2 * math.pi * hertz / RATE
    cosine = sum(value * math.cos(turn * index) for index, value in enumerate(samples))
    sine = sum(value * math.sin(turn * index) for index, value in enumerate(samples))
    return 2 * math.hypot(cosine, sine) / len(samples) / 32768


def in_db(ratio: float) -> float:
    return 20 * math.log10(max(ratio, 1e-9))


def test_speech_is_cut_close_with_soft_edges(tmp_path: Path) -> None:
    sound = to_telephone(recording(tmp_path, (0.7, {}), (0.5, {440: 0.1}), (0.9, {})))
    assert len(sound) == pytest.approx(500, abs=40)
    samples = sound.get_array_of_samples()
    assert abs(samples[0]) < 100
    assert abs(samples[-1]) < 100


def test_specks_before_and_after_the_speech_are_cut_off(tmp_path: Path) -> None:
    speck = (0.01, {1000: 0.05})
    sound = to_telephone(recording(tmp_path, speck, (0.4, {}), (0.5, {440: 0.1}), (0.4, {}), speck, (0.1, {})))
    assert len(sound) == pytest.approx(500, abs=40)


def test_a_short_sound_close_to_a_word_belongs_to_it(tmp_path: Path) -> None:
    """The burst of a final «ть» comes after a closure of some 60 ms."""
    sound = to_telephone(recording(tmp_path, (0.3, {}), (0.4, {440: 0.1}), (0.06, {}), (0.02, {2500: 0.02}), (0.3, {})))
    assert len(sound) == pytest.approx(480, abs=40)


@pytest.mark.parametrize("amplitude", [0.003, 0.1, 0.99])
def test_quiet_and_loud_recordings_come_out_at_one_level(tmp_path: Path, amplitude: float) -> None:
    word = (0.3, {300: amplitude / 2, 800: amplitude / 2})
    sound = to_telephone(recording(tmp_path, word, (0.5, {}), word))
    spoken = sound[50:250]
    assert spoken.dBFS == pytest.approx(LEVEL_DBFS, abs=0.5)


def test_peaks_stay_under_the_ceiling(tmp_path: Path) -> None:
    """Far more uneven than speech: one loud block in two seconds of murmur."""
    sound = to_telephone(recording(tmp_path, (1, {300: 0.03}), (0.02, {300: 0.9}), (1, {300: 0.03}), (0.3, {})))
    assert sound.max_dBFS <= CEILING_DBFS + 0.05


def test_what_the_telephone_cannot_carry_is_filtered_and_does_not_fold_back(tmp_path: Path) -> None:
    tones = {40: 0.2, 1000: 0.2, 5000: 0.2}
    samples = to_telephone(recording(tmp_path, (0.5, tones))).get_array_of_samples()[800:-800]
    assert in_db(strength(samples, 3000) / strength(samples, 1000)) < -60  # 5 kHz would be heard as 3 kHz
    assert in_db(strength(samples, 40) / strength(samples, 1000)) < -15


def test_silence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSound, match="nothing is heard"):
        to_telephone(recording(tmp_path, (1, {})))


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_text("not a sound")
    with pytest.raises(BadSound, match="ffmpeg"):
        to_telephone(tmp_path / "x.wav")
    with pytest.raises(BadSound, match="not a WAV file"):
        opened(tmp_path / "x.wav")


def test_compressed_audio_is_refused(tmp_path: Path) -> None:
    """Asterisk plays no A-law in a .wav."""
    source, target = recording(tmp_path, (0.2, {440: 0.1}), rate=8000), tmp_path / "alaw.wav"
    subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-c:a", "pcm_alaw", target], check=True, timeout=240)
    with pytest.raises(BadSound, match="not a WAV file"):
        opened(target)


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSound, match=r"16000 Hz, 16 bit, 1 channel.* instead of 8000 Hz"):
        opened(recording(tmp_path, (0.2, {440: 0.1})))


def test_published_prompts_are_even_clean_and_cut_close() -> None:
    for entry in SPOKEN:
        sound = measure(PUBLISHED / f"{entry.id}.wav")
        assert sound.level == pytest.approx(LEVEL_DBFS, abs=1.5), entry.id
        assert sound.peak <= CEILING_DBFS + 0.05, entry.id
        assert entry.lead_ms <= sound.lead_ms <= entry.lead_ms + 30, entry.id
        assert entry.tail_ms <= sound.tail_ms <= entry.tail_ms + 30, entry.id
        samples = opened(PUBLISHED / f"{entry.id}.wav").get_array_of_samples()
        assert max(abs(samples[0]), abs(samples[-1])) < 100, entry.id


def seconds_of(*ids: str) -> float:
    return sum(len(opened(PUBLISHED / f"{id_}.wav")) for id_ in ids) / 1000


def test_the_ordinary_way_of_a_two_zone_reading_is_short() -> None:
    """What a caller with an account number listens to if everything goes well; the table is in prompts/README.md."""
    today, day, night = date(2026, 11, 23), zone(ZoneName.DAY), zone(ZoneName.NIGHT)
    steps = {
        "greeting": ("fixed/greeting", "greeting/welcome"),
        "account": ("identify/ask", "identify/confirm", *digits("0042"), "common/yes-no"),
        "last readings": (
            *("reading/last", *day, *cardinal(12_345), *night, *cardinal(6_789)),
            *("reading/taken-on", *day_of(date(2026, 10, 25), today)),
        ),
        "day": ("reading/ask", *day, "reading/confirm", *day, *cardinal(12_480), "common/yes-no"),
        "night": ("reading/ask", *night, "reading/confirm", *night, *cardinal(6_850), "common/yes-no"),
        "receipt": ("reading/stored", "reading/receipt", *digits("1017"), "menu/else", "common/goodbye"),
    }
    seconds = {step: seconds_of(*ids) for step, ids in steps.items()}
    print("\n".join(f"{step:>14} {length:5.1f} s" for step, length in seconds.items()))
    assert max(seconds.values()) < 16
    assert sum(seconds.values()) < 75


def test_first_prompts_are_short() -> None:
    seconds = {entry.id: seconds_of(entry.id) for entry in SPOKEN}
    assert seconds["fixed/greeting"] < 5
    assert seconds["greeting/welcome"] < 9.5
    assert max(seconds[f"{folder}/ask"] for folder in ("identify", "reading")) < 3
    assert max(seconds.values()) < 11
