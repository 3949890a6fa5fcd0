"""The texts of the prompts, read again when their file changes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from fastapi import Request

from ivr.studio.catalogue import BadCatalogue, Entry, load_catalogue
from ivr.web.office import office_of


async def prompt_texts(request: Request) -> Mapping[str, Entry]:
    """Entries of the catalogue by id; none where it cannot be read: a page shows the ids then."""
    office = office_of(request)
    sounds = office.settings.sounds
    return await office.run(_texts, sounds.folder / f"{sounds.voice}.toml")


def _texts(file: Path) -> Mapping[str, Entry]:
    try:
        return _loaded(file, file.stat().st_mtime_ns)
    except (OSError, BadCatalogue):
        return {}


@lru_cache(maxsize=2)
def _loaded(file: Path, _changed: int) -> Mapping[str, Entry]:
    return load_catalogue(file)
