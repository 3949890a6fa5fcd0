"""A caller who follows a script, for flows without a telephone: the real listening over a line in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from ivr.dialogue.interpretation import PeopleInterpreter
from ivr.dialogue.ports import Answer, Ending, HungUp, Hypothesis, Interpretation, Phrase, Question
from ivr.domain.accounts import Account
from ivr.domain.callbacks import OutageCallbackRequest
from ivr.domain.contacts import Submission
from ivr.domain.faults import StoreUnavailable
from ivr.domain.journal.steps import Step as JournalStep
from ivr.domain.outages import Outage, Place, Report, Trouble, affecting
from ivr.language.port import Intent
from ivr.listening.ask import KeyWaits, Listener
from ivr.listening.keys import Key, KeyBuffer

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=MOSCOW)


@dataclass
class Step:
    """When the prompt `hears` begins, the caller presses `keys` with `gap_s` between them, or hangs up.

    thinks_s: they hear the phrase out and then think so long before the first key. first_s: they press the first key so
    long after the phrase began.
    """

    hears: str
    keys: str = ""
    gap_s: float = 0.5
    hangs_up: bool = False
    thinks_s: float | None = None
    first_s: float | None = None


@dataclass(frozen=True)
class Pace:
    """How long things take, seconds.

    prompt: of a prompt id. A caller `thinks` before they speak, says a `word` after the other, and the silence that
    ends it is `over` at a question, `kept_over` where what they say is kept. word 0: speaking takes no time.
    """

    prompt: Callable[[str], float] = lambda _prompt: 1.0
    thinks: float = 0.0
    word: float = 0.0
    over: float = 0.6
    kept_over: float = 2.0

    def phrase(self, phrase: Phrase) -> float:
        return sum(map(self.prompt, phrase))


BEGAN = 100.0
LET_GO = "<the recogniser dies or lets the caller go>"
SPEECH_LOST = "<all recognisers are gone>"


class ScriptedLine:
    """A line whose caller acts as the script says; time passes at a pace, and nobody really waits."""

    def __init__(self, script: list[Step], pace: Pace = Pace()) -> None:
        self.pace = pace
        self.keys = KeyBuffer(straggler_s=0.35)
        self.heard: list[str] = []
        self.phrases: list[Phrase] = []
        self.script = script
        self._coming: list[Key] = []
        self._now = BEGAN
        self._gone = False

    def prompt_begins(self, phrase: Phrase) -> None:
        self.heard.append(phrase[0])
        self.phrases.append(phrase)
        if self.script and self.script[0].hears == phrase[0]:
            step = self.script.pop(0)
            self._gone = step.hangs_up
            first = step.gap_s if step.first_s is None else step.first_s
            if step.thinks_s is not None:
                first = self.pace.phrase(phrase) + step.thinks_s
            self._coming += [Key(digit, self._now + first + n * step.gap_s) for n, digit in enumerate(step.keys)]

    @property
    def elapsed_s(self) -> float:
        """Since the call began."""
        return self._now - BEGAN

    def is_spoken_into(self, phrases: Sequence[Phrase], words: str, over_s: float) -> None:
        """The caller hears phrases out, and speaks."""
        for phrase in phrases:
            self.prompt_begins(phrase)
            self._now += self.pace.phrase(phrase) if self.pace.word else 0
        self._now += self.pace.thinks + self.pace.word * len(words.split()) + over_s if self.pace.word else 0

    async def play(self, *prompts: str, heed_keys: bool = True) -> bool:
        for prompt in prompts:
            self._check()
            end = self._now + self.pace.prompt(prompt)
            while self._coming and self._coming[0].at <= end:
                key = self._coming.pop(0)
                self._now = key.at
                if heed_keys and self.keys.push(key):
                    return False
            self._now = end
        return True

    async def wait_for_key(self, limit_s: float) -> Key | None:
        self._check()
        deadline = self._now + limit_s
        while not len(self.keys) and not self.keys.overrun and self._coming and self._coming[0].at <= deadline:
            key = self._coming.pop(0)
            self._now = max(self._now, key.at)
            self.keys.push(key)
        if not len(self.keys) and not self.keys.overrun:
            self._now = deadline
        return self.keys.pop()

    def is_quiet(self, seconds: float = 0.1) -> None:
        """The dialogue waits for something else, and looks for keys now and then."""
        self._now += seconds
        while self._coming and self._coming[0].at <= self._now:
            self.keys.push(self._coming.pop(0))

    def hear(self, on_audio: object) -> bool:
        return False

    def hush(self) -> None: ...

    prompt_level = 0.0

    def _check(self) -> None:
        if self._gone:
            raise HungUp
        if self.elapsed_s > 600:
            raise AssertionError("the call goes on for ten minutes: an endless loop?")


class ScriptedCall:
    """The dialogue's `Call` over a scripted line."""

    def __init__(
        self, *script: Step, caller_number: str = "", says: Sequence[tuple[str, str]] = (), pace: Pace = Pace()
    ) -> None:
        """says: the prompt at whose question each of the words is spoken; LET_GO: lost this
        once; SPEECH_LOST: from there on keys.
        """
        self.line = ScriptedLine(list(script), pace)
        self.says = list(says)
        self.understands = self._for_people = bool(says)
        self.kept_voices: list[bytes] = []
        self._listener = Listener(self.line, KeyWaits(), self.line.prompt_begins)
        self.id = "call-1"
        self.caller_number = caller_number
        self.notes: list[JournalStep] = []
        self.account: Account | None = None
        self.probably: Account | None = None
        self.danger = False
        self.told: tuple[int, str] | None = None
        self.report: tuple[Trouble, str] | None = None

    @property
    def heard(self) -> list[str]:
        """First ids of the phrases that were played."""
        return self.line.heard

    def phrase(self, prompt: str) -> Phrase:
        """The last phrase that began with the prompt."""
        return [phrase for phrase in self.line.phrases if phrase[0] == prompt][-1]

    async def say(self, *phrases: Phrase) -> Intent | None:
        words = self._words_at(phrases) if self._for_people else None
        if words is not None:
            meaning = await PeopleInterpreter().interpret(_hypotheses(words))
            if meaning.intent is not None:
                return meaning.intent
        return await self._listener.say(phrases)

    async def announce(self, *phrases: Phrase) -> None:
        await self._listener.announce(phrases)

    @property
    def waiting_keys(self) -> str:
        self.line.is_quiet()
        return self.line.keys.digits

    async def ask(self, question: Question) -> Answer:
        words = self._words_at(question.prompts) if self._for_people else None
        if words == SPEECH_LOST:
            self.understands = self._for_people = False
        elif words == LET_GO:
            for phrase in question.prompts:
                self.line.prompt_begins(phrase)
            return Answer(Ending.NO_RECOGNISER)
        elif words is not None:
            answer = await self._said(question, words)
            if answer is not None:
                self.line.is_spoken_into(question.prompts, words, self.line.pace.over)
                return answer
        return await self._listener.ask(question)

    async def record(self, *phrases: Phrase, no_input_s: float, longest_s: float) -> Answer:
        words = self._words_at(phrases)
        if words is None:
            return await self._listener.record(phrases, no_input_s, longest_s)
        self.line.is_spoken_into(phrases, words, self.line.pace.kept_over)
        return Answer(Ending.ANSWER, by_voice=True, audio=words.encode())

    def _words_at(self, phrases: Sequence[Phrase]) -> str | None:
        if self.says and self.says[0][0] in [phrase[0] for phrase in phrases]:
            return self.says.pop(0)[1]
        return None

    async def _said(self, question: Question, words: str) -> Answer | None:
        """What listening makes of spoken words, `Hypothesis` by `Hypothesis` with «|» between them."""
        answers = self.understands and question.interpreter is not None
        interpreter = (question.interpreter if answers else None) or PeopleInterpreter()
        meaning: Interpretation = await interpreter.interpret(_hypotheses(words))
        if meaning.intent is not None:
            return Answer(meaning.intent, "", True, meaning, words)
        if not answers:
            return None
        found = Ending.ANSWER if meaning.digits else Ending.NOT_UNDERSTOOD
        return Answer(found, meaning.digits, True, meaning, words, words.encode())

    @property
    def hears(self) -> bool:
        return self.understands

    def keys_only(self) -> None:
        self.understands = False

    async def keep_voice(self, audio: bytes) -> str:
        self.kept_voices.append(audio)
        return f"voice/{len(self.kept_voices)}.wav"

    def note(self, step: JournalStep) -> None:
        self.notes.append(step)

    def in_danger(self) -> None:
        self.danger = True

    def about(self, account: Account | None) -> None:
        self.probably = account

    def identified(self, account: Account) -> None:
        self.account = account

    def told_of(self, outage: Outage, told: str) -> None:
        self.told = outage.id, told

    def reported(self, trouble: Trouble, number: str = "") -> None:
        self.report = trouble, number


def _hypotheses(words: str) -> list[Hypothesis]:
    return [Hypothesis(tuple(said.split()), 2.0 * n) for n, said in enumerate(words.split("|"))]


@dataclass
class MemoryLedger:
    """A store in memory; `fails` names the methods that are unavailable."""

    accounts: list[Account]
    phones: dict[str, str] = field(default_factory=dict)
    kept: list[Submission] = field(default_factory=list)
    fails: frozenset[str] = frozenset()

    async def accounts_of_phone(self, phone: str) -> list[Account]:
        self._check("accounts_of_phone")
        return [account for account in self.accounts if account.number == self.phones.get(phone)]

    async def account(self, number: str) -> Account | None:
        self._check("account")
        return next((account for account in self.accounts if account.number == number), None)

    async def accounts_of_alias(self, alias: str) -> list[Account]:
        self._check("accounts_of_alias")
        return [account for account in self.accounts if alias in account.aliases]

    async def active(self, numbers: Sequence[str]) -> frozenset[str]:
        self._check("active")
        return frozenset(account.number for account in self.accounts if account.number in numbers)

    async def any_starts_with_zero(self) -> bool:
        self._check("any_starts_with_zero")
        return any(account.number.startswith("0") for account in self.accounts)

    async def keep(self, submission: Submission) -> str:
        self._check("keep")
        self.kept.append(submission)
        return "1042"

    def values(self) -> dict[int, int]:
        """Stored values by register id."""
        return {entry.register_id: entry.value for submission in self.kept for entry in submission.entries}

    def _check(self, method: str) -> None:
        if method in self.fails:
            raise StoreUnavailable


@dataclass
class MemoryOutages:
    """Outages in memory at a fixed moment; `fails` names the methods that are unavailable, `slow` those that hang."""

    outages: list[Outage] = field(default_factory=list)
    asked: list[OutageCallbackRequest] = field(default_factory=list)
    reported: list[Report] = field(default_factory=list)
    fails: frozenset[str] = frozenset()
    slow: frozenset[str] = frozenset()

    async def at(self, place: Place) -> Outage | None:
        await self._check("at")
        return affecting(self.outages, place, NOON)

    async def ask_after_outage(self, request: OutageCallbackRequest) -> None:
        await self._check("ask_after_outage")
        self.asked.append(request)

    async def report(self, report: Report) -> str:
        await self._check("report")
        self.reported.append(report)
        return "1007"

    async def _check(self, method: str) -> None:
        if method in self.slow:
            await asyncio.Event().wait()
        if method in self.fails:
            raise StoreUnavailable


class FixedClock:
    """It is always the same moment."""

    def __init__(self, moment: datetime = NOON) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment
