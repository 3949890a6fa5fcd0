"""What the speaker's sheet shows around a prompt."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

from sqlalchemy import insert
from typer.testing import CliRunner

from ivr.cli.prompts import app
from ivr.config import REPOSITORY
from ivr.domain.journal.steps import KeysPressed, PromptBegan, ReadingsStored, Step
from ivr.domain.journal.stored import columns
from ivr.domain.journal.words import TurnEnd
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade
from ivr.studio.catalogue import load_catalogue
from ivr.studio.session.phrases import neighbours, usual_order

CATALOGUE = load_catalogue(REPOSITORY / "prompts" / "ru.toml")
ELSE, BYE, LAST, ASK = "menu/else", "common/goodbye", "reading/last", "reading/ask"


def put_call(database: Database, name: str, *steps: Step, called: str = "88001000000") -> None:
    """A call with these steps."""
    began = datetime.now(UTC) - timedelta(minutes=5)
    call = {"id": name, "started_at": began, "ended_at": began, "caller": "", "called": called, "outcome": "nothing"}
    with database.writing() as connection:
        connection.execute(insert(tables.of(tables.Call)).values(call))
        for seq, step in enumerate(steps, 1):
            row = {"call_id": name, "seq": seq, "at": began, **columns(step)}
            connection.execute(insert(tables.of(tables.CallStep)).values(row))


def test_the_two_that_are_next_to_it_most_often_and_then_what_is_around_them() -> None:
    rows = [("a", "b", "x", "c"), ("d", "b", "x", "c", "e"), ("a", "b", "x", "c"), ("z", "x", "y"), ("x",), ("x",)]
    assert usual_order(rows)["x"] == (("a", "b"), ("c",))
    assert usual_order([*rows, ("x",), ("x",)])["x"] == ((), ())
    assert usual_order([("b", "x"), ("a", "x")])["x"] == (("a",), ()), "of equal ones always the same"
    assert usual_order(map(str, range(9)))["3"] == ((), ())
    assert usual_order([list("0123456789")])["5"] == (("2", "3", "4"), ("6", "7", "8"))


def test_what_no_call_has_heard_is_taken_from_the_phrases_of_the_line() -> None:
    entry = CATALOGUE["reading/swapped"]
    assert neighbours(entry, CATALOGUE, {BYE: ((), ())}) == neighbours(entry, CATALOGUE)
    assert neighbours(entry, CATALOGUE).after


def test_the_sheet_shows_what_callers_heard(tmp_path: Path) -> None:
    settings = tmp_path / "ivr.toml"
    folders = f'[sounds]\nown = "{tmp_path / "own"}"\n[studio]\ntakes = "{tmp_path / "takes"}"\n'
    settings.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/ivr.db"\n{folders}')
    url = f"sqlite:///{tmp_path}/ivr.db"
    upgrade(url)
    page = tmp_path / "sheet.html"

    def around() -> tuple[str, str]:
        done = CliRunner().invoke(app, ["script", ELSE, "--out", str(page), "--config", str(settings)])
        assert done.exit_code == 0, done.output
        line = re.search(rf'data-id="{ELSE}".*?<p class="text">(.*?)</p>', page.read_text(encoding="utf-8"), re.S)
        assert line is not None
        before, _, after = unescape(re.sub(r"<[^>]+>", "", line[1])).partition(CATALOGUE[ELSE].text)
        return before, after

    assert around() == ("", ""), "no phrase of the line holds it"
    database = Database(url)
    for name in ("one", "two"):
        put_call(
            database, name, PromptBegan(LAST, ("number/20",)), KeysPressed(TurnEnd.ANSWER, "1"),
            PromptBegan("reading/stored"), ReadingsStored((20,)), PromptBegan("reading/receipt", ("digit/1",)),
            PromptBegan(ELSE), PromptBegan(BYE),
        )  # fmt: skip
    keys = KeysPressed(TurnEnd.ANSWER, "2")
    put_call(database, "three", PromptBegan(LAST), PromptBegan(ELSE), keys, PromptBegan(BYE))
    for name in ("four", "five", "six"):
        put_call(database, name, PromptBegan("studio/number"), PromptBegan(ELSE), called="*77")
    database.close()
    said = " ".join(CATALOGUE[id_].text for id_ in ("reading/stored", "reading/receipt", "digit/1"))
    assert around() == (f"{said} … ", f" … {CATALOGUE[BYE].text}")
