"""A studio of a test: its settings, the prompt that most tests record, an engine that needs no processor."""

from __future__ import annotations

import multiprocessing
import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ivr.config import Settings
from ivr.domain.takes import How, TakeState
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade
from ivr.studio.studio import Studio
from tests.studio.recordings import SPOKEN, recording

ASK, ASK_TEXT = "identify/ask", "Нужен номер лицевого счёта."


def settings_in(folder: Path, url: str = "") -> Settings:
    return Settings.model_validate(
        {
            "store": {"url": url or f"sqlite:///{folder}/ivr.db"},
            "sounds": {"own": folder / "own"},
            "studio": {"takes": folder / "takes", "upload_mb": 4, "longest_s": 30},
        }
    )


@cache
def _newest() -> bytes:
    with TemporaryDirectory() as folder:
        upgrade(f"sqlite:///{folder}/ivr.db")
        return (Path(folder) / "ivr.db").read_bytes()


def new_database(folder: Path) -> str:
    """A database with the newest schema, as `settings_in` names it; its URL."""
    (folder / "ivr.db").write_bytes(_newest())
    return f"sqlite:///{folder}/ivr.db"


def program(folder: Path, name: str, script: str) -> None:
    """A program of this name in a folder for PATH."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def speak_quickly(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An RHVoice that says the same question whatever it is given, «три» where it is one short word."""
    long, short = SPOKEN / "account-other.wav", SPOKEN / "three.wav"
    chosen = f'if [ "$(wc -c)" -gt 16 ]; then cp "{long}" "$4"; else cp "{short}" "$4"; fi'
    program(folder / "engine", "RHVoice-test", f'test "$1" = --version && exit 0; {chosen}')
    monkeypatch.setenv("PATH", f"{folder / 'engine'}{os.pathsep}{os.environ['PATH']}")


def _publish_many(folder: Path, url: str, take: int, times: int) -> None:
    settings = settings_in(folder, url)
    studio = Studio(settings, Database(settings.store.url, limit_s=30))
    for _ in range(times):
        studio.publish(take, f"publisher {take}")
    os._exit(0)


def together(folder: Path, url: str, studio: Studio) -> None:
    """Two processes publish two takes in turns; also run on PostgreSQL."""
    takes = [
        studio.add_take(ASK, recording(folder, ASK_TEXT, filters=f"atempo={tempo}"), how=How.FILE, who="anna")
        for tempo in (1.0, 1.1)
    ]
    # Not by fork: nothing of this process's connections is to be in the others.
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_publish_many, args=(folder, url, take.id, 20)) for take in takes]
    for process in processes:
        process.start()
    for process in processes:
        process.join(240)
    assert [process.exitcode for process in processes] == [0, 0]
    states = {take.id: studio.take(take.id).state for take in takes}
    assert sorted(states.values()) == [TakeState.PUBLISHED, TakeState.WITHDRAWN]
    heard = next(take for take, state in states.items() if state is TakeState.PUBLISHED)
    own = folder / "own" / "own" / f"{ASK}.wav"
    assert own.read_bytes() == studio.preview_file(heard).read_bytes()
    assert studio.files.disagreements() == []
