"""Recordings from outside, decoded by Debian's ffmpeg in a process with limits on time, memory and what it may open."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ivr.studio.sound.telephone_sound import BadSound

FORMATS = "wav,w64,mp3,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,flac"
"""Demuxers that may be used at all: others open playlists, other files or the network."""

RATES = "8000|11025|12000|16000|22050|24000|32000|44100|48000"
SAFE = ("-v", "error", "-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS)

MEMORY_BYTES = 2 << 30  # address space: the libraries alone take a third of a gigabyte of it
CPU_S, WAIT_S = 30, 60.0


class Undecodable(BadSound):
    """No sound can be taken out of the file."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """file: WAV, 16 bit, one or two channels, at most 48 kHz. declared_s: how long the file says it is, if it does."""

    file: Path
    declared_s: float | None


def decode(source: Path, target: Path, longest_s: float) -> Decoded:
    """Decode the first sound of a file, up to a second beyond `longest_s`, into `target`.

    Pictures, texts and further streams are left out. Raises Undecodable, BadSound where ffmpeg is missing.
    """
    told = _run(["ffprobe", *SAFE, "-select_streams", "a:0", *_ASKED, str(source)], 1 << 20)
    try:
        found = json.loads(told)
        if not found["streams"]:
            raise Undecodable("there is no sound in it")
        declared = float(found["format"].get("duration", "nan"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Undecodable("ffprobe does not know it") from error
    form = f"aformat=sample_fmts=s16:sample_rates={RATES}:channel_layouts=mono|stereo"
    command = ["ffmpeg", *SAFE, "-nostdin", "-threads", "1", "-i", str(source), "-map", "0:a:0", "-map_metadata", "-1"]
    command += ["-af", form, "-t", f"{longest_s + 1:g}", "-c:a", "pcm_s16le", "-f", "wav", "-y", str(target)]
    _run(command, int((longest_s + 2) * 48000 * 4))
    declared *= _missing(source)
    return Decoded(target, declared if declared == declared else None)


def shape(source: Path) -> tuple[int, int]:
    """Sample rate and channels of the first sound of a file. Raises Undecodable, BadSound where ffmpeg is missing."""
    asked = ["-select_streams", "a:0", "-show_entries", "stream=sample_rate,channels", "-of", "json", str(source)]
    try:
        found = json.loads(_run(["ffprobe", *SAFE, *asked], 1 << 20))["streams"][0]
        return int(found["sample_rate"]), int(found["channels"])
    except (ValueError, KeyError, TypeError, LookupError) as error:
        raise Undecodable("there is no sound in it") from error


def _missing(source: Path) -> float:
    """How many times longer a RIFF file says it is than it is; ffprobe does not tell. 1 for other files."""
    with source.open("rb") as file:
        head = file.read(8)
    told = int.from_bytes(head[4:8], "little") + 8
    if head[:4] != b"RIFF" or told >= 0xFFFFFFFF:  # a program that records into a pipe cannot know the length
        return 1.0
    return max(told / source.stat().st_size, 1.0)


_ASKED = ["-show_entries", "stream=codec_name:format=duration", "-of", "json"]


def _run(command: list[str], most_bytes: int) -> bytes:
    limits = ["prlimit", f"--as={MEMORY_BYTES}", f"--cpu={CPU_S}", f"--fsize={most_bytes}", "--core=0", "--"]
    try:
        done = subprocess.run(
            [*limits, *command], stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT_S, check=False
        )
    except FileNotFoundError as error:
        raise BadSound("prlimit is missing: apt-get install util-linux") from error
    except subprocess.TimeoutExpired as error:
        raise Undecodable(f"{command[0]} took longer than {WAIT_S:.0f} s") from error
    if done.returncode == 127:
        raise BadSound("ffmpeg is missing: apt-get install ffmpeg")
    if done.returncode:
        raise Undecodable(f"{command[0]} ended with {done.returncode}")
    return done.stdout
