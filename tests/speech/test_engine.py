"""The recogniser's processes with the shipped model and real speech: callers of every kind, one and many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest
import pytest_asyncio
import uvloop

from ivr.language.ru.words import UNKNOWN
from ivr.speech.engine import Engine
from ivr.speech.recogniser import LONGEST_S
from ivr.speech.worker import Cost
from tests.speech.engines import MANY, READING, SAID, heard, ignore, running
from tests.waiting import until

on_one_engine = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[Engine]:
    """One process, which no test harms."""
    async with running() as engine:
        yield engine


@on_one_engine
async def test_words_come_while_the_caller_speaks_and_the_best_hypothesis_at_the_end(
    engine: Engine, speech: bytes
) -> None:
    words: list[tuple[str, ...]] = []
    utterance = engine.listen(READING, words.append)
    assert utterance is not None
    for at in range(0, len(speech), 1280):
        utterance.feed(speech[at : at + 1280])
    await until(lambda: bool(words) and words[-1][:3] == ("двенадцать", "тысяч", "триста"))
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


@on_one_engine
async def test_silence_is_nothing(engine: Engine) -> None:
    assert await heard(engine, bytes(32000)) == ""
    assert await heard(engine, b"") == ""


async def test_a_hundred_callers_who_speak_at_once_are_all_answered(speech: bytes) -> None:
    half_a_second = speech[4000:12000]
    async with running(workers=2) as engine:
        utterances = [engine.listen(READING, ignore) for _ in range(100)]
        taken = [utterance for utterance in utterances if utterance is not None]
        assert len(taken) == 100
        for utterance in taken:
            utterance.feed(half_a_second)
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


@on_one_engine
async def test_a_burst_of_audio_and_a_caller_who_falls_silent_hold_nobody_up(engine: Engine, speech: bytes) -> None:
    silent, burst = engine.listen(READING, ignore), engine.listen(READING, ignore)
    assert silent is not None
    assert burst is not None
    silent.feed(speech[:4000])
    burst.feed(speech + bytes(64_000))  # of a line that stood still for seconds
    assert await heard(engine, speech) == SAID
    assert " ".join((await burst.finish())[0].words) == SAID
    assert not silent.lost
    assert await silent.finish()


@on_one_engine
async def test_noise_alone_is_no_number(engine: Engine) -> None:
    random = Random(1)
    hiss = b"".join(int(random.gauss(0, 1500)).to_bytes(2, "little", signed=True) for _ in range(5 * 8000))
    assert set((await heard(engine, hiss)).split()) <= {UNKNOWN}


@on_one_engine
async def test_a_caller_who_never_stops_talking_is_heard_for_half_a_minute(engine: Engine, speech: bytes) -> None:
    utterance = engine.listen(READING, ignore)
    assert utterance is not None
    for _ in range(int(2 * LONGEST_S * 16_000 / len(speech))):
        utterance.feed(speech)
        await until(lambda: utterance.undecoded < 16_000)
    words = (await utterance.finish())[0].words
    assert words[:5] == tuple(SAID.split())
    assert len(words) <= 5 * (LONGEST_S * 16_000 / len(speech) + 1)
    assert await heard(engine, speech) == SAID
