"""Outages: where they are, whom they affect, what callers report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ivr.domain.accounts import Account


class Kind(StrEnum):
    """Whether anybody meant it."""

    PLANNED = "planned"
    EMERGENCY = "emergency"


class State(StrEnum):
    """How far an outage is. Callers hear of open and suspected ones."""

    SUSPECTED = "suspected"  # many reports, nobody has confirmed it: told as a suspicion
    OPEN = "open"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"  # there was none


LIVE = frozenset({State.SUSPECTED, State.OPEN})


class Cause(StrEnum):
    """What callers are told of the cause: a class, never a text of somebody's own."""

    WORKS = "works"
    CABLE = "cable"
    LINE = "line"
    SUBSTATION = "substation"
    WEATHER = "weather"
    UNKNOWN = "unknown"


class Scope(StrEnum):
    """How much of the town an outage covers."""

    DISTRICT = "district"
    STREET = "street"
    HOUSE = "house"


class Trouble(StrEnum):
    """What a caller reports."""

    FLAT = "flat"
    HOUSE = "house"
    STREET = "street"
    DANGER = "danger"  # sparks, a fallen wire: straight to a person
    FLICKER = "flicker"


@dataclass(frozen=True, slots=True)
class Place:
    """A district, a street (in a district, or all of it), or one house of a street; "" for what is not narrowed down.

    Written as in billing; compared without regard to case, ё, spaces, full stops and the word «улица».
    """

    district: str = ""
    street: str = ""
    house: str = ""

    @classmethod
    def of(cls, account: Account) -> Place:
        """Where an account is."""
        return cls(account.district, account.street, account.house)

    @property
    def scope(self) -> Scope:
        """How narrow the place is."""
        return Scope.HOUSE if self.house else Scope.STREET if self.street else Scope.DISTRICT

    @property
    def district_compared(self) -> str:
        """The district in the form in which it is compared."""
        return _plain(self.district)

    @property
    def nowhere(self) -> bool:
        """Whether the place covers nobody: neither district nor street, or a house without its street."""
        return not (self.district or self.street) or bool(self.house and not self.street)

    def covers(self, other: Place) -> bool:
        """Whether `other` lies within this place."""
        if self.nowhere:
            return False
        pairs = (
            (_plain(self.district), _plain(other.district)),
            (_plain_street(self.street), _plain_street(other.street)),
            (_plain_house(self.house), _plain_house(other.house)),
        )
        return all(not mine or mine == theirs for mine, theirs in pairs)


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage. began_at may lie ahead (planned works); expected_end None: nobody knows. Times are aware."""

    id: int
    kind: Kind
    state: State
    place: Place
    cause: Cause
    began_at: datetime
    expected_end: datetime | None = None
    ended_at: datetime | None = None

    def affects(self, place: Place, now: datetime) -> bool:
        """Whether a caller at `place` is without light by it now, as far as is known."""
        return self.state in LIVE and self.began_at <= now and self.place.covers(place)

    def is_late(self, now: datetime) -> bool:
        """Whether it should have ended by now."""
        return self.expected_end is not None and self.expected_end <= now


def same(outages: Iterable[Outage], place: Place) -> Outage | None:
    """The outage of just this place, None if there is none."""
    return next((known for known in outages if known.place.covers(place) and place.covers(known.place)), None)


_NARROWNESS = {Scope.DISTRICT: 0, Scope.STREET: 1, Scope.HOUSE: 2}


def affecting(outages: Iterable[Outage], place: Place, now: datetime) -> Outage | None:
    """The outage to tell a caller at `place` of: a known one rather than a suspected one, of those the narrowest, of
    those the one that began last.
    """
    found = [outage for outage in outages if outage.affects(place, now)]
    return max(
        found,
        key=lambda one: (one.state is State.OPEN, _NARROWNESS[one.place.scope], one.began_at, one.id),
        default=None,
    )


@dataclass(frozen=True, slots=True)
class Report:
    """What a caller reports.

    place: of the account, empty where it is unknown. recording: path of the spoken address below the recordings, ""
    for none. outage_id: the known outage it belongs to.
    """

    call_id: str
    trouble: Trouble
    place: Place = Place()
    account_id: int | None = None
    outage_id: int | None = None
    recording: str = ""


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("ё", "е").replace(".", " ").split())


def _plain_street(text: str) -> str:
    words = _plain(text).split()
    return " ".join(word for word in words if word not in ("улица", "ул")) if len(words) > 1 else " ".join(words)


def _plain_house(text: str) -> str:
    plain = re.sub(r"\s", "", _plain(text))
    return re.sub(r"^(дом|д)(?=\d)", "", plain)
