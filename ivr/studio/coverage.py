"""Whether every prompt that code plays has a text, and every text its audio."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ivr.dialogue.prompts import Prompt
from ivr.language.selected import LANGUAGE
from ivr.studio.catalogue import Entry
from ivr.studio.published_audio import Published, Sounds
from ivr.studio.sound.telephone_sound import BadSound, opened

# An id may end in a value that is known at run time only, as in "fixed/digit-${DIGIT}" or f"fixed/digit-{digit}".
_IN_DIALPLAN = re.compile(r"(?:\$\{IVR_SOUNDS\}|=/opt/ivr/prompts/ru)/([a-z0-9/-]+)(\$?)")
_IN_PROGRAM = re.compile(r"[\"']((?:fixed|pause)/[a-z0-9-]*)([\"'{])")


class State(StrEnum):
    """Status of a prompt's audio against its text."""

    CURRENT = "current"
    MISSING = "no audio"
    OUTDATED = "audio older than its text"
    CHANGED = "audio changed behind the manifest"
    MALFORMED = "audio in a wrong format"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. serious: calls suffer from it."""

    id: str
    what: str
    serious: bool = True


@dataclass(frozen=True, slots=True)
class Uses:
    """Which ids are played: `ids` with the place that plays them, `beginnings` of ids that are completed in a call."""

    ids: Mapping[str, str]
    beginnings: Mapping[str, str]


def state_of(entry: Entry, sounds: Sounds, manifest: Mapping[str, Published]) -> State:
    """Status of the audio of `entry`. An unpublished file is never outdated: a person put it there."""
    audio, row = sounds.digest(entry.id), manifest.get(entry.id)
    if audio is None:
        return State.MISSING
    if row is None or row.audio != audio:
        return State.CHANGED
    if row.text != entry.digest:
        return State.OUTDATED
    try:
        opened(sounds.path(entry.id))
    except BadSound:
        return State.MALFORMED
    return State.CURRENT


def uses(dialplan: Path, telephony: Path) -> Uses:
    """Every id that the dialogue, the language, the files of `dialplan` and the programs of `telephony` play."""
    ids = dict.fromkeys(LANGUAGE.pieces(), "ivr.language")
    ids |= {str(prompt): "ivr.dialogue.prompts" for prompt in Prompt}
    beginnings: dict[str, str] = {}
    plays = [(file, _IN_DIALPLAN, "$") for file in sorted(dialplan.glob("*.conf*"))]
    plays += [(file, _IN_PROGRAM, "{") for file in sorted(telephony.glob("*.py"))]
    for file, pattern, opening in plays:
        for id_, end in pattern.findall(file.read_text(encoding="utf-8")):
            (beginnings if end == opening else ids).setdefault(id_, file.name)
    return Uses(ids, beginnings)


def findings(
    catalogue: Mapping[str, Entry], sounds: Sounds, manifest: Mapping[str, Published], played: Uses
) -> Iterator[Finding]:
    """Everything wrong with catalogue and audio, in the order of the catalogue where it has one."""
    for id_, place in sorted(played.ids.items()):
        if id_ not in catalogue:
            yield Finding(id_, f"not in the catalogue, but played by {place}")
    for beginning, place in sorted(played.beginnings.items()):
        if not any(id_.startswith(beginning) for id_ in catalogue):
            yield Finding(f"{beginning}…", f"not in the catalogue, but played by {place}")
    for entry in catalogue.values():
        state = state_of(entry, sounds, manifest)
        if state is not State.CURRENT:
            yield Finding(entry.id, _explained(state, entry, sounds))
        if entry.id not in played.ids and not entry.id.startswith(tuple(played.beginnings)):
            yield Finding(entry.id, "nobody plays it", serious=False)
    for id_ in _strays(catalogue, sounds):
        yield Finding(id_, "audio without a text in the catalogue", serious=False)


def _explained(state: State, entry: Entry, sounds: Sounds) -> str:
    if state is not State.MALFORMED:
        return state
    try:
        opened(sounds.path(entry.id))
    except BadSound as error:
        return f"{state}: {error}"
    return state


def _strays(catalogue: Mapping[str, Entry], sounds: Sounds) -> Iterable[str]:
    files = sorted(sounds.folder.rglob("*.wav"))
    return (id_ for file in files if (id_ := str(file.relative_to(sounds.folder).with_suffix(""))) not in catalogue)
