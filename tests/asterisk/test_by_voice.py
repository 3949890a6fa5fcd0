"""Calls by voice on the real Asterisk: synthesised speech over RTP, the shipped model, the real dialogue."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.lab.lab import SOUNDS, Lab
from ivr.robot.ringing import Result
from ivr.robot.scenario import Scenario, load, parse
from ivr.robot.system import System
from ivr.studio.catalogue import load_catalogue
from tests.asterisk.accounts import import_accounts, stored_for
from tests.asterisk.conftest import ringing
from tests.asterisk.steps import logged, story
from tests.listening.sounding import noise, quieter, silence

FOLDER = Path(__file__).parent / "by_voice"
SCENARIOS = {file.stem: file for file in sorted(FOLDER.glob("*.toml"))}
OVER_THE_LAST_READING = {"line-noise-and-coughs": "noise.wav", "echo-of-the-prompt": "echo.wav"}
AT_ONCE = 3
"""Two cores also carry Asterisk, both ends of each call, and the recognisers."""
SETTINGS = {
    "waits": {"no_input": 4, "no_input_stumbled": 4, "no_input_look": 5},
    "speech": {"longest": 8, "result": 5},  # seconds, where callers have 20 and 3
    "line": {"header_s": 30},
}


def over_the_last_reading(title: str, wav: str, folder: Path) -> Scenario:
    """Plays a wav into the last reading; then the keys show where the call stands."""
    steps = [
        {"hears": "greeting/welcome"},
        {"keys": "1829360475"},
        {"hears": "identify/confirm"},
        {"keys": "1"},
        {"hears": "reading/last"},
        {"wav": wav, "over": True},
        {"hears": "reading/ask"},
        {"keys": "12150"},
        {"hears": "reading/confirm"},
        {"hangs_up": True},
    ]
    heard = ["reading/last", "reading/taken-on", "reading/ask", "reading/confirm"]
    return parse({"title": title, "step": steps, "expect": {"readings": [], "heard": heard}}, folder)


def write_wav(file: Path, pcm: bytes) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(pcm)


def prompt(name: str) -> bytes:
    with wave.open(str(SOUNDS / f"{name}.wav")) as sound:
        return sound.readframes(sound.getnframes())


async def ring_all(system: System) -> dict[str, Result]:
    cough = noise(0.15, 6000) + noise(0.2, 2500)
    write_wav(system.folder / "noise.wav", noise(1.5, 400) + cough + noise(0.4, 400) + cough + noise(1, 400))
    # The prompts from 0.3 s on: the robot reacts half a second after they begin, so they come back 0.3 s late.
    said = b"".join(map(prompt, ("reading/last", "number/12", "number/thousand-many", "reading/taken-on")))
    write_wav(system.folder / "echo.wav", quieter(said[int(0.3 * 16000) :], 10) + silence(0.1))
    turn = asyncio.Semaphore(AT_ONCE)
    async with ringing(system) as robot:

        async def ring(scenario: Scenario) -> Result:
            async with turn:
                return await robot.ring(scenario)

        scenarios = {name: load(file) for name, file in SCENARIOS.items()}
        for title, wav in OVER_THE_LAST_READING.items():
            scenarios[title] = over_the_last_reading(title, wav, system.folder)
        longest_first = dict(sorted(scenarios.items(), key=lambda named: -len(named[1].steps)))
        results = await asyncio.gather(*map(ring, longest_first.values()))
        return dict(zip(longest_first, results, strict=True))


@pytest.fixture(scope="module")
def rung(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, dict[str, Result]]]:
    """The system after the scenarios were rung, and what came of each."""
    folder = tmp_path_factory.mktemp("voices")
    system = System(folder, lab, changes={**SETTINGS, "recordings": {"folder": str(folder / "kept")}})
    system.prepare()
    import_accounts(system, FOLDER / "accounts.csv")
    system.start_daemon()
    try:
        yield system, asyncio.run(ring_all(system))
        system.stop_daemon()
    finally:
        system.kill_daemon()


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", [*SCENARIOS, *OVER_THE_LAST_READING])
def test_scenario(rung: tuple[System, dict[str, Result]], name: str) -> None:
    result = rung[1][name]
    assert not result.faults, story(result)


@pytest.mark.parametrize("name", OVER_THE_LAST_READING)
def test_what_is_no_speech_is_no_failure(rung: tuple[System, dict[str, Result]], name: str) -> None:
    assert "common/not-understood" not in rung[1][name].heard


def test_words_stop_the_prompt(rung: tuple[System, dict[str, Result]]) -> None:
    heard = rung[1]["mixture-and-barge-in"].heard
    assert "reading/ask" not in heard, "it would have followed the last reading"


def test_other_words_do_not_where_only_keys_answer(rung: tuple[System, dict[str, Result]]) -> None:
    heard = rung[1]["three-failures"].heard
    assert heard[-3:] == ["common/no-input", "common/person", "operator/connecting"]
    assert "identify/confirm" not in heard


def test_a_near_account_is_read_out_whole(rung: tuple[System, dict[str, Result]]) -> None:
    digits = load_catalogue(SOUNDS.parent / "ru.toml")
    result = rung[1]["near-account-and-no"]
    said = next(it.text for it in result.happenings if it.prompt == "identify/confirm")
    assert said.split()[-10:] == [digits[f"digit/{digit}"].text for digit in "2741683501"]


def test_the_number_after_the_no_needs_no_question(rung: tuple[System, dict[str, Result]]) -> None:
    assert rung[1]["no-with-the-number"].heard.count("reading/ask") == 1


def test_the_voice_is_kept_beside_the_flagged_reading(rung: tuple[System, dict[str, Result]]) -> None:
    system, results = rung
    (stored,) = stored_for(system, "20000006")
    assert (stored.status, stored.reason) == ("flagged", "same-value")
    assert results["same-value"].call_id in stored.voice
    with wave.open(str(system.settings.recordings.folder / stored.voice)) as kept:
        assert (kept.getframerate(), kept.getsampwidth(), kept.getnchannels()) == (8000, 2, 1)
        assert 0.5 < kept.getnframes() / 8000 < 4


def test_logs_hold_no_words_and_no_numbers(rung: tuple[System, dict[str, Result]]) -> None:
    log = logged(rung[0])
    assert "call ends" in log
    for secret in ("538160", "двенадцать", "12162"):
        assert secret not in log
