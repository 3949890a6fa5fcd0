"""The prompts as they are now, texts that administrators changed among them, kept for a moment for all pages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import Request

from ivr.domain.faults import StoreUnavailable
from ivr.studio.catalogue import BadCatalogue, Entry
from ivr.studio.prompt_status import PromptStatus, PromptView
from ivr.studio.published_audio import BadManifest
from ivr.web.core.context import Context
from ivr.web.prompts.audio_jobs import AudioJobs

FRESH_S = 60.0
"""What is published by telephone shows here after so long; what the pages change, at once."""
FAULT_S = 5.0


@dataclass(frozen=True, slots=True)
class Prompts:
    """texts: entries of the catalogue by id; none where it cannot be read: a page shows the ids then.

    missing, outdated: how many have no sound, or one of another text.
    """

    texts: Mapping[str, Entry] = field(default_factory=dict)
    missing: int = 0
    outdated: int = 0

    @classmethod
    def of(cls, rows: Sequence[PromptView]) -> Prompts:
        """From the studio's list."""
        standings = [row.standing for row in rows if row.entry.text]
        texts = {row.entry.id: row.entry for row in rows}
        return cls(texts, standings.count(PromptStatus.MISSING), standings.count(PromptStatus.OUTDATED))


class PromptCache:
    """The studio's list, read at most every FRESH_S seconds, or when `forget` was called."""

    def __init__(self, context: Context, jobs: AudioJobs) -> None:
        self._context, self._studio = context, jobs.studio
        self._one_reads = asyncio.Lock()
        self._prompts = Prompts()
        self._until = float("-inf")

    def forget(self) -> None:
        """Forget the cached prompts after a change; the next request reads them again."""
        self._until = float("-inf")

    async def now(self) -> Prompts:
        """The prompts; the last known ones, or none, where they cannot be read."""
        async with self._one_reads:
            if time.monotonic() >= self._until:
                self._until = time.monotonic() + FRESH_S
                try:
                    self._prompts = Prompts.of(await self._context.run(self._studio.prompts))
                except (BadCatalogue, BadManifest, StoreUnavailable, OSError):
                    self._until = min(self._until, time.monotonic() + FAULT_S)
            return self._prompts


def known_prompts(request: Request) -> PromptCache:
    """The application's own."""
    known: PromptCache = request.app.state.prompts
    return known


async def prompt_texts(request: Request) -> Mapping[str, Entry]:
    """The texts alone."""
    return (await known_prompts(request).now()).texts
