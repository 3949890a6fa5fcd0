"""Callers who speak at once, in real time: through the line's listening and its engine, and in the usual way."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from math import inf, nan
from pathlib import Path
from statistics import median, quantiles

from ivr.dialogue.ports import Expects, Question
from ivr.domain.faults import Unavailable
from ivr.language.ru.understanding import candidates
from ivr.listening.recogniser_port import RecogniserPort, Utterance
from ivr.listening.speech_turn import SpeechTurn, SpeechWaits
from ivr.listening.vad import VoiceActivity
from ivr.testbed.speech_benchmark.direct_recogniser import STEP_MS
from ivr.testbed.speech_sets import sound
from ivr.testbed.speech_sets.knowledge import Scattered, account_of
from ivr.testbed.speech_sets.sets import ACCOUNT_DIGITS
from ivr.testbed.speech_sets.streams import Stream

ANSWER_LIMIT_S = 8.0
START_LIMIT_S = 120.0
ALLOWED_MS = 500.0


class NotMeasured(Unavailable):
    """The speed cannot be measured; the text says why."""


@dataclass(slots=True)
class Answers:
    """What callers got.

    waits_ms: from the end of speech to the result, of each answer. right: answers that are the number said.
    refused: utterances without a free recogniser: keys only, at once. given_up: those that a recogniser let go
    while they spoke. lost: other questions that ended without an answer.
    main_share: of one processor, taken by the daemon's main thread. heard_s, spent_s: audio of the questions that were
    asked, and the processor time that all processes took for it.
    """

    callers: int
    waits_ms: list[float] = field(default_factory=list)
    right: int = 0
    refused: int = 0
    given_up: int = 0
    lost: int = 0
    main_share: float = 0.0
    heard_s: float = 0.0
    spent_s: float = 0.0

    @property
    def p95_ms(self) -> float:
        """95 of 100 wait no longer."""
        return quantiles(self.waits_ms, n=20, method="inclusive")[18] if len(self.waits_ms) > 1 else self._only_ms

    @property
    def p50_ms(self) -> float:
        """Half of them wait no longer."""
        return median(self.waits_ms) if self.waits_ms else self._only_ms

    @property
    def _only_ms(self) -> float:
        return self.waits_ms[0] if self.waits_ms else inf

    @property
    def cost(self) -> float:
        """Processor time for a second of a question."""
        return self.spent_s / self.heard_s if self.heard_s else nan

    @property
    def in_time(self) -> bool:
        """Whether all were answered and 95 of 100 within half a second."""
        return self.lost == self.refused == self.given_up == 0 and self.p95_ms < ALLOWED_MS


class _Door:
    """A recogniser port that remembers whether it refused a caller."""

    def __init__(self, ears: RecogniserPort) -> None:
        self._ears = ears
        self.refused = False

    @property
    def available(self) -> bool:
        return self._ears.available

    def listen(self, question: Question, on_partial: Callable[[tuple[str, ...]], None]) -> Utterance | None:
        utterance = self._ears.listen(question, on_partial)
        self.refused = utterance is None
        return utterance


async def on_the_line(
    ears: RecogniserPort, said: Sequence[Stream], callers: int, seconds: float, known: Scattered
) -> Answers:
    """Callers who answer one account question after the other, by the listening of a call: a dozen steps a second."""
    found = Answers(callers)
    loop = asyncio.get_running_loop()
    until, used = loop.time() + seconds, time.process_time()

    async def caller(number: int) -> None:
        activity = VoiceActivity()
        await asyncio.sleep((number % 37) / 37 * said[0].seconds)  # nobody begins together
        at = number
        while loop.time() < until:
            await _ask(ears, said[at % len(said)], activity, known, found)
            at += 1

    await asyncio.gather(*(caller(number) for number in range(callers)))
    found.main_share = (time.process_time() - used) / (loop.time() - until + seconds)
    return found


async def a_crowd(ears: RecogniserPort, said: Sequence[Stream], callers: int, known: Scattered) -> Answers:
    """Callers who are all asked at the same moment and speak at the same time, one question each."""
    found = Answers(callers)
    loop = asyncio.get_running_loop()
    began, used = loop.time(), time.process_time()
    asked = (_ask(ears, said[number % len(said)], VoiceActivity(), known, found) for number in range(callers))
    await asyncio.gather(*asked)
    found.main_share = (time.process_time() - used) / (loop.time() - began)
    return found


async def _ask(ears: RecogniserPort, stream: Stream, activity: VoiceActivity, known: Scattered, found: Answers) -> None:
    loop = asyncio.get_running_loop()
    decided = asyncio.Event()
    decided_at = 0.0

    def decide() -> None:
        nonlocal decided_at
        decided_at = loop.time()
        decided.set()

    door = _Door(ears)
    question = Question((), Expects.ACCOUNT, most_digits=ACCOUNT_DIGITS, interpreter=account_of(known))
    voice = SpeechTurn(question, door, activity, SpeechWaits(), on_barge_in=lambda: None, on_decided=decide)
    voice.prompts_over()
    began, sent = loop.time(), 0
    try:
        while not decided.is_set() and not voice.lost and loop.time() - began < stream.seconds + ANSWER_LIMIT_S:
            step = STEP_MS / 1000
            tick = (loop.time() // step + 1) * step  # the taps of all calls tick together
            await asyncio.sleep(tick - loop.time())
            until = sound.bytes_of(1000 * (loop.time() - began))
            piece = stream.pcm[sent:until] + bytes(max(until - max(sent, len(stream.pcm)), 0))
            sent = until
            voice.hear(piece, loop.time(), 0.0)
    finally:
        voice.close()
    found.heard_s += stream.seconds
    if voice.answer is None:
        if door.refused:
            found.refused += 1
        elif loop.time() - began < stream.speech_ends_s:
            found.given_up += 1
        else:
            found.lost += 1
        return
    found.waits_ms.append(1000 * (decided_at - began - stream.speech_ends_s))
    found.right += voice.answer.digits == stream.value


async def in_the_usual_way(model: Path, said: Sequence[Stream], folder: Path, callers: int, seconds: float) -> Answers:
    """vosk-server's pattern: a process for each call, a websocket to one server. folder: for their utterances."""
    for number, stream in enumerate(said):
        sound.write(folder / f"{number:03d}-{1000 * stream.speech_ends_s:.0f}.wav", stream.pcm)
    found = Answers(callers)
    async with AsyncExitStack() as stack:
        server = await _started(stack, "usual_server", str(model))
        port = await _line(server)
        clients = [
            await _started(stack, "usual_client", port, str(folder), str(seconds), str(number))
            for number in range(callers)
        ]
        for client in clients:
            await _line(client)
        before = processor_s([server.pid])
        for client in clients:
            assert client.stdin is not None
            client.stdin.write(b"\n")
            await asyncio.sleep(said[0].seconds / callers)  # nobody begins together
        for client in clients:
            spent_s, answers = json.loads(await _line(client, seconds + START_LIMIT_S))
            found.spent_s += spent_s
            for which, wait_ms, words in answers:
                value = said[which].value
                found.waits_ms.append(wait_ms)
                found.heard_s += said[which].seconds
                found.right += value in {one.digits for one in candidates(words.split(), len(value))}
        found.spent_s += processor_s([server.pid]) - before
    return found


def processor_s(pids: Collection[int]) -> float:
    """Processor time of living processes until now (proc(5))."""
    ticks = 0
    for pid in pids:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(told[11]) + int(told[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def _started(stack: AsyncExitStack, module: str, *arguments: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"ivr.testbed.speech_benchmark.{module}",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=1 << 24,
    )
    stack.push_async_callback(_ended, process)
    return process


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


async def _line(process: asyncio.subprocess.Process, limit_s: float = START_LIMIT_S) -> str:
    """The next line it prints. Raises NotMeasured if there is none in time."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(limit_s):
            line = await process.stdout.readline()
    except TimeoutError:
        line = b""
    if not line:
        raise NotMeasured("a process of the usual way ended or hangs")
    return line.decode().strip()
