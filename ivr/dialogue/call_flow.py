"""A whole call: greeting, identification, readings of every meter, receipt, anything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ivr.dialogue.conversation import Conversation, HandOver, Patience, ReportWanted, WentBack
from ivr.dialogue.identify import Caller, ask_account, greet, is_theirs
from ivr.dialogue.menus import spoken_keys
from ivr.dialogue.meter import MeterReading
from ivr.dialogue.outage import tell
from ivr.dialogue.ports import Call, Callbacks, Ledger, Next, Phrase
from ivr.dialogue.prompts import Prompt
from ivr.dialogue.report import take_report
from ivr.domain.accounts import Account, AccountFormat
from ivr.domain.faults import StoreUnavailable
from ivr.domain.journal.steps import Failed
from ivr.domain.journal.words import Failure, Outcome
from ivr.domain.outages import Outage, Place
from ivr.intake.identify import Identify
from ivr.intake.ports import Clock
from ivr.intake.report_outage import OutageStore
from ivr.intake.submit import Rules
from ivr.language.port import Menu
from ivr.language.selected import LANGUAGE

MORE, ENOUGH = "1", "2"
SAME_ACCOUNT, OTHER_ACCOUNT, REPORT, END = "1", "2", "3", "#"
MENU_WORDS = spoken_keys(Menu.MENU_ELSE, {"more": MORE, "enough": ENOUGH})
MAIN_WORDS = spoken_keys(Menu.MENU_MAIN, {"same-account": SAME_ACCOUNT, "other-account": OTHER_ACCOUNT, "end": END})
_ANNOUNCED = {Next.HOTLINE: Prompt.HOTLINE, Next.OPERATOR: Prompt.OPERATOR}  # the dialplan itself asks for a message
MOST_ACCOUNTS = 10  # of one call; a caller with more is better served by a person


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The dependencies that all calls share.

    rings: whether the line calls a number (E.164) back after its outage. greets_shortly: whether many callers wait now.
    """

    ledger: Ledger
    outages: OutageStore
    callbacks: Callbacks
    clock: Clock
    accounts: AccountFormat
    rules: Rules
    patience: Patience
    rings: Callable[[str], bool] = lambda _number: False
    greets_shortly: Callable[[], bool] = lambda: False


class CallFlow:
    """One call's way through the dialogue, and how it stands."""

    def __init__(self, call: Call, dependencies: Dependencies) -> None:
        self._call = call
        self._dependencies = dependencies
        self._conversation = Conversation(call, dependencies.patience)
        self._callers = Identify(dependencies.ledger, dependencies.accounts)
        self._stored = False
        self._account: Account | None = None  # that the call concerns, if known
        self._told: set[int] = set()  # outages that the caller has heard of

    async def run(self) -> Next:
        """Talk until the caller is served, leaves for a person, or a fault sends them to one. Raises HungUp."""
        try:
            try:
                await self._serve()
            except ReportWanted:
                self._conversation.reporting = True
                await take_report(self._conversation, self._dependencies.outages, self._account)
            await self._conversation.part()
            return Next.HANGUP
        except HandOver as leaving:
            said = _ANNOUNCED.get(leaving.to)
            if said is not None and not leaving.announced:
                await self._call.announce((said,))
            return leaving.to
        except StoreUnavailable:
            self._call.note(Failed(Failure.STORE))
            await self._call.announce((Prompt.FAULT,), (Prompt.OPERATOR,))
            return Next.OPERATOR

    def outcome(self, to: Next | None) -> Outcome:
        """How the call ended, `to` None if the caller hung up."""
        match to:
            case Next.HOTLINE:
                return Outcome.HOTLINE
            case Next.OPERATOR:
                return Outcome.OPERATOR
            case Next.MESSAGE:
                return Outcome.MESSAGE
        return Outcome.STORED if self._stored else Outcome.NOTHING

    async def _serve(self) -> None:
        dependencies, callers = self._dependencies, self._callers
        caller = await greet(
            self._conversation, callers, dependencies.outages, dependencies.clock, shortly=dependencies.greets_shortly()
        )
        self._account = caller.account
        # Keys pressed in the greeting are an account number: the flow tells of an outage once the caller confirms it.
        outage = caller.outage if not self._call.waiting_keys else None
        if outage is not None and not await self._go_on(outage, told_already=caller.told):
            return
        account = await self._identify(caller)
        for _ in range(MOST_ACCOUNTS):
            self._account = account
            outage = await self._outage_of(account)
            if outage is not None and not await self._go_on(outage):
                return
            try:
                receipt: Phrase = (Prompt.READING_RECEIPT, *LANGUAGE.say_digits(await self._take(account)))
            except WentBack:
                account = await ask_account(self._conversation, callers)
                continue
            more = await self._conversation.choose(
                receipt, (Prompt.MENU_ELSE,), keys=MORE + ENOUGH, or_silence=ENOUGH, spoken=MENU_WORDS
            )
            if more == ENOUGH:
                return
            keys = SAME_ACCOUNT + OTHER_ACCOUNT + REPORT + END
            match await self._conversation.choose((Prompt.MENU_MAIN,), keys=keys, spoken=MAIN_WORDS):
                case "1":
                    account = (
                        await dependencies.ledger.account(account.number) or account
                    )  # with the readings just given
                case "2":
                    account = await ask_account(self._conversation, callers)
                case "3":
                    raise ReportWanted
                case _:
                    return
        raise HandOver(Next.OPERATOR)

    async def _identify(self, caller: Caller) -> Account:
        """The account that the caller has confirmed."""
        # Keys pressed in the greeting are never a «yes» to what was not asked yet.
        known = caller.account if not self._call.waiting_keys else None
        if known is not None and await is_theirs(self._conversation, known):
            return known
        self._account = None
        self._call.about(None)
        own = [account.number for account in caller.accounts]
        return await ask_account(self._conversation, self._callers, own=own)

    async def _outage_of(self, account: Account) -> Outage | None:
        """The outage at an account that the caller has not heard of yet. A store that cannot tell holds nobody up."""
        try:
            outage = await self._conversation.meanwhile(self._dependencies.outages.at(Place.of(account)))
        except StoreUnavailable:
            self._call.note(Failed(Failure.OUTAGES))
            return None
        return outage if outage is not None and outage.id not in self._told else None

    async def _go_on(self, outage: Outage, *, told_already: bool = False) -> bool:
        """Tell of an outage; whether the caller wants to go on with readings after it."""
        self._told.add(outage.id)
        whose = self._account.id if self._account is not None else None
        dependencies = self._dependencies
        rung_back = await tell(
            self._conversation,
            dependencies.callbacks,
            dependencies.clock,
            outage,
            whose,
            dependencies.rings,
            told_already=told_already,
        )
        if not rung_back:
            return True
        more = await self._conversation.choose(
            (Prompt.MENU_ELSE,), keys=MORE + ENOUGH, or_silence=ENOUGH, spoken=MENU_WORDS
        )
        return more == MORE

    async def _take(self, account: Account) -> str:
        """Take the readings of every meter; the receipt number. Raises WentBack from the first one's first reading."""
        if not account.meters:
            await self._call.announce((Prompt.IDENTIFY_NO_METER,))
            raise HandOver(Next.OPERATOR)
        receipt, meters, at = "", account.meters, 0
        while at < len(meters):
            dependencies = self._dependencies
            reading = MeterReading(
                self._conversation,
                dependencies.ledger,
                dependencies.clock,
                dependencies.rules,
                meters[at],
                account.group,
            )
            try:
                receipt = await reading.take(name_meter=len(meters) > 1)
            except WentBack:
                if at == 0:
                    raise
                at -= 1
                continue
            except StoreUnavailable:
                self._call.note(Failed(Failure.READING_NOT_STORED))
                await self._call.announce((Prompt.READING_NOT_STORED,))
                raise HandOver(Next.OPERATOR) from None
            self._stored = True
            at += 1
        return receipt
