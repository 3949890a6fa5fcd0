"""The scenario file of a scripted call. Its format is fixed by the design."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ivr.domain.faults import BrokenFile
from ivr.domain.journal.words import Outcome

ACTIONS = ("hears", "says", "wav", "keys", "hangs_up", "waits")
DETAILS = {"hears": {"timeout"}, "says": {"over"}, "wav": {"over"}, "keys": {"gap_ms", "length_ms"}}
LONGEST_WAIT_S = 600.0


class BadScenario(BrokenFile):
    """The file is no scenario; the text names file, step and what is wrong."""


@dataclass(frozen=True, slots=True)
class Hears:
    """Wait until this prompt id has begun, at most `timeout` seconds."""

    prompt: str
    timeout: float = 15.0


@dataclass(frozen=True, slots=True)
class Says:
    """Speak: a text to synthesise, or a wav file. over: into the prompt that plays, without waiting for its end."""

    text: str = ""
    wav: Path | None = None
    over: bool = False


@dataclass(frozen=True, slots=True)
class Presses:
    """Press keys by RFC 4733, each `length_ms` long with `gap_ms` between them."""

    keys: str
    gap_ms: int = 150
    length_ms: int = 100


@dataclass(frozen=True, slots=True)
class Waits:
    """Stay silent for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HangsUp:
    """End the call."""


Step = Hears | Says | Presses | Waits | HangsUp


@dataclass(frozen=True, slots=True)
class ExpectedReading:
    """A reading that must be stored by this call."""

    meter: str
    zone: str
    value: int


@dataclass(frozen=True, slots=True)
class Expectations:
    """What must be true after the call; None: not looked at. heard: ids in this order, others may lie between."""

    outcome: str | None = None
    readings: tuple[ExpectedReading, ...] | None = None
    heard: tuple[str, ...] = ()

    def unmet(self, outcome: str | None, heard: Sequence[str], stored: Iterable[tuple[str, str, int]]) -> list[str]:
        """What is not so after a call, a line each. heard: ids of prompts. stored: meter, zone, value of readings."""
        faults = []
        if self.outcome is not None and outcome != self.outcome:
            faults.append(f"outcome {outcome or 'unknown'}, expected {self.outcome}")
        if self.readings is not None:
            found = sorted(stored)
            wanted = sorted((reading.meter, reading.zone, reading.value) for reading in self.readings)
            if found != wanted:
                faults.append(f"stored {found}, expected {wanted}")
        left = iter(heard)
        missing = next((prompt for prompt in self.heard if prompt not in left), None)
        if missing is not None:
            faults.append(f"not heard, or not in this order: {missing}")
        return faults


@dataclass(frozen=True, slots=True)
class Scenario:
    """A call: its caller, their actions, the expected result.

    caller: E.164, "" for a withheld number. sends_silence: whether their telephone sends packets while they are silent.
    """

    title: str
    caller: str
    steps: tuple[Step, ...]
    expect: Expectations
    sends_silence: bool = True


def load(file: Path) -> Scenario:
    """Read a scenario file; paths of wavs are relative to it. Raises BadScenario."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadScenario(f"{file}: {error}") from None
    try:
        return parse(table, file.parent)
    except BadScenario as error:
        raise BadScenario(f"{file}: {error}") from None


def parse(table: dict[str, Any], folder: Path) -> Scenario:
    """A scenario from its TOML table. Raises BadScenario."""
    _only(table, {"title", "from", "sends_silence", "step", "expect"}, "the file")
    caller = _text(table, "from", "anonymous")
    if caller != "anonymous" and not re.fullmatch(r"\+?\d{3,15}", caller):
        raise BadScenario('from: a telephone number, or "anonymous"')
    steps = [step for n, row in enumerate(_tables(table, "step"), start=1) for step in _steps(row, f"step {n}", folder)]
    return Scenario(
        _text(table, "title", "without a title"),
        "" if caller == "anonymous" else caller,
        tuple(steps),
        _expectations(table.get("expect", {})),
        _flag(table, "sends_silence", default=True),
    )


def _steps(table: dict[str, Any], where: str, folder: Path) -> list[Step]:
    """One action, or what is heard and then one action."""
    actions = [action for action in ACTIONS if action in table]
    if len(actions) != 1 and not (len(actions) == 2 and actions[0] == "hears"):
        raise BadScenario(f"{where}: one of {', '.join(ACTIONS)}")
    _only(table, set(actions).union(*(DETAILS.get(action, set()) for action in actions)), where)
    return [_step(table, action, where, folder) for action in actions]


def _step(table: dict[str, Any], action: str, where: str, folder: Path) -> Step:
    match action:
        case "hears":
            return Hears(_text(table, action), _number(table, "timeout", 15.0, where))
        case "says":
            return Says(text=_text(table, action), over=bool(table.get("over", False)))
        case "wav":
            wav = folder / _text(table, action)
            if not wav.is_file():
                raise BadScenario(f"{where}: no such file: {wav}")
            return Says(wav=wav, over=bool(table.get("over", False)))
        case "keys":
            keys = _text(table, action)
            if not re.fullmatch(r"[0-9*#]{1,64}", keys):
                raise BadScenario(f"{where}: keys are 0 to 9, * and #")
            return Presses(
                keys, _milliseconds(table, "gap_ms", 150, where), _milliseconds(table, "length_ms", 100, where)
            )
        case "waits":
            return Waits(_number(table, action, 0, where))
    if table[action] is not True:
        raise BadScenario(f"{where}: hangs_up = true")
    return HangsUp()


def _expectations(table: dict[str, Any]) -> Expectations:
    _only(table, {"outcome", "readings", "heard"}, "expect")
    outcome = table.get("outcome")
    if outcome is not None and outcome not in tuple(Outcome):
        raise BadScenario(f"expect.outcome: one of {', '.join(Outcome)}")
    readings = None
    if "readings" in table:
        readings = tuple(_reading(reading) for reading in _tables(table, "readings"))
    heard = table.get("heard", [])
    if not isinstance(heard, list) or not all(isinstance(prompt, str) for prompt in heard):
        raise BadScenario("expect.heard: a list of prompt ids")
    return Expectations(outcome, readings, tuple(heard))


def _reading(table: dict[str, Any]) -> ExpectedReading:
    _only(table, {"meter", "zone", "value"}, "expect.readings")
    value = table.get("value")
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadScenario("expect.readings: value is a whole number")
    return ExpectedReading(_text(table, "meter"), _text(table, "zone", "T1"), value)


def _only(table: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise BadScenario(f"{where}: unknown {', '.join(unknown)}")


def _tables(table: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = table.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadScenario(f"{name}: a list of tables")
    return rows


def _text(table: dict[str, Any], name: str, default: str | None = None) -> str:
    value = table.get(name, default)
    if not isinstance(value, str) or not value:
        raise BadScenario(f"{name}: a text")
    return value


def _flag(table: dict[str, Any], name: str, *, default: bool) -> bool:
    value = table.get(name, default)
    if not isinstance(value, bool):
        raise BadScenario(f"{name}: true or false")
    return value


def _milliseconds(table: dict[str, Any], name: str, default: int, where: str) -> int:
    value = table.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 20 <= value <= 10_000:
        raise BadScenario(f"{where}: {name} is a whole number from 20 to 10000")
    return value


def _number(table: dict[str, Any], name: str, default: float, where: str) -> float:
    value = table.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_WAIT_S:
        raise BadScenario(f"{where}: {name} is a number from 0 to {LONGEST_WAIT_S:.0f}")
    return float(value)
