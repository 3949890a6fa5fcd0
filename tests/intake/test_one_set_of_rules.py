"""The same values give equal rows, whoever brings them: a caller, emergency mode, a clerk at the office."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from ivr.domain.contacts import Contact, Submission
from ivr.domain.meters import Meter
from ivr.domain.readings import Channel
from ivr.intake.submit import MeterDraft, unasked
from tests.intake.households import EMERGENCY, MONTH_AGO, OFFICE, PHONE, RULES, TODAY, meter


@dataclass(frozen=True)
class Case:
    """Values of a meter by which their giver stands, and the rows: value, flagged, reason."""

    meter: Meter
    values: tuple[int, ...]
    rows: tuple[tuple[int, bool, str], ...]


CASES = {
    "usual": Case(meter(12000), (12150,), ((12150, False, ""),)),
    "first of all": Case(meter(None), (54321,), ((54321, False, ""),)),
    "the same again": Case(meter(12000), (12000,), ((12000, False, "same-value"),)),
    "past the last digit": Case(meter(99990), (12,), ((12, False, "rollover"),)),
    "past the last digit, nothing known": Case(
        meter(98900, uses=()), (150,), ((150, True, "rollover-without-history"),)
    ),
    "lower": Case(meter(12000), (11999,), ((11999, True, "lower-than-last"),)),
    "high": Case(meter(12000), (15150,), ((15150, True, "above-usual-use"),)),
    "more than the connection": Case(meter(12000), (99000,), ((99000, True, "above-connection"),)),
    "with the digit behind the comma": Case(meter(1248), (12634,), ((12634, True, "with-tenth"),)),
    "behind transformers": Case(replace(meter(12000), ratio=20), (12060,), ((12060, True, "above-usual-use"),)),
    "read remotely": Case(replace(meter(12000), remote=True), (12150,), ((12150, True, "control"),)),
    "verification past": Case(
        replace(meter(12000), next_verification=MONTH_AGO), (12150,), ((12150, True, "verification-overdue"),)
    ),
    "verification is to come": Case(replace(meter(12000), next_verification=TODAY), (12150,), ((12150, False, ""),)),
    "remote, unverified and lower": Case(
        replace(meter(12000), remote=True, next_verification=MONTH_AGO),
        (11999,),
        ((11999, True, "control verification-overdue lower-than-last"),),
    ),
    "two zones, one doubtful": Case(
        meter(12000, 5000), (12150, 4000), ((12150, False, ""), (4000, True, "lower-than-last"))
    ),
    "three zones": Case(
        meter(700, 800, 900), (710, 800, 920), ((710, False, ""), (800, False, "same-value"), (920, False, ""))
    ),
}


def asked(case: Case, contact: Contact, channel: Channel | None = None) -> Submission:
    """Value by value, as a call and a clerk at the office do: who is asked about a doubtful one insists."""
    draft = MeterDraft(case.meter, RULES, TODAY)
    for register, value in zip(case.meter.registers, case.values, strict=True):
        if draft.offer(register, value).doubted:
            draft.insist()
        draft.accept()
    return draft.submission(contact, channel)


@pytest.mark.parametrize("name", CASES)
def test_every_channel_gives_the_same_rows(name: str) -> None:
    case = CASES[name]
    by_phone, at_office = asked(case, PHONE, Channel.KEYS), asked(case, OFFICE)
    in_emergency = unasked((case.meter,), case.values, EMERGENCY, TODAY, RULES)
    assert isinstance(in_emergency, Submission)
    for submission in (by_phone, at_office):
        assert tuple((it.value, it.flagged, it.reason) for it in submission.entries) == case.rows
    # Nobody heard the account said back: a clerk looks at each, and sees the same reason beside it.
    assert [(it.value, it.flagged, it.reason) for it in in_emergency.entries] == [
        (value, True, f"emergency {reason}".rstrip()) for value, _, reason in case.rows
    ]
    for submission in (by_phone, at_office, in_emergency):
        assert [it.register_id for it in submission.entries] == [it.id for it in case.meter.registers]
        assert (submission.read_on, str(submission.period)) == (TODAY, "2026-11")
    assert [it.channel for it in (by_phone, at_office, in_emergency)] == [
        Channel.KEYS,
        Channel.OFFICE,
        Channel.EMERGENCY,
    ]
