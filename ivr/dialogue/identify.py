"""Identify the caller's account by their telephone number, or by the account number that they say or key in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ivr.dialogue.conversation import Conversation, NumberMissing, ReportWanted, WentBack
from ivr.dialogue.interpretation import AccountInterpreter, GroupInterpreter, differing_group
from ivr.dialogue.menus import spoken_keys
from ivr.dialogue.outage import noted, phrases
from ivr.dialogue.ports import Answer, Expects, Phrase
from ivr.dialogue.prompts import Prompt
from ivr.dialogue.spoken_account import neighbours
from ivr.domain.accounts import Account
from ivr.domain.faults import StoreUnavailable
from ivr.domain.journal.steps import Failed, GreetedShortly, SimilarNumbers
from ivr.domain.journal.words import Failure
from ivr.domain.outages import Outage, Place, State
from ivr.intake.identify import Candidates, Identify
from ivr.intake.ports import Clock
from ivr.intake.report_outage import OutageStore
from ivr.language.port import Menu
from ivr.language.selected import LANGUAGE

NUMBER, REPORT = "1", "3"
AT_ONCE_S = 0.3
"""The greeting waits no longer than this to know of a suspected outage; the dialplan's own has offered help before."""
WITHOUT = spoken_keys(Menu.WITHOUT_NUMBER, {"number": NUMBER, "report": REPORT})


@dataclass(frozen=True, slots=True)
class Caller:
    """What the caller ID tells: its accounts, at most three, and the outage that affects all of them.

    told: of the outage, in front of the greeting.
    """

    candidates: Candidates
    outage: Outage | None = None
    told: bool = False

    @property
    def accounts(self) -> Sequence[Account]:
        """All accounts of the number."""
        return self.candidates.accounts

    @property
    def account(self) -> Account | None:
        """The only account of the number, None if there are several or none."""
        return self.candidates.offered


async def greet(
    conversation: Conversation, callers: Identify, outages: OutageStore, clock: Clock, *, shortly: bool = False
) -> Caller:
    """Greet, and find out who may be calling. shortly: many callers wait.

    The greeting plays during the query to the store, and the hotline's key works meanwhile: a slow store never delays
    the offer of help, nor help itself. Only a suspected outage comes before the greeting, if the store answers in
    time: many callers ring because of it and hear within seconds what they want to know.
    """
    search = asyncio.create_task(_known(conversation, callers, outages))
    try:
        suspected = await _suspected(conversation, search)
        first: tuple[Phrase, ...] = ()
        if suspected is not None:
            noted(conversation, suspected, clock.now())
            first = phrases(suspected, clock.now())
        if shortly:
            conversation.call.note(GreetedShortly())
        await conversation.greet(*first, (Prompt.WELCOME_SHORT if shortly else Prompt.WELCOME,))
        return replace(await conversation.meanwhile(search), told=suspected is not None)
    finally:
        search.cancel()
        await asyncio.gather(search, return_exceptions=True)


async def _suspected(conversation: Conversation, search: asyncio.Task[Caller]) -> Outage | None:
    """The suspected outage of the number that calls, if it is known at once and no key was pressed yet."""
    if not conversation.call.caller_number or conversation.call.waiting_keys:
        return None
    await asyncio.wait((search,), timeout=AT_ONCE_S)
    if not search.done() or search.exception() is not None:
        return None
    outage = search.result().outage
    return outage if outage is not None and outage.state is State.SUSPECTED else None


async def _known(conversation: Conversation, callers: Identify, outages: OutageStore) -> Caller:
    candidates = await callers.by_phone(conversation.call.caller_number)
    if candidates.offered is not None:
        conversation.call.about(candidates.offered)
    try:
        found = [await outages.at(Place.of(account)) for account in candidates.accounts]
    except StoreUnavailable:
        conversation.call.note(Failed(Failure.OUTAGES))
        return Caller(candidates)
    same = bool(found) and len({outage.id if outage is not None else None for outage in found}) == 1
    return Caller(candidates, found[0] if same else None)


async def is_theirs(conversation: Conversation, account: Account) -> bool:
    """Offer the account of the number that calls; whether the caller confirms it.

    Only the last digits of an account are said, never a name or a debt: whoever calls knows at most a number.
    """
    if not await conversation.confirm((Prompt.IDENTIFY_KNOWN,), _last_digits(account)):
        return False
    _found(conversation, account)
    return True


async def ask_account(conversation: Conversation, callers: Identify, own: Sequence[str] = ()) -> Account:
    """Ask for the account number until one is found and confirmed.

    A number of a wrong form and an unknown one sound the same: nobody finds out numbers here.
    own: accounts of the number that calls; a spoken number is rather one of them.
    Raises ReportWanted if the caller has no number and wants to report an outage.
    """
    leading_zero = await callers.any_starts_with_zero()
    refused: list[str] = []
    missing = False  # said once already: a second time is a failure like any other
    while True:
        try:
            answer = await conversation.number(
                Expects.ACCOUNT,
                (Prompt.IDENTIFY_ASK,),
                most_digits=callers.form.longest,
                help_with=(Prompt.IDENTIFY_HELP,),
                may_start_with_zero=leading_zero,
                interpreter=AccountInterpreter(callers.form, callers.active, own, refused),
                may_be_missing=not missing,
            )
            numbers = await _meant(conversation, answer)
        except WentBack:
            continue  # there is no step before this one
        except NumberMissing:
            missing = True
            if await conversation.choose((Prompt.IDENTIFY_WITHOUT,), keys=NUMBER + REPORT, spoken=WITHOUT) == REPORT:
                raise ReportWanted from None
            continue
        found = [account for number in numbers for account in (await callers.by_number(number)).accounts]
        why: tuple[Phrase, ...] = ((Prompt.IDENTIFY_UNKNOWN,),)
        for account in found:
            sure = await conversation.confirm(await _named(callers, account, answer))
            if sure:
                return _found(conversation, account)
            if sure is None:  # more digits than an account number has
                break
            why = ()
            refused += [account.number] if answer.by_voice else []
            if conversation.corrected:
                break
        await conversation.stumble(*why)


async def _meant(conversation: Conversation, answer: Answer) -> tuple[str, ...]:
    """The numbers that may be meant, the likeliest first.

    Where several sound alike, the group of digits in which they differ is asked for; () if it is none of theirs.
    Raises WentBack if the caller would rather give the whole number again.
    """
    numbers = (answer.digits, *answer.meaning.rivals)
    prompt = _GROUPS.get((*differing_group(numbers), len(answer.digits))) if len(numbers) > 1 else None
    if prompt is None:
        return numbers
    start, length = differing_group(numbers)
    conversation.call.note(SimilarNumbers(numbers))
    said = await conversation.number(
        Expects.READING,
        (prompt,),
        most_digits=length,
        help_with=(Prompt.IDENTIFY_HELP,),
        interpreter=GroupInterpreter(numbers, start, length),
        invites=False,
    )
    return tuple(number for number in numbers if number[start : start + length] == said.digits)


async def _named(callers: Identify, account: Account, answer: Answer) -> Phrase:
    """What is said of an account: its last digits, or the whole number where these could be another account's too.

    A spoken number, unlike a keyed one, may be off by a digit that the last four do not show.
    """
    if answer.by_voice:
        alike = [
            number
            for number, _ in neighbours(account.number, (len(account.number),))
            if number[-4:] == account.last_digits
        ]
        if answer.meaning.offered or answer.meaning.rivals or await callers.active(alike):
            return (Prompt.IDENTIFY_CONFIRM, *LANGUAGE.say_digits(account.number))
    return _last_digits(account)


_GROUPS = {
    (0, 3, 10): Prompt.IDENTIFY_GROUP_FIRST,
    (3, 3, 10): Prompt.IDENTIFY_GROUP_SECOND,
    (6, 4, 10): Prompt.IDENTIFY_GROUP_LAST,
}
"""Start and length of a group, length of the number -> how it is asked for.

Where they differ otherwise, one after the other is read out to be confirmed.
"""


def _last_digits(account: Account) -> Phrase:
    return (Prompt.IDENTIFY_CONFIRM, Prompt.IDENTIFY_LAST_DIGITS, *LANGUAGE.say_digits(account.last_digits))


def _found(conversation: Conversation, account: Account) -> Account:
    conversation.succeed()
    conversation.call.identified(account)
    return account
