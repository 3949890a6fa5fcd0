"""`ivr lab`: up, down, status; labs side by side; nothing left behind, nothing open to the network."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli import app
from ivr.testbed.lab import processes
from ivr.testbed.lab.faults import LabFault
from ivr.testbed.lab.lab import LONGEST_SOCKET, Lab
from ivr.testbed.lab.ports import Ports, blocks
from ivr.testbed.lab.root import mirror
from ivr.testbed.lab.state import STATE_FILE, saved_state


def ivr(*arguments: str | Path) -> tuple[int, str]:
    """Exit code and output of an `ivr` command."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_up_status_and_down(lab_folder: Path) -> None:
    assert ivr("lab", "status", "--folder", lab_folder)[0] == 1
    code, shown = ivr("lab", "up", "--folder", lab_folder)
    state = saved_state(lab_folder)
    assert code == 0
    assert state is not None
    assert f"127.0.0.1:{state.sip_port}" in shown
    assert state.softphone_secret in shown
    assert (lab_folder / STATE_FILE).stat().st_mode & 0o077 == 0
    said = (state.log / "messages.log").read_text(encoding="utf-8")
    assert "ERROR" not in said and "WARNING" not in said, "Asterisk starts without complaint"

    code, table = ivr("lab", "status", "--folder", lab_folder)
    assert code == 0 and table in shown  # `up` may say before that it builds an Asterisk
    assert ivr("lab", "down", "--folder", lab_folder)[0] == 0
    assert processes.of_lab(lab_folder) == []
    assert ivr("lab", "status", "--folder", lab_folder)[0] == 1
    assert ivr("lab", "down", "--folder", lab_folder)[0] == 0


def test_a_second_up_changes_nothing(lab: Lab) -> None:
    before = (lab.state, processes.of_lab(lab.folder))
    assert lab.up() == lab.state
    assert (lab.state, processes.of_lab(lab.folder)) == before


def test_two_labs_side_by_side_one_of_them_too_deep_for_a_socket(lab: Lab, lab_folder: Path) -> None:
    other = Lab(lab_folder / ("deep" * 30))
    try:
        theirs, ours = other.up(), lab.state
        assert ours is not None
        assert len(os.fsencode(theirs.daemon_socket)) <= LONGEST_SOCKET
        assert {ours.sip_port, ours.ami_port}.isdisjoint({theirs.sip_port, theirs.ami_port})
        assert ours.rtp_last < theirs.rtp_first or theirs.rtp_last < ours.rtp_first
        assert f"127.0.0.1:{ours.sip_port}" in lab.command("pjsip show transports")
        assert f"127.0.0.1:{theirs.sip_port}" in other.command("pjsip show transports")
    finally:
        other.down()
    assert not theirs.daemon_socket.parent.exists()
    assert "0 active calls" in lab.command("core show channels"), "ours is still there"


@contextmanager
def held(kind: socket.SocketKind) -> Iterator[Ports]:
    """A block whose SIP (datagram) or manager (stream) port we hold ourselves.

    What looked free may be another lab's a moment later: the next one is tried then.
    """
    for block in blocks():
        with socket.socket(socket.AF_INET, kind) as other:
            try:
                other.bind(("127.0.0.1", block.sip if kind is socket.SOCK_DGRAM else block.ami))
            except OSError:
                continue
            if kind is socket.SOCK_STREAM:
                other.listen()
            yield block
            return
    raise AssertionError("no block of ports is free")


def test_ports_that_another_program_holds_are_left_to_it(lab_folder: Path) -> None:
    with held(socket.SOCK_DGRAM) as sip, held(socket.SOCK_STREAM) as manager:
        ports = Lab(lab_folder).up([sip, manager, *blocks()])
        assert ports.sip_port not in (sip.sip, manager.sip)


def test_no_port_at_all_is_said(lab_folder: Path) -> None:
    with held(socket.SOCK_STREAM) as taken, pytest.raises(LabFault, match="no free ports"):
        Lab(lab_folder).up([taken])
    assert processes.of_lab(lab_folder) == []
    assert Lab(lab_folder).state is None


def test_a_process_that_becomes_another_program_is_seen(lab_folder: Path) -> None:
    again = 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); done; exec sh -c "$A"'
    environment = {"PATH": os.environ["PATH"], "A": again, processes.MARK: str(lab_folder)}
    with subprocess.Popen(["sh", "-c", again], env=environment) as process:
        try:
            for _ in range(100):  # one in some 25 looks meets it in between
                assert processes.of_lab(lab_folder) == [process.pid]
        finally:
            process.kill()


def test_restart_keeps_ports_and_secrets_and_a_lab_whose_asterisk_died_comes_up_again(lab_folder: Path) -> None:
    lab = Lab(lab_folder)
    before, running = lab.up(), processes.of_lab(lab_folder)
    assert lab.restart() == before
    assert set(running).isdisjoint(processes.of_lab(lab_folder))
    processes.stop(lab_folder)
    assert lab.state is None
    with pytest.raises(LabFault, match="is down"):
        lab.command("core show version")
    lab.up()
    assert "Asterisk" in lab.command("core show version")


def test_calls_and_manager_listen_on_loopback_only(lab: Lab) -> None:
    state = lab.state
    assert state is not None
    listening = subprocess.run(["ss", "-Hlntp"], capture_output=True, text=True, check=True).stdout
    pids = [f"pid={pid}," for pid in processes.of_lab(lab.folder)]
    ours = [line.split()[3] for line in listening.splitlines() if any(pid in line for pid in pids)]
    assert ours == [f"127.0.0.1:{state.ami_port}"]
    transports = re.findall(r"(?m)^Transport: .* (\S+)$", lab.command("pjsip show transports"))
    assert transports[1:] == [f"127.0.0.1:{state.sip_port}"]


ONE_LINE = """
# deb http://comment.example/debian bookworm main
deb-src http://source.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://mirror.example/debian bookworm main contrib # best
"""
DEB822 = """
# the archive
Types: deb deb-src
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: https://node.example/node
Suites: nodistro
Components: stable

Types: deb
URIs: http://mirror.example/debian
# a remark in between
Suites: bookworm
  bookworm-updates
Components: main non-free
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [("sources.list", ONE_LINE), ("sources.list.d/debian.list", ONE_LINE), ("sources.list.d/debian.sources", DEB822)],
)
def test_the_mirror_is_the_machines_own(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert mirror(tmp_path) == "http://mirror.example/debian"


def test_no_mirror_is_said(tmp_path: Path) -> None:
    with pytest.raises(LabFault, match="no Debian archive"):
        mirror(tmp_path)
