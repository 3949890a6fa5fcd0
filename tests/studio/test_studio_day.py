"""A day in a studio: the sheet, a long recording read from it with its slips, and the takes that come of it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ivr.cli.prompts import app
from ivr.config import REPOSITORY, load
from ivr.domain.takes import Take, TakeState
from ivr.storage.database.database import Database
from ivr.studio.session.html import clock
from ivr.studio.session.phrases import spoken_phrases
from ivr.studio.session.script import Sheet, read_sheet
from ivr.studio.studio import Studio
from ivr.studio.voice.synthesis import Engine, Espeak, Festival
from tests.studio.sessions import RATE, Reading, Voice, by, cough, shipped, speak_all, with_rest
from tests.studio.stock import new_database

SENTENCES = (
    *("reading/help", "reading/fraction", "reading/too-long", "reading/insist", "reading/stored", "reading/not-stored"),
    *("outage/cause-works", "outage/choices", "outage/promised", "report/address", "menu/else"),
    *("common/yes-no-help", "common/keys-slowly", "common/goodbye"),
)
NUMBERS = ("digit", *(f"number/{value}" for value in (20, 21, 24, 35, 46, 100, 300, 900)))
MONTHS = ("date/month-1", "date/month-3", "date/month-8", "date/month-9", "date/month-12", "zone")
DAY = (*SENTENCES, *NUMBERS, *MONTHS)


@dataclass
class Desk:
    """A studio in a folder, its commands, and what came of them."""

    folder: Path
    config: Path
    studio: Studio

    def run(self, *words: str | Path) -> Result:
        return CliRunner().invoke(app, [*map(str, words), "--config", str(self.config)])

    def sheet(self, *ids: str, name: str = "sheet.html") -> tuple[Path, Sheet]:
        file = self.folder / name
        result = self.run("script", *ids, "--out", file)
        assert result.exit_code == 0, result.output
        return file, read_sheet(file)

    def takes(self) -> dict[str, Take]:
        return {take.prompt_id: take for take in self.studio.takes()}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    config = tmp_path / "ivr.toml"
    folders = f'[sounds]\nown = "{tmp_path / "own"}"\n[studio]\ntakes = "{tmp_path / "takes"}"\n'
    config.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/ivr.db"\n{folders}')
    settings = load(config)
    new_database(tmp_path)
    database = Database(settings.store.url)
    studio = Studio(settings, database)
    yield Desk(tmp_path, config, studio)
    studio.close()
    database.close()


def cuts_of(folder: Path) -> dict[str, dict[str, Any]]:
    found = tomllib.loads((folder / "cuts.toml").read_text(encoding="utf-8"))
    return {line["id"]: line for line in found["line"]}


def misplaced(cuts: dict[str, dict[str, Any]], reading: Reading) -> list[str]:
    """Lines to be taken that are not where they were said."""
    return [
        id_
        for id_, cut in cuts.items()
        if cut["take"]
        and not (
            id_ in reading.where
            and -0.05 < reading.where[id_][0] - cut["start"] < 0.4
            and -0.05 < cut["end"] - reading.where[id_][1] < 0.5
        )
    ]


# ------------------------------------------------------------------------------------------------ the sheet


def test_a_sheet_has_groups_in_the_order_of_reading_and_needs_no_other_file(desk: Desk) -> None:
    file, sheet = desk.sheet()
    texts = [prompt.entry for prompt in desk.studio.prompts() if prompt.entry.text]
    assert sorted(line.id for line in sheet.lines) == sorted(entry.id for entry in texts)
    ids = [line.id for line in sheet.lines]
    assert ids[0] == "greeting/welcome"
    assert ids.index("common/goodbye") < ids.index("digit/0") < ids.index("number/21") < ids.index("number/300")
    page = file.read_text(encoding="utf-8")
    assert re.findall(r"(?:src|href|url)\s*[=(]", page) == []
    assert "@page { size: A4" in page and page.count("<section>") == page.count("</h2>") >= 20
    assert "Показания пойдут в счёт за … </span>март" in page
    assert desk.sheet(name="again.html")[1] == sheet


def test_every_prompt_of_a_phrase_is_in_the_catalogue_and_every_piece_is_in_a_phrase(desk: Desk) -> None:
    catalogue = desk.studio.catalogue()
    shown = {str(id_) for phrase in spoken_phrases() for id_ in phrase}
    assert shown <= set(catalogue)
    pieces = {id_ for id_ in catalogue if id_.startswith(("digit/", "number", "date/", "time/", "unit/", "zone/"))}
    assert pieces - shown <= {"number/0", "number-gen/0", "number-dat/0"}


def test_a_sheet_has_only_what_nobody_recorded_and_says_what_it_does_not_know(desk: Desk) -> None:
    result = desk.run("script", "no/such")
    assert result.exit_code == 1 and "no/such: no such prompt or folder" in result.output
    _, sheet = desk.sheet("zone", "menu/else")
    assert [line.id for line in sheet.lines] == ["menu/else", "zone/day", "zone/night", "zone/peak", "zone/half-peak"]


@pytest.mark.parametrize("text", ["", "<html>", '<script id="order">{"form": 1, "voice": "own", "lines": []}</script>'])
def test_what_is_no_sheet_is_refused(desk: Desk, text: str) -> None:
    file = desk.folder / "other.html"
    file.write_text(text)
    result = desk.run("split", file, "--script", file)
    assert result.exit_code == 1 and "other.html" in result.output
    assert "Traceback" not in result.output


# ------------------------------------------------------------------------------------------------ the recording


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("engine", [Festival(), Espeak()], ids=lambda engine: engine.name)
def test_a_long_session_becomes_takes_and_what_went_wrong_is_doubted(desk: Desk, engine: Engine) -> None:
    catalogue = desk.studio.catalogue()
    lines = desk.sheet(*DAY)[1].lines
    assert len(lines) >= 40
    speak_all((catalogue[line.id] for line in lines), engine)
    becomes_takes(desk, by(engine), DAY, twice="report/address")


def test_a_session_becomes_takes_and_what_went_wrong_is_doubted(desk: Desk) -> None:
    """Read by the voice of the shipped prompts."""
    becomes_takes(desk, shipped, (*SENTENCES, "digit"), twice="common/yes-no-help")


def becomes_takes(desk: Desk, voice: Voice, asked: tuple[str, ...], twice: str) -> None:
    """One line is read twice, another with a rest, one is left out, and the speaker coughs."""
    file, sheet = desk.sheet(*asked)
    reading = Reading(voice)
    catalogue = desk.studio.catalogue()
    coughed = (0.0, 0.0)
    for line in sheet.lines:
        entry = catalogue[line.id]
        if line.id == "menu/else":
            reading.pause(3)
            coughed = reading.noise(cough())
        if line.id == twice:
            reading.say(entry)
        if line.id == "reading/too-long":
            reading.say(entry, with_rest(voice(entry), 0.7))
        elif line.id != "outage/choices":
            reading.say(entry)
    recording = reading.save(desk.folder / "day.flac")
    review = desk.folder / "review"

    first = desk.run("split", recording, "--script", file, "--review", review, "--dry-run")
    assert first.exit_code == 1
    assert desk.takes() == {}
    cuts = cuts_of(review)
    assert misplaced(cuts, reading) == []
    doubted = {id_ for id_, cut in cuts.items() if not cut["take"]}
    beside = {"outage/cause-works", "outage/promised"}  # of the line that was left out: they may be in doubt with it
    assert doubted - beside == {twice, "outage/choices"}
    assert "прочитана несколько раз" in cuts[twice]["why"]
    assert "не найдена" in cuts["outage/choices"]["why"]
    assert first.output.count("лишний звук") == 1
    assert any(clock(coughed[0] + off / 10) in first.output for off in (-1, 0, 1))
    page = (review / "review.html").read_text(encoding="utf-8")
    assert page.count("<audio") == len(sheet.lines) - 1

    # An administrator listens, and accepts the later reading.
    text = (review / "cuts.toml").read_text(encoding="utf-8")
    head, tail = text.split(f'id = "{twice}"')
    (review / "cuts.toml").write_text(f'{head}id = "{twice}"{tail.replace("take = false", "take = true", 1)}')
    second = desk.run("split", recording, "--script", file, "--cuts", review / "cuts.toml", "--publish")
    takes = desk.takes()
    assert set(takes) == {line.id for line in sheet.lines} - doubted | {twice}
    for id_, take in takes.items():
        said = reading.where[id_][1] - reading.where[id_][0]
        silent = (catalogue[id_].lead_ms + catalogue[id_].tail_ms) / 1000
        assert take.checks.length_ms / 1000 == pytest.approx(said + silent, abs=0.4)
        assert (take.state is TakeState.PUBLISHED) == (not take.refusals)
    refused = {id_ for id_, take in takes.items() if take.refusals}
    assert len(refused) <= 2, [(id_, list(map(str, takes[id_].refusals))) for id_ in refused]
    assert "takes a second" in second.output

    # Again: nothing is made twice.
    third = desk.run("split", recording, "--script", file, "--cuts", review / "cuts.toml")
    assert "0 takes made" in third.output
    assert len(desk.studio.takes()) == len(takes)
    assert len(desk.sheet(*asked)[1].lines) == len(doubted) - 1 + len(refused)


def test_a_recording_of_another_order_is_refused(desk: Desk) -> None:
    file, sheet = desk.sheet(*SENTENCES)
    reading = Reading()
    catalogue = desk.studio.catalogue()
    for line in reversed(sheet.lines):
        reading.say(catalogue[line.id])
    result = desk.run("split", reading.save(desk.folder / "day.wav"), "--script", file, "--publish")
    assert result.exit_code == 1
    assert desk.takes() == {}
    assert "does not follow this sheet" in result.output


def test_a_recording_of_silence_makes_nothing(desk: Desk) -> None:
    file, _ = desk.sheet("menu")
    reading = Reading()
    reading.pause(20)
    result = desk.run("split", reading.save(desk.folder / "day.wav"), "--script", file, "--publish")
    assert result.exit_code == 1
    assert "does not follow this sheet, or holds no speech" in result.output
    assert desk.takes() == {}


def test_cuts_of_another_recording_and_bad_cuts_are_refused(desk: Desk) -> None:
    file, _ = desk.sheet("menu")
    reading = Reading()
    reading.pause(5)
    recording = reading.save(desk.folder / "day.wav")
    review = desk.folder / "review"
    desk.run("split", recording, "--script", file, "--review", review, "--dry-run")
    cuts = (review / "cuts.toml").read_text(encoding="utf-8")
    for old, new, told in (
        ("bytes = ", "bytes = 9", "belongs to another recording"),
        ("take = false", "take = true", "longer than 0 s"),
        ("start = 0.00", "start = -1", "greater than or equal to 0"),
        ("[[line]]", "[[line", "cuts.toml"),
    ):
        (review / "cuts.toml").write_text(cuts.replace(old, new, 1), encoding="utf-8")
        result = desk.run("split", recording, "--script", file, "--cuts", review / "cuts.toml")
        assert result.exit_code == 1 and told in result.output
    assert desk.takes() == {}


@pytest.mark.nightly
def test_two_hours_are_read_in_little_memory(desk: Desk) -> None:
    file, sheet = desk.sheet("menu")
    reading = Reading()
    for line in sheet.lines:
        reading.say(desk.studio.catalogue()[line.id])
    recording = desk.folder / "day.wav"
    with wave.open(str(recording), "wb") as target:
        target.setparams((1, 2, RATE, 0, "NONE", ""))
        target.writeframes(bytes(reading.sound))
        minute = bytes(60 * RATE * 2)
        for _ in range(120):
            target.writeframes(minute)
    # VmHWM, not ru_maxrss: that one begins with the size of the process that started this one.
    program = (
        "from ivr.cli import app\ntry: app()\nfinally: print(*(l for l in open('/proc/self/status') if 'VmHWM' in l))"
    )
    words = ["prompts", "split", recording, "--script", file, "--config", desk.config]
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)], cwd=REPOSITORY, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(desk.takes()) == {line.id for line in sheet.lines}
    peak = re.search(r"^VmHWM:\s+(\d+) kB", done.stdout, re.MULTILINE)
    assert peak is not None and int(peak[1]) < 150 << 10  # KB, for 230 MB of samples
