"""People's recordings, a word or a phrase a file, and numbers put together from them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from random import Random

from ivr.testbed.speech_sets import sound
from ivr.testbed.speech_sets.spoken_numbers import Saying

ASTERISK_FOLDERS = Path("/usr/share/asterisk/sounds")
ASTERISK_NAME = "ru_RU_f_IvrvoiceRU"
GAP_OF_WORDS_MS = (10, 110)
GAP_OF_GROUPS_MS = (150, 500)


@dataclass(frozen=True, slots=True)
class Recordings:
    """One person's recordings.

    words: number words, yes, no: the trimmed sound of each. phrases: other speech, the sound of each text.
    """

    words: Mapping[str, bytes]
    phrases: Mapping[str, bytes]

    def speak(self, saying: Saying, random: Random) -> bytes:
        """The words one after the other with gaps of a reader. Raises KeyError for a word that was not recorded."""
        pieces: list[bytes] = []
        for group in saying:
            for word in group:
                pieces += [self.words[word], sound.silence(random.uniform(*GAP_OF_WORDS_MS))]
            pieces.append(sound.silence(random.uniform(*GAP_OF_GROUPS_MS)))
        return b"".join(pieces[:-1])


def asterisk_woman(folder: Path | None = None) -> Recordings | None:
    """The voice of Debian's asterisk-core-sounds-ru-wav (Maxim Topal, ivrvoice.ru, CC-BY); None where it is missing.

    Raises sound.BadRecording.
    """
    place = folder or ASTERISK_FOLDERS / ASTERISK_NAME
    return (
        _listed(place, (files("ivr.testbed.speech_sets") / "asterisk_ru.csv").read_text("utf-8"))
        if place.is_dir()
        else None
    )


def with_transcripts(folder: Path) -> Recordings:
    """Recordings beside a `transcripts.tsv` (file, words). Raises sound.BadRecording if it is not to be read."""
    words: dict[str, bytes] = {}
    phrases: dict[str, bytes] = {}
    try:
        with (folder / "transcripts.tsv").open(encoding="utf-8", newline="") as lines:
            rows = [row for row in csv.reader(lines, delimiter="\t") if len(row) == 2]
    except OSError as error:
        raise sound.BadRecording(f"{folder}: {error}") from error
    for name, text in rows:
        pcm = sound.trimmed(sound.read(folder / name))
        words[text] = phrases[text] = pcm
    return Recordings(words, phrases)


def _listed(folder: Path, table: str) -> Recordings:
    words: dict[str, bytes] = {}
    phrases: dict[str, bytes] = {}
    for row in csv.DictReader(table.splitlines()):
        file = folder / row["file"]
        if file.is_file():
            (words if row["use"] == "word" else phrases)[row["text"]] = sound.trimmed(sound.read(file))
    return Recordings(words, phrases)
