"""Rings people back over Asterisk's manager: the hotline's port `Exchange`.

A call-back's call has the unique id `ivr-<token>`, at the end of an outage `ivr-power-<token>`: Asterisk makes no
second one while it is up, and a list of calls tells which call-backs are under way. The dialplan (`ivr-callback`,
`ivr-power`) writes what the called person answers by a key into Asterisk's own database, where it outlives this daemon,
the call and Asterisk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ivr.domain.callbacks import Callback, CallbackKind, CallbackResult
from ivr.hotline.ports import ExchangeAway
from ivr.telephony.manager.ami import ACTION_S, Ami, AmiFault, AmiRefused, CallFailed
from ivr.telephony.names import CALL_PREFIX, CALLBACK_FAMILY, POWER_PREFIX, Context, Variable
from ivr.telephony.screen_pop import variables_of_callback

CONTEXTS = {CallbackKind.QUEUE: Context.CALLBACK, CallbackKind.POWER: Context.POWER}
NOT_FOUND = "Database entry not found"
ANSWER_S = 120.0
"""Longest time from the answer to a key or the end: two times the question, with its pauses."""

RETURNED = 5
"""Added to the caller's own priority after a call-back: ahead of all waiting callers, behind danger (10)."""

_KEYS = {
    str(rung): rung
    for rung in (
        CallbackResult.CONFIRMED,
        CallbackResult.DECLINED,
        CallbackResult.DARK,
        CallbackResult.PERSON,
        CallbackResult.SILENT,
    )
}
_REASONS = {1: CallbackResult.NO_ANSWER, 3: CallbackResult.NO_ANSWER, 5: CallbackResult.BUSY}


@dataclass(frozen=True, slots=True)
class Dialling:
    """Settings of an outgoing call.

    channel: what Asterisk dials, with `{phone}` (+79161234567), `{digits}` (79161234567) or `{national}` (89161234567).
    caller_id: number that the called party sees, "" for none. ring_s: longest wait for the answer.
    """

    channel: str
    caller_id: str = ""
    ring_s: float = 35.0

    def to(self, phone: str) -> str:
        """The channel that rings a number in E.164."""
        national = "8" + phone[2:] if phone.startswith("+7") else phone
        return self.channel.format(phone=phone, digits=phone[1:], national=national)


class AsteriskExchange:
    """One Asterisk. name: the same for all daemons beside it. ami: its connection; raises AmiUnavailable while down."""

    def __init__(self, name: str, ami: Callable[[], Ami], dialling: Dialling) -> None:
        self._name = name
        self._ami = ami
        self._dialling = dialling

    @property
    def name(self) -> str:
        """This Asterisk's own name."""
        return self._name

    async def ring(self, callback: Callback) -> CallbackResult:
        """Ring, and wait until it is known how that ended. Raises ExchangeAway: it may be ringing."""
        uniqueid = CALL_PREFIX + (POWER_PREFIX if callback.kind is CallbackKind.POWER else "") + callback.token
        try:
            ami = self._ami()
            with ami.events("VarSet", "Hangup", uniqueid=uniqueid) as events:
                await ami.originate(
                    self._dialling.to(callback.phone),
                    context=CONTEXTS[callback.kind],
                    caller_id=self._dialling.caller_id,
                    variables=_variables(callback),
                    ring_s=self._dialling.ring_s,
                    channel_id=uniqueid,
                )
                while True:
                    event = await events.next(ANSWER_S)
                    if event.name == "Hangup":
                        return await self.kept(callback.token) or CallbackResult.SILENT
                    if event["Variable"] == Variable.RETURN and event["Value"] in _KEYS:
                        return _KEYS[event["Value"]]
        except CallFailed as failure:
            return _REASONS.get(failure.reason, CallbackResult.FAILED)
        except (AmiFault, TimeoutError) as fault:
            raise ExchangeAway from fault

    async def live(self) -> frozenset[str]:
        """Tokens of the call-backs whose calls are up now. Raises ExchangeAway."""
        names = ("CoreShowChannel", "CoreShowChannelsComplete")
        found = set()
        try:
            ami = self._ami()
            with ami.events(*names, at_most=20_000) as events:
                await ami.action("CoreShowChannels")
                while (event := await events.next(ACTION_S)).name == "CoreShowChannel":
                    if event["Uniqueid"].startswith(CALL_PREFIX):
                        found.add(_token(event["Uniqueid"]))
        except (AmiFault, TimeoutError) as fault:
            raise ExchangeAway from fault
        return frozenset(found)

    async def kept(self, token: str) -> CallbackResult | None:
        """The key answer of the called party in any try, None for no answer. Raises ExchangeAway."""
        try:
            ami = self._ami()
            with ami.events("DBGetResponse") as events:
                await ami.action("DBGet", Family=CALLBACK_FAMILY, Key=token)
                answer = await events.wait_for("DBGetResponse", ACTION_S, Key=token)
        except AmiRefused as refusal:
            if refusal.said == NOT_FOUND:
                return None
            raise ExchangeAway from refusal  # to take a missing right for "nothing answered" would ring twice
        except (AmiFault, TimeoutError) as fault:
            raise ExchangeAway from fault
        return _KEYS.get(answer["Val"])

    def returned(self, uniqueid: str) -> str:
        """Token of the call-back by which a call came back to its queue, "" for every other call."""
        ours, of_outage = uniqueid.startswith(CALL_PREFIX), uniqueid.startswith(CALL_PREFIX + POWER_PREFIX)
        return _token(uniqueid) if ours and not of_outage else ""


def _token(uniqueid: str) -> str:
    """Of a call that we made."""
    return uniqueid.removeprefix(CALL_PREFIX).removeprefix(POWER_PREFIX).partition(";")[0]


def _variables(callback: Callback) -> dict[str, str]:
    """Variables for the dialplan. A caller still without power joins the queue behind the waiting callers."""
    variables: dict[str, str] = {
        Variable.CALLBACK: callback.token,
        Variable.CALLBACK_PHONE: callback.phone,
        **variables_of_callback(callback),
    }
    if callback.kind is CallbackKind.QUEUE:
        since = str(int(callback.joined_at.timestamp()))
        priority = str(callback.priority + RETURNED)
        variables |= {Variable.QUEUE: callback.queue, Variable.PRIORITY: priority, Variable.SINCE: since}
    return variables
