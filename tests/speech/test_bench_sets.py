"""The benchmark's sets: the same seed gives the same speech, and what is said is what is expected."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from ivr.language.ru.understanding import candidates
from ivr.testbed.speech_benchmark.figures import Share
from ivr.testbed.speech_benchmark.words import word_errors
from ivr.testbed.speech_sets import human, phrases, sound, synthetic
from ivr.testbed.speech_sets.degradation import (
    LOSS,
    RATIOS_DB,
    Degradation,
    Noise,
    degraded,
    noise_from,
    over_gsm,
    with_losses,
)
from ivr.testbed.speech_sets.human import Recordings
from ivr.testbed.speech_sets.sets import Known, Sources, Task, speech_sets
from ivr.testbed.speech_sets.spoken_numbers import Way, drawn, said, words_of

NUMBER_WORDS = [
    "ноль",
    "один",
    "два",
    "три",
    "четыре",
    "пять",
    "шесть",
    "семь",
    "восемь",
    "девять",
    "десять",
    "двадцать",
    "сорок",
    "сто",
]


def tone(seconds: float, hertz: int = 300, height: int = 8000) -> bytes:
    """A square tone: loud from end to end."""
    half = sound.RATE // hertz // 2
    wave = (height.to_bytes(2, "little") * half) + ((-height).to_bytes(2, "little", signed=True) * half)
    return (wave * int(seconds * hertz + 1))[: sound.bytes_of(seconds * 1000)]


def person() -> Recordings:
    words = {word: tone(0.3, 200 + 10 * index) for index, word in enumerate([*NUMBER_WORDS, "нет"])}
    return Recordings(words, {"добрый вечер": tone(0.8), "сто рублей": tone(0.5)})


def sources(cache: Path, seed: int = 1, count: int = 8) -> Sources:
    return Sources(person(), (("gcompris_lubimov", person()),), cache, seed, count)


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("length", [5, 10])
def test_every_way_of_saying_a_number_can_be_understood(way: Way, length: int) -> None:
    random = Random(7)
    for _ in range(40):
        digits, saying = drawn(length, way, random, first="123456789")
        if way is not Way.WHOLE or length == 5:
            assert digits in {candidate.digits for candidate in candidates(words_of(saying), length)}, saying


def test_leading_zeros_are_said_one_by_one() -> None:
    assert said("0045", Way.PAIRS, Random(0)) == (("ноль", "ноль"), ("сорок", "пять"))
    assert words_of(said("12345", Way.WHOLE, Random(0))) == ("двенадцать", "тысяч", "триста", "сорок", "пять")


def test_a_number_that_cannot_be_said_with_the_words_recorded_is_refused() -> None:
    with pytest.raises(ValueError, match="no number said whole number"):
        drawn(5, Way.WHOLE, Random(0), {"один", "два"}, first="12")


def test_the_same_seed_gives_the_same_speech_and_another_seed_another(tmp_path: Path) -> None:
    first, again, other = ([one.items for one in speech_sets(sources(tmp_path, seed), "woman")] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_sets_say_who_speaks_and_what_is_known_of_them(tmp_path: Path) -> None:
    sets = {one.name: one for one in speech_sets(sources(tmp_path), "woman")}
    assert {one.task for one in sets.values()} == {Task.ACCOUNT, Task.READING, Task.YES_NO, Task.OTHER}
    assert {one.known for one in sets.values()} == {Known.DEVELOPMENT}
    trained = next(iter(speech_sets(sources(tmp_path), "lubimov")))
    assert trained.known is Known.TRAINED
    accounts = sets["Asterisk's woman, accounts"].items
    assert all(len(item.meaning) == 10 and set(item.words) <= set(NUMBER_WORDS) for item in accounts)
    assert [item.words for item in sets["Asterisk's woman, other speech"].items] == [("добрый", "вечер")]


def test_speech_begins_and_ends_with_the_silence_that_the_line_hands_over(tmp_path: Path) -> None:
    item = next(iter(speech_sets(sources(tmp_path), "woman"))).items[0]
    assert item.pcm.startswith(sound.silence(300))
    assert item.pcm.endswith(sound.silence(600))


def test_synthetic_speech_is_spoken_once_and_kept(tmp_path: Path) -> None:
    voice = synthetic.Voice(synthetic.HELD_OUT[0], 150, 50)
    first = synthetic.speak("два три", voice, tmp_path)
    assert 0.4 < sound.seconds_of(first) < 2.0
    kept = list(tmp_path.glob("*.wav"))
    before = kept[0].stat().st_mtime_ns
    assert synthetic.speak("два три", voice, tmp_path) == first
    assert [file.stat().st_mtime_ns for file in tmp_path.glob("*.wav")] == [before]


def test_recordings_beside_a_list_of_transcripts(tmp_path: Path) -> None:
    sound.write(tmp_path / "n1.wav", sound.silence(200) + tone(0.3) + sound.silence(200))
    (tmp_path / "transcripts.tsv").write_text("n1.wav\tодин\n", encoding="utf-8")
    assert 0.28 < sound.seconds_of(human.with_transcripts(tmp_path).words["один"]) < 0.36
    (tmp_path / "n1.wav").write_bytes(b"no sound")
    with pytest.raises(sound.BadRecording, match=r"n1\.wav"):
        human.with_transcripts(tmp_path)


def test_what_is_to_be_refused_has_no_number_in_it() -> None:
    assert not any(phrases.is_answer(text.replace(",", "")) for text in phrases.OTHER)


def quiet_noise() -> Noise:
    return noise_from(3, [])


@pytest.mark.parametrize("line", [Degradation.NOISE_15, Degradation.NOISE_10])
def test_noise_stands_at_the_promised_ratio(line: Degradation) -> None:
    speech = tone(1.0) + sound.silence(500) + tone(1.0)
    noisy = degraded(speech, line, quiet_noise(), Random(5))
    pause = noisy[sound.bytes_of(1050) : sound.bytes_of(1450)]
    assert sound.speech_level(speech) - sound.level(pause) == pytest.approx(RATIOS_DB[line], abs=1.0)


def test_a_mobile_carries_300_to_3400_hertz() -> None:
    low, middle = tone(1.0, hertz=100), tone(1.0, hertz=1000)
    assert sound.level(over_gsm(middle)) > sound.level(middle) - 6
    assert sound.level(sound.trimmed(over_gsm(low))) < sound.level(low) - 6  # its harmonics remain
    assert len(over_gsm(middle[:-14])) == len(middle) - 14


def test_packets_are_lost_at_the_promised_rate_and_whole() -> None:
    speech = tone(400.0)
    for seed in range(4):  # both silence and the packet before take their place
        heard = sound.blocks(with_losses(speech, LOSS, Random(seed)), sound.PACKET_MS)
        sent = sound.blocks(speech, sound.PACKET_MS)
        changed = [packet for packet, was in zip(heard, sent, strict=True) if packet != was]
        assert set(changed) <= {bytes(len(packet)) for packet in sent} | set(sent)
        lost = sum(packet == bytes(len(packet)) for packet in heard) or len(changed)
        assert 0.013 < lost / len(sent) < 0.027


def test_a_line_does_the_same_to_the_same_speech() -> None:
    speech, noise = tone(1.0), quiet_noise()
    for line in Degradation:
        once, again = (degraded(speech, line, noise, Random(9)) for _ in range(2))
        assert once == again
        assert len(once) == len(speech)
    assert degraded(speech, Degradation.CLEAN, noise, Random(9)) == speech


def test_word_errors_take_forms_of_a_number_for_the_same() -> None:
    assert word_errors(("одна", "тысяча"), ("один", "тыща")) == 0
    assert word_errors(("два", "три"), ("два",)) == 1
    assert word_errors(("два",), ("два", "[unk]", "пять")) == 1


def test_a_share_comes_with_wilsons_interval() -> None:
    low, high = Share(90, 100).interval
    assert (round(low, 1), round(high, 1)) == (82.6, 94.5)
    assert str(Share(0, 0)) == "–"
    assert str(Share(100, 100)) == "100.0 (96–100)"
