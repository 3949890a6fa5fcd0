"""Writes what a lab's Asterisk reads: its configuration, the emergency script's wrapper, music for the queue."""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
import wave
from array import array
from pathlib import Path
from string import Template

from ivr.config import REPOSITORY
from ivr.testbed.lab.faults import LabFault
from ivr.testbed.lab.state import LabState

TEMPLATES = Path(__file__).parent / "templates"
TELEPHONY = REPOSITORY / "ivr" / "telephony"
DIALPLAN = REPOSITORY / "dialplan"
FOLDERS = ("etc", "log", "spool", "lib/moh", "lib/keys", "bin", "python")
RATE_HZ = 8000
CALLS_A_CORE = 40
"""Calls in the menu at once that a core bears; see `ivr bench hotline`."""
MOST_CALLS = 200  # line.calls, if not set otherwise


class Blanks(Template):
    """Text with blanks written `%%{name}`, since `${…}` is Asterisk's own."""

    delimiter = "%%"


def write_configuration(state: LabState) -> Path:
    """Write everything below the lab's folder and return the path of asterisk.conf."""
    for name in FOLDERS:
        (state.folder / name).mkdir(parents=True, exist_ok=True)
    for place in filter(None, (state.spool, state.messages, state.daemon_socket.parent, state.recordings)):
        place.mkdir(parents=True, exist_ok=True)
    values = {
        "folder": state.folder,
        "run": state.asterisk_run,
        "socket": state.asterisk_socket,
        "sip_port": state.sip_port,
        "ami_port": state.ami_port,
        "rtp_first": state.rtp_first,
        "rtp_last": state.rtp_last,
        "ami_user": state.ami_user,
        "ami_secret": state.ami_secret,
        "softphone_secret": state.softphone_secret,
        "sounds": state.sounds,
        "spool": state.spool,
        "messages": state.messages,
        "recordings": state.recordings or "",
        "calls": min(CALLS_A_CORE * (os.cpu_count() or 1), MOST_CALLS),
        "dialplan": DIALPLAN,
        "launcher": TELEPHONY / "launcher.py",
    }
    for template in sorted(TEMPLATES.glob("*.conf")):
        place = state.folder / "etc" / template.name
        place.touch(mode=0o600)  # secrets inside
        place.write_text(Blanks(template.read_text(encoding="utf-8")).substitute(values), encoding="utf-8")
    _write_emergency(state.folder)
    _write_music(state.folder / "lib" / "moh" / "waiting.wav")
    return state.folder / "etc" / "asterisk.conf"


def _write_emergency(folder: Path) -> None:
    """The emergency script runs under the Python beside Asterisk, which has no pyst2: give it a copy (pure Python)."""
    for name in ("asterisk", "six"):
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise LabFault("the package pyst2 is not installed")
        origin = Path(found.origin)
        if found.submodule_search_locations:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(origin.parent, folder / "python" / name, dirs_exist_ok=True, ignore=ignored)
        else:
            shutil.copy(origin, folder / "python" / origin.name)
    wrapper = folder / "bin" / "emergency"
    script = TELEPHONY / "emergency.py"
    wrapper.write_text(
        f'#!/bin/sh\nPYTHONPATH="{folder}/python" exec /usr/bin/python3 -sB "{script}" "$@"\n', encoding="utf-8"
    )
    wrapper.chmod(0o755)


def _write_music(place: Path) -> None:
    """Two soft notes, so that a waiting caller hears something: no music comes with Asterisk's package."""
    notes_hz = (440, 330)
    samples = array("h")
    for note in notes_hz:
        for step in range(RATE_HZ):
            fade = math.sin(math.pi * step / RATE_HZ)
            samples.append(round(3000 * fade * math.sin(2 * math.pi * note * step / RATE_HZ)))
    with wave.open(str(place), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE_HZ)
        sound.writeframes(samples.tobytes())
