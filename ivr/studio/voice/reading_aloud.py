"""The text of a prompt as sound, for a speaker who records it and has only a telephone."""

from __future__ import annotations

import secrets
from pathlib import Path
from tempfile import TemporaryDirectory

from ivr.studio.catalogue import Entry
from ivr.studio.voice.renderer import render
from ivr.studio.voice.synthesis import NoEngine, engines_here
from ivr.studio.voice.voices import Voices


def text_sound(voices: Voices, entry: Entry, folder: Path) -> Path | None:
    """A WAV that says the text: the shipped one, else one that is synthesised once and kept in `folder`.

    None where no synthesiser can say it. Blocks for the seconds that a synthesiser needs. Raises BadManifest, OSError.
    """
    shipped = voices.shipped.path(entry.id)
    row = voices.shipped.manifest().get(entry.id)
    if row is not None and row.text == entry.digest and shipped.is_file():
        return shipped
    kept = folder / f"{entry.digest}.wav"
    if kept.is_file():
        return kept
    try:
        with TemporaryDirectory(prefix="ivr-text-") as scratch:
            audio = render(entry, engines_here(), Path(scratch)).audio
    except NoEngine:
        return None
    if not audio:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{secrets.token_hex(8)}.part"
    unfinished.write_bytes(audio)
    unfinished.chmod(0o644)
    unfinished.replace(kept)
    return kept
