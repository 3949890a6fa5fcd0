"""Where accounts lie: districts, streets and houses, for suggestions and for how many an outage affects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import func, select

from ivr.domain.outages import Place
from ivr.storage import tables
from ivr.storage.database.database import Database

_accounts = tables.of(tables.Account)

Houses = Mapping[str, int]
Streets = Mapping[str, Houses]


class AddressIndex:
    """All addresses of accounts, counted. Compared as the domain compares, so each name is looked at once."""

    def __init__(self, districts: Mapping[str, Streets]) -> None:
        self._districts = districts

    @property
    def districts(self) -> list[str]:
        """Names of all districts."""
        return sorted(filter(None, self._districts))

    def streets(self, district: str = "", part: str = "", most: int = 30) -> list[str]:
        """Names of streets, of a district or of all, which contain `part`; those that begin with it first."""
        return _fitting((street for streets in self._of(district) for street in streets), part, most)

    def houses(self, district: str, street: str, part: str = "", most: int = 30) -> list[str]:
        """Houses of a street that begin with `part` or contain it."""
        return _fitting((house for houses in self._in(district, street) for house in houses), part, most)

    def accounts_at(self, place: Place) -> int:
        """How many accounts lie there."""
        if place.nowhere:
            return 0
        if not place.street:
            return sum(sum(houses.values()) for streets in self._of(place.district) for houses in streets.values())
        found = self._in(place.district, place.street)
        if not place.house:
            return sum(sum(houses.values()) for houses in found)
        wanted = Place(street="-", house=place.house)
        return sum(
            count
            for houses in found
            for house, count in houses.items()
            if wanted.covers(Place(street="-", house=house))
        )

    def _of(self, district: str) -> Iterator[Streets]:
        wanted = Place(district=district)
        for name, streets in self._districts.items():
            if not district or wanted.covers(Place(district=name)):
                yield streets

    def _in(self, district: str, street: str) -> Iterator[Houses]:
        wanted = Place(street=street)
        for streets in self._of(district):
            for name, houses in streets.items():
                if street and wanted.covers(Place(street=name)):
                    yield houses


def all_places(database: Database) -> AddressIndex:
    """Count the accounts of every address: some 0.2 s for half a million of them. Raises StoreUnavailable."""
    address = (_accounts.c.district, _accounts.c.street, _accounts.c.house)
    districts: dict[str, dict[str, dict[str, int]]] = {}
    with database.reading() as connection:
        for district, street, house, count in connection.execute(select(*address, func.count()).group_by(*address)):
            districts.setdefault(district, {}).setdefault(street, {})[house] = count
    return AddressIndex(districts)


def _fitting(names: Iterable[str], part: str, most: int) -> list[str]:
    plain = part.strip().casefold()
    found = {name for name in names if name and plain in name.casefold()}
    return sorted(found, key=lambda name: (not name.casefold().startswith(plain), name))[:most]
