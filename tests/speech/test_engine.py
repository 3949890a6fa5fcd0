"""The recogniser's processes with the shipped model and real speech, and what becomes of callers when they fail."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop

from ivr.dialogue.ports import Expects, Question
from ivr.listening.ears import EarsLost
from ivr.speech import process
from ivr.speech.engine import Engine
from ivr.speech.model_folder import BadModel
from ivr.speech.worker import Cost
from tests.speech.conftest import MODEL, SAID

READING = Question((), Expects.READING, most_digits=5)
PATIENT_S = 60.0  # tests share the processors with other tests
MANY = 1000


@asynccontextmanager
async def running(
    workers: int = 1, speakers: int = MANY, model: Path = MODEL, memory_mb: int = 1024
) -> AsyncIterator[Engine]:
    engine = Engine(model, workers, speakers, memory_mb=memory_mb, result_s=PATIENT_S)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds that nobody tells of."""
    for _ in range(6000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


def ignore(words: tuple[str, ...]) -> None:
    """Partial words that do not matter."""


async def heard(engine: Engine, speech: bytes, question: Question = READING) -> str:
    utterance = engine.listen(question, ignore)
    assert utterance is not None
    for at in range(0, len(speech), 1280):
        utterance.feed(speech[at : at + 1280])
    return " ".join((await utterance.finish())[0].words)


async def test_words_come_while_the_caller_speaks_and_the_best_hypothesis_at_the_end(speech: bytes) -> None:
    async with running() as engine:
        words: list[tuple[str, ...]] = []
        utterance = engine.listen(READING, words.append)
        assert utterance is not None
        for at in range(0, len(speech), 1280):
            utterance.feed(speech[at : at + 1280])
        await eventually(lambda: bool(words) and words[-1][:3] == ("двенадцать", "тысяч", "триста"))
        hypotheses = await utterance.finish()
        assert " ".join(hypotheses[0].words) == SAID
        assert [one.cost for one in hypotheses] == sorted(one.cost for one in hypotheses)
        assert hypotheses[0].cost == 0.0
        assert len({one.words for one in hypotheses}) == len(hypotheses)


def test_speech_is_understood_on_the_loop_of_the_daemon(speech: bytes) -> None:
    async def once() -> str:
        async with running() as engine:
            return await heard(engine, speech)

    assert uvloop.run(once()) == SAID


async def test_silence_is_nothing() -> None:
    async with running() as engine:
        assert await heard(engine, bytes(32000)) == ""
        assert await heard(engine, b"") == ""


async def test_a_hundred_callers_who_speak_at_once_are_all_answered(speech: bytes) -> None:
    second = speech[4000:20000]
    async with running(workers=2) as engine:
        utterances = [engine.listen(READING, ignore) for _ in range(100)]
        taken = [utterance for utterance in utterances if utterance is not None]
        assert len(taken) == 100
        for utterance in taken:
            utterance.feed(second)
        results = await asyncio.gather(*(utterance.finish() for utterance in taken))
        assert len({result[0].words for result in results}) == 1


async def test_a_process_takes_no_more_callers_than_it_bears() -> None:
    async with running(speakers=0) as engine:
        taken = [engine.listen(READING, ignore) for _ in range(10 * MANY)]
        assert sum(utterance is not None for utterance in taken) == engine.speakers


async def test_one_caller_too_many_has_keys_only_until_another_is_done() -> None:
    async with running(speakers=3) as engine:
        taken = [engine.listen(READING, ignore) for _ in range(100)]
        assert [utterance is not None for utterance in taken] == [True] * 3 + [False] * 97
        assert taken[0] is not None
        taken[0].abandon()
        taken[0].abandon()
        assert engine.listen(READING, ignore) is not None


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_process_that_dies_or_hangs_costs_its_callers_one_question(
    speech: bytes, fault: signal.Signals
) -> None:
    async with running(workers=2) as engine:
        await eventually(lambda: len(engine.pids) == 2 and engine.speakers == 2 * MANY)
        before = engine.pids
        one, other = engine.listen(READING, ignore), engine.listen(READING, ignore)
        assert one is not None
        assert other is not None
        one.feed(speech[:8000])
        other.feed(speech)
        os.kill(before[0], fault)
        assert " ".join((await other.finish())[0].words) == SAID
        with pytest.raises(EarsLost):
            await one.finish()
        await eventually(lambda: len({*engine.pids} - {*before}) == 1 and engine.speakers == 2 * MANY)
        assert [await heard(engine, speech) for _ in range(2)] == [SAID, SAID]


def test_a_daemon_that_was_held_up_itself_takes_no_process_for_hanging(
    speech: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "PING_S", 0.5)

    async def once() -> None:
        async with running() as engine:
            before = engine.pids
            assert await heard(engine, speech) == SAID
            time.sleep((process.MOST_SILENT_PINGS + 2) * process.PING_S)  # noqa: ASYNC251 - the hold-up
            assert await heard(engine, speech) == SAID
            assert engine.pids == before

    for run in (asyncio.run, uvloop.run):
        run(once())


def test_what_callers_cost_follows_what_their_speech_took() -> None:
    cost = Cost(0.01)
    assert cost.of_a_second == pytest.approx(0.01)
    for _ in range(100):
        cost.took(0.04, 0.5)
        cost.took(0.01, 0.0)  # a result
    assert cost.of_a_second == pytest.approx(0.1, rel=0.2)
    for _ in range(1000):
        cost.took(0.01, 1.0)
    assert cost.of_a_second == pytest.approx(0.01, rel=0.01)


async def test_a_process_that_falls_behind_takes_nobody_else_on(speech: bytes) -> None:
    async with running() as engine:
        utterance = engine.listen(READING, ignore)
        assert utterance is not None
        os.kill(engine.pids[0], signal.SIGSTOP)
        utterance.feed(speech + speech)

        def refused() -> bool:
            more = engine.listen(READING, ignore)
            if more is not None:
                more.abandon()
            return more is None

        await eventually(refused)


async def test_who_spoke_last_is_given_up_where_a_process_falls_behind(speech: bytes) -> None:
    async with running() as engine:
        taken = [utterance for _ in range(8) if (utterance := engine.listen(READING, ignore)) is not None]
        os.kill(engine.pids[0], signal.SIGSTOP)
        for utterance in taken:
            utterance.feed(speech)

        def given_up() -> bool:
            for utterance in taken:
                utterance.feed(bytes(16))
            return taken[-1].lost

        await eventually(given_up)
        os.kill(engine.pids[0], signal.SIGCONT)
        lost = [utterance.lost for utterance in taken]
        assert lost == sorted(lost)
        assert not lost[0]
        assert " ".join((await taken[0].finish())[0].words) == SAID


async def test_audio_faster_than_it_can_be_taken_loses_the_utterance_and_costs_no_memory() -> None:
    async with running() as engine:
        utterance = engine.listen(READING, ignore)
        assert utterance is not None
        for _ in range(1000):
            utterance.feed(bytes(160_000))
        with pytest.raises(EarsLost):
            await utterance.finish()


async def test_a_process_that_grows_too_large_is_replaced(speech: bytes) -> None:
    async with running(memory_mb=0) as engine:
        before = engine.pids
        opened = [engine.listen(READING, ignore) for _ in range(20)]
        for utterance in opened:
            assert utterance is not None
            utterance.feed(speech)
        await eventually(lambda: engine.available and engine.pids not in (before, []))


async def test_signals_for_the_daemon_leave_its_processes_alone(speech: bytes) -> None:
    async with running() as engine:
        before = engine.pids
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(before[0], number)
        assert await heard(engine, speech) == SAID
        assert engine.pids == before


DAEMON = """
import asyncio, sys
from pathlib import Path
from ivr.speech.engine import Engine

async def main():
    engine = Engine(Path(sys.argv[1]), 2)
    await engine.start()
    print(*engine.pids, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_processes_end_with_a_killed_daemon_even_if_they_hang() -> None:
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DAEMON, str(MODEL), stdout=asyncio.subprocess.PIPE
    )
    assert daemon.stdout is not None
    pids = [int(pid) for pid in (await daemon.stdout.readline()).split()]
    assert len(pids) == 2
    os.kill(pids[0], signal.SIGSTOP)
    daemon.kill()
    await daemon.wait()
    await eventually(lambda: not any(_lives(pid) for pid in pids))


def _lives(pid: int) -> bool:
    """Whether it is there and no mere entry of the process table."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODEL, tmp_path / "model"))


async def test_a_model_that_vanishes_and_comes_back_is_used_again(tmp_path: Path, speech: bytes) -> None:
    model = copied(tmp_path)
    async with running(model=model) as engine:
        model.rename(tmp_path / "away")
        os.kill(engine.pids[0], signal.SIGKILL)
        await eventually(lambda: not engine.available)
        assert engine.listen(READING, ignore) is None
        (tmp_path / "away").rename(model)
        await eventually(lambda: engine.available)
        assert await heard(engine, speech) == SAID


async def test_a_model_for_sixteen_kilohertz_understands_the_telephone(tmp_path: Path, speech: bytes) -> None:
    model = copied(tmp_path)
    features = model / "conf" / "mfcc.conf"
    features.write_text(features.read_text().replace("=8000", "=16000"))
    async with running(model=model) as engine:
        assert await heard(engine, speech) == SAID


async def test_a_model_without_grammars_of_its_own_understands_numbers_and_phrases(
    tmp_path: Path, speech: bytes
) -> None:
    model = copied(tmp_path)
    shutil.rmtree(model / "grammars")
    async with running(model=model) as engine:
        assert await heard(engine, speech) == SAID


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda model: shutil.rmtree(model), "no such model folder"),
        (lambda model: (model / "am/final.mdl").unlink(), r"no am/final\.mdl"),
        (lambda model: (model / "graph/HCLr.fst").write_bytes(b""), r"graph/HCLr\.fst is empty"),
        (lambda model: cut(model / "am/final.mdl"), "damaged"),
        (lambda model: cut(model / "graph/HCLr.fst"), "damaged"),
        (lambda model: cut(model / "grammars/reading.fst"), "damaged"),
        (lambda model: cut(model / "graph/words.txt"), "does not know «"),
        (lambda model: cut(model / "graph/disambig_tid.int"), "breaks down"),  # a segmentation fault in Vosk
    ],
)
async def test_a_broken_model_is_told_and_nothing_runs(
    tmp_path: Path, damage: Callable[[Path], object], told: str
) -> None:
    model = copied(tmp_path)
    damage(model)
    engine = Engine(model, 1)
    with pytest.raises(BadModel, match=told):
        await engine.start()
    assert not engine.available
    assert engine.pids == []
    assert engine.listen(READING, ignore) is None
    await engine.close()
