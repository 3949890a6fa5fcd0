"""Takes, changed texts and the numbers of prompts, as the studio keeps them. Every change is in the audit.

Publishing and taking back lock the prompt first, so that two at the same moment come one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ivr.domain.audit import Action, Fact, Facts, FactValue, changed
from ivr.domain.takes import (
    ChangedText,
    Checks,
    How,
    NewTake,
    NoSuchTake,
    NothingPublished,
    NotPublishable,
    OtherPublished,
    Refusal,
    Take,
    TakeState,
)
from ivr.storage import tables
from ivr.storage.database.audit import note
from ivr.storage.database.database import Database
from ivr.storage.tables.columns import AnyRow

FIRST_NUMBER = 101
"""Numbers of three digits for the first nine hundred prompts: all are keyed alike, none begins with 0."""

MOST_LISTED = 10_000
TRIES = 5

_takes, _prompts = tables.of(tables.Take), tables.of(tables.Prompt)
_numbers = tables.of(tables.PromptNumber)

Place = Callable[[Take | None], None]
"""Puts the sound of a take, None for none, where calls hear it. Quick, whole or not at all."""


def take_of(row: AnyRow) -> Take:
    """A take from a row that holds all columns of the table."""
    return Take(
        id=row.id,
        prompt_id=row.prompt_id,
        voice=row.voice,
        state=TakeState(row.state),
        how=How(row.how),
        made_by=row.made_by,
        made_at=row.made_at,
        master=row.master,
        text=row.text,
        audio=row.audio,
        publication=row.publication,
        checks=Checks.read(row.checks),
    )


def add(database: Database, new: NewTake) -> Take:
    """Keep a draft. Raises StoreUnavailable."""
    values = {
        "prompt_id": new.prompt_id,
        "voice": new.voice,
        "state": TakeState.DRAFT.value,
        "how": new.how.value,
        "made_by": new.made_by,
        "made_at": new.made_at,
        "master": new.master,
        "text": new.text,
        "audio": new.audio,
        "checks": new.checks.stored(),
    }
    with database.writing() as connection:
        row = connection.execute(insert(_takes).values(values).returning(*_takes.c)).one()
        facts: dict[Fact, FactValue] = {Fact.VOICE: new.voice, Fact.TAKE: row.id, Fact.HOW: new.how.value}
        if new.checks.refusals:
            facts[Fact.REFUSED] = [refusal.reason.value for refusal in new.checks.refusals]
        _note(connection, new.made_by, new.made_at, Action.PROMPT_TAKE, new.prompt_id, facts)
        return take_of(row)


def found(database: Database, take: int) -> Take:
    """One take. Raises NoSuchTake, StoreUnavailable."""
    with database.reading() as connection:
        return _found(connection, take)


def listed(database: Database, prompt: str | None = None, voice: str | None = None) -> list[Take]:
    """Takes of a prompt, a voice or all, the latest first. Raises StoreUnavailable."""
    query = select(_takes).order_by(_takes.c.id.desc()).limit(MOST_LISTED)
    if prompt is not None:
        query = query.where(_takes.c.prompt_id == prompt)
    if voice is not None:
        query = query.where(_takes.c.voice == voice)
    with database.reading() as connection:
        return [take_of(row) for row in connection.execute(query)]


def published(database: Database) -> list[Take]:
    """The takes that calls hear, of all prompts and voices. Raises StoreUnavailable."""
    with database.reading() as connection:
        rows = connection.execute(select(_takes).where(_takes.c.state == TakeState.PUBLISHED.value))
        return [take_of(row) for row in rows]


def publish(
    database: Database,
    take: int,
    who: str,
    now: datetime,
    place: Place,
    *,
    against: tuple[Refusal, ...] = (),
    insist: bool = False,
) -> Take:
    """Publish a take: callers hear it from now on; the take before it can be restored.

    against: objections besides its checks. insist: publish despite objections.
    `place` is called last within the transaction, so that files follow the order of the database; what it raises
    undoes all. Raises NoSuchTake, NotPublishable, StoreUnavailable.
    """
    with database.writing() as connection:
        wanted = _found(connection, take)
        lock(connection, wanted.prompt_id)
        wanted = _found(connection, take)
        refusals = (*wanted.refusals, *against)
        if wanted.checks.hard or (refusals and not insist):
            raise NotPublishable(refusals)
        if wanted.state is TakeState.PUBLISHED:
            place(wanted)
            return wanted
        before = _published(connection, wanted.prompt_id, wanted.voice)
        if before is not None:
            _set(connection, before.id, TakeState.WITHDRAWN, before.publication)
        _set(connection, take, TakeState.PUBLISHED, _last(connection, wanted) + 1)
        facts: dict[Fact, FactValue] = {Fact.VOICE: wanted.voice, Fact.TAKE: take}
        facts[Fact.BEFORE] = before.id if before else None
        if refusals:
            facts[Fact.INSISTED] = [refusal.reason.value for refusal in refusals]
        _note(connection, who, now, Action.PROMPT_PUBLISH, wanted.prompt_id, facts)
        wanted = _found(connection, take)
        place(wanted)
        return wanted


def withdraw(
    database: Database,
    prompt: str,
    voice: str,
    who: str,
    now: datetime,
    place: Place,
    *,
    expected: int | None = None,
) -> Take | None:
    """Take back what calls hear, and restore the take before; None where there is none. `place` as in publish.

    expected: the take that is meant, None for whichever it is. Raises NothingPublished, OtherPublished,
    StoreUnavailable.
    """
    with database.writing() as connection:
        lock(connection, prompt)
        now_heard = _published(connection, prompt, voice)
        if now_heard is None:
            raise NothingPublished
        if expected is not None and now_heard.id != expected:
            raise OtherPublished(now_heard.id)
        _set(connection, now_heard.id, TakeState.WITHDRAWN, None)
        query = select(_takes).where(*_of(prompt, voice), _takes.c.publication.is_not(None))
        row = connection.execute(query.order_by(_takes.c.publication.desc()).limit(1)).first()
        before = take_of(row) if row is not None else None
        if before is not None:
            _set(connection, before.id, TakeState.PUBLISHED, before.publication)
            before = _found(connection, before.id)
        facts: Facts = {Fact.VOICE: voice, Fact.TAKE: now_heard.id, Fact.RESTORED: before.id if before else None}
        _note(connection, who, now, Action.PROMPT_WITHDRAW, prompt, facts)
        place(before)
        return before


def settle(database: Database, prompt: str, voice: str, place: Place) -> None:
    """Call `place` with the take that calls are to hear, None for none, while nobody publishes one."""
    with database.writing() as connection:
        lock(connection, prompt)
        place(_published(connection, prompt, voice))


def changed_texts(database: Database) -> dict[str, ChangedText]:
    """Texts that differ from the catalogue file, by prompt. Raises StoreUnavailable."""
    with database.reading() as connection:
        return {row.id: ChangedText(row.text, row.notes) for row in connection.execute(select(_prompts))}


def change_text(database: Database, prompt: str, text: ChangedText, who: str, now: datetime) -> None:
    """Keep a text instead of the catalogue's. Raises StoreUnavailable."""
    with database.writing() as connection:
        lock(connection, prompt)
        before = connection.execute(select(_prompts.c.text).where(_prompts.c.id == prompt)).scalar()
        values = {"text": text.text, "notes": text.notes, "changed_at": now}
        statement = database.insert(_prompts).values(id=prompt, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=[_prompts.c.id], set_=values))
        facts: Facts = {Fact.TEXT: text.text if before is None else changed(before, text.text)}
        _note(connection, who, now, Action.PROMPT_TEXT, prompt, facts)


def numbers(database: Database, prompts: Iterable[str]) -> Mapping[str, int]:
    """The number of each prompt, the same for ever; new prompts get the next free ones. Raises StoreUnavailable."""
    wanted = list(dict.fromkeys(prompts))
    for _ in range(TRIES):
        with database.reading() as connection:
            known = {row.prompt_id: row.number for row in connection.execute(select(_numbers))}
        new = [prompt for prompt in wanted if prompt not in known]
        if not new:
            break
        first = max(known.values(), default=FIRST_NUMBER - 1) + 1
        rows = [{"number": first + place, "prompt_id": prompt} for place, prompt in enumerate(new)]
        try:
            with database.writing() as connection:
                connection.execute(insert(_numbers), rows)
        except IntegrityError:  # another one numbered them at the same moment: look again
            continue
    return {prompt: known[prompt] for prompt in wanted if prompt in known}


def lock(connection: Connection, prompt: str) -> None:
    """Let nobody else publish, take back or remove takes of a prompt until the transaction ends."""
    # SQLite has one writer at a time already, and takes no notice of FOR UPDATE.
    connection.execute(select(_numbers.c.number).where(_numbers.c.prompt_id == prompt).with_for_update())


def _found(connection: Connection, take: int) -> Take:
    row = connection.execute(select(_takes).where(_takes.c.id == take)).first()
    if row is None:
        raise NoSuchTake(take)
    return take_of(row)


def _of(prompt: str, voice: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (_takes.c.prompt_id == prompt, _takes.c.voice == voice)


def _published(connection: Connection, prompt: str, voice: str) -> Take | None:
    query = select(_takes).where(*_of(prompt, voice), _takes.c.state == TakeState.PUBLISHED.value)
    row = connection.execute(query).first()
    return None if row is None else take_of(row)


def _last(connection: Connection, take: Take) -> int:
    query = select(func.max(_takes.c.publication)).where(*_of(take.prompt_id, take.voice))
    return connection.execute(query).scalar() or 0


def _set(connection: Connection, take: int, state: TakeState, publication: int | None) -> None:
    values = {"state": state.value, "publication": publication}
    connection.execute(update(_takes).where(_takes.c.id == take).values(values))


def _note(connection: Connection, who: str, now: datetime, action: Action, prompt: str, facts: Facts) -> None:
    note(connection, who, now, action, f"prompt:{prompt}", facts)
