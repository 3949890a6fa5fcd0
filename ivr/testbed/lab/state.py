"""The state of a lab: its ports, secrets and folders, stored in `lab.json` (readable by the owner only)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ivr.testbed.lab.faults import LabFault

STATE_FILE = "lab.json"


@dataclass(frozen=True, slots=True)
class LabState:
    """A lab that has been started.

    folder: everything the lab writes. asterisk: how it runs, `installed` or `built`.
    sip_port: UDP; ami_port: TCP; rtp_first, rtp_last: UDP; all on 127.0.0.1.
    ami_user, ami_secret: manager account; it may originate, follow calls and queues, and run commands.
    softphone_user, softphone_secret: SIP account for a telephone on this machine.
    run: folder of sockets, in `folder` where paths are short enough; asterisk_run: the same as Asterisk sees it.
    daemon_socket: where the daemon listens; asterisk_socket: the same socket as Asterisk's programs see it.
    sounds: folder of published prompts (holds `fixed/`). spool: readings of the emergency mode.
    messages: messages callers left. recordings: whole calls, None where they are not kept. log: Asterisk's log files.
    """

    folder: Path
    asterisk: str
    sip_port: int
    ami_port: int
    rtp_first: int
    rtp_last: int
    ami_user: str
    ami_secret: str
    softphone_user: str
    softphone_secret: str
    run: Path
    asterisk_run: Path
    daemon_socket: Path
    asterisk_socket: Path
    sounds: Path
    spool: Path
    messages: Path
    log: Path
    recordings: Path | None = None

    def save(self) -> None:
        """Write the state into the lab's folder; nobody else may read it."""
        place = self.folder / STATE_FILE
        fresh = place.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.chmod(0o600)
        fresh.write_text(json.dumps(asdict(self), indent=2, default=str) + "\n", encoding="utf-8")
        fresh.replace(place)


def saved_state(folder: Path) -> LabState | None:
    """The state kept in `folder`, None if there is none. Raises LabFault if it cannot be read."""
    try:
        values: dict[str, Any] = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        for field in fields(LabState):
            if field.type == "Path":
                values[field.name] = Path(values[field.name])
        if values.get("recordings"):
            values["recordings"] = Path(values["recordings"])
        return LabState(**values)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise LabFault(f"{folder / STATE_FILE} cannot be read; run `ivr lab down` and delete it") from error
