"""Ports of a lab, and whether its Asterisk really owns them."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from ivr.testbed.lab import processes

FIRST, BLOCK, BLOCKS = 10000, 1010, 22  # below 32768, where the kernel takes ports for outgoing connections
TCP_LISTEN = "0A"


@dataclass(frozen=True, slots=True)
class Ports:
    """A block of ports: SIP (UDP), manager (TCP), and 1,000 for RTP (UDP)."""

    sip: int
    ami: int
    rtp_first: int
    rtp_last: int


def blocks() -> Iterator[Ports]:
    """Every block whose SIP and manager ports look free, in random order.

    Free now is not free at Asterisk's start; `owned` tells what came of it.
    """
    order = list(range(BLOCKS))
    secrets.SystemRandom().shuffle(order)
    for number in order:
        base = FIRST + number * BLOCK
        ports = Ports(base, base + 1, base + 10, base + 1009)
        if _free(socket.SOCK_DGRAM, ports.sip) and _free(socket.SOCK_STREAM, ports.ami):
            yield ports


def _free(kind: socket.SocketKind, port: int) -> bool:
    with closing(socket.socket(socket.AF_INET, kind)) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def owned(folder: Path, ports: Ports) -> bool:
    """Whether the lab's processes, and nobody else, hold the SIP and the manager port."""
    sockets = _sockets_of(folder)
    holders = (_holders("udp", ports.sip), _holders("tcp", ports.ami))
    return all(inodes and inodes <= sockets for inodes in holders)


def taken(folder: Path, ports: Ports) -> bool:
    """Whether another program holds the SIP or the manager port."""
    held = _holders("udp", ports.sip) | _holders("tcp", ports.ami)
    return not held <= _sockets_of(folder)


def _holders(protocol: str, port: int) -> set[str]:
    """Inodes of the sockets bound to `port` (TCP: listening)."""
    inodes = set()
    for line in Path(f"/proc/net/{protocol}").read_text(encoding="ascii").splitlines()[1:]:
        cells = line.split()
        if int(cells[1].rpartition(":")[2], 16) == port and (protocol == "udp" or cells[3] == TCP_LISTEN):
            inodes.add(cells[9])
    return inodes


def _sockets_of(folder: Path) -> set[str]:
    inodes = set()
    for pid in processes.of_lab(folder):
        with suppress(OSError):  # ended meanwhile
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):  # closed meanwhile
                    link = str(descriptor.readlink())
                    if link.startswith("socket:["):
                        inodes.add(link[len("socket:[") : -1])
    return inodes
