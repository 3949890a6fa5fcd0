"""The tables of the configuration file: what can be set, its default, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

REPOSITORY = Path(__file__).resolve().parent.parent
VOICE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""Name of a voice: also that of its folder, so nothing else may be in it."""


class Section(BaseModel):
    """A table of the TOML file; it rejects unknown keys, so that a typing error shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Store(Section):
    """Where readings live."""

    url: str = "sqlite:///var/ivr.db"
    threads: int = Field(4, ge=1, le=64, description="units of work at once")
    limit_s: float = Field(5.0, gt=0, description="longest wait for one unit of work")


class Line(Section):
    """How calls reach the daemon."""

    socket: Path = Path("/run/ivr/ivr.sock")
    fastagi: str = Field("", description="host:port for Asterisk on another machine (keys only); empty: closed")
    calls: int = Field(200, ge=1, description="calls at once; one more is sent to ivr-fallback")
    header_s: float = Field(2.0, gt=0, description="longest wait for the header of a call")
    header_bytes: int = Field(16384, ge=1024, description="longest header of a call")
    drain_s: float = Field(60.0, ge=0, description="calls in progress may finish for this long at SIGTERM")
    call_s: float = Field(1800.0, gt=0, description="longest call")
    spool: Path = Path("var/spool")

    @field_validator("fastagi")
    @classmethod
    def _host_and_port(cls, text: str) -> str:
        address = re.fullmatch(r"[\w.-]+:(\d{1,5})", text, re.ASCII)
        if text and (address is None or not 0 < int(address[1]) < 65536):
            raise ValueError("host:port, for example 127.0.0.1:4573")
        return text


class Waits(Section):
    """How long the line waits for a caller, in seconds (`no_input` rules: see docs/voice-interface.md)."""

    no_input: float = Field(7.0, gt=0)
    no_input_stumbled: float = Field(10.0, gt=0)
    no_input_look: float = Field(15.0, gt=0)
    inter_digit: float = Field(4.0, gt=0)
    lone_zero: float = Field(2.0, gt=0)
    straggler: float = Field(0.35, ge=0)


class Sounds(Section):
    """Where prompts lie."""

    folder: Path = REPOSITORY / "prompts"
    voice: str = "ru"
    own: Path = Field(Path("var/prompts"), description="administrators' own voices, a folder each")
    voices: tuple[str, ...] = Field(("own",), description="own voices, the one that is heard first, first")

    @field_validator("voices")
    @classmethod
    def _named(cls, voices: tuple[str, ...]) -> tuple[str, ...]:
        if not voices or not all(VOICE.fullmatch(name) for name in voices) or len(set(voices)) < len(voices):
            raise ValueError("voices are one or more different names in small Latin letters, digits and hyphens")
        return voices

    @model_validator(mode="after")
    def _apart(self) -> Sounds:
        if self.voice in self.voices:
            raise ValueError("voices are others than the voice that is shipped")
        return self

    @property
    def catalogue(self) -> Path:
        """The file of all texts."""
        return self.folder / f"{self.voice}.toml"

    @property
    def shipped(self) -> Path:
        """Folder of the shipped voice, the last of the chain."""
        return self.folder.absolute() / self.voice

    @property
    def chain(self) -> tuple[Path, ...]:
        """Folders of all voices; a prompt is played from the first one that has it."""
        return (*(self.own.absolute() / name for name in self.voices), self.shipped)


class Studio(Section):
    """Where recordings of prompts are kept, and how large they may be."""

    takes: Path = Field(Path("var/takes"), description="recordings as they came, and the sound made of each")
    upload_mb: int = Field(64, ge=1, le=1024, description="largest recording")
    zip_mb: int = Field(256, ge=1, le=1024, description="largest zip of recordings")
    longest_s: float = Field(120.0, ge=5, le=600, description="longest recording")
    keep_days: int = Field(365, ge=0, le=3650, description="what `ivr prompts clean` leaves; 0: everything")
    calls: Path = Field(Path("var/studio-calls"), description="where Asterisk writes what is recorded by phone")
    phones: tuple[Annotated[str, Field(pattern=r"^\+?[0-9]+$")], ...] = ()  # empty: whoever reaches the context
    dial: str = Field("", pattern=r"^([\w/@.:;-]*\{number\}[\w/@.:;-]*)?$")  # what rings one of phones


class Speech(Section):
    """Speech recognition."""

    model: Path | None = Field(
        REPOSITORY / "speech_models" / "ru-phone", description="folder of a Vosk model; empty or none: keys only"
    )
    workers: int = Field(0, ge=0, le=64, description="processes that recognise; 0: one a core")
    speakers: int = Field(0, ge=0, description="callers whom one process hears at once; 0: what it measures")
    result: float = Field(3.0, gt=0, le=5, description="longest wait for a result; then keys")
    memory_mb: int = Field(1024, ge=64, description="what a process may grow by before it is replaced")
    end_complete: float = Field(0.3, gt=0, description="silence that ends a complete number")
    end_choice: float = Field(0.6, gt=0, description="silence that ends a yes, a no or a command")
    end_incomplete: float = Field(1.5, gt=0, description="silence that ends a number that may go on")
    longest: float = Field(20.0, gt=0, le=30, description="longest utterance")

    @field_validator("model", mode="before")
    @classmethod
    def _none_if_empty(cls, folder: object) -> object:
        return None if folder in ("", "none") else folder


class Recordings(Section):
    """Folder of callers' utterances."""

    folder: Path = Path("var/recordings")
    calls: Path = Field(Path("var/calls"), description="whole calls, where Asterisk keeps them")
    keep_days: int = Field(90, ge=0, le=3650, description="older ones and steps of calls are removed; 0: never")


class Accounts(Section):
    """What account numbers look like."""

    lengths: tuple[int, ...] = (10,)
    check: Literal["none", "luhn", "mod11"] = "none"

    @field_validator("lengths")
    @classmethod
    def _sane(cls, lengths: tuple[int, ...]) -> tuple[int, ...]:
        if not lengths or not all(2 <= length <= 20 for length in lengths):
            raise ValueError("lengths are one or more numbers from 2 to 20")
        return tuple(sorted(set(lengths)))


class Readings(Section):
    """When readings are awaited and when they are doubted."""

    first_day: int = Field(15, ge=1, le=31)
    last_day: int = Field(25, ge=1, le=31)
    windows: dict[str, tuple[int, int]] = {}
    high_factor: float = Field(3.0, gt=1)
    high_floor_kwh: int = Field(200, ge=0)
    no_history_kwh: int = Field(1500, gt=0)
    power_kw: float = Field(15.0, gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> Readings:
        if self.first_day > self.last_day:
            raise ValueError("first_day is not after last_day")
        if any(not 1 <= first <= last <= 31 for first, last in self.windows.values()):
            raise ValueError("a window of a group is its first and its last day of the month")
        return self


class Manager(Section):
    """Asterisk's manager interface (AMI): the queue board, and ringing back."""

    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(5038, ge=1, le=65535)
    user: str = Field("", description="account of manager.conf; empty: off, and nobody is rung back")
    secret: str = Field("", repr=False)

    @model_validator(mode="after")
    def _sendable(self) -> Manager:
        if self.user and not self.secret:
            raise ValueError("user needs its secret")
        if not (self.user + self.secret).isprintable():
            raise ValueError("user and secret have no line breaks")
        return self


class Callbacks(Section):
    """Call-backs: which numbers the line calls, and when."""

    dial: str = Field("", description="channel that Asterisk rings, with {phone}, {digits} or {national}; empty: off")
    caller_id: str = Field("", pattern=r"^\+?[0-9]*$", description="number shown to who is rung")
    numbers: str = Field(r"\+7(?!80)[3489]\d{9}", description="expression of the numbers that may be rung")
    ring_s: float = Field(35.0, ge=5, le=120, description="how long it rings")
    pauses_s: tuple[int, ...] = (120, 300, 900, 3600)
    quiet_from: int = Field(22, ge=0, le=23, description="hour from which nobody is rung")
    quiet_to: int = Field(8, ge=0, le=23, description="hour from which people are rung again; equal: always")
    fresh_s: int = Field(3600, ge=0, description="who asked so recently is rung at night too")
    at_once: int = Field(10, ge=1, le=1000, description="calls at the same moment")
    power: bool = Field(True, description="offer callers at a known outage to be rung when power returns")
    power_per_minute: int = Field(20, ge=1, le=6000, description="such calls that begin in a minute")
    lease_s: float = Field(60.0, ge=2, description="a claim holds so long without being renewed")

    @field_validator("dial")
    @classmethod
    def _names_the_number(cls, channel: str) -> str:
        if channel and not re.fullmatch(r"[\w/@.:;-]*\{(phone|digits|national)\}[\w/@.:;-]*", channel, re.ASCII):
            raise ValueError("a channel with {phone}, {digits} or {national}, for example PJSIP/{digits}@trunk")
        return channel

    @field_validator("numbers")
    @classmethod
    def _compiles(cls, expression: str) -> str:
        try:
            re.compile(expression)
        except re.error as error:
            raise ValueError("a regular expression") from error
        return expression

    @field_validator("pauses_s")
    @classmethod
    def _positive(cls, pauses: tuple[int, ...]) -> tuple[int, ...]:
        if not all(pause > 0 for pause in pauses):
            raise ValueError("pauses are seconds, 1 and more")
        return pauses


class Web(Section):
    """The administrators' pages."""

    listen: str = Field("127.0.0.1:8080", description="host:port of the pages, port 0: any free one; empty: no pages")
    public_url: str = Field("", description="address in the browser, needed beyond loopback; https: behind TLS")
    proxies: tuple[str, ...] = Field((), description="addresses of proxies whose X-Forwarded headers are believed")
    idle_minutes: int = Field(30, ge=1, le=1440, description="who does nothing for so long is logged out")
    session_hours: int = Field(12, ge=1, le=168, description="longest login")

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, text: str) -> str:
        address = re.fullmatch(r"(?:[\w.-]+|\[[0-9a-fA-F:]+\]):(\d{1,5})", text, re.ASCII)
        if text and (address is None or int(address[1]) > 65535):
            raise ValueError("host:port, for example 127.0.0.1:8080")
        return text

    @field_validator("public_url")
    @classmethod
    def _address(cls, text: str) -> str:
        if text and not re.fullmatch(r"https?://[\w.-]+(:\d{1,5})?/?", text, re.ASCII):
            raise ValueError("http:// or https:// and a host, without a path: https://line.example.ru")
        return text.rstrip("/")

    @model_validator(mode="after")
    def _named_beyond_loopback(self) -> Web:
        host = self.listen.rpartition(":")[0].strip("[]")
        if host and not self.public_url and not (host in {"localhost", "::1"} or host.startswith("127.")):
            raise ValueError("listen beyond loopback needs public_url, the address in the browser")
        return self


class Surge(Section):
    """Surges: many reports from one district, and many waiting callers."""

    reports: int = Field(5, ge=0, description="more callers than this from one district: a suspected outage; 0: never")
    minutes: float = Field(10.0, gt=0, le=1440, description="within so many minutes")
    hours: float = Field(3.0, gt=0, description="a suspicion that nobody confirms ends so long after its last report")
    waiting: int = Field(10, ge=0, description="more callers than this in the queues: a short greeting; 0: never")
    notice: int = Field(200, ge=0, description="accounts of an outage that the dialplan tells of by itself; 0: none")
