"""Published audio: ``<folder>/<voice>/<id>.wav``, and ``audio.json`` beside it that says what each file was made from.

A file appears whole or not at all, also while calls play it; the manifest follows each file at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from ivr.studio.catalogue import ID, Entry
from ivr.studio.sound import BadSound, silence, to_telephone, wav_bytes
from ivr.studio.synthesis import Engine, NotSpoken

MANIFEST = "audio.json"
AT_ONCE = 2
SHORTEST_VOWEL_MS = 60
"""A rendering with less time than this for each vowel lost a part of its text; speech takes 100 ms and more."""


class BadManifest(Exception):
    """audio.json cannot be used; the text says why."""


class Busy(Exception):
    """Another build writes into the same folder."""


@dataclass(frozen=True, slots=True)
class Published:
    """What the manifest knows of a file: SHA-256 of what it says and of the file, the engine and its version."""

    text: str
    audio: str
    engine: str
    version: str


@dataclass(frozen=True, slots=True)
class Built:
    """One prompt of a build: `engine` made it after `faults` of better ones; "" if none could."""

    id: str
    engine: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sounds:
    """The published audio of one voice. folder: where the ids begin, for example ``prompts/ru``."""

    folder: Path

    def path(self, id_: str) -> Path:
        """Where the audio of a prompt lies. Raises ValueError for what is no prompt id (it could leave the folder)."""
        if not ID.fullmatch(id_):
            raise ValueError("not a prompt id")
        return self.folder / f"{id_}.wav"

    def manifest(self) -> dict[str, Published]:
        """What is known of each file; empty before the first build. Raises BadManifest."""
        file = self.folder / MANIFEST
        try:
            rows = json.loads(file.read_text(encoding="utf-8"))
            return {id_: Published(**row) for id_, row in rows.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise BadManifest(f"{file}: {error}") from error

    def publish(self, id_: str, audio: bytes) -> str:
        """Put a file in its place, whole, and return its SHA-256."""
        _replace(self.path(id_), audio)
        return hashlib.sha256(audio).hexdigest()

    def digest(self, id_: str) -> str | None:
        """SHA-256 of a file, None where there is none."""
        file = self.path(id_)
        return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None

    def write_manifest(self, rows: Mapping[str, Published]) -> None:
        """Put the manifest in its place, whole: one line for each file, sorted, so that changes are read easily."""
        lines = (f"{json.dumps(id_)}: {json.dumps(asdict(row))}" for id_, row in sorted(rows.items()))
        _replace(self.folder / MANIFEST, ("{\n" + ",\n".join(lines) + "\n}\n").encode())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other builds out meanwhile. Raises Busy."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise Busy(f"{self.folder}: another build is running") from error
        finally:
            os.close(handle)


def build(
    sounds: Sounds,
    entries: Iterable[Entry],
    engines: Sequence[tuple[Engine, str]],
    report: Callable[[Built], None],
) -> None:
    """Synthesise and publish `entries`, two at a time; `report` hears of each, also of those that failed.

    engines: best first with their versions; a worse one speaks what a better one cannot. Raises Busy, BadManifest.
    """
    with sounds.held(), tempfile.TemporaryDirectory(prefix="ivr-prompts-") as scratch, ThreadPoolExecutor(AT_ONCE) as pool:
        rows = sounds.manifest()
        waiting = iter(entries)
        running: set[Future[tuple[Entry, bytes, str, str, tuple[str, ...]]]] = set()
        while True:
            for entry in waiting:
                running.add(pool.submit(_rendered, entry, engines, Path(scratch)))
                if len(running) >= 2 * AT_ONCE:
                    break
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                entry, audio, engine, version, faults = future.result()
                if engine:
                    published = sounds.publish(entry.id, audio)
                    rows[entry.id] = Published(entry.digest, published, engine, version)
                    sounds.write_manifest(rows)
                report(Built(entry.id, engine, faults))


def _rendered(
    entry: Entry, engines: Sequence[tuple[Engine, str]], scratch: Path
) -> tuple[Entry, bytes, str, str, tuple[str, ...]]:
    """Audio of an entry by the first engine that can speak it, the engine's name and version, and earlier faults."""
    if entry.pause_ms:
        return entry, wav_bytes(silence(entry.pause_ms)), "silence", "", ()
    faults: list[str] = []
    for engine, version in engines:
        raw = scratch / f"{entry.id.replace('/', '+')}.{engine.name}.wav"
        try:
            engine.speak(entry.spoken, raw)
            sound = to_telephone(raw, entry.tail_ms)
            if len(sound) - entry.tail_ms < SHORTEST_VOWEL_MS * _vowels(entry.text):
                raise BadSound("too short for its text")
        except (NotSpoken, BadSound) as error:
            faults.append(f"{engine.name}: {error}")
        else:
            return entry, wav_bytes(sound), engine.name, version, tuple(faults)
        finally:
            raw.unlink(missing_ok=True)
    return entry, b"", "", "", tuple(faults)


def _vowels(text: str) -> int:
    return sum(letter in "аеёиоуыэюя" for letter in text.lower())


def _replace(file: Path, contents: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(contents)
            target.flush()
            os.fsync(target.fileno())
        Path(name).chmod(0o644)  # Asterisk reads it under its own user
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
