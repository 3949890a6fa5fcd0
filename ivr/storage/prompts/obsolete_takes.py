"""Takes that nobody needs any more: which they are, and their removal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from ivr.domain.audit import Action, Fact, Facts
from ivr.domain.takes import Take, TakeState
from ivr.storage import tables
from ivr.storage.database.audit import minute, note
from ivr.storage.database.database import Database
from ivr.storage.prompts.takes import lock, take_of

_takes, _audit = tables.of(tables.Take), tables.of(tables.Audit)
_CHANGES_WHAT_IS_HEARD = (Action.PROMPT_PUBLISH.value, Action.PROMPT_WITHDRAW.value)

Forget = Callable[[Take], int]
"""Removes the files of a take and returns how many bytes they had; those that are gone are no fault."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was removed. faults: takes of which a file could not be; they stay, and the next run tries them again."""

    takes: int
    bytes: int
    faults: int


def old(database: Database, before: datetime) -> list[Take]:
    """Drafts made before a time, and withdrawn takes of prompts at which nothing was published or taken back since.

    Never what calls hear, never what taking that back would restore. Raises StoreUnavailable.
    """
    with database.reading() as connection:
        return _old(connection, before)


def remove(database: Database, before: datetime, who: str, now: datetime, forget: Forget) -> Cleaned:
    """Remove the old takes, a prompt at a time, while nobody publishes it. Their history stays in the audit.

    Files go first: a run killed in between leaves a take without files, which the next run removes.
    Raises StoreUnavailable.
    """
    removed = size = faults = 0
    for prompt in sorted({take.prompt_id for take in old(database, before)}):
        gone = []
        with database.writing() as connection:
            lock(connection, prompt)
            for take in _old(connection, before, prompt):
                try:
                    size += forget(take)
                except OSError:
                    faults += 1
                    continue
                gone.append(take.id)
            connection.execute(delete(_takes).where(_takes.c.id.in_(gone)))
        removed += len(gone)
    if removed:
        with database.writing() as connection:
            facts: Facts = {Fact.OLDER_THAN: minute(before, now), Fact.TAKES: removed, Fact.BYTES: size}
            note(connection, who, now, Action.PROMPT_CLEAN, "prompts", facts)
    return Cleaned(removed, size, faults)


def _old(connection: Connection, before: datetime, prompt: str | None = None) -> list[Take]:
    query = select(_takes).order_by(_takes.c.id)
    if prompt is not None:
        query = query.where(_takes.c.prompt_id == prompt)
    known = [take_of(row) for row in connection.execute(query)]
    lately = {
        subject.partition(":")[2]
        for subject in connection.scalars(
            select(_audit.c.subject).where(_audit.c.action.in_(_CHANGES_WHAT_IS_HEARD), _audit.c.at >= before)
        )
    }
    restored: dict[tuple[str, str], Take] = {}
    for take in known:
        if take.state is TakeState.WITHDRAWN and take.publication is not None:
            last = restored.get((take.prompt_id, take.voice))
            if last is None or (last.publication or 0) < take.publication:
                restored[take.prompt_id, take.voice] = take
    return [
        take
        for take in known
        if take.made_at < before
        and take.state is not TakeState.PUBLISHED
        and take is not restored.get((take.prompt_id, take.voice))
        and (take.state is TakeState.DRAFT or take.prompt_id not in lately)
    ]
