"""The sheet that a speaker reads from in a studio: which prompts, in which order, with how to say each.

A sheet is an HTML file to print; the order is written in it for `splitting`, which cuts the recording by it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ivr.domain.faults import BrokenFile
from ivr.domain.takes import How, Take, TakeState
from ivr.studio.catalogue import ID, Entry
from ivr.studio.prompt_status import PromptStatus, PromptView
from ivr.studio.session.html import page
from ivr.studio.session.phrases import neighbours, usual_order

LARGEST_SHEET_BYTES = 16 << 20
FORM = 1

# Groups in the order in which they are read: sentences while the voice is fresh, then the pieces, which want evenness.
_GROUPS: tuple[tuple[str, str], ...] = (
    (r"greeting/.*", "Приветствие"),
    (r"identify/.*", "Лицевой счёт"),
    (r"reading/.*", "Показания"),
    (r"(outage|report)/.*", "Отключения"),
    (r"(menu|hotline|operator)/.*", "Меню и соединение"),
    (r"common/.*", "Общие фразы"),
    (r"fixed/(?!digit-).*", "Фразы, которые звучат и без программы"),
    (r"digit/.*", "Цифры номера"),
    (r"fixed/digit-.*", "Отдельные цифры"),
    (r"number/.*", "Числа"),
    (r"number-acc/.*", "Числа, винительный падеж"),
    (r"number-gen/.*", "Числа, родительный падеж"),
    (r"number-dat/.*", "Числа, дательный падеж"),
    (r"date/day-.*", "Дни месяца"),
    (r"date/month-.*", "Месяцы в дате"),
    (r"date/year-.*", "Годы"),
    (r"time/.*", "Сроки"),
    (r"period/.*", "Месяцы"),
    (r"unit/.*", "Единицы"),
    (r"zone/.*", "Зоны"),
)
OTHERS = "Прочее"


class BadSheet(BrokenFile):
    """A file that is no sheet, or a prompt that cannot be on one; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet. line: its running number there, from 1. number: by which the prompt is keyed on a telephone.

    digest: of the text as it was when the sheet was made.
    """

    line: int
    id: str
    number: int
    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was to be read, in its order. voice: for which the sheet was made."""

    voice: str
    lines: tuple[Line, ...]

    @property
    def digest(self) -> str:
        """Tells sheets of other lines or another order apart; six signs of it are printed on every page."""
        return hashlib.sha256("\n".join(f"{line.id} {line.digest}" for line in self.lines).encode()).hexdigest()


def chosen(prompts: Iterable[PromptView], wanted: Sequence[str], *, everything: bool) -> list[PromptView]:
    """The prompts of a sheet. wanted: ids or folders, all that are to be recorded where it is empty.

    Without `everything` only those that lack a recording of their present text in the voice. Raises BadSheet.
    """
    speakable = [one for one in prompts if one.entry.text]
    for name in wanted:
        if not any(_meant(one.entry.id, (name,)) for one in speakable):
            raise BadSheet(f"{name}: no such prompt or folder")
    meant = [one for one in speakable if not wanted or _meant(one.entry.id, wanted)]
    return meant if everything else [one for one in meant if _lacks(one)]


def _meant(id_: str, wanted: Collection[str]) -> bool:
    return any(id_ == name or id_.startswith(f"{name.rstrip('/')}/") for name in wanted)


def _lacks(one: PromptView) -> bool:
    """Whether nobody recorded the text as it is now, not even as a draft that nothing speaks against."""

    def serves(take: Take) -> bool:
        spoken = take.how is not How.SYNTHESIS and take.text == one.entry.digest
        return spoken and take.state is TakeState.DRAFT and not take.checks.refused

    published = one.published
    if published is not None and published.how is not How.SYNTHESIS and one.standing is not PromptStatus.OUTDATED:
        return published.text != one.entry.digest and not any(map(serves, one.takes))
    return not any(map(serves, one.takes))


def in_order(prompts: Iterable[PromptView]) -> list[tuple[str, list[PromptView]]]:
    """Groups with their titles: sentences first, then words by ascending value, as the catalogue has them."""
    groups: dict[str, list[PromptView]] = {title: [] for _, title in _GROUPS}
    for one in prompts:
        title = next((title for pattern, title in _GROUPS if re.fullmatch(pattern, one.entry.id)), OTHERS)
        groups.setdefault(title, []).append(one)
    return [(title, members) for title, members in groups.items() if members]


def sheet_of(prompts: Iterable[PromptView], voice: str) -> Sheet:
    """The order alone."""
    ordered = [one for _, members in in_order(prompts) for one in members]
    lines = (
        Line(place, one.entry.id, one.number, one.entry.text, one.entry.digest) for place, one in enumerate(ordered, 1)
    )
    return Sheet(voice, tuple(lines))


def sheet_page(
    prompts: Sequence[PromptView],
    voice: str,
    catalogue: Mapping[str, Entry],
    day: date,
    heard: Iterable[Sequence[str]] = (),
) -> str:
    """The HTML to print, with the order in it; it needs no other file. heard: ids as calls heard them in a row."""
    usual = usual_order(heard)
    sheet = sheet_of(prompts, voice)
    by_id = {line.id: line for line in sheet.lines}
    groups = [
        (title, [(by_id[one.entry.id], one.entry.notes, neighbours(one.entry, catalogue, usual)) for one in members])
        for title, members in in_order(prompts)
    ]
    return page(
        "sheet.html",
        order=_order(sheet),
        groups=groups,
        count=len(sheet.lines),
        voice=voice,
        day=day,
        mark=sheet.digest[:6],
    )


def _order(sheet: Sheet) -> str:
    lines = [[line.line, line.id, line.number, line.text, line.digest] for line in sheet.lines]
    told = json.dumps({"form": FORM, "voice": sheet.voice, "lines": lines}, ensure_ascii=False)
    return told.replace("<", "\\u003c")  # nothing in it may end the element around it


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    form: int
    voice: str
    lines: list[tuple[int, str, int, str, str]]


class _Reader(HTMLParser):
    """Takes the order out of a sheet."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """The element that holds the order."""
        self._inside = tag == "script" and ("id", "order") in attrs

    def handle_endtag(self, tag: str) -> None:
        """Its end."""
        self._inside = False

    def handle_data(self, data: str) -> None:
        """Its text."""
        if self._inside:
            self.found.append(data)


def read_sheet(file: Path) -> Sheet:
    """The order of a sheet that `sheet_page` made, also as a browser saved it. Raises BadSheet, OSError."""
    if file.stat().st_size > LARGEST_SHEET_BYTES:
        raise BadSheet(f"{file}: too large for a sheet")
    reader = _Reader()
    try:
        reader.feed(file.read_text(encoding="utf-8"))
        order = _Order.model_validate_json("".join(reader.found))
    except (UnicodeDecodeError, ValidationError) as error:
        raise BadSheet(f"{file}: not a sheet made by `ivr prompts script`") from error
    lines = tuple(Line(*fields) for fields in order.lines)
    sound = all(line.line == place and ID.fullmatch(line.id) and line.text for place, line in enumerate(lines, 1))
    if order.form != FORM or not lines or not sound or len({line.id for line in lines}) < len(lines):
        raise BadSheet(f"{file}: its order is damaged, or of another version of this program")
    return Sheet(order.voice, lines)
