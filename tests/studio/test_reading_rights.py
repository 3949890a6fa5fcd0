"""Whether Asterisk's user can read recordings: what we say against what the system does, with users of its own."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.config import REPOSITORY, Settings, load
from ivr.domain.takes import How
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade
from ivr.studio import file_permissions
from ivr.studio.file_permissions import Reader, closed_to_asterisk
from ivr.studio.studio import Studio
from tests.studio.recordings import recording
from tests.studio.stock import ASK, ASK_TEXT

OURS, ASTERISK, GROUP = 64101, 64102, 64103
"""The users `ivr` and `asterisk` of docs/operations.md, and the group that both have."""


@pytest.fixture
def host() -> Iterator[Path]:
    """A folder that everybody may enter, unlike that of the tests."""
    folder = Path(tempfile.mkdtemp(prefix="ivr-rights-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def as_user(user: int, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    words = ["setpriv", f"--reuid={user}", f"--regid={GROUP}", "--clear-groups", *command]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=240, cwd=cwd)


def installed(host: Path) -> Path:
    """The folders of docs/operations.md, and its settings."""
    for name, mode in (("lib", 0o700), ("prompts", 0o750), ("run", 0o750), ("etc", 0o755)):
        (host / name).mkdir()
        (host / name).chmod(mode)
        os.chown(host / name, OURS, GROUP)
    shipped = host / "shipped"  # this repository may lie where nobody else may go
    shipped.mkdir()
    shipped.chmod(0o755)
    shutil.copyfile(REPOSITORY / "prompts" / "ru.toml", shipped / "ru.toml")
    (shipped / "ru.toml").chmod(0o644)
    own = f'[sounds]\nfolder = "{shipped}"\nown = "{host}/prompts/voices"\n[studio]\ntakes = "{host}/prompts/takes"\n'
    file = host / "etc" / "ivr.toml"
    line = f'[line]\nsocket = "{host}/run/ivr.sock"\n'
    file.write_text(f'[store]\nurl = "sqlite:///{host}/lib/ivr.db"\n{line}{own}[speech]\nmodel = "none"\n')
    file.chmod(0o644)
    return file


@pytest.mark.parametrize("closed", [False, True])
def test_asterisk_reads_what_is_published_in_the_documented_installation(
    host: Path, closed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """closed: below the folder of the database, as it was once."""
    file = installed(host)
    if closed:
        file.write_text(file.read_text().replace(f"{host}/prompts", f"{host}/lib"))
    settings = load(file)
    upgrade(settings.store.url)
    for made in (host / "lib").iterdir():
        os.chown(made, OURS, GROUP)
    spoken = recording(host, ASK_TEXT)
    spoken.chmod(0o644)
    monkeypatch.setattr(file_permissions, "asterisk_here", lambda: Reader(ASTERISK, frozenset({GROUP})))
    assert closed_to_asterisk(settings) == ([host / "lib"] if closed else []), "before anything is published"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=publish_as_ours, args=(file, spoken))
    process.start()
    process.join(240)
    assert process.exitcode == 0
    heard = settings.sounds.own / "own" / f"{ASK}.wav"
    (take,) = settings.studio.takes.rglob("*.wav")
    for one in (heard, heard.with_suffix(".alaw"), take):
        assert one.is_file()
        assert as_user(ASTERISK, "test", "-r", str(one)).returncode == int(closed)
    assert closed_to_asterisk(settings) == ([host / "lib"] if closed else [])
    monkeypatch.setattr(file_permissions, "asterisk_here", lambda: Reader(ASTERISK, frozenset()))
    assert closed_to_asterisk(settings) == [], "who cannot reach the daemon is another Asterisk"


def publish_as_ours(file: Path, spoken: Path) -> None:
    """Record and publish as the daemon's user, with the umask of its unit; in a process of its own."""
    os.setgroups([])
    os.setresgid(GROUP, GROUP, GROUP)
    os.setresuid(OURS, OURS, OURS)
    os.umask(0o027)
    settings = load(file)
    studio = Studio(settings, Database(settings.store.url))
    studio.publish(studio.add_take(ASK, spoken, how=How.FILE, who="anna").id, "anna")
    os._exit(0)


def test_what_is_said_of_modes_is_what_the_system_does(host: Path) -> None:
    file = host / "a" / "b.wav"
    file.parent.mkdir()
    file.write_bytes(b"x")
    readers = {"group": Reader(ASTERISK, frozenset({GROUP})), "owner": Reader(OURS, frozenset({GROUP}))}
    for owner, group in ((OURS, GROUP), (OURS, 0), (0, GROUP), (0, 0)):
        for mode in (0o700, 0o750, 0o710, 0o711, 0o705, 0o070, 0o007, 0o640):
            for place in (file.parent, file):
                file.parent.chmod(0o755)
                file.chmod(0o644)
                os.chown(place, owner, group)
                place.chmod(mode)
                for reader in readers.values():
                    reads = as_user(reader.uid, "test", "-r", str(file)).returncode == 0
                    assert (reader.barred(file) is None) == reads, (owner, group, oct(mode), place, reader)
                    assert reads or reader.barred(file) == place


def test_where_there_is_no_such_user_nothing_is_said(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_permissions, "ASKED", "nobody-of-this-name")
    settings = Settings.model_validate({"sounds": {"own": host / "own"}})
    host.chmod(0o700)
    assert closed_to_asterisk(settings) == []
