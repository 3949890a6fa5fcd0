"""What recognition costs on this machine: one process with the model, nothing else. Runs in processes of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from ivr.dialogue.ports import Expects, Question
from ivr.speech.recogniser import Models
from ivr.testbed.speech_benchmark.direct_recogniser import STEP_MS
from ivr.testbed.speech_load import usual_server
from ivr.testbed.speech_sets import sound
from ivr.testbed.speech_sets.sets import ACCOUNT_DIGITS

ACCOUNT = Question((), Expects.ACCOUNT, most_digits=ACCOUNT_DIGITS)
OPEN_AT_ONCE = 24
OWN_END_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Costs:
    """Processor time by audio time, milliseconds, MiB.

    rtf_one: one recogniser with the model's own graph. rtf_question: all recognisers of an account question.
    rtf_other: the same for speech that is no number. step_p99_ms: 80 ms of audio. final_*: from the last audio to the
    result. utterance_mib: what one more caller who speaks takes. own_end_ms: after how long Vosk itself ends speech.
    """

    load_ms: float
    model_mib: float
    utterance_mib: float
    rtf_one: float
    rtf_question: float
    rtf_other: float
    step_p99_ms: float
    final_p50_ms: float
    final_p95_ms: float
    own_end_ms: float


def measure(folder: Path, speech: Sequence[bytes], other: Sequence[bytes]) -> Costs:
    """Measure with account numbers and with other speech. Raises BadModel."""
    before, began = _resident_mib(), time.perf_counter()
    models = Models(folder)
    load_ms, model_mib = 1000 * (time.perf_counter() - began), _resident_mib() - before
    _decode(models, speech[:2], [], [])  # what is loaded at the first use
    before = _resident_mib()
    opened = [models.hear(ACCOUNT) for _ in range(OPEN_AT_ONCE)]
    for number, utterance in enumerate(opened):
        utterance.feed(speech[number % len(speech)])
    utterance_mib = (_resident_mib() - before) / OPEN_AT_ONCE
    del opened
    steps: list[float] = []
    finals: list[float] = []
    question = _processor_time(lambda: _decode(models, speech, steps, finals)) / _seconds(speech)
    strange = _processor_time(lambda: _decode(models, other, [], [])) / _seconds(other) if other else float("nan")
    own = usual_server.load(str(folder))
    one = _processor_time(lambda: _decode_plainly(own, speech)) / _seconds(speech)
    return Costs(
        load_ms,
        model_mib,
        utterance_mib,
        one,
        question,
        strange,
        quantiles(steps, n=100)[98],
        median(finals),
        quantiles(finals, n=20)[18],
        median(_own_end_ms(own, pcm) for pcm in speech),
    )


def raw_rtfx(folder: Path, audio: Sequence[bytes], seconds: float, start_at: float) -> tuple[float, float]:
    """Seconds of audio that the recognisers of a question hear in a second: a bare loop from the time given on.

    Beside them the processor time for a second of audio.
    """
    models = Models(folder)
    _decode(models, audio[:1], [], [])
    time.sleep(max(start_at - time.time(), 0.0))
    began, used, heard, number = time.monotonic(), time.process_time(), 0.0, 0
    while time.monotonic() - began < seconds:
        pcm = audio[number % len(audio)]
        _decode(models, [pcm], [], [])
        heard += sound.seconds_of(pcm)
        number += 1
    return heard / (time.monotonic() - began), (time.process_time() - used) / heard


def _decode(models: Models, audio: Sequence[bytes], steps: list[float], finals: list[float]) -> None:
    for pcm in audio:
        utterance = models.hear(ACCOUNT)
        for piece in sound.blocks(pcm, STEP_MS):
            began = time.perf_counter()
            utterance.feed(piece)
            steps.append(1000 * (time.perf_counter() - began))
        began = time.perf_counter()
        utterance.finish()
        finals.append(1000 * (time.perf_counter() - began))


def _decode_plainly(model: object, audio: Sequence[bytes]) -> None:
    for pcm in audio:
        hears = usual_server.recogniser(model, sound.RATE)
        for piece in sound.blocks(pcm, STEP_MS):
            hears.AcceptWaveform(piece)
        hears.FinalResult()


def _own_end_ms(model: object, pcm: bytes) -> float:
    """How long after the last sound Vosk says that the utterance has ended."""
    speech = sound.trimmed(pcm)
    hears = usual_server.recogniser(model, sound.RATE)
    hears.AcceptWaveform(speech)
    for step in range(int(1000 * OWN_END_LIMIT_S / sound.PACKET_MS)):
        if hears.AcceptWaveform(sound.silence(sound.PACKET_MS)):
            return float((step + 1) * sound.PACKET_MS)
    return 1000 * OWN_END_LIMIT_S


def _processor_time(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _seconds(audio: Sequence[bytes]) -> float:
    return sum(sound.seconds_of(pcm) for pcm in audio)


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20
