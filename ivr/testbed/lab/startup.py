"""Waits until a lab's Asterisk is ready for calls: it owns its ports, knows our secret, and is fully booted."""

from __future__ import annotations

import socket
import time

from ivr.testbed.lab import ports, processes
from ivr.testbed.lab.faults import LabFault, PortTaken
from ivr.testbed.lab.ports import Ports
from ivr.testbed.lab.state import LabState

BOOT_S = 60.0
LOOK_S = 0.05


def wait_booted(state: LabState) -> None:
    """Return when Asterisk is fully booted, within BOOT_S.

    Raises PortTaken if another program holds a port, LabFault if Asterisk ended or takes too long.
    """
    deadline = time.monotonic() + BOOT_S
    block = Ports(state.sip_port, state.ami_port, state.rtp_first, state.rtp_last)
    while not ports.owned(state.folder, block):
        if not processes.of_lab(state.folder):
            raise LabFault(f"Asterisk ended while starting; see {state.log}")
        if ports.taken(state.folder, block):
            raise PortTaken("another program holds a port of the lab")
        if time.monotonic() > deadline:
            raise LabFault(f"Asterisk did not open its ports within {BOOT_S:.0f} s; see {state.log}")
        time.sleep(LOOK_S)
    try:
        with socket.create_connection(("127.0.0.1", state.ami_port), timeout=BOOT_S) as manager:
            _wait_fully_booted(manager, state, deadline)
    except OSError as error:
        raise LabFault(f"Asterisk's manager did not answer within {BOOT_S:.0f} s; see {state.log}") from error


def _wait_fully_booted(manager: socket.socket, state: LabState, deadline: float) -> None:
    """Log in and read until the event FullyBooted, which Asterisk sends to every one who logs in."""
    login = f"Action: Login\r\nUsername: {state.ami_user}\r\nSecret: {state.ami_secret}\r\n\r\n"
    manager.sendall(login.encode("ascii"))
    heard = b""
    while b"Event: FullyBooted" not in heard:
        if b"Response: Error" in heard:
            raise LabFault("Asterisk's manager refused the lab's own secret")
        manager.settimeout(max(deadline - time.monotonic(), 0.01))
        chunk = manager.recv(4096)
        if not chunk:
            raise LabFault(f"Asterisk's manager closed the connection; see {state.log}")
        heard += chunk
