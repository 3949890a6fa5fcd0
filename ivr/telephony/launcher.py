#!/usr/bin/python3 -IS
"""Started by Asterisk's EAGI: hands the call's descriptors to the daemon and ends.

Usage: launcher.py SOCKET. Standard library only: it runs under the Python of the Asterisk machine.
Exit 0: the daemon has the call. Exit 1 within a second: it has not, and the dialplan goes to ivr-fallback.
One limit for all steps together: what a busy daemon loses at one of them it may save at the next.
Two steps, so that descriptors are never stuck in the queue of a daemon that hangs: greet, wait for READY, then send.
"""

# The bare module under `socket`: importing that one would cost half as long again as starting Python.
import _socket
import sys
import time

LIMIT_S = 0.9
HELLO, READY, TAKEN = b"IVR-EAGI 1\n", b"READY\n", b"TAKEN\n"


def hand_over(path: str) -> bool:
    """Whether the daemon behind the Unix socket `path` took descriptors 0, 1 and 3."""
    deadline = time.monotonic() + LIMIT_S
    daemon = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    daemon.settimeout(LIMIT_S)
    daemon.connect(path)
    daemon.sendall(HELLO)
    if _answer(daemon, deadline) != READY:
        return False
    descriptors = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 3))
    daemon.sendmsg([b"F"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)])
    return _answer(daemon, deadline) == TAKEN


def _answer(daemon: _socket.socket, deadline: float) -> bytes:
    """What the daemon sends until `deadline`. Raises OSError if it is nothing."""
    daemon.settimeout(max(deadline - time.monotonic(), 0.001))
    return daemon.recv(16)


if __name__ == "__main__":
    try:
        taken = hand_over(sys.argv[1])
    except (OSError, IndexError):
        taken = False
    if not taken:
        sys.stderr.write("ivr launcher: the daemon did not take the call\n")
    sys.exit(0 if taken else 1)
