"""Calls by voice in virtual time: recorded speech, the shipped model, the real line, listening and dialogue."""

from __future__ import annotations

import wave
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ivr.listening.recogniser_port import RecogniserPort
from ivr.testbed.robot.scenario import Scenario, load, parse
from tests.dialogue.known_outage import HOME, KNOWN, PHONE
from tests.dialogue.scripted import MemoryLedger, MemoryOutages
from tests.dialogue.visits import NUMBER
from tests.listening.sounding import noise
from tests.virtual_time import in_virtual_time
from tests.voice.calling import CATALOGUE, Rung, accounts, ring
from tests.voice.ears import EarsLostAtFirst, OwnEars
from tests.voice.echoes import echo_of_the_last_reading, over_the_last_reading, write_wav
from tests.voice.said import WAVS

HERE = Path(__file__).parent
SCENARIOS = {file.stem: file for file in sorted((HERE / "scenarios").glob("*.toml"))}
NO_SPEECH = ("line-noise-and-coughs", "echo-of-the-prompt")


def placed(scenario: Scenario, folder: Path, ears: Callable[[], RecogniserPort | None] = OwnEars) -> Rung:
    ledger = MemoryLedger(accounts(HERE / "accounts.csv"))
    return in_virtual_time(ring(scenario, ears(), ledger, folder / "kept"))


@pytest.fixture(scope="module")
def rung(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Rung]:
    """What came of a scenario, by its name; each is rung once."""
    folder = tmp_path_factory.mktemp("voices")

    @cache
    def once(name: str) -> Rung:
        if name in SCENARIOS:
            return placed(load(SCENARIOS[name]), folder)
        if name == "echo-of-the-prompt":
            write_wav(folder / f"{name}.wav", echo_of_the_last_reading())
        else:
            cough = noise(0.15, 6000) + noise(0.2, 2500)
            pcm = noise(1.5, 400) + cough + noise(0.4, 400) + cough + noise(1, 400)
            write_wav(folder / f"{name}.wav", pcm)
        return placed(over_the_last_reading(name, f"{name}.wav", folder), folder)

    return once


@pytest.mark.parametrize("name", [*SCENARIOS, *NO_SPEECH])
def test_scenario(rung: Callable[[str], Rung], name: str) -> None:
    assert not rung(name).faults, rung(name).story


@pytest.mark.parametrize("name", NO_SPEECH)
def test_what_is_no_speech_is_no_failure(rung: Callable[[str], Rung], name: str) -> None:
    assert "common/not-understood" not in rung(name).heard


def test_words_stop_the_prompt(rung: Callable[[str], Rung]) -> None:
    assert "reading/ask" not in rung("mixture-and-barge-in").heard, "it would have followed the last reading"


def test_other_words_do_not_where_only_keys_answer(rung: Callable[[str], Rung]) -> None:
    heard = rung("three-failures").heard
    assert heard[-3:] == ["common/no-input", "common/person", "operator/connecting"]
    assert "identify/confirm" not in heard


def test_a_near_account_is_read_out_whole(rung: Callable[[str], Rung]) -> None:
    said = next(it.text for it in rung("near-account-and-no").happenings if it.prompt == "identify/confirm")
    assert said.split()[-10:] == [CATALOGUE[f"digit/{digit}"].text for digit in "2741683501"]


def test_the_number_after_the_no_needs_no_question(rung: Callable[[str], Rung]) -> None:
    assert rung("no-with-the-number").heard.count("reading/ask") == 1


def test_the_voice_is_kept_beside_the_flagged_reading(
    rung: Callable[[str], Rung], tmp_path_factory: pytest.TempPathFactory
) -> None:
    call = rung("too-high-insisted")
    ((_, entry),) = call.entries
    assert (entry.flagged, entry.reason) == (True, "above-usual-use")
    assert entry.voice is not None
    assert call.call_id in entry.voice
    with wave.open(str(call.recordings / entry.voice)) as kept:
        assert (kept.getframerate(), kept.getsampwidth(), kept.getnchannels()) == (8000, 2, 1)
        assert 0.5 < kept.getnframes() / 8000 < 4


def test_who_never_stops_talking_is_heard_for_twenty_seconds(rung: Callable[[str], Rung]) -> None:
    happenings = rung("never-stops-talking").happenings
    begins = next(it.at for it in happenings if it.text == "plays never-stops.wav")
    told = next(it.at for it in happenings if it.prompt == "common/not-understood")
    assert 20 < told - begins < 21


def test_the_same_call_is_the_same_call_again(rung: Callable[[str], Rung], tmp_path: Path) -> None:
    once, again = rung("digits-and-number"), placed(load(SCENARIOS["digits-and-number"]), tmp_path)
    assert once.happenings == again.happenings


BY_KEYS: list[dict[str, Any]] = [
    {"keys": "5381602794"},
    {"hears": "identify/confirm"},
    {"keys": "1"},
    {"hears": "reading/ask"},
    {"keys": "12150"},
    {"hears": "reading/confirm"},
    {"wav": "yes.wav"},
    {"keys": "1"},
    {"hears": "reading/receipt"},
    {"hangs_up": True},
]


def scripted(steps: list[dict[str, Any]], folder: Path, ears: Callable[[], RecogniserPort | None] = OwnEars) -> Rung:
    return placed(parse({"title": "a call", "step": steps}, WAVS), folder, ears)


def test_without_a_recogniser_only_keys_are_asked_for_and_answer(tmp_path: Path) -> None:
    call = scripted([{"hears": "identify/ask"}, *BY_KEYS], tmp_path, lambda: None)
    assert not call.faults, call.story
    assert [(meter, entry.value) for meter, entry in call.entries] == [("20000001", 12150)]
    asked = next(it.text for it in call.happenings if it.prompt == "identify/ask")
    assert "на клавишах" in asked and "азовите" not in asked


def test_a_recogniser_lost_while_the_caller_speaks_costs_one_question(tmp_path: Path) -> None:
    spoken = [{"hears": "identify/ask"}, {"wav": "fourteen-digits.wav"}, {"hears": "common/keys-only"}, *BY_KEYS[:4]]
    again = [{"wav": "reading-12162.wav"}, {"hears": "reading/confirm"}, {"wav": "yes.wav"}, *BY_KEYS[8:]]
    call = scripted([*spoken, *again], tmp_path, EarsLostAtFirst)
    assert not call.faults, call.story
    assert [(meter, entry.value) for meter, entry in call.entries] == [("20000001", 12162)]
    assert "common/not-understood" not in call.heard


def test_a_call_that_goes_another_way_is_a_fault(tmp_path: Path) -> None:
    found = scripted([{"hears": "identify/ask"}, {"hears": "reading/stored"}], tmp_path)
    assert found.faults == ["step 2: reading/stored did not come"]


def test_who_hears_of_an_outage_reaches_a_person_by_a_word(tmp_path: Path) -> None:
    ledger = MemoryLedger([HOME], {PHONE: NUMBER})
    steps = [{"hears": "outage/choices-without-number", "timeout": 40}, {"wav": "operator.wav"}]
    heard = [
        "greeting/welcome",
        "outage/known",
        "outage/expected",
        "outage/choices-without-number",
        "hotline/connecting",
    ]
    scenario = parse({"title": "a person", "step": steps, "expect": {"outcome": "hotline", "heard": heard}}, WAVS)
    call = in_virtual_time(ring(scenario, OwnEars(), ledger, tmp_path, MemoryOutages([KNOWN])))
    assert not call.faults, call.story
