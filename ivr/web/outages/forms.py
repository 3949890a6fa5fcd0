"""What a clerk fills in about an outage: a new one, a change, its confirmation, its end, its reopening."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo, field_validator

from ivr.domain.outages import Cause, Kind, Outage, Place, State
from ivr.web.core.forms import Fields, Moment, Text, fault, now_of

NO_PLACE = "Укажите район, улицу или и то и другое."
NO_STREET = "Укажите улицу: дом — только вместе с улицей."
FUTURE = "Аварийное отключение не может начаться позже, чем сейчас. Для будущих работ выберите «плановое»."
PAST = "Это время уже прошло."
ORDER = "Окончание раньше начала."
LATER = "Окончание не может быть позже, чем сейчас."
EITHER = "Что-то одно: время окончания или отметка, что оно неизвестно."
NOTHING = "Ничего не изменено: выберите причину, время или напишите примечание."


def _ahead(at: datetime | None, info: ValidationInfo) -> datetime | None:
    if at is not None and at <= now_of(info).at:
        raise fault(PAST)
    return at


Ahead = Annotated[Moment, AfterValidator(_ahead)]
"""A time that is still to come; None if empty."""


class NewOutage(Fields):
    """A new outage. Without a street: the whole district; without a house: the whole street."""

    kind: Kind = Kind.EMERGENCY
    house: Text = ""
    street: Text = ""
    district: Text = ""
    cause: Cause | None = None
    began: Moment = None
    expected: Ahead = None

    @field_validator("street")
    @classmethod
    def _of_the_house(cls, street: str, info: ValidationInfo) -> str:
        if info.data.get("house") and not street:
            raise fault(NO_STREET)
        return street

    @field_validator("district")
    @classmethod
    def _somewhere(cls, district: str, info: ValidationInfo) -> str:
        if not district and info.data.get("street") == "":
            raise fault(NO_PLACE)
        return district

    @field_validator("began")
    @classmethod
    def _emergencies_are_now(cls, began: datetime | None, info: ValidationInfo) -> datetime | None:
        if began is not None and began > now_of(info).at and info.data.get("kind") is Kind.EMERGENCY:
            raise fault(FUTURE)
        return began

    @field_validator("expected")
    @classmethod
    def _ends_after_it_began(cls, expected: datetime | None, info: ValidationInfo) -> datetime | None:
        began = info.data.get("began")
        if expected is not None and began is not None and expected <= began:
            raise fault(ORDER)
        return expected

    def outage(self, now: datetime) -> Outage:
        """The outage that is meant, as if it were entered now, without a number."""
        usual = Cause.WORKS if self.kind is Kind.PLANNED else Cause.UNKNOWN
        place = Place(self.district, self.street, self.house)
        return Outage(0, self.kind, State.OPEN, place, self.cause or usual, self.began or now, self.expected)


class AddedOutage(NewOutage):
    """One that was looked at before. anywhere: also where no account lies."""

    anywhere: bool = False


class OutageConfirmed(Fields):
    """A suspected outage is one."""

    cause: Cause | None = None
    expected: Ahead = None
    note: Text = ""


class OutageChanged(Fields):
    """Another cause or expected end, or a note for the history. unknown: nobody knows its end any more."""

    unknown: bool = False
    expected: Ahead = None
    note: Text = ""
    cause: Cause | None = None

    @field_validator("expected")
    @classmethod
    def _known_or_not(cls, expected: datetime | None, info: ValidationInfo) -> datetime | None:
        if expected is not None and info.data.get("unknown"):
            raise fault(EITHER)
        return expected

    @field_validator("cause")
    @classmethod
    def _something(cls, cause: Cause | None, info: ValidationInfo) -> Cause | None:
        if cause is None and not any(info.data.values()) and len(info.data) == len(cls.model_fields) - 1:
            raise fault(NOTHING)
        return cause


class OutageEnded(Fields):
    """It is over. withdrawn: there was none."""

    at: Moment = None
    note: Text = ""
    withdrawn: bool = False

    @field_validator("at")
    @classmethod
    def _not_ahead(cls, at: datetime | None, info: ValidationInfo) -> datetime | None:
        if at is not None and at > now_of(info).at:
            raise fault(LATER)
        return at


class OutageReopened(Fields):
    """It was ended by mistake."""

    note: Text = ""
