"""The operator's view of the caller: channel variables, and the values of the event `IvrCall`."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.domain.accounts import Account
from ivr.domain.callbacks import DANGER, Callback
from ivr.domain.outages import Outage, Trouble
from ivr.telephony.manager.arguments import argument
from ivr.telephony.names import Variable

LONGEST_TEXT = 200
LONGEST_RUNG = 80
"""Characters of a district or an address in a call-back: a line of the manager interface holds 1000 bytes."""


@dataclass(slots=True)
class ScreenPop:
    """Facts about a caller. confirmed: the caller confirmed the account; else it comes from the caller ID."""

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
            whose = (self.account.number, self.account.district, _address(self.account))
            values |= _whose(*whose, confirmed=self.confirmed, longest=LONGEST_TEXT)
        if self.danger:
            values[Variable.DANGER] = "yes"
        if self.trouble is not None:
            values[Variable.TROUBLE] = self.trouble
        if self.report:
            values[Variable.REPORT] = self.report
        if self.outage is not None:
            values[Variable.OUTAGE], values[Variable.TOLD] = str(self.outage.id), self.told
        return values


def variables_of_callback(callback: Callback) -> dict[str, str]:
    """Channel variables of a call-back, short enough for the manager interface; empty for a bare number."""
    about = callback.about
    values: dict[str, str] = {
        Variable.CALL: callback.call_id,
        Variable.DANGER: "yes" if callback.priority >= DANGER else "",
        Variable.TROUBLE: about.trouble,
        Variable.REPORT: about.report,
        Variable.OUTAGE: about.outage,
        Variable.TOLD: about.told,
    }
    values = {name: value for name, value in values.items() if value}
    if callback.account:
        values |= _whose(callback.account, callback.district, callback.address, confirmed=False, longest=LONGEST_RUNG)
    return values


def _whose(number: str, district: str, address: str, *, confirmed: bool, longest: int) -> dict[str, str]:
    district, address = _one_line(district, longest), _one_line(address, longest)
    return {
        Variable.ACCOUNT: _one_line(number, longest),
        Variable.CONFIRMED: "yes" if confirmed else "no",
        Variable.DISTRICT: district,
        Variable.ADDRESS: address,
        Variable.WHERE: f"District: {argument(district)},Address: {argument(address)}",
    }


def _address(account: Account) -> str:
    return ", ".join(filter(None, (account.street, account.house, account.flat)))


def _one_line(text: str, longest: int) -> str:
    """Free text from billing as a channel variable takes it: no line breaks, and short enough for a command."""
    return "".join(character if character.isprintable() else " " for character in text)[:longest].strip()
