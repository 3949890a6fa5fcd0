"""`ivr speech transcribe`: recordings in, a line of JSON for each out."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import pytest

from ivr.cli.speech import EXPECTS
from ivr.speech.transcriber import Setup, Transcriber
from tests.speech.engines import SAID
from tests.voice.ears import MODEL
from tests.voice.said import WAVS


def save(file: Path, pcm: bytes, rate: int = 8000) -> Path:
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(pcm)
    return file


def transcribe(folder: Path, *arguments: object) -> tuple[int, list[dict[str, Any]], str]:
    """Run the command in `folder`: exit status, objects, errors."""
    done = subprocess.run(
        [sys.executable, "-m", "ivr", "speech", "transcribe", "--json", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture
def account() -> Path:
    """0012345678, digit by digit."""
    return WAVS / "account-with-zeros.wav"


def test_a_reading_and_a_file_that_is_none(tmp_path: Path, speech: bytes) -> None:
    save(tmp_path / "said.wav", speech)
    (tmp_path / "broken.wav").write_text("no sound")
    status, found, errors = transcribe(tmp_path, "--expects", "reading", "broken.wav", "said.wav")
    assert status == 1
    assert errors == "ivr speech transcribe: broken.wav: no WAV file\n"
    (one,) = found
    assert list(one) == ["file", "words", "value", "alternatives", "ms_after_end", "rtf"]
    assert (one["file"], one["words"], one["value"]) == ("said.wav", SAID, "12345")
    assert "12345" not in one["alternatives"]
    assert 0 < one["ms_after_end"] < 60_000
    assert 0 < one["rtf"] < 100


def test_many_files_come_in_their_order(tmp_path: Path, speech: bytes) -> None:
    names = [f"{number}.wav" for number in range(6)]
    for name in names:
        save(tmp_path / name, speech if int(name[0]) % 2 else bytes(8000))
    status, found, errors = transcribe(tmp_path, "--expects", "reading", "--digits", "5", *names)
    assert (status, errors) == (0, "")
    assert [one["file"] for one in found] == names
    assert [one["value"] for one in found] == [None, "12345"] * 3
    assert found[0]["words"] == ""


def value(expects: str, file: Path, known: Path | None = None) -> str | None:
    """What the command's processes make of a file, without starting any."""
    return asyncio.run(Transcriber(Setup(MODEL, EXPECTS[expects], None, known)).transcribe(file)).value


def test_an_account_keeps_its_zeros_and_a_list_of_accounts_decides(tmp_path: Path, account: Path) -> None:
    assert value("account", account) == "0012345678"
    known = tmp_path / "accounts.csv"
    known.write_text("account,street\n" + "".join(f"{10**9 + 37 * n},Ленина\n" for n in range(1000)))
    assert value("account", account, known) is None
    with known.open("a") as lines:
        lines.write("0012345679,Мира\n")
    assert transcribe(tmp_path, "--expects", "account", "--known", known, account)[1][0]["value"] == "0012345679"
    with known.open("a") as lines:
        lines.write("0012345678,Мира\n")
    assert value("account", account, known) == "0012345678"


def test_a_command_and_an_answer() -> None:
    assert value("menu", WAVS / "operator.wav") == "operator"
    assert value("yesno", WAVS / "yes-right.wav") == "yes"
    assert value("yesno", WAVS / "no-wrong.wav") == "no"


def test_what_cannot_be_used_is_told_before_anything_is_heard(tmp_path: Path, account: Path) -> None:
    status, found, errors = transcribe(tmp_path, "--expects", "account", "--known", "nothing", account)
    assert (status, found) == (2, [])
    assert "nothing: No such file" in errors
    status, found, errors = transcribe(tmp_path, "--expects", "account", "--model", "nowhere", account)
    assert (status, found) == (2, [])
    assert "nowhere: no such model folder" in errors


@pytest.mark.parametrize(("file", "told"), [("am/final.mdl", "damaged"), ("graph/disambig_tid.int", "breaks down")])
def test_a_damaged_model_is_told_also_where_vosk_does_not_bear_it(
    tmp_path: Path, account: Path, file: str, told: str
) -> None:
    model = Path(shutil.copytree(MODEL, tmp_path / "model"))
    (model / file).write_bytes((model / file).read_bytes()[: (model / file).stat().st_size // 2])
    status, found, errors = transcribe(tmp_path, "--expects", "account", "--model", "model", account, account)
    assert (status, found) == (2, [])
    assert told in errors
    assert errors.count("\n") == 1
