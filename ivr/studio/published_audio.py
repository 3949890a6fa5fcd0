"""Published audio: ``<folder>/<voice>/<id>.wav``, and ``audio.json`` beside it that says what each file was made from.

A file appears whole or not at all, also while calls play it; the manifest follows each file at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import tempfile
import wave
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from ivr.domain.faults import BrokenFile, Conflict
from ivr.studio.catalogue import ID, Entry
from ivr.studio.sound.telephone_sound import alaw_bytes
from ivr.studio.voice.renderer import Rendering, render
from ivr.studio.voice.synthesis import Engine

MANIFEST = "audio.json"
ALAW = ".alaw"
AT_ONCE = 2
"""Renderings at the same time; the calls on this machine need its other cores."""


class BadManifest(BrokenFile):
    """audio.json cannot be used; the text says why."""


class Busy(Conflict):
    """Another build writes into the same folder."""


@dataclass(frozen=True, slots=True)
class Published:
    """What the manifest knows of a file: SHA-256 of what it says and of the file, the engine and its version."""

    text: str
    audio: str
    engine: str
    version: str


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

    def put(self, id_: str, audio: bytes) -> None:
        """Put a WAV in its place with its A-law form beside it, each whole; what plays goes on with the old ones.

        Asterisk prefers the A-law file, so it goes first and comes last: killed at any moment, the files agree.
        """
        file = self.path(id_)
        with _staged(file, audio) as wav, _staged(file.with_suffix(ALAW), alaw_bytes(audio)) as alaw:
            file.with_suffix(ALAW).unlink(missing_ok=True)
            wav.replace(file)
            alaw.replace(file.with_suffix(ALAW))

    def link(self, id_: str, source: Path) -> None:
        """Let a prompt be played from another voice's file, for programs that know this folder only."""
        file = self.path(id_)
        if file.is_symlink() and file.readlink() == source and not file.with_suffix(ALAW).exists():
            return
        _make_folder(file.parent)
        link = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        link.symlink_to(source)
        file.with_suffix(ALAW).unlink(missing_ok=True)
        link.replace(file)

    def remove(self, id_: str) -> None:
        """Take the files of a prompt away, so that a voice further down the chain is heard."""
        file = self.path(id_)
        file.with_suffix(ALAW).unlink(missing_ok=True)
        file.unlink(missing_ok=True)

    def agrees(self, id_: str, digest: str) -> bool:
        """Whether the files of a prompt are those of a WAV with this SHA-256."""
        file = self.path(id_)
        try:
            audio, alaw = file.read_bytes(), file.with_suffix(ALAW).read_bytes()
            return not file.is_symlink() and hashlib.sha256(audio).hexdigest() == digest and alaw == alaw_bytes(audio)
        except (OSError, EOFError, wave.Error):
            return False

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
    report: Callable[[Rendering], None],
) -> None:
    """Synthesise and publish `entries`, two at a time; `report` hears of each, also of those that failed.

    engines: best first with their versions; a worse one speaks what a better one cannot. Raises Busy, BadManifest.
    """
    with sounds.held(), TemporaryDirectory(prefix="ivr-prompts-") as scratch, ThreadPoolExecutor(AT_ONCE) as pool:
        rows = sounds.manifest()
        waiting = iter(entries)
        running: set[Future[Rendering]] = set()
        while True:
            for entry in islice(waiting, 2 * AT_ONCE - len(running)):
                running.add(pool.submit(render, entry, engines, Path(scratch)))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for rendering in (future.result() for future in done):
                if rendering.audio:
                    entry = rendering.entry
                    digest = sounds.publish(entry.id, rendering.audio)
                    rows[entry.id] = Published(entry.digest, digest, rendering.engine, rendering.version)
                    sounds.write_manifest(rows)
                report(rendering)


def _replace(file: Path, contents: bytes) -> None:
    with _staged(file, contents) as written:
        written.replace(file)


@contextmanager
def _staged(file: Path, contents: bytes) -> Iterator[Path]:
    """Contents on the disk beside `file`, to be moved into its place; removed if they are not."""
    _make_folder(file.parent)
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(contents)
            target.flush()
            os.fsync(target.fileno())
        written.chmod(0o644)  # Asterisk reads it under its own user
        yield written
    finally:
        written.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in missing:
        place.chmod(0o755)  # whatever the umask of the daemon is
