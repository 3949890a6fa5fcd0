"""The studio by telephone: what is heard at each key, what is kept, and that no way has a dead end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from ivr.dialogue.ports import HungUp, Phrase
from ivr.dialogue.studio.ports import Card, Recorded
from ivr.dialogue.studio.recording_prompts import TOLD, RecordingFlow
from ivr.domain.faults import StoreUnavailable
from ivr.domain.journal.steps import StudioEntered, StudioRefused, TakeKept, TakePublished
from ivr.domain.journal.words import Refused
from ivr.domain.takes import (
    Checks,
    How,
    MayNotRecord,
    NothingPublished,
    NotPublishable,
    OtherPublished,
    Reason,
    Refusal,
    Take,
    TakeState,
)
from ivr.domain.users import Person, Role
from tests.dialogue.scripted import NOON, ScriptedCall, Step

ANNA = Person(7, "anna", Role.VOICE)
PIN = "471108"
ENTERS = (Step("studio/user", "7#"), Step("studio/pin", f"{PIN}#"))
RECORDS = (*ENTERS, Step("studio/number", "101#"), Step("studio/menu", "1"))


class RecordingScript(ScriptedCall):
    """A scripted call that records; how: how each recording ends, HungUp among them."""

    def __init__(self, *script: Step, how: Sequence[Recorded | type[HungUp]] = ()) -> None:
        super().__init__(*script)
        self.how = list(how)
        self.recorded: list[str] = []

    async def record_prompt(self, name: str, longest_s: float) -> Recorded:
        self.recorded.append(name)
        how = self.how.pop(0) if self.how else Recorded.ENDED
        if how is Recorded.ENDED or how is Recorded.FAILED:
            return how
        raise HungUp


@dataclass
class MemoryStudio:
    """Prompts 101 to 103; 103 is recorded. refusals: what speaks against each next take."""

    refusals: list[tuple[Refusal, ...]] = field(default_factory=list)
    cards: dict[int, Card] = field(default_factory=dict)
    kept: list[Take] = field(default_factory=list)
    published: list[int] = field(default_factory=list)
    fails: str = ""
    longest_s: float = 120.0

    def __post_init__(self) -> None:
        self.cards = {n: Card(n, f"common/prompt-{n}", n != 102, n == 103, None) for n in (101, 102, 103)}

    async def admit(self, number: int, pin: str) -> Person | None:
        self._check("admit")
        return ANNA if (number, pin) == (7, PIN) else None

    async def card(self, number: int) -> Card | None:
        return self.cards.get(number)

    async def next_missing(self, after: int) -> Card | None:
        waiting = [card for card in self.cards.values() if not card.published]
        return min(waiting, key=lambda card: (card.number <= after, card.number), default=None)

    async def text(self, card: Card) -> Phrase:
        return () if card.number == 102 else (f"text/{card.number}",)

    async def as_heard(self, take: Take) -> Phrase:
        return (f"take/{take.id}",) if take.audio else ()

    def name_recording(self, card: Card, person: Person) -> str:
        return f"{person.id}-{card.number}"

    async def keep(self, card: Card, person: Person, name: str) -> Take | None:
        self._check("keep")
        refusals = self.refusals.pop(0) if self.refusals else ()
        number = len(self.kept) + 1
        audio = "" if any(one.hard for one in refusals) else "sound"
        checks = Checks(refusals=refusals)
        state, how = TakeState.DRAFT, How.PHONE
        take = Take(number, card.prompt, "own", state, how, person.login, NOON, "m", "t", audio, None, checks)
        self.kept.append(take)
        return take

    async def publish(self, take: Take, person: Person) -> None:
        self._check("publish")
        if take.refusals:
            raise NotPublishable(take.refusals)
        self.published.append(take.id)

    async def take_back(self, card: Card, person: Person) -> None:
        if not self.published:
            raise NothingPublished
        self.published.pop()

    def _check(self, method: str) -> None:
        if method == self.fails:
            raise StoreUnavailable("away")


async def test_record_hear_publish() -> None:
    call = RecordingScript(
        *RECORDS, Step("studio/menu-draft", "4"), Step("studio/menu", "0"), Step("studio/number", "0")
    )
    studio = MemoryStudio()
    await RecordingFlow(call, studio).run()
    assert call.heard == [
        "studio/welcome",
        "studio/user",
        "studio/pin",
        "studio/number",
        "studio/prompt",
        "studio/text",
        "studio/menu",
        "studio/record",
        "studio/checking",
        "studio/as-heard",
        "studio/menu-draft",
        "studio/published",
        "studio/menu",
        "studio/number",
        "common/goodbye",
    ]
    assert call.phrase("studio/prompt") == ("studio/prompt", "digit/1", "digit/0", "digit/1")
    assert call.phrase("studio/text") == ("studio/text", "text/101")
    assert call.phrase("studio/as-heard") == ("studio/as-heard", "take/1")
    assert studio.published == [1]
    assert call.notes == [StudioEntered("anna"), TakeKept(1), TakePublished(1)]


async def test_a_recorded_prompt_is_heard_before_the_choices() -> None:
    call = RecordingScript(*ENTERS, Step("studio/number", "103#"), Step("studio/menu", "0"), Step("studio/number", "0"))
    await RecordingFlow(call, MemoryStudio()).run()
    assert call.phrase("studio/now") == ("studio/now", "common/prompt-103")


@pytest.mark.parametrize("reason", Reason)
async def test_every_reason_is_told_and_what_has_one_is_not_published(reason: Reason) -> None:
    refusal = Refusal(reason)
    after = Step("studio/menu", "4") if refusal.hard else Step("studio/menu-draft", "4")
    leaves = replace(after, keys="0")
    call = RecordingScript(*RECORDS, after, leaves, Step("studio/number", "0"))
    studio = MemoryStudio(refusals=[(refusal,)])
    await RecordingFlow(call, studio).run()
    assert TOLD[reason] in call.heard
    assert ("studio/as-heard" in call.heard) is not refusal.hard
    assert ("studio/no-draft" if refusal.hard else "studio/not-publishable") in call.heard
    assert studio.published == []
    assert len(studio.kept) == 1


async def test_after_a_change_of_text_the_new_one_is_told_and_the_next_recording_is_of_it() -> None:
    script = (Step("studio/menu-draft", "4"), Step("studio/menu-draft", "1"), Step("studio/menu-draft", "4"))
    call = RecordingScript(*RECORDS, *script, Step("studio/menu", "0"), Step("studio/number", "0"))
    studio = MemoryStudio()
    studio.cards[101] = replace(studio.cards[101], text="old")
    read = []
    keep, publish = studio.keep, studio.publish

    async def kept(card: Card, person: Person, name: str) -> Take | None:
        read.append(card.text)
        studio.cards[101] = replace(studio.cards[101], text="new")
        return await keep(card, person, name)

    async def published(take: Take, person: Person) -> None:
        if read[take.id - 1] == "old":
            raise NotPublishable((Refusal(Reason.OLD_TEXT),))
        await publish(take, person)

    studio.keep, studio.publish = kept, published  # type: ignore[method-assign]
    await RecordingFlow(call, studio).run()
    assert read == ["old", "new"]
    assert studio.published == [2]
    at = call.heard.index("studio/not-publishable")
    assert call.heard[at - 1 : at + 2] == ["studio/other-words", "studio/not-publishable", "studio/text"]


@pytest.mark.parametrize("last", ["1", "4"])
async def test_who_may_not_any_more_is_told_and_the_call_ends(last: str) -> None:
    async def refused(*_: object) -> None:
        raise MayNotRecord

    call = RecordingScript(*RECORDS, Step("studio/menu-draft", last))
    studio = MemoryStudio()
    if last == "1":
        studio.keep = refused  # type: ignore[method-assign, assignment]
    else:
        studio.publish = refused  # type: ignore[method-assign]
    await RecordingFlow(call, studio).run()
    assert call.heard[-2:] == ["studio/wrong", "common/goodbye"]
    assert StudioRefused(Refused.PERSON) in call.notes
    assert studio.published == []


async def test_redone_takes_are_all_kept_and_the_last_is_published() -> None:
    script = (Step("studio/menu-draft", "1"), Step("studio/menu-draft", "2"), Step("studio/menu-draft", "4"))
    call = RecordingScript(*RECORDS, *script, Step("studio/menu", "0"), Step("studio/number", "0"))
    studio = MemoryStudio()
    await RecordingFlow(call, studio).run()
    assert [take.id for take in studio.kept] == [1, 2]
    assert studio.published == [2]


async def test_hash_alone_and_five_lead_to_the_next_prompt_without_a_recording() -> None:
    script = (Step("studio/number", "#"), Step("studio/menu", "5"), Step("studio/menu", "5"), Step("studio/menu", "0"))
    call = RecordingScript(*ENTERS, *script, Step("studio/number", "0"))
    await RecordingFlow(call, MemoryStudio()).run()
    numbers = [phrase[-1] for phrase in call.line.phrases if phrase[0] == "studio/prompt"]
    assert numbers == ["digit/1", "digit/2", "digit/1"], "from the beginning again, past what is recorded"
    assert "studio/no-text" in call.heard


async def test_a_draft_that_is_left_stays_one_and_is_said_so() -> None:
    call = RecordingScript(*RECORDS, Step("studio/menu-draft", "0"), Step("studio/number", "0"))
    studio = MemoryStudio()
    await RecordingFlow(call, studio).run()
    assert "studio/kept" in call.heard
    assert studio.published == []


async def test_taking_back() -> None:
    script = (Step("studio/menu-draft", "4"), Step("studio/menu", "6"), Step("studio/menu", "6"))
    call = RecordingScript(*RECORDS, *script, Step("studio/menu", "0"), Step("studio/number", "0"))
    studio = MemoryStudio()
    await RecordingFlow(call, studio).run()
    assert call.heard.index("studio/restored") < call.heard.index("studio/nothing-to-restore")
    assert studio.published == []


async def test_what_somebody_else_published_meanwhile_is_heard_first_and_stays() -> None:
    script = (Step("studio/menu", "6"), Step("studio/menu", "6"), Step("studio/menu", "0"))
    call = RecordingScript(*ENTERS, Step("studio/number", "103#"), *script, Step("studio/number", "0"))
    studio = MemoryStudio(published=[8])
    studio.cards[103] = replace(studio.cards[103], take=7)
    asked = []
    take_back = studio.take_back

    async def watched(card: Card, person: Person) -> None:
        asked.append(card.take)
        studio.cards[103] = replace(card, take=8)
        if card.take != 8:
            raise OtherPublished(8)
        await take_back(card, person)

    studio.take_back = watched  # type: ignore[method-assign]
    await RecordingFlow(call, studio).run()
    assert asked == [7, 8]
    assert call.heard.count("studio/now") == 2, "at the beginning, and when it is another one"
    assert call.heard.count("studio/restored") == 1


async def test_hanging_up_in_the_middle_keeps_what_was_recorded() -> None:
    call = RecordingScript(*RECORDS, how=[HungUp])
    studio = MemoryStudio()
    with pytest.raises(HungUp):
        await RecordingFlow(call, studio).run()
    assert [take.state for take in studio.kept] == [TakeState.DRAFT]


async def test_hanging_up_while_it_is_checked_keeps_it_too() -> None:
    call = RecordingScript(*RECORDS, Step("studio/checking", hangs_up=True))
    studio = MemoryStudio()
    with pytest.raises(HungUp):
        await RecordingFlow(call, studio).run()
    assert len(studio.kept) == 1


async def test_what_asterisk_cannot_record_is_said_and_may_be_tried_again() -> None:
    call = RecordingScript(
        *RECORDS, Step("studio/menu", "1"), Step("studio/menu-draft", "4"), how=[Recorded.FAILED, Recorded.ENDED]
    )
    studio = MemoryStudio()
    await RecordingFlow(call, studio).run()
    assert "studio/not-recorded" in call.heard
    assert studio.published == [1]


async def test_a_wrong_pin_and_an_unknown_number_sound_the_same_and_three_end_the_call() -> None:
    tries = (Step("studio/user", "7#"), Step("studio/pin", "111222#"), Step("studio/user", "8#"))
    call = RecordingScript(*tries, Step("studio/pin", f"{PIN}#"))
    await RecordingFlow(call, MemoryStudio()).run()
    assert call.heard.count("studio/wrong") == 3
    assert call.heard[-1] == "common/goodbye"
    assert "studio/number" not in call.heard


async def test_who_was_rung_from_the_pages_begins_at_the_prompt() -> None:
    call = RecordingScript(Step("studio/menu", "0"), Step("studio/number", "0"))
    await RecordingFlow(call, MemoryStudio()).run(ANNA, 101)
    assert call.heard[0] == "studio/prompt"


@pytest.mark.parametrize("at", ["studio/number", "studio/menu"])
async def test_nobody_there_ends_the_call(at: str) -> None:
    script = ENTERS if at == "studio/number" else (*ENTERS, Step("studio/number", "101#"))
    call = RecordingScript(*script)
    await RecordingFlow(call, MemoryStudio()).run()
    assert call.heard[-1] == "common/goodbye"
    assert call.heard.count(at) == 3


@pytest.mark.parametrize("fails", ["admit", "keep", "publish"])
async def test_a_fault_is_told_and_ends_the_call(fails: str) -> None:
    call = RecordingScript(*RECORDS, Step("studio/menu-draft", "4"))
    await RecordingFlow(call, MemoryStudio(fails=fails)).run()
    assert call.heard[-2:] == ["studio/fault", "common/goodbye"]
