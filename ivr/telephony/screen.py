"""What whoever takes the call sees of the caller: channel variables, and the values of the event `IvrCall`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ivr.domain.accounts import Account
from ivr.domain.outages import Outage, Trouble

LONGEST_TEXT = 200


@dataclass(slots=True)
class Screen:
    """What is known of a caller. confirmed: the caller said so; else the account is that of the number that calls."""

    account: Account | None = None
    confirmed: bool = False
    danger: bool = False
    trouble: Trouble | None = None
    report: str = ""
    outage: Outage | None = None
    told: str = ""

    def variables(self) -> dict[str, str]:
        """Channel variables of what is known, each one line; contract: dialplan/README.md."""
        values: dict[str, str] = {}
        if self.account is not None:
            district, address = _one_line(self.account.district), _one_line(_address(self.account))
            values["IVR_ACCOUNT"] = _one_line(self.account.number)
            values["IVR_CONFIRMED"] = "yes" if self.confirmed else "no"
            values["IVR_DISTRICT"] = district
            values["IVR_ADDRESS"] = address
            values["IVR_WHERE"] = f"District: {_argument(district)},Address: {_argument(address)}"
        if self.danger:
            values["IVR_DANGER"] = "yes"
        if self.trouble is not None:
            values["IVR_TROUBLE"] = self.trouble
        if self.report:
            values["IVR_REPORT"] = self.report
        if self.outage is not None:
            values["IVR_OUTAGE"], values["IVR_TOLD"] = str(self.outage.id), self.told
        return values


def _address(account: Account) -> str:
    return ", ".join(filter(None, (account.street, account.house, account.flat)))


def _one_line(text: str) -> str:
    """Free text from billing as a channel variable takes it: no line breaks, and short enough for a command."""
    return "".join(character if character.isprintable() else " " for character in text)[:LONGEST_TEXT].strip()


def _argument(text: str) -> str:
    r"""A text that stays one argument of an application of Asterisk's, exactly as it is.

    Arguments are divided by commas outside of quotes, parentheses and brackets; ``\`` takes the meaning from each of
    these and from itself, and is dropped. A value that comes out of a variable is not searched for ``${``.
    """
    return re.sub(r'([\\",()\[\]])', r"\\\1", text)
