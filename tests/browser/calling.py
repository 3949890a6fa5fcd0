"""The whole system with its pages: a lab that keeps whole calls, `ivr serve`, and a robot that rings it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.system import System
from tests.asterisk.accounts import import_accounts
from tests.browser.serving import served_at, told
from tests.telephony.calling import patient_launcher
from tests.web.people import put_people

RING_S = 240.0


@dataclass(frozen=True, slots=True)
class CallingSystem:
    """A system whose pages are served. url: of the pages."""

    system: System
    url: str
    robots: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def ringing(self, name: str, scenario: str) -> subprocess.Popen[bytes]:
        """The robot, ringing with the text of a scenario; wait for its end."""
        file = self.system.folder / f"{name}.toml"
        file.write_text(scenario, encoding="utf-8")
        words = ["robot", "run", str(file), "--lab", str(self.system.lab.folder)]
        places = ["--config", str(self.system.config_file), "--recordings", str(self.system.folder / "robot")]
        with (self.system.folder / f"{name}.log").open("wb") as log:
            robot = subprocess.Popen([sys.executable, "-m", "ivr", *words, *places], stdout=log, stderr=log)
        self.robots.append(robot)
        return robot

    def ended(self, robot: subprocess.Popen[bytes], name: str) -> None:
        """The robot has ended, and its expectations were met."""
        told = self.system.folder / f"{name}.log"
        assert robot.wait(RING_S) == 0, told.read_text(encoding="utf-8")

    def hung_up(self, robot: subprocess.Popen[bytes]) -> None:
        """The line ends the call at once; what the robot expected is not looked at."""
        self.system.lab.command("channel request hangup all")
        robot.kill()
        robot.wait(RING_S)


@contextmanager
def calling_system(lab_folder: Path, folder: Path) -> Iterator[CallingSystem]:
    """A system with the accounts of accounts.csv and a person of each role, up for the length of a block."""
    calls = lab_folder / "calls"
    lab = Lab(lab_folder, recordings=calls)
    state = lab.up()
    lab.command(f"dialplan set global IVR_LAUNCHER {patient_launcher(lab_folder)}")
    changes = {
        "line": {"header_s": 30},
        "speech": {"result": 5, "speakers": 20},
        "web": {"listen": "127.0.0.1:0"},
        "recordings": {"folder": str(folder / "recordings"), "calls": str(calls)},
        "ami": {"port": state.ami_port, "user": state.ami_user, "secret": state.ami_secret},
    }
    system = System(folder, lab, changes=changes)
    calling: CallingSystem | None = None
    try:
        system.prepare()
        import_accounts(system)
        database = system.open_database()
        put_people(database)
        database.close()
        system.start_daemon()
        told(system.log_file, "the speech model is loaded; callers can speak", lambda: system.daemon_pid > 0)
        calling = CallingSystem(system, served_at(system.log_file, lambda: system.daemon_pid > 0))
        yield calling
        system.stop_daemon()
    finally:
        for robot in calling.robots if calling is not None else ():
            robot.kill()
            robot.wait()
        system.kill_daemon()
        lab.down()
