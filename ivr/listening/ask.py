"""The one primitive of listening: play prompts and collect the answer, by keys and by voice together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ivr.dialogue.ports import Answer, Ending, Expects, Phrase, Question
from ivr.language.port import Intent
from ivr.listening.keys import Key
from ivr.listening.line import Line
from ivr.listening.recogniser_port import RecogniserPort
from ivr.listening.speech_turn import SpeechTurn, SpeechWaits
from ivr.listening.utterance_recorder import UtteranceRecorder
from ivr.listening.vad import VoiceActivity

HOTLINE_KEY, OPERATOR_KEY, REPEAT_KEY, END_KEY = "0", "9", "*", "#"
MOST_REPEATS = 2
STEP_S = 0.5  # step of the wait for a key while the caller speaks
GOES_ON_S = 0.3  # speech that ended less than this before a question continues into the question


@dataclass(frozen=True, slots=True)
class KeyWaits:
    """Seconds between keys.

    inter_digit: a number without ``#`` ends after it. lone_zero: a first 0 with nothing after it for so long is the
    call for the hotline and not the beginning of a number.
    """

    inter_digit: float = 4.0
    lone_zero: float = 2.0


class Listener:
    """Asks questions over a line. It calls `on_prompt` with each phrase as the phrase begins.

    recogniser: None for keys only. A key always wins over speech.
    """

    def __init__(
        self,
        line: Line,
        waits: KeyWaits,
        on_prompt: Callable[[Phrase], None],
        recogniser: RecogniserPort | None = None,
        speech_waits: SpeechWaits | None = None,
    ) -> None:
        self._line = line
        self._waits = waits
        self._on_prompt = on_prompt
        self._recogniser = recogniser
        self._speech_waits = speech_waits or SpeechWaits()
        self._activity = VoiceActivity()
        self._voice: SpeechTurn | None = None
        self._keys_only = False
        self._begun = b""  # what the caller was still saying when the latest `say` ended
        self._begun_until = 0.0

    @property
    def hears(self) -> bool:
        """Whether speech recognition works now; False: keys only."""
        return not self._keys_only and self._recogniser is not None and self._recogniser.available

    def keys_only(self) -> None:
        """Take answers by keys from now on. A spoken request for a person still counts."""
        self._keys_only = True

    async def say(self, phrases: tuple[Phrase, ...]) -> Intent | None:
        """Play phrases to the end, or until a key, which stays in the buffer. Raises HungUp.

        A spoken request for an operator stops the phrases and is returned. Any other speech that overlaps their end
        continues into the question that follows at once.
        """
        with self._listening(Question(phrases, Expects.CHOICE)):
            await self._play(phrases, heed_overrun=False)
            if self._voice is None:
                return None
            answer = self._voice.answer
            self._begun, self._begun_until = self._voice.unfinished, asyncio.get_running_loop().time()
            return answer.meaning.intent if answer is not None else None

    async def announce(self, phrases: tuple[Phrase, ...]) -> None:
        """Play phrases to the very end, whatever is pressed; keys are forgotten. Raises HungUp."""
        for phrase in phrases:
            self._on_prompt(phrase)
            await self._line.play(*phrase, heed_keys=False)
        self._line.keys.clear()

    async def ask(self, question: Question) -> Answer:
        """Ask and wait for the answer. ``*`` repeats the question, at most twice. Raises HungUp."""
        keys = self._line.keys
        if not question.type_ahead:
            keys.clear(keep=HOTLINE_KEY)
        overrun = keys.take_overrun()
        if overrun and question.expects in (Expects.CHOICE, Expects.YES_NO):
            return Answer(Ending.OVERRUN)
        for _ in range(MOST_REPEATS + 1):
            with self._listening(question):
                answer = await self._once(question)
            if answer is not None:
                return answer
            question = replace(question, prompts=question.in_full or question.prompts)
        return Answer(Ending.NOT_UNDERSTOOD)

    async def record(self, phrases: tuple[Phrase, ...], no_input_s: float, longest_s: float) -> Answer:
        """Play phrases and keep what is said then, as `ivr.dialogue.ports.Call.record`. Raises HungUp."""
        line = self._line
        line.keys.clear(keep=HOTLINE_KEY)
        if len(line.keys):
            return Answer(Intent.HOTLINE)
        taking = UtteranceRecorder(longest_s, on_over=line.hush)
        with self._listening(Question(phrases, Expects.CHOICE), taking) as heard:
            await self._play(phrases, heed_overrun=False)
            if not heard:
                return Answer(Ending.NO_RECOGNISER)
            taking.prompts_over()
            loop = asyncio.get_running_loop()
            deadline = loop.time() + no_input_s
            while not taking.over:
                left = deadline + (longest_s if taking.begun else 0) - loop.time()
                key = await line.wait_for_key(max(left, 0))
                answer = self._voice.answer if self._voice is not None else None
                match key.digit if key is not None else "":
                    case "0":
                        return Answer(Intent.HOTLINE)
                    case "9":
                        return Answer(Intent.OPERATOR)
                    case "#":
                        break
                if answer is not None:  # a call for people
                    return answer
                if loop.time() >= deadline + (longest_s if taking.begun else 0):
                    break
        audio = taking.audio
        return Answer(Ending.ANSWER, by_voice=True, audio=audio) if audio else Answer(Ending.NO_INPUT)

    @contextmanager
    def _listening(self, question: Question, taking: UtteranceRecorder | None = None) -> Iterator[bool]:
        """Hear the caller from here to the end of the block, where there is something to hear them with; whether so.

        taking: gets the audio too, also where nothing understands it.
        """
        recogniser = self._recogniser if self._recogniser is not None and self._recogniser.available else None
        if len(self._line.keys) or (recogniser is None and taking is None):
            yield False
            return
        voice = self._understanding(question, recogniser) if recogniser is not None else None

        def hear(pcm: bytes, now: float) -> None:
            level = self._line.prompt_level
            if taking is not None:
                taking.hear(pcm, now, level)
            if voice is not None:
                voice.hear(pcm, now, level)

        if not self._line.hear(hear):
            yield False
            return
        now = asyncio.get_running_loop().time()
        begun, self._begun = self._begun, b""
        if begun and voice is not None and now - self._begun_until <= GOES_ON_S:
            voice.goes_on(begun, now)
        self._voice = voice
        try:
            yield True
        finally:
            self._voice = None
            if voice is not None:
                voice.close()
            self._line.hear(None)

    def _understanding(self, question: Question, recogniser: RecogniserPort) -> SpeechTurn:
        return SpeechTurn(
            replace(question, expects=Expects.CHOICE, interpreter=None) if self._keys_only else question,
            recogniser,
            self._activity,
            self._speech_waits,
            on_barge_in=self._line.hush,
            on_decided=self._line.hush,
        )

    async def _play(self, phrases: tuple[Phrase, ...], *, heed_overrun: bool) -> None:
        keys, voice = self._line.keys, self._voice
        for phrase in phrases:
            if len(keys) or (voice is not None and (voice.decided or voice.barged_in)):
                return
            self._on_prompt(phrase)
            while not await self._line.play(*phrase):
                if len(keys) or heed_overrun or (voice is not None and (voice.decided or voice.barged_in)):
                    return
                keys.take_overrun()  # the tail of a number that has been dealt with: begin the phrase again

    async def _once(self, question: Question) -> Answer | None:
        """Ask once; None if the caller wants to hear the question again."""
        single = question.expects in (Expects.CHOICE, Expects.YES_NO)
        await self._play(question.prompts, heed_overrun=single)
        if self._voice is not None:
            self._voice.prompts_over()
        return await (self._choice(question) if single else self._number(question))

    async def _wait(self, limit_s: float) -> Key | None:
        """The next key within `limit_s` of the caller's silence; None also if speech has decided."""
        voice = self._voice
        if voice is None:
            return await self._line.wait_for_key(limit_s)
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not (voice.decided or voice.lost) or len(self._line.keys):  # a key wins
            left = began + limit_s + voice.spoken_s - loop.time()
            key = await self._line.wait_for_key(max(left, STEP_S) if voice.speaking else max(left, 0))
            if key is not None:
                voice.close()
                self._voice = None
                return key
            over = began + limit_s + voice.spoken_s - loop.time() <= 0
            if self._line.keys.overrun or (over and not voice.speaking):
                return None
        return None

    def _spoken(self) -> tuple[bool, Answer | None]:
        """Whether speech has decided, and its answer; None if the caller asked to hear the question again."""
        voice = self._voice
        if voice is not None and voice.lost:
            return True, Answer(Ending.NO_RECOGNISER)
        return (True, voice.answer) if voice is not None and voice.decided else (False, None)

    async def _choice(self, question: Question) -> Answer | None:
        while True:
            key = await self._wait(0 if self._line.keys.overrun else question.no_input_s)
            if self._line.keys.take_overrun():
                return Answer(Ending.OVERRUN)
            decided, answer = self._spoken()
            if decided:
                return answer
            if key is None:
                return Answer(Ending.NO_INPUT)
            if key.digit in question.choices:
                return Answer(Ending.ANSWER, key.digit)
            match key.digit:
                case "0":
                    return Answer(Intent.HOTLINE)
                case "9":
                    return Answer(Intent.OPERATOR)
                case "*":
                    return None
                case "#":
                    continue  # the end of a number that had ended already
                case wrong:
                    return Answer(Ending.NOT_UNDERSTOOD, wrong)

    async def _number(self, question: Question) -> Answer | None:
        digits = ""
        wait = question.no_input_s
        while True:
            key: Key | None = await self._wait(wait)
            decided, answer = self._spoken()
            if decided:
                return answer
            if key is None and self._line.keys.take_overrun():
                continue
            if key is None or key.digit == END_KEY:
                return _ended(digits, question, by_pause=key is None)
            if key.digit == REPEAT_KEY:
                return None
            digits += key.digit
            if digits == HOTLINE_KEY and not question.may_start_with_zero:
                return Answer(Intent.HOTLINE)
            if len(digits) == question.most_digits:
                self._line.keys.number_full(key.at)
                return Answer(Ending.ANSWER, digits)
            wait = self._waits.lone_zero if digits == HOTLINE_KEY else self._waits.inter_digit


def _ended(digits: str, question: Question, *, by_pause: bool) -> Answer:
    """Meaning of a number that ended before its full length."""
    if not digits:
        return Answer(Ending.NO_INPUT) if by_pause else Answer(Ending.NOT_UNDERSTOOD, END_KEY)
    if digits == HOTLINE_KEY and (by_pause or question.expects is Expects.ACCOUNT):
        return Answer(Intent.HOTLINE)
    if digits == OPERATOR_KEY and (by_pause or question.expects is Expects.ACCOUNT):
        return Answer(Intent.OPERATOR)
    return Answer(Ending.ANSWER, digits)
