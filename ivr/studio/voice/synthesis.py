"""Speech from text by a program of the machine: RHVoice, festival or espeak-ng, the best that is there.

SynthesisFault
├── NoEngine          no program that speaks Russian is installed; the text says which packages to install
└── NotSpoken         an engine failed on one text, or took too long
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ivr.domain.faults import Unavailable

LIMIT_S = 60.0
"""Longest run of an engine for one text; a sentence takes about one second."""


class SynthesisFault(Unavailable):
    """No speech could be made."""


class NoEngine(SynthesisFault):
    """No program that speaks Russian is installed here."""


class NotSpoken(SynthesisFault):
    """An engine failed on one text."""


class Engine(Protocol):
    """A program that speaks Russian."""

    @property
    def name(self) -> str:
        """What the manifest calls it."""

    @property
    def packages(self) -> str:
        """What to install to have it."""

    @property
    def sentence_tempo(self) -> float:
        """How much quicker its sentences are played than it speaks them."""

    def version(self) -> str | None:
        """Program, version and voice; None if it cannot speak Russian on this machine."""

    def speak(self, spoken: str, target: Path) -> None:
        """Write a WAV of any rate. `spoken` may carry "+" before stressed vowels. Raises NotSpoken."""


@dataclass(frozen=True, slots=True)
class RHVoice:
    """RHVoice by its own test program; "+" before a vowel is its own mark of stress."""

    voice: str = "anna"
    limit_s: float = LIMIT_S
    name: str = "rhvoice"
    sentence_tempo: float = 1.0
    packages: str = "RHVoice with a Russian voice (not in Debian; see rhvoice.org)"

    def version(self) -> str | None:
        """The voice, and the version where the program tells it (now it says "none"); None where it is missing."""
        if shutil.which("RHVoice-test") is None:
            return None
        told = _first_line(["RHVoice-test", "--version"], r"\d+\.\d+\S*", "RHVoice {}")
        return f"{told or 'RHVoice'}, voice {self.voice}"

    def speak(self, spoken: str, target: Path) -> None:
        """Write a WAV. Raises NotSpoken."""
        _run(["RHVoice-test", "-p", self.voice, "-o", str(target)], spoken, self.limit_s)


@dataclass(frozen=True, slots=True)
class Festival:
    """festival with the unit selection voice of festvox-ru; UTF-8 in, 16 kHz out, "+" is its mark of stress."""

    voice: str = "msu_ru_nsh_clunits"
    limit_s: float = LIMIT_S
    name: str = "festival"
    sentence_tempo: float = 1.15  # it drawls: 11 letters a second, where announcers speak 13 to 14
    packages: str = "festival festvox-ru"

    def version(self) -> str | None:
        """Version and voice, None where program or voice is missing."""
        if shutil.which("text2wave") is None or not _says(["festival", "-b", "(print (voice.list))"], self.voice):
            return None
        return _first_line(["festival", "--version"], r"\d+\.\d+\.\d+", f"festival {{}}, voice {self.voice}")

    def speak(self, spoken: str, target: Path) -> None:
        """Write a WAV. Raises NotSpoken."""
        # The voice knows . , ! ? - only; its phrasing pauses at a comma as a reader does at a dash or a colon.
        plain = re.sub(r"\s*[—:;]", ",", re.sub("[«»]", "", spoken))
        ended = re.sub(r",?$", "" if plain[-1] in ".!?" else ".", plain)
        _run(["text2wave", "-eval", f"(voice_{self.voice})", "-o", str(target)], ended + "\n", self.limit_s)


@dataclass(frozen=True, slots=True)
class Espeak:
    """espeak-ng, the engine of last resort; it has no mark of stress for Russian, so the marks are dropped."""

    limit_s: float = LIMIT_S
    name: str = "espeak-ng"
    sentence_tempo: float = 1.0
    packages: str = "espeak-ng"

    def version(self) -> str | None:
        """Version and voice, None where the program is missing."""
        return _first_line(["espeak-ng", "--version"], r"\d+\.\d+\S*", "espeak-ng {}, voice ru")

    def speak(self, spoken: str, target: Path) -> None:
        """Write a WAV. Raises NotSpoken."""
        command = ["espeak-ng", "-v", "ru", "-b", "1", "-s", "150", "--stdin", "-w", str(target)]
        _run(command, spoken.replace("+", ""), self.limit_s)


ENGINES: tuple[Engine, ...] = (RHVoice(), Festival(), Espeak())
"""Best first."""


def engines_here(name: str | None = None) -> Sequence[tuple[Engine, str]]:
    """Engines of this machine with their versions, best first; only the one called `name` if given. Raises NoEngine."""
    wanted = [engine for engine in ENGINES if name in (None, engine.name)]
    if not wanted:
        raise NoEngine(f"no such engine; known are: {', '.join(engine.name for engine in ENGINES)}")
    here = [(engine, version) for engine in wanted if (version := engine.version()) is not None]
    if not here:
        offers = " or ".join(f"apt-get install {e.packages}" for e in wanted if not isinstance(e, RHVoice))
        raise NoEngine(f"no speech synthesiser for Russian is installed: {offers or wanted[0].packages}")
    return here


def _run(command: list[str], text: str, limit_s: float) -> None:
    try:
        subprocess.run(command, input=text.encode(), capture_output=True, timeout=limit_s, check=True)
    except subprocess.TimeoutExpired as error:
        raise NotSpoken(f"{command[0]} took longer than {limit_s:g} s") from error
    except subprocess.CalledProcessError as error:
        raise NotSpoken(f"{command[0]} ended with {error.returncode}: {_tail(error.stderr)}") from error
    except OSError as error:
        raise NotSpoken(f"{command[0]}: {error.strerror}") from error


def _tail(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no message"


def _answer(command: list[str]) -> str:
    """What a program says; "" if it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout + done.stderr).decode(errors="replace")


def _says(command: list[str], word: str) -> bool:
    return word in _answer(command)


def _first_line(command: list[str], pattern: str, report: str) -> str | None:
    found = re.search(pattern, _answer(command))
    return report.format(found[0]) if found else None
