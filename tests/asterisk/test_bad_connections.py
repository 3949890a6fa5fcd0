"""Whatever connects to the daemon's socket, no call notices. On the real Asterisk."""

from __future__ import annotations

import contextlib
import socket

from ivr.testbed.robot.scripted_call import Robot
from ivr.testbed.robot.system import System
from tests.asterisk.steps import STORED, ring, when


async def test_bad_connections_disturb_no_call(system: System, robot: Robot) -> None:
    system.start_daemon()
    path = str(system.settings.line.socket)
    connections: list[socket.socket] = []

    def pester() -> None:
        for data in (b"", b"GET / HTTP/1.1\r\n\r\n", b"x" * 5_000_000, b"IVR-EAGI 1\n", b"IVR-EAGI 1\nx", None):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(2)
            connection.connect(path)
            connections.append(connection)
            if data is None:
                connection.close()
                continue
            with contextlib.suppress(OSError):  # the daemon hangs up on rubbish
                connection.sendall(data)

    await ring(
        robot,
        STORED,
        {"outcome": "stored", "readings": [{"meter": "10000001", "zone": "T1", "value": 12150}]},
        when("reading/ask", pester),
    )
    for connection in connections:
        connection.close()
    system.stop_daemon()
