"""The recogniser's processes with the shipped model and real speech, and what becomes of callers when they fail."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ivr.config import REPOSITORY
from ivr.dialogue.ports import Expects, Question
from ivr.listening.ears import EarsLost
from ivr.speech.engine import Engine
from ivr.speech.model_folder import BadModel
from ivr.studio.sound import to_telephone
from ivr.studio.synthesis import engines_here

MODEL = REPOSITORY / "speech_models" / "ru-phone"
READING = Question((), Expects.READING, most_digits=5)


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """«двенадцать тысяч триста сорок пять», signed linear 16 bit at 8 kHz."""
    file = tmp_path_factory.mktemp("speech") / "said.wav"
    engines_here()[0][0].speak("двенадцать тысяч триста сорок пять.", file)
    raw: bytes = to_telephone(file).raw_data
    return raw


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine(MODEL, 2, 60, result_s=60)
    await engine.start()
    yield engine
    await engine.close()


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds that nobody tells of."""
    for _ in range(6000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


async def heard(engine: Engine, speech: bytes) -> str:
    words: list[tuple[str, ...]] = []
    utterance = engine.listen(READING, words.append)
    assert utterance is not None
    for at in range(0, len(speech), 1280):
        utterance.feed(speech[at : at + 1280])
    best = (await utterance.finish())[0].words
    utterance.abandon()
    return " ".join(best)


async def test_speech_is_understood_with_partial_words(engine: Engine, speech: bytes) -> None:
    assert await heard(engine, speech) == "двенадцать тысяч триста сорок пять"


async def test_silence_is_nothing(engine: Engine) -> None:
    assert await heard(engine, bytes(32000)) == ""


async def test_many_callers_at_once_are_all_understood(engine: Engine, speech: bytes) -> None:
    assert set(await asyncio.gather(*(heard(engine, speech) for _ in range(6)))) == {
        "двенадцать тысяч триста сорок пять"
    }


async def test_one_caller_too_many_has_keys_only() -> None:
    engine = Engine(MODEL, 1, 3)
    await engine.start()
    try:
        taken = [engine.listen(READING, print) for _ in range(100)]
        assert sum(utterance is not None for utterance in taken) == 3
        assert taken[0] is not None
        taken[0].abandon()
        assert engine.listen(READING, print) is not None
    finally:
        await engine.close()


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_process_that_dies_or_hangs_costs_one_question_and_is_replaced(
    speech: bytes, fault: signal.Signals
) -> None:
    engine = Engine(MODEL, 1, 60, result_s=60)
    await engine.start()
    try:
        before = engine.pids
        utterance = engine.listen(READING, print)
        assert utterance is not None
        utterance.feed(speech[:8000])
        os.kill(before[0], fault)
        with pytest.raises(EarsLost):
            await utterance.finish()
        await eventually(lambda: engine.available and engine.pids != before)
        assert await heard(engine, speech) == "двенадцать тысяч триста сорок пять"
    finally:
        await engine.close()


def damaged(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODEL, tmp_path / "model"))


async def test_a_missing_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="no such model folder"):
        await Engine(tmp_path / "nowhere", 1, 60).start()


async def test_a_model_without_its_parts_is_told(tmp_path: Path) -> None:
    model = damaged(tmp_path)
    (model / "am" / "final.mdl").unlink()
    with pytest.raises(BadModel, match=r"am/final\.mdl"):
        await Engine(model, 1, 60, result_s=60).start()


async def test_a_model_for_sixteen_kilohertz_understands_the_telephone(tmp_path: Path, speech: bytes) -> None:
    model = damaged(tmp_path)
    features = model / "conf" / "mfcc.conf"
    features.write_text(features.read_text().replace("=8000", "=16000"))
    engine = Engine(model, 1, 60, result_s=60)
    await engine.start()
    try:
        assert await heard(engine, speech) == "двенадцать тысяч триста сорок пять"
    finally:
        await engine.close()


async def test_a_truncated_model_is_told(tmp_path: Path) -> None:
    model = damaged(tmp_path)
    whole = (model / "am" / "final.mdl").read_bytes()
    (model / "am" / "final.mdl").write_bytes(whole[: len(whole) // 2])
    engine = Engine(model, 1, 60, result_s=60)
    try:
        with pytest.raises(BadModel, match="damaged"):
            await engine.start()
        assert not engine.available
    finally:
        await engine.close()


async def test_recordings_are_transcribed(tmp_path: Path, speech: bytes) -> None:
    with wave.open(str(tmp_path / "said.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(speech)
    (tmp_path / "broken.wav").write_text("no sound")
    process = await asyncio.create_subprocess_exec(
        "ivr", "speech", "transcribe", "--expects", "reading", "--json",
        str(tmp_path / "broken.wav"), str(tmp_path / "said.wav"),
        cwd=tmp_path, env={**os.environ, "PATH": f"{REPOSITORY}/.venv/bin:{os.environ['PATH']}"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 1
    assert b"broken.wav" in err
    assert b'"value": "12345"' in out
