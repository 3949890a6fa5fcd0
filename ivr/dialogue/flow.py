"""A whole call: greeting, identification, readings of every meter, receipt, anything else."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.dialogue.conversation import Conversation, HandOver, Patience, WentBack
from ivr.dialogue.identify import ask_account, identify
from ivr.dialogue.meter import MeterReading, Rules
from ivr.dialogue.ports import Call, Clock, Ledger, Next, Outcome, Phrase
from ivr.dialogue.prompts import Prompt
from ivr.domain.accounts import Account, AccountFormat
from ivr.domain.faults import StoreUnavailable
from ivr.language.speaking import digits

MORE, ENOUGH = "1", "2"
SAME_ACCOUNT, OTHER_ACCOUNT, END = "1", "2", "#"
MENU_WORDS = {
    **dict.fromkeys(("да", "ещё"), MORE),
    **dict.fromkeys(("нет", "всё", "спасибо", "хватит", "до свидания"), ENOUGH),
}
MAIN_WORDS = {
    **dict.fromkeys(("показания", "передать показания"), SAME_ACCOUNT),
    **dict.fromkeys(("другой", "другого", "другой счёт", "другой номер"), OTHER_ACCOUNT),
    **dict.fromkeys(("нет", "всё", "конец", "спасибо", "хватит", "до свидания"), END),
}
MOST_ACCOUNTS = 10  # of one call; a caller with more is better served by a person


@dataclass(frozen=True, slots=True)
class Desk:
    """What every call works with."""

    ledger: Ledger
    clock: Clock
    accounts: AccountFormat
    rules: Rules
    patience: Patience


class Visit:
    """One call's way through the dialogue, and how it stands."""

    def __init__(self, call: Call, desk: Desk) -> None:
        self._call = call
        self._desk = desk
        self._conversation = Conversation(call, desk.patience)
        self._stored = False

    async def run(self) -> Next:
        """Talk until the caller is served, leaves for a person, or a fault sends them to one. Raises HungUp."""
        try:
            await self._serve()
            await self._conversation.part()
            return Next.HANGUP
        except HandOver as leaving:
            said = Prompt.HOTLINE if leaving.to is Next.HOTLINE else Prompt.OPERATOR
            await self._call.announce((said,))
            return leaving.to
        except StoreUnavailable:
            self._call.note("fault", "store")
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
        ledger, form = self._desk.ledger, self._desk.accounts
        account = await identify(self._conversation, ledger, form)
        for _ in range(MOST_ACCOUNTS):
            try:
                receipt: Phrase = (Prompt.READING_RECEIPT, *digits(await self._take(account)))
            except WentBack:
                account = await ask_account(self._conversation, ledger, form)
                continue
            more = await self._conversation.choose(
                receipt, (Prompt.MENU_ELSE,), keys=MORE + ENOUGH, or_silence=ENOUGH, spoken=MENU_WORDS
            )
            if more == ENOUGH:
                return
            keys = SAME_ACCOUNT + OTHER_ACCOUNT + END
            match await self._conversation.choose((Prompt.MENU_MAIN,), keys=keys, spoken=MAIN_WORDS):
                case "1":
                    account = await ledger.account(account.number) or account  # with the readings just given
                case "2":
                    account = await ask_account(self._conversation, ledger, form)
                case _:
                    return
        raise HandOver(Next.OPERATOR)

    async def _take(self, account: Account) -> str:
        """Take the readings of every meter; the receipt number. Raises WentBack from the first one's first reading."""
        if not account.meters:
            await self._call.announce((Prompt.IDENTIFY_NO_METER,))
            raise HandOver(Next.OPERATOR)
        receipt, meters, at = "", account.meters, 0
        while at < len(meters):
            reading = MeterReading(
                self._conversation, self._desk.ledger, self._desk.clock, self._desk.rules, meters[at]
            )
            try:
                receipt = await reading.take(name_meter=len(meters) > 1)
            except WentBack:
                if at == 0:
                    raise
                at -= 1
                continue
            except StoreUnavailable:
                self._call.note("fault", "reading not stored")
                await self._call.announce((Prompt.READING_NOT_STORED,))
                raise HandOver(Next.OPERATOR) from None
            self._stored = True
            at += 1
        return receipt
