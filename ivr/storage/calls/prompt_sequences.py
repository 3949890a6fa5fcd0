"""What callers heard one after the other: the dialogue's real order, from the journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import select

from ivr.domain.journal.steps import PromptBegan
from ivr.domain.journal.stored import read
from ivr.domain.journal.words import StepKind
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.prompts.studio_calls import from_outside
from ivr.storage.tables.columns import AnyRow

MOST_CALLS = 2000
OF_CALLERS = frozenset({StepKind.VOICE, StepKind.KEYS, StepKind.YES_NO, StepKind.RECORDED})
"""Steps in which it was the caller's turn; at others the line goes on talking."""

_calls, _steps = tables.of(tables.Call), tables.of(tables.CallStep)


def heard_in_a_row(database: Database, most: int = MOST_CALLS) -> list[tuple[str, ...]]:
    """Ids of prompts that were heard with nothing between them, of the latest calls; not of calls to the studio.

    The caller's turn (a key, a word, nothing) ends a row. Ids that stand alone are rows too. Raises StoreUnavailable.
    """
    latest = select(_calls.c.id).where(from_outside(_calls)).order_by(_calls.c.started_at.desc()).limit(most)
    steps = (
        select(_steps.c.call_id, _steps.c.kind, _steps.c.prompt, _steps.c.detail)
        .where(_steps.c.call_id.in_(latest.scalar_subquery()))
        .order_by(_steps.c.call_id, _steps.c.seq)
    )
    with database.reading() as connection:
        return list(_rows(connection.execute(steps)))


def _rows(steps: Iterable[AnyRow]) -> Iterator[tuple[str, ...]]:
    row: list[str] = []
    call = ""
    for kept in steps:
        if row and (kept.kind in OF_CALLERS or kept.call_id != call):
            yield tuple(row)
            row = []
        call = kept.call_id
        match read(kept.kind, kept.prompt, kept.detail):
            case PromptBegan(prompt, pieces):
                row += [prompt, *pieces]
    if row:
        yield tuple(row)
