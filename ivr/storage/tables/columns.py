"""What all tables share: the declarative base, names of constraints, and times that are aware on every database."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, DateTime, Dialect, MetaData, Row, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.orm.properties import MappedColumn
from sqlalchemy.types import TypeDecorator

AnyRow = Row[*tuple[Any, ...]]
"""A row of a query, read by the names of its columns."""


class UtcTime(TypeDecorator[datetime]):
    """An aware time, stored in UTC. SQLite knows no zones, so it gets UTC without one.

    Raises ValueError when a time without zone is stored: nobody could say later what it meant.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware time -> UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Stored time -> aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[dict[str, Any]]):
    """A JSON object kept as text, its keys in order and letters unescaped: equal objects are equal, words are found."""

    impl = Text
    cache_ok = True

    @property
    def python_type(self) -> type[dict[str, Any]]:
        """What a row holds."""
        return dict

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> str | None:
        """Object -> text."""
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, Any] | None:
        """Text -> object."""
        return None if value is None else json.loads(value)


class Base(DeclarativeBase):
    """Parent of all tables. Text has no limit of length on either database; rules live in the domain."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {str: Text, datetime: UtcTime}
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def among(column: str, values: Iterable[str]) -> str:
    """A condition in SQL: that `column` holds one of these fixed words."""
    words = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({words})"


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """A constraint that `column` holds one of these fixed words."""
    return CheckConstraint(among(column, values), name=column)


def empty_text() -> MappedColumn[str]:
    """A text that is '' where nothing is known, never NULL."""
    return mapped_column(default="", server_default="")


def only(condition: Any) -> dict[str, Any]:
    """Arguments of an Index that covers only some rows, for both databases."""
    return {"sqlite_where": condition, "postgresql_where": condition}
