"""Lets callers hear what was published: by other nodes, or by a process that was killed meanwhile."""

from __future__ import annotations

import asyncio
import logging

from ivr.studio.published_file_sync import FileMismatch, PublishedFileSync

log = logging.getLogger(__name__)


class PublishedFileFollower:
    """Looks at the files each time its owner asks, and tells the log what was wrong."""

    def __init__(self, files: PublishedFileSync) -> None:
        self._files = files
        self._wrong: frozenset[FileMismatch] = frozenset()

    async def look(self) -> None:
        """Make the files what was published, as far as that can be done. Raises StoreUnavailable."""
        try:
            found = await asyncio.to_thread(self._files.follow)
        except OSError as error:
            log.error("the folder of prompts cannot be used", extra={"reason": error.strerror})
            return
        mended = sum(one.mended for one in found)
        if mended:
            log.warning("prompts were made what was published", extra={"count": mended})
        wrong = frozenset(one for one in found if not one.mended)
        if wrong - self._wrong:  # retried each minute, logged once
            log.error("prompts are not what was published", extra={"count": len(wrong)})
        self._wrong = wrong
