"""A whole system in one folder, for demo, tests and benchmarks: settings, database, lab and daemon."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ivr.config import Settings, load
from ivr.domain.faults import Unavailable
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade
from ivr.testbed.lab.lab import Lab

START_S, STOP_S = 90.0, 60.0


class SystemFault(Unavailable):
    """A part of the system did not start or stop; the text says which and why."""


class System:
    """Settings and database in `folder`, a daemon as a process of its own, and a lab that may serve several systems.

    changes: settings that differ from the defaults, by section: ``{"waits": {"no_input": 2}}``.
    """

    def __init__(
        self, folder: Path, lab: Lab, *, store_url: str = "", changes: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        self.folder = folder.absolute()
        self.lab = lab
        self._changes = changes or {}
        self._store_url = store_url or f"sqlite:///{self.folder / 'ivr.db'}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def config_file(self) -> Path:
        """The daemon's TOML file."""
        return self.folder / "ivr.toml"

    @property
    def log_file(self) -> Path:
        """The daemon's JSON lines."""
        return self.folder / "daemon.log"

    @property
    def settings(self) -> Settings:
        """What the daemon works with."""
        return load(self.config_file)

    @property
    def daemon_pid(self) -> int:
        """Process id of the daemon. Raises SystemFault if it is not running."""
        if self._process is None:
            raise SystemFault("the daemon is not running")
        return self._process.pid

    def prepare(self) -> None:
        """Start the lab, write the settings, bring the schema up to date. Raises LabFault, StoreUnavailable."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = self.lab.up()
        sections: dict[str, dict[str, Any]] = {
            "store": {"url": self._store_url},
            "line": {"socket": str(state.daemon_socket), "spool": str(state.spool)},
            "sounds": {"own": str(self.folder / "own")},
            "studio": {"calls": str(state.folder / "studio-calls"), "takes": str(self.folder / "takes")},
            "web": {"listen": ""},
        }
        for name, values in self._changes.items():
            sections.setdefault(name, {}).update(values)
        lines = []
        for name, section in sections.items():
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in section.items())]
        self.config_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        upgrade(self._store_url)

    def open_database(self) -> Database:
        """A connection of our own to the database; close it."""
        return Database(self._store_url)

    def start_daemon(self) -> None:
        """Start `ivr serve` and return when it answers.

        Raises SystemFault with the end of its log, or if another daemon answers there.
        """
        if self._answers():
            raise SystemFault("another daemon answers at this lab's socket: was it left running?")
        command = [sys.executable, "-m", "ivr", "serve", "--config", str(self.config_file)]
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill_daemon()
                raise SystemFault(f"the daemon did not start: {self._last_words()}")
            self._process_wait(0.05)

    def stop_daemon(self) -> None:
        """SIGTERM; returns when the daemon has drained and ended. Raises SystemFault if it does not."""
        self.begin_stop()
        self.await_stop()

    def begin_stop(self) -> None:
        """SIGTERM, without waiting for the end."""
        os.kill(self.daemon_pid, signal.SIGTERM)

    def await_stop(self) -> None:
        """Return when the daemon has ended. Raises SystemFault if it does not in time or failed."""
        if not self._process_wait(STOP_S + self.settings.line.drain_s):
            raise SystemFault("the daemon does not stop")
        process, self._process = self._process, None
        if process is not None and process.returncode != 0:
            raise SystemFault(f"the daemon ended with {process.returncode}: {self._last_words()}")

    def kill_daemon(self) -> None:
        """SIGKILL, as a fault would; nothing happens if it is not running."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_S)
            self._process = None

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self.settings.line.socket))
            except OSError:
                return False
        return True

    def _process_wait(self, seconds: float) -> bool:
        """Whether the daemon ends within `seconds`."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _last_words(self) -> str:
        return "".join(self.log_file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)[-5:])
