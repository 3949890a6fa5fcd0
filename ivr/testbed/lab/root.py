"""A folder with Debian's Asterisk in it, for machines that have none installed. Built once, about half a minute."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ivr.testbed.lab.faults import LabFault

NAME = "asterisk-root"
SUITE = "forky"  # bookworm has no asterisk package
PACKAGES = ("asterisk", "ca-certificates", "python3", "procps")
TOOLS = {"mmdebstrap": "mmdebstrap", "bwrap": "bubblewrap"}
APT_S, BUILD_S = 300, 900


def cache_folder() -> Path:
    """Default folder of the root between labs."""
    return Path.home() / ".cache" / "ivr"


def is_built(cache: Path) -> bool:
    """Whether `root` finds a finished root in `cache`."""
    return (cache / NAME).is_dir()


def root(cache: Path) -> Path:
    """The folder `asterisk-root` in `cache`, built first where it is missing. Raises LabFault."""
    place = cache / NAME
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache / f"{NAME}.lock"):  # two labs may come up at the same time
        _install_tools()
        if not place.is_dir():
            _build(place)
    return place


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _install_tools() -> None:
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if not missing:
        return
    advice = f"the lab needs {' and '.join(missing)}: apt-get install {' '.join(missing)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise LabFault(advice)
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *missing]):
        _run(command, APT_S, advice)


def _build(place: Path) -> None:
    fresh = Path(tempfile.mkdtemp(prefix=f"{place.name}.", dir=place.parent))
    try:
        fresh.chmod(0o755)
        _run(
            [
                "mmdebstrap",
                "--quiet",
                '--aptopt=Acquire::Check-Valid-Until "false"',
                "--variant=minbase",
                f"--include={','.join(PACKAGES)}",
                SUITE,
                str(fresh),
                mirror(Path("/etc/apt")),
            ],
            BUILD_S,
            f"Debian's Asterisk ({SUITE}) could not be fetched; is the package mirror of this machine reachable?",
        )
        fresh.rename(place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _run(command: list[str], limit_s: int, advice: str) -> None:
    try:
        subprocess.run(
            command,
            check=True,
            timeout=limit_s,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except subprocess.CalledProcessError as error:
        raise LabFault(f"{advice}\n{command[0]} said: {error.stderr[-2000:].strip()}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabFault(f"{advice}\n{error}") from None


def mirror(apt: Path) -> str:
    """The URI of the Debian archive that this machine's apt uses (`apt`: usually /etc/apt).

    Understands one-line (.list) and deb822 (.sources) files. Raises LabFault if there is none.
    """
    for place in (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))):
        if not place.is_file():
            continue
        text = place.read_text(encoding="utf-8", errors="replace")
        entries = _deb822(text) if place.suffix == ".sources" else _one_line(text) if place.suffix == ".list" else ()
        for uri, suites, components in entries:
            # The security archive and third parties have no `forky` of their own.
            if "main" in components and re.match(r"(https?|file):", uri) and "security" not in f"{uri} {suites}":
                return uri
    raise LabFault(f"no Debian archive in {apt}/sources.list and {apt}/sources.list.d")


def _one_line(text: str) -> Iterator[tuple[str, str, list[str]]]:
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)\s+([^#]+)", line)
        if match:
            yield match[1], match[2], match[3].split()


def _deb822(text: str) -> Iterator[tuple[str, str, list[str]]]:
    text = re.sub(r"(?m)^#.*\n?", "", text)
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')} {line.strip()}"
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get("enabled", "yes").lower() == "no" or "deb" not in fields.get("types", "").split():
            continue
        for uri in fields.get("uris", "").split():
            yield uri, fields.get("suites", ""), fields.get("components", "").split()
