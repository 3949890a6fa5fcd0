"""The lab: starts, stops and asks a private Asterisk.

    lab = Lab(Path("var/lab"))
    state = lab.up()
    lab.command("core show channels")
    lab.down()

Labs with different folders run side by side.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ivr.config import REPOSITORY
from ivr.telephony.names import SOCKET_NAME
from ivr.testbed.lab import ports, processes
from ivr.testbed.lab.configuration import write_configuration
from ivr.testbed.lab.faults import LabFault, PortTaken
from ivr.testbed.lab.ports import Ports
from ivr.testbed.lab.root import cache_folder, is_built, root
from ivr.testbed.lab.sandbox import ENVIRONMENT, Built, Runner, installed
from ivr.testbed.lab.startup import wait_booted
from ivr.testbed.lab.state import STATE_FILE, LabState, saved_state

FOLDER = Path("var/lab")
SOUNDS = REPOSITORY / "prompts" / "ru"
LONGEST_SOCKET = 107  # bytes: sun_path of unix(7) less its final zero
ATTEMPTS = 5
START_S, COMMAND_S = 10.0, 20.0
LEAVE_BEHIND = 'ulimit -c 0; ulimit -n 20000; exec 2>"$0"; "$@" </dev/null >"$0" 2>&1 &'


class Lab:
    """A private Asterisk in `folder`.

    sounds: folder of published prompts of one voice. cache: where a built Asterisk is kept between labs.
    daemon_socket, spool: where the daemon listens and takes in emergency readings; in the lab's folder if not given.
    recordings: where whole calls are kept; nowhere if not given.
    """

    def __init__(
        self,
        folder: Path = FOLDER,
        sounds: Path = SOUNDS,
        cache: Path | None = None,
        *,
        daemon_socket: Path | None = None,
        spool: Path | None = None,
        recordings: Path | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self._daemon_socket = daemon_socket.absolute() if daemon_socket else None
        self._spool = spool.absolute() if spool else None
        self._recordings = recordings.absolute() if recordings else None
        self.sounds = sounds.absolute()
        self.cache = cache or cache_folder()

    @property
    def state(self) -> LabState | None:
        """The state of the running lab, None while it is down."""
        return saved_state(self.folder) if processes.of_lab(self.folder) else None

    def up(self, blocks: Iterable[Ports] | None = None) -> LabState:
        """Start Asterisk and return when it is fully booted; one that is up already is left as it is.

        blocks: ports to try, free ones at random by default. Raises LabFault.
        """
        with self._alone():
            state = self.state
            if state is not None:
                wait_booted(state)
                return state
            processes.stop(self.folder)  # of a lab whose state was lost
            return self._start(ports.blocks() if blocks is None else blocks)

    def restart(self) -> LabState:
        """Stop Asterisk and start it again with the same ports and secrets. Raises LabFault, also if it is down."""
        with self._alone():
            state = self._running()
            processes.stop(self.folder)
            self._launch(self._runner(), state)
            return state

    def down(self) -> None:
        """Stop Asterisk and all it started; nothing happens if it is down. Raises LabFault if a process stays."""
        if not self.folder.is_dir():
            return
        with self._alone():
            processes.stop(self.folder)
            with suppress(LabFault):  # an unreadable state must not keep the lab from going down
                state = saved_state(self.folder)
                if state is not None and not state.run.is_relative_to(self.folder):
                    shutil.rmtree(state.run, ignore_errors=True)
            (self.folder / STATE_FILE).unlink(missing_ok=True)

    def command(self, text: str) -> str:
        """What Asterisk's console answers to `text`. Raises LabFault."""
        state = self._running()
        words = self._words(self._runner(), state, "-rx", text)
        try:
            done = subprocess.run(words, env=ENVIRONMENT, capture_output=True, timeout=COMMAND_S, check=True)
        except subprocess.CalledProcessError as error:
            raise LabFault(f"Asterisk refused a console command: {error.stdout.decode(errors='replace')}") from None
        except subprocess.TimeoutExpired:
            raise LabFault(f"Asterisk's console did not answer within {COMMAND_S:.0f} s") from None
        return done.stdout.decode("utf-8", errors="replace")

    def _running(self) -> LabState:
        state = self.state
        if state is None:
            raise LabFault(f"the lab in {self.folder} is down: ivr lab up")
        return state

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Only one program at a time starts or stops this lab."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def must_build(self) -> bool:
        """Whether `up` has to build an Asterisk first, which takes about half a minute."""
        return installed() is None and not is_built(self.cache)

    def _runner(self) -> Runner:
        return installed() or Built(root(self.cache))

    def _start(self, blocks: Iterable[Ports]) -> LabState:
        if not self.sounds.is_dir():
            raise LabFault(f"{self.sounds} is missing: ivr prompts build")
        runner = self._runner()
        run = self._run_folder()
        for _, block in zip(range(ATTEMPTS), blocks, strict=False):
            state = self._new_state(runner, run, block)
            try:
                self._launch(runner, state)
            except PortTaken:
                processes.stop(self.folder)
                continue
            return state
        raise LabFault(f"no free ports on 127.0.0.1 from {ports.FIRST} on")

    def _launch(self, runner: Runner, state: LabState) -> None:
        write_configuration(state)
        state.save()
        # The shell ends at once and leaves Asterisk behind, in a session of its own: it outlives this program,
        # and no zombie of it stays with this program either.
        words = self._words(runner, state, "-f", "-q")
        subprocess.run(
            ["sh", "-c", LEAVE_BEHIND, str(state.log / "console.log"), *words],
            env={**ENVIRONMENT, processes.MARK: str(self.folder)},
            start_new_session=True,
            check=True,
            timeout=START_S,
        )
        try:
            wait_booted(state)
        except LabFault:
            processes.stop(self.folder)
            raise

    def _words(self, runner: Runner, state: LabState, *arguments: str) -> list[str]:
        conf = str(self.folder / "etc" / "asterisk.conf")
        read = tuple(dict.fromkeys((REPOSITORY, state.sounds)))
        places = (self.folder, state.daemon_socket.parent, state.spool, state.recordings)
        write = tuple(dict.fromkeys(place for place in places if place is not None))
        return runner.command(state.run, read, write, "-C", conf, *arguments)

    def _run_folder(self) -> Path:
        """The folder of sockets: in the lab's own if their paths fit, else a short one of our own."""
        run = self.folder / "run"
        if len(os.fsencode(run / "asterisk.ctl")) > LONGEST_SOCKET:
            return Path(tempfile.mkdtemp(prefix="ivr-lab-"))
        run.mkdir(mode=0o700, exist_ok=True)
        return run

    def _new_state(self, runner: Runner, run: Path, block: Ports) -> LabState:
        return LabState(
            folder=self.folder,
            asterisk=runner.name,
            sip_port=block.sip,
            ami_port=block.ami,
            rtp_first=block.rtp_first,
            rtp_last=block.rtp_last,
            ami_user="lab",
            ami_secret=secrets.token_hex(16),
            softphone_user="softphone",
            softphone_secret=secrets.token_hex(8),
            run=run,
            asterisk_run=runner.run_inside(run),
            daemon_socket=self._daemon_socket or run / SOCKET_NAME,
            asterisk_socket=self._daemon_socket or runner.run_inside(run) / SOCKET_NAME,
            sounds=self.sounds,
            spool=self._spool or self.folder / "emergency",
            messages=self.folder / "messages",
            log=self.folder / "log",
            recordings=self._recordings,
        )
