"""How a program of Asterisk is started: as installed, or inside the built root.

The sandbox shows the host's own paths (repository, lab folder), so that one configuration serves both ways;
the root and the repository are read-only, only the lab's folder and memory file systems can be written.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/tmp",
}
RUN_INSIDE = Path("/run/ivr-lab")
SHOWN = ("usr", "etc", "var")
"""Folders of the built root that the sandbox shows; the rest of `/` is memory."""


@dataclass(frozen=True, slots=True)
class Installed:
    """The machine's own Asterisk. program: absolute path of `asterisk`."""

    program: Path
    name: str = "installed"

    def command(self, run: Path, read: tuple[Path, ...], write: tuple[Path, ...], *arguments: str) -> list[str]:
        """The command line that runs Asterisk with `arguments`."""
        return [str(self.program), *arguments]

    def run_inside(self, run: Path) -> Path:
        """The path under which Asterisk sees the folder of sockets `run`."""
        return run


@dataclass(frozen=True, slots=True)
class Built:
    """Asterisk inside `root` (see ivr.testbed.lab.root), behind bubblewrap."""

    root: Path
    name: str = "built"

    def command(self, run: Path, read: tuple[Path, ...], write: tuple[Path, ...], *arguments: str) -> list[str]:
        """The command line that runs Asterisk with `arguments`.

        run: the lab's folder of sockets, seen as /run/ivr-lab. read: folders shown read-only. write: folders that
        can be written, the lab's own first.
        """
        words = ["bwrap", "--unshare-pid", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run"]
        for name in SHOWN:
            words += ["--ro-bind", str(self.root / name), f"/{name}"]
        for link in ("bin", "sbin", "lib", "lib64"):
            if (self.root / link).is_symlink():
                words += ["--symlink", f"usr/{link}", f"/{link}"]
        for folder in read:
            self._mount_point(folder)
            words += ["--ro-bind", str(folder), str(folder)]
        for folder in write:
            self._mount_point(folder)
            words += ["--bind", str(folder), str(folder)]
        words += ["--bind", str(run), str(RUN_INSIDE), "--chdir", str(write[0])]
        return [*words, "/usr/sbin/asterisk", *arguments]

    def run_inside(self, run: Path) -> Path:
        """The path under which Asterisk sees the folder of sockets `run`."""
        return RUN_INSIDE

    def _mount_point(self, folder: Path) -> None:
        """Make room in the root for a host folder that lies under a read-only one, for example /usr/src/ivr."""
        inside = folder.relative_to("/")
        if inside.parts[0] in SHOWN:
            (self.root / inside).mkdir(parents=True, exist_ok=True)


Runner = Installed | Built


def installed() -> Installed | None:
    """The Asterisk on PATH, if any."""
    program = shutil.which("asterisk")
    return Installed(Path(program)) if program else None
