"""One spoken turn: voice activity, the recogniser and the interpreter turn the caller's audio into an answer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ivr.dialogue.interpretation import PeopleInterpreter
from ivr.dialogue.ports import Answer, Ending, Expects, Hypothesis, Interpretation, Question
from ivr.language.port import Intent
from ivr.listening.recogniser_port import RecogniserLost, RecogniserPort, Utterance
from ivr.listening.vad import FRAME_BYTES, FRAME_S, VoiceActivity

UNKNOWN = "[unk]"

ONSET_FRAMES, ONSET_VOICED = 8, 5  # 100 ms of voice within 160 ms begin an utterance: a click does not
PRE_ROLL_FRAMES = 25  # kept from before the onset, and of what was said into the end of a confirmation
PAUSE_FED_S = 0.2  # a longer pause inside an utterance is not decoded to its end
PAUSE_AHEAD = bytes(16 * FRAME_BYTES)
"""Silence fed at once in place of the rest of a pause: a recogniser hears a word only with 0.24 s of what follows it,
in steps of 0.2 s, and waiting for that would hold up the answer."""
HELD_FRAMES = 20  # of the rest of a pause, fed if speech goes on: words begin softly
WORD_STANDS_S = 0.25  # a single word that has stood so long stops the prompt
STRANGE_S = 0.5  # unknown speech shorter than this is a cough
BEHIND_BYTES = 8000  # half a second; a recogniser that keeps up tells of its progress every 200 ms
EARLY_S = 0.5  # people say yes so long before the end of a confirmation
ALL = 1_000_000
INTERPRET_LIMIT_S = 6.0


@dataclass(frozen=True, slots=True)
class SpeechWaits:
    """Seconds of silence after which an utterance has ended, and its greatest length.

    complete: the number is complete and exists. choice: a menu, yes or no, a command. incomplete: inside a number.
    """

    complete: float = 0.3
    choice: float = 0.6
    incomplete: float = 1.5
    longest: float = 20.0


class SpeechTurn:
    """Listens for the answer to one question, from its first prompt on.

    Driven by `hear`, a dozen times a second also when no audio comes: a telephone that sends nothing in silence
    still has its utterance ended by the clock. `on_decided` is called once when `answer` is there (or `repeat`),
    `on_barge_in` when the prompt is to stop;
    it is called too when the caller waits for an answer and `lost`, which tells that the recogniser is gone
    or has no room, and only keys are left.

    Over prompts that are to be heard to their end (`Question.barge_in`), and all the time where the question has no
    interpreter, calls for people are all that counts: other words neither stop nor answer nor fail.
    """

    def __init__(
        self,
        question: Question,
        recogniser: RecogniserPort,
        activity: VoiceActivity,
        waits: SpeechWaits,
        *,
        on_barge_in: Callable[[], None],
        on_decided: Callable[[], None],
    ) -> None:
        self._question = question
        self._people = PeopleInterpreter()
        self._recogniser = recogniser
        self._activity = activity
        self._waits = waits
        self._on_barge_in = on_barge_in
        self._on_decided = on_decided
        self._rest = b""
        self._recent: deque[tuple[bytes, bool]] = deque(maxlen=PRE_ROLL_FRAMES)
        self._utterance: Utterance | None = None
        self._held: deque[bytes] | None = None  # in the rest of a pause
        self._audio = bytearray()
        self._began = self._last_voice = 0.0
        self._words: tuple[str, ...] = ()
        self._first_word: float | None = None
        self._now = 0.0
        self._meaning = Interpretation()
        self._interpreting: asyncio.Task[None] | None = None
        self._finishing: asyncio.Task[None] | None = None
        self._prompting = True
        self._unheeded = 0  # words from the beginning of the utterance that only count if they call for people
        self._closed = False
        self.answer: Answer | None = None
        self.repeat = False
        self.lost = False
        self.barged_in = False
        self.spoken_s = 0.0

    @property
    def decided(self) -> bool:
        """Whether the caller has answered or asked to hear the question again."""
        return self.answer is not None or self.repeat

    @property
    def speaking(self) -> bool:
        """Whether the caller speaks, or what they said is being understood."""
        return self._utterance is not None or self._finishing is not None

    @property
    def unfinished(self) -> bytes:
        """The audio of the caller's current utterance, b"" in silence."""
        return bytes(self._audio) if self.speaking and not self.decided else b""

    def goes_on(self, said: bytes, now: float) -> None:
        """Take in what the caller began to say before this question; they are still at it."""
        self._now = now
        self._begin(now)
        if self._utterance is not None:
            self._began -= len(said) / FRAME_BYTES * FRAME_S
            self._audio = bytearray(said)
            self._utterance.feed(said)

    def prompts_over(self) -> None:
        """The prompts have ended: from here on what is said answers, also where they could not be spoken over.

        An answer begun in their last half second counts: people say yes before the end.
        """
        self._prompting = False
        early = self._first_word is None or self._now - self._first_word <= EARLY_S
        self._unheeded = 0 if self._question.barge_in or early else len(self._words)

    def hear(self, pcm: bytes, now: float, prompt_level: float) -> None:
        """Take in audio that came until `now` (clock seconds); b"" if none came.

        prompt_level: RMS of the recently played prompt, see `VoiceActivity`.
        """
        if self._closed or self.decided or self.lost:
            return
        self._now = now
        if self._utterance is not None and self._utterance.lost:
            self._lose()
            return
        data = self._rest + pcm
        count = len(data) // FRAME_BYTES
        self._rest = data[count * FRAME_BYTES :]
        fed = bytearray()
        for index in range(count):
            frame = data[index * FRAME_BYTES : (index + 1) * FRAME_BYTES]
            voiced = self._activity.voiced(frame, prompt_level)
            at = now - (count - 1 - index) * FRAME_S
            if self._utterance is None:
                self._recent.append((frame, voiced))
                if self._finishing is None and self._onset():
                    fed += self._begin(at)
                continue
            if voiced:
                self._last_voice = at
            self._audio += frame
            fed += self._worth_hearing(frame, voiced, at)
        if self._utterance is not None:
            if fed:
                self._utterance.feed(bytes(fed))
            self._consider(now)

    def _worth_hearing(self, frame: bytes, voiced: bool, at: float) -> bytes:
        """What the recogniser gets for one more frame of an utterance."""
        if not voiced and at - self._last_voice >= PAUSE_FED_S:
            if self._held is None:
                self._held = deque([frame], maxlen=HELD_FRAMES)
                return PAUSE_AHEAD
            self._held.append(frame)
            return b""
        held, self._held = self._held or (), None
        return b"".join((*held, frame))

    def close(self) -> None:
        """Stop listening: a key decides, or the question is over."""
        self._closed = True
        self._drop()
        for task in (self._interpreting, self._finishing):
            if task is not None:
                task.cancel()
        self._finishing = None

    def _onset(self) -> bool:
        latest = [voiced for _, voiced in list(self._recent)[-ONSET_FRAMES:]]
        return sum(latest) >= ONSET_VOICED

    def _begin(self, at: float) -> bytes:
        """Open an utterance that includes the audio from just before."""
        self._utterance = self._recogniser.listen(self._question, self._partial)
        if self._utterance is None:
            self._lose()
            return b""
        before = b"".join(frame for frame, _ in self._recent)
        self._audio = bytearray(before)
        self._recent.clear()
        self._held = None
        self._began = self._last_voice = at
        self._words, self._first_word, self._meaning = (), None, Interpretation()
        self._unheeded = ALL if self._prompting and not self._question.barge_in else 0
        return before

    def _partial(self, words: tuple[str, ...]) -> None:
        """The recogniser has heard more."""
        if self._closed or self._utterance is None or words == self._words:
            return
        self._words = words
        self._meaning = Interpretation()
        if any(word != UNKNOWN for word in words):
            if self._first_word is None:
                self._first_word = self._now
            if self._interpreting is None:
                self._interpreting = asyncio.get_running_loop().create_task(self._interpret())
        else:
            self._first_word = None

    async def _interpret(self) -> None:
        """Interpret the latest words until they stop changing."""
        try:
            words: tuple[str, ...] | None = None
            while words != self._words:
                words = self._words
                meaning = await self._meant((Hypothesis(words),), self._unheeded)
            self._meaning = meaning
        finally:
            self._interpreting = None

    async def _meant(self, heard: tuple[Hypothesis, ...], unheeded: int) -> Interpretation:
        """Interpret the words; the first `unheeded` ones count only as a request for an operator."""
        interpreter = self._question.interpreter
        if interpreter is None or unheeded:
            people = await self._people.interpret(heard)
            if people.understood or interpreter is None:
                return people
        return await interpreter.interpret(_after(heard, unheeded))

    def _consider(self, now: float) -> None:
        """Whether the prompt must stop, and whether the utterance has ended."""
        real = sum(word != UNKNOWN for word in self._words)
        heeds = self._question.barge_in and self._question.interpreter is not None
        if heeds and self._prompting and not self.barged_in and real:
            stands = self._first_word is not None and now - self._first_word >= WORD_STANDS_S
            if real > 1 or stands:
                self.barged_in = True
                self._on_barge_in()
        if now - self._last_voice >= self._patience() or now - self._began >= self._waits.longest:
            self._finish(now)

    def _patience(self) -> float:
        if self._utterance is not None and self._utterance.undecoded > BEHIND_BYTES:
            return self._waits.incomplete  # the words before the pause are still unknown
        if self._meaning.intent is not None:
            return self._waits.choice
        if self._meaning.complete and self._question.expects in (Expects.ACCOUNT, Expects.READING):
            return self._waits.complete
        if self._meaning.after_no:
            return self._waits.incomplete
        if self._question.expects in (Expects.CHOICE, Expects.YES_NO) or not self._words:
            return self._waits.choice
        return self._waits.incomplete

    def _finish(self, now: float) -> None:
        utterance = self._utterance
        assert utterance is not None
        self._utterance = None
        self.spoken_s = min(self.spoken_s + now - self._began, self._waits.longest)
        lasted = self._last_voice - self._began
        endless = now - self._began >= self._waits.longest
        understanding = self._understand(utterance, lasted, self._unheeded, endless=endless)
        self._finishing = asyncio.get_running_loop().create_task(understanding)

    async def _understand(self, utterance: Utterance, lasted_s: float, unheeded: int, *, endless: bool) -> None:
        try:
            async with asyncio.timeout(INTERPRET_LIMIT_S):
                heard = await utterance.finish()
                meaning = await self._meant(heard, unheeded)
        except (RecogniserLost, TimeoutError):
            if not endless:
                self._lose()
                return
            heard, meaning = (), Interpretation()  # the recognition of so long an utterance may take too long
        finally:
            self._finishing = None
            utterance.abandon()
        if self._closed:
            return
        words = heard[0].words if heard else ()
        if meaning.intent is Intent.REPEAT:
            self.repeat = True
        elif meaning.intent is not None:
            self.answer = self._answer(meaning.intent, meaning, words)
        elif meaning.digits:
            self.answer = self._answer(Ending.ANSWER, meaning, words)
        elif self._question.interpreter is not None and (
            endless or (not self._prompting and _is_speech(words[unheeded:], lasted_s))
        ):
            self.answer = self._answer(Ending.NOT_UNDERSTOOD, meaning, words)
        else:
            return  # a cough, a noise, or talk beside the prompt: the question goes on
        self._on_decided()

    def _answer(self, ended: Ending | Intent, meaning: Interpretation, words: tuple[str, ...]) -> Answer:
        return Answer(ended, meaning.digits, True, meaning, " ".join(words), bytes(self._audio))

    def _lose(self) -> None:
        self._drop()
        self.lost = True
        if not (self._prompting or self._closed):
            self._on_decided()

    def _drop(self) -> None:
        if self._utterance is not None:
            self._utterance.abandon()
            self._utterance = None


def _after(heard: tuple[Hypothesis, ...], words: int) -> tuple[Hypothesis, ...]:
    return tuple(Hypothesis(one.words[words:], one.cost) for one in heard)


def _is_speech(words: tuple[str, ...], lasted_s: float) -> bool:
    """Whether the words are more than a cough."""
    return bool(words) and (set(words) != {UNKNOWN} or lasted_s >= STRANGE_S)
