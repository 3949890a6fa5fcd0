"""Where a long recording is to be cut: found by `splitting`, corrected by hand, kept as a TOML file between the two."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ivr.domain.faults import BrokenFile
from ivr.studio.session.script import Sheet

LARGEST_BYTES = 16 << 20

_HEAD = """\
# Где разрезать запись. Время — секунды от её начала.
# Строка с take = true станет дублем. Чтобы взять сомнительную, исправьте start и end и поставьте take = true.
# made — номер дубля, который уже сделан; такая строка второй раз не режется.
# others — другие места, где эту строку, похоже, читали.
"""


class BadCuts(BrokenFile):
    """The file cannot be used; the text says why, with the line of the sheet."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One line of the sheet in the recording. start, end: seconds, both 0 where it was not found.

    take: whether it becomes a take. why: what is doubtful, in Russian. made: number of its take, 0 before there is one.
    """

    line: int
    id: str
    text: str
    start: float = 0.0
    end: float = 0.0
    take: bool = False
    why: str = ""
    made: int = 0
    others: tuple[tuple[float, float], ...] = ()


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    line: int
    id: str
    text: str
    start: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    end: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    take: bool
    why: str = ""
    made: Annotated[int, Field(ge=0)] = 0
    others: list[tuple[float, float]] = []


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    bytes: int
    sheet: str
    line: list[_Line]


def write_cuts(target: Path, cuts: Iterable[Cut], recording: Path, sheet: Sheet) -> None:
    """Write or replace the file; it belongs to this recording and this sheet. Raises OSError."""
    parts = [f'{_HEAD}bytes = {recording.stat().st_size}\nsheet = "{sheet.digest}"\n']
    for cut in cuts:
        others = ", ".join(f"[{start:.2f}, {end:.2f}]" for start, end in cut.others)
        parts.append(
            f"\n[[line]]\nline = {cut.line}\nid = {_quoted(cut.id)}\ntext = {_quoted(cut.text)}\n"
            f"start = {cut.start:.2f}\nend = {cut.end:.2f}\ntake = {str(cut.take).lower()}\n"
            f"why = {_quoted(cut.why)}\nmade = {cut.made}\nothers = [{others}]\n"
        )
    new = target.with_name(f".{target.name}.new")
    new.write_text("".join(parts), encoding="utf-8")
    new.replace(target)  # numbers of takes that were made are not lost halfway


def read_cuts(file: Path, recording: Path, sheet: Sheet, longest_s: float) -> list[Cut]:
    """The lines of the file. longest_s: of a take. Raises BadCuts, OSError."""
    if file.stat().st_size > LARGEST_BYTES:
        raise BadCuts(f"{file}: too large")
    try:
        parsed = _File.model_validate(tomllib.loads(file.read_text(encoding="utf-8-sig")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadCuts(f"{file}: {error}") from error
    except ValidationError as error:
        wrong = error.errors()[0]
        raise BadCuts(f"{file}: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from None
    if parsed.bytes != recording.stat().st_size or parsed.sheet != sheet.digest:
        raise BadCuts(f"{file}: belongs to another recording or another sheet")
    cuts = [
        Cut(one.line, one.id, one.text, one.start, one.end, one.take, one.why, one.made, tuple(one.others))
        for one in parsed.line
    ]
    known = {(line.line, line.id) for line in sheet.lines}
    if any((cut.line, cut.id) not in known for cut in cuts) or len({cut.line for cut in cuts}) < len(cuts):
        raise BadCuts(f"{file}: its lines are not those of the sheet")
    _check(file, [cut for cut in cuts if cut.take], longest_s)
    return cuts


def _check(file: Path, taken: Sequence[Cut], longest_s: float) -> None:
    for cut in taken:
        if not 0 < cut.end - cut.start <= longest_s:
            raise BadCuts(f"{file}: line {cut.line}: a take is longer than 0 s and at most {longest_s:g} s")
    for one, following in pairwise(sorted(taken, key=lambda cut: cut.start)):
        if one.end > following.start + 0.005:
            raise BadCuts(f"{file}: lines {one.line} and {following.line} overlap")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "")
