"""Whose call it is: by the number that calls, or by the account number keyed in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ivr.dialogue.conversation import Conversation
from ivr.dialogue.ports import Expects, Ledger, Phrase
from ivr.dialogue.prompts import Prompt
from ivr.domain.accounts import Account, AccountFormat
from ivr.language.speaking import digits


async def identify(conversation: Conversation, ledger: Ledger, form: AccountFormat) -> Account:
    """Greet, and return the account that the caller has confirmed.

    The greeting plays while the store is asked: a slow store never delays the offer of the hotline.
    Only the last digits of an account are said, never a name or a debt: whoever calls knows at most a number.
    """
    call = conversation.call
    search = asyncio.create_task(_known(ledger, call.caller_number))
    try:
        await conversation.greet((Prompt.WELCOME,))
        known = await search
    finally:
        search.cancel()
        await asyncio.gather(search, return_exceptions=True)
    # Keys pressed during the greeting are the beginning of an account number, never a «yes» to what was not asked yet.
    if len(known) == 1 and not call.waiting_keys:
        account = known[0]
        if await conversation.confirm((Prompt.IDENTIFY_KNOWN,), _last_digits(account)):
            return _found(conversation, account)
    return await ask_account(conversation, ledger, form)


async def _known(ledger: Ledger, caller_number: str) -> Sequence[Account]:
    return await ledger.accounts_of_phone(caller_number) if caller_number else ()


async def ask_account(conversation: Conversation, ledger: Ledger, form: AccountFormat) -> Account:
    """Ask for the account number until one is found and confirmed.

    A number of a wrong form and an unknown one sound the same: nobody finds out numbers here.
    """
    leading_zero = await ledger.any_starts_with_zero()
    while True:
        number = await conversation.number(
            Expects.ACCOUNT,
            (Prompt.IDENTIFY_ASK,),
            most_digits=form.longest,
            help_with=(Prompt.IDENTIFY_HELP,),
            may_start_with_zero=leading_zero,
        )
        account = await ledger.account(number) if form.accepts(number) else None
        if account is None:
            await conversation.stumble((Prompt.IDENTIFY_UNKNOWN,))
            continue
        match await conversation.confirm(_last_digits(account)):
            case True:
                return _found(conversation, account)
            case False:
                await conversation.stumble()
            case None:  # more digits than an account number has
                await conversation.stumble((Prompt.IDENTIFY_UNKNOWN,))


def _last_digits(account: Account) -> Phrase:
    return (Prompt.IDENTIFY_CONFIRM, *digits(account.last_digits))


def _found(conversation: Conversation, account: Account) -> Account:
    conversation.succeed()
    conversation.call.identified(account)
    return account
