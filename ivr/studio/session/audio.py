"""A long recording, hours of it, read as a stream: how loud each moment is, and pieces cut out of it.

Never more than a few seconds of sound are in memory. The sound for the recogniser lies in a file at 8 kHz.
"""

from __future__ import annotations

import audioop
import io
import subprocess
import threading
import wave
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ivr.studio.sound.decoder import MEMORY_BYTES, RATES, SAFE, Undecodable, shape
from ivr.studio.sound.telephone_sound import RATE, TO_TELEPHONE, BadSound

BLOCK_MS = 10
BLOCK_BYTES = RATE * BLOCK_MS // 1000 * 2
LONGEST_SESSION_S = 12 * 3600.0
CPU_S, WAIT_S = 1800, 3600.0
_AT_ONCE = 500  # blocks


@dataclass(frozen=True, slots=True)
class Session:
    """A recording on its way to takes. levels: RMS of each 10 ms, 0 to 32768. telephone: samples at 8 kHz, mono."""

    source: Path
    levels: array[int]
    telephone: Path

    @property
    def length_ms(self) -> int:
        """How long it is."""
        return len(self.levels) * BLOCK_MS

    def sound(self, start_ms: int, end_ms: int) -> bytes:
        """Samples of a stretch, 16 bit at 8 kHz."""
        per_ms = RATE * 2 // 1000
        with self.telephone.open("rb") as file:
            file.seek(max(start_ms, 0) * per_ms)
            return file.read(max(end_ms - max(start_ms, 0), 0) * per_ms)


def listen_through(source: Path, scratch: Path) -> Session:
    """Read a recording once. scratch: a folder for 1 MB a minute. Raises Undecodable, BadSound, OSError.

    Of two channels the louder one counts: a mix halves one that stands alone, and cancels two of opposite sign.
    """
    _, count = shape(source)
    count = min(count, 2)
    files = [scratch / f"channel-{number}.pcm" for number in range(count)]
    levels = [array("H") for _ in files]
    with ExitStack() as ends:
        targets = [ends.enter_context(file.open("wb")) for file in files]
        form = ["-af", TO_TELEPHONE, "-ac", str(count), "-ar", str(RATE)]
        stream = ends.enter_context(_decoded(source, form))
        while data := stream.read(BLOCK_BYTES * count * _AT_ONCE):
            whole = data[: len(data) // (2 * count) * 2 * count]
            for channel, (target, loud) in enumerate(zip(targets, levels, strict=True)):
                own = whole if count == 1 else audioop.tomono(whole, 2, 1 - channel, channel)
                target.write(own)
                blocks = range(0, len(own), BLOCK_BYTES)
                loud.extend(audioop.rms(own[start : start + BLOCK_BYTES], 2) for start in blocks)
    loudest = max(range(count), key=lambda channel: sum(level * level for level in levels[channel]))
    for number, file in enumerate(files):
        if number != loudest:
            file.unlink()
    if not levels[loudest]:
        raise Undecodable("there is no sound in it")
    if len(levels[loudest]) * BLOCK_MS / 1000 >= LONGEST_SESSION_S:
        raise BadSound(f"a session is {LONGEST_SESSION_S / 3600:.0f} hours at most")
    return Session(source, levels[loudest], files[loudest])


def pieces(source: Path, spans: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """WAVs of stretches (start and end in milliseconds, by their starts), at the recording's own rate and channels.

    They may overlap. Raises Undecodable, BadSound, OSError.
    """
    rate, count = shape(source)
    if str(rate) not in RATES.split("|"):
        rate = 48000
    count = min(count, 2)
    frame = 2 * count
    waiting = [(start * rate // 1000 * frame, end * rate // 1000 * frame) for start, end in spans]
    if waiting != sorted(waiting):
        raise ValueError("stretches are wanted in their order")
    begun: list[tuple[int, int, bytearray]] = []
    at = 0
    with _decoded(source, ["-ac", str(count), "-ar", str(rate)]) as stream:
        while waiting or begun:
            data = stream.read(rate * frame)
            while waiting and waiting[0][0] < at + len(data):
                begun.append((*waiting.pop(0), bytearray()))
            for start, end, kept in begun:
                kept += data[max(start - at, 0) : max(end - at, 0)]
            at += len(data)
            while begun and (begun[0][1] <= at or not data):
                yield _wav(bytes(begun.pop(0)[2]), rate, count)
            if not data:
                for _ in waiting:  # beyond the end
                    yield _wav(b"", rate, count)
                return


def telephone_wav(samples: bytes) -> bytes:
    """Samples at 8 kHz as a WAV file."""
    return _wav(samples, RATE, 1)


def _wav(samples: bytes, rate: int, count: int) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((count, 2, rate, 0, "NONE", ""))
        file.writeframes(samples)
    return target.getvalue()


@contextmanager
def _decoded(source: Path, form: list[str]) -> Iterator[IO[bytes]]:
    """Samples of the first sound, 16 bit; both ways of reading see the same times. Raises Undecodable, BadSound."""
    limits = ["prlimit", f"--as={MEMORY_BYTES}", f"--cpu={CPU_S}", "--core=0", "--"]
    command = ["ffmpeg", *SAFE, "-nostdin", "-threads", "1", "-i", str(source), "-map", "0:a:0", "-map_metadata", "-1"]
    command += [*form, "-t", f"{LONGEST_SESSION_S:g}", "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"]
    try:
        process = subprocess.Popen(
            [*limits, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        raise BadSound("prlimit is missing: apt-get install util-linux") from error
    limit = threading.Timer(WAIT_S, process.kill)
    limit.start()
    try:
        assert process.stdout is not None
        with process.stdout as stream:
            yield stream
            ended = not stream.read(1)
        if process.wait(WAIT_S) and ended:
            raise Undecodable(f"ffmpeg ended with {process.returncode}")
    finally:
        limit.cancel()
        process.kill()
        process.wait()
