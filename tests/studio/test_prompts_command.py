"""What an administrator sees of `ivr prompts`: real catalogue, real audio, in a copy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ivr.cli.prompts import app
from ivr.config import REPOSITORY
from ivr.storage.migrations import upgrade
from ivr.studio.catalogue import load_catalogue
from ivr.studio.coverage import findings, uses
from ivr.studio.published_audio import Sounds
from ivr.studio.sound.telephone_sound import silence
from tests.studio.recordings import recording
from tests.studio.stock import speak_quickly

WELCOME, YES_NO = "greeting/welcome", "common/yes-no"


class Studio:
    """A copy of the prompts, and the command that works on it."""

    def __init__(self, folder: Path) -> None:
        self.prompts = folder / "prompts"
        shutil.copytree(REPOSITORY / "prompts", self.prompts)
        self.config = folder / "ivr.toml"
        own = f'own = "{folder / "own"}"\n[studio]\ntakes = "{folder / "takes"}"'
        self.config.write_text(
            f'[store]\nurl = "sqlite:///{folder}/ivr.db"\n[sounds]\nfolder = "{self.prompts}"\n{own}\n'
        )
        self.catalogue = self.prompts / "ru.toml"

    def run(self, *words: str, **environment: str) -> Result:
        return CliRunner().invoke(app, [*words, "--config", str(self.config)], env=environment)

    def audio(self, id_: str) -> Path:
        return self.prompts / "ru" / f"{id_}.wav"

    def edit(self, old: str, new: str) -> None:
        text = self.catalogue.read_text(encoding="utf-8")
        assert old in text
        self.catalogue.write_text(text.replace(old, new, 1), encoding="utf-8")

    def complaints(self) -> list[str]:
        """Errors of a check that fails."""
        result = self.run("check")
        assert result.exit_code == 1
        return [line for line in result.stdout.splitlines() if line.startswith("error: ")]


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    speak_quickly(tmp_path, monkeypatch)
    return Studio(tmp_path)


def test_the_shipped_prompts_are_complete(studio: Studio) -> None:
    result = studio.run("check")
    assert result.exit_code == 0, result.stdout
    assert result.stdout.endswith(" prompts, 0 errors.\n")


@pytest.mark.parametrize(
    ("id_", "player"),
    [(WELCOME, "ivr.dialogue.prompts"), ("fixed/greeting", "extensions-ivr.conf"), ("pause/group", "ivr.language")],
)
def test_an_id_that_is_played_but_has_no_text(studio: Studio, id_: str, player: str) -> None:
    studio.edit(f'[prompts."{id_}"]', '[prompts."other/name"]')
    assert f"error: {id_}: not in the catalogue, but played by {player}" in studio.complaints()


def test_a_number_without_a_text(studio: Studio) -> None:
    studio.edit('\n45 = "сорок пять"', "")
    assert studio.complaints() == ["error: number/45: not in the catalogue, but played by ivr.language"]


def test_a_text_without_audio(studio: Studio) -> None:
    studio.audio(YES_NO).unlink()
    assert studio.complaints() == [f"error: {YES_NO}: no audio"]


def test_audio_older_than_its_text(studio: Studio) -> None:
    studio.edit("Верно? Да — один.", "Правильно? Да — один.")
    assert studio.complaints() == [f"error: {YES_NO}: audio older than its text"]


def test_audio_changed_behind_the_manifest(studio: Studio) -> None:
    shutil.copy(studio.audio(WELCOME), studio.audio(YES_NO))
    assert studio.complaints() == [f"error: {YES_NO}: audio changed behind the manifest"]


def test_audio_that_asterisk_cannot_play(studio: Studio) -> None:
    silence(500).set_frame_rate(16000).export(studio.audio(YES_NO), format="wav").close()
    sounds = Sounds(studio.prompts / "ru")
    rows = sounds.manifest()
    digest = sounds.digest(YES_NO)
    assert digest is not None
    row = rows[YES_NO]
    sounds.write_manifest(rows | {YES_NO: type(row)(row.text, digest, row.engine, row.version)})
    wrong = "16000 Hz, 16 bit, 1 channel(s) instead of 8000 Hz, 16 bit, 1 channel"
    assert studio.complaints() == [f"error: {YES_NO}: audio in a wrong format: {wrong}"]


def test_what_nobody_plays_is_a_warning(studio: Studio) -> None:
    studio.edit("[pieces.digit]", '[prompts."outage/old"]\ntext = "Авария устранена."\n\n[pieces.digit]')
    assert studio.run("build", "--only", "outage/old").exit_code == 0
    shutil.copy(studio.audio(YES_NO), studio.audio("outage/stray"))
    result = studio.run("check")
    assert result.exit_code == 0
    assert "warning: outage/old: nobody plays it\n" in result.stdout
    assert "warning: outage/stray: audio without a text in the catalogue\n" in result.stdout


def test_ids_in_dialplan_and_emergency_script_are_found(tmp_path: Path) -> None:
    (tmp_path / "extensions.conf.example").write_text(
        "same => n,Playback(${IVR_SOUNDS}/fixed/new&${IVR_SOUNDS}/fixed/key-${KEY})\n"
    )
    script = tmp_path / "emergency.py"
    script.write_text('line.play("fixed/sorry")\nline.play(f"fixed/digit-{digit}")\nline.play(f"fixed/tone-{name}")\n')
    played = uses(tmp_path, tmp_path)
    assert {id_ for id_, place in played.ids.items() if place.startswith(("ext", "eme"))} == {
        "fixed/new",
        "fixed/sorry",
    }
    assert played.beginnings == {
        "fixed/key-": "extensions.conf.example",
        "fixed/digit-": "emergency.py",
        "fixed/tone-": "emergency.py",
    }
    prompts = REPOSITORY / "prompts"
    sounds = Sounds(prompts / "ru")
    found = findings(load_catalogue(prompts / "ru.toml"), sounds, sounds.manifest(), played)
    missing = {finding.id for finding in found if finding.serious}
    assert missing == {"fixed/new", "fixed/sorry", "fixed/key-…", "fixed/tone-…"}


def test_build_speaks_only_what_is_missing_or_out_of_date(studio: Studio) -> None:
    studio.edit("Верно? Да — один.", "Правильно? Да — один.")
    studio.audio("digit/3").unlink()
    before = studio.audio(WELCOME).stat().st_mtime_ns
    result = studio.run("build")
    assert (result.exit_code, result.stdout) == (0, f"2 prompts published in {studio.prompts / 'ru'}, 0 failed.\n")
    assert studio.audio(WELCOME).stat().st_mtime_ns == before
    assert studio.run("check").exit_code == 0
    assert studio.run("build").stdout == "All audio is there and up to date.\n"


def test_build_leaves_a_recording_alone_that_was_put_there_by_hand(studio: Studio) -> None:
    shutil.copy(studio.audio(WELCOME), studio.audio(YES_NO))
    studio.edit("Верно? Да — один.", "Правильно? Да — один.")
    studio.run("build")
    assert studio.audio(YES_NO).read_bytes() == studio.audio(WELCOME).read_bytes()
    assert studio.run("build", "--only", YES_NO).exit_code == 0
    assert studio.run("check").exit_code == 0


def test_build_of_an_unknown_prompt_says_so(studio: Studio) -> None:
    result = studio.run("build", "--only", "digit/10")
    assert (result.exit_code, result.stderr) == (2, "digit/10: no such prompt in the catalogue\n")


def test_build_without_an_engine_names_the_packages(studio: Studio, tmp_path: Path) -> None:
    result = studio.run("build", "--only", YES_NO, PATH=str(tmp_path))
    assert result.exit_code == 2
    assert "apt-get install festival festvox-ru or apt-get install espeak-ng" in result.stderr


def test_a_faulty_catalogue_ends_every_command_with_its_line(studio: Studio) -> None:
    studio.edit("Верно? Да — один.", "Верно? Да — 1.")
    for command in ("check", "build", "list"):
        result = studio.run(command)
        assert result.exit_code == 2
        assert f"{studio.catalogue}:" in result.stderr
        assert YES_NO in result.stderr


def test_list_shows_text_length_and_state(studio: Studio) -> None:
    studio.audio("digit/3").unlink()
    rows = {row["id"]: row for row in json.loads(studio.run("list", "--json").stdout)}
    assert rows[YES_NO]["text"] == "Верно? Да — один. Нет — два."
    assert 3 < rows[YES_NO]["seconds"] < 5
    assert (rows[YES_NO]["state"], rows[YES_NO]["engine"]) == ("current", "festival")
    assert (rows["digit/3"]["state"], rows["digit/3"]["seconds"]) == ("no audio", None)
    assert "digit/3" in studio.run("list").stdout


@pytest.fixture
def recorded(studio: Studio) -> Studio:
    """A studio with a database."""
    upgrade(f"sqlite:///{studio.prompts.parent}/ivr.db")
    return studio


def test_a_recording_from_file_to_the_ear_and_back(recorded: Studio, tmp_path: Path) -> None:
    file = recording(tmp_path, "Верно? Да — один. Нет — два.", name="верно.m4a")
    done = recorded.run("record", YES_NO, str(file), "--publish", "--by", "anna")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "take 1 is published"), done.output
    rows = {row["id"]: row for row in json.loads(recorded.run("list", "--json").stdout)}
    row = rows[YES_NO]
    assert (row["standing"], row["voice"], row["state"], row["takes"]) == ("recorded", "own", "current", 1)
    checked = recorded.run("check")
    assert checked.exit_code == 0, checked.stdout
    assert "warning: voices: mixed: " in checked.stdout and "prompts are ru, synthetic: " in checked.stdout
    assert "anna" in recorded.run("takes", YES_NO).stdout
    done = recorded.run("withdraw", YES_NO)
    assert done.stdout == "callers hear the voice ru again\n"
    assert recorded.run("withdraw", YES_NO).exit_code == 1
    assert recorded.run("publish", "1").stdout == f"take 1 is published: {YES_NO}, voice own\n"


def test_a_bad_recording_is_refused_with_its_reason(recorded: Studio, tmp_path: Path) -> None:
    file = tmp_path / "take.wav"
    file.write_text("no sound")
    done = recorded.run("record", YES_NO, str(file), "--publish")
    assert done.exit_code == 1
    assert "no sound, or damaged; wav, mp3, ogg, m4a, webm and flac are read" in done.stdout
    done = recorded.run("publish", "1", "--insist")
    assert (done.exit_code, "no sound, or damaged" in done.stderr) == (1, True)


def test_a_changed_text_is_out_of_date_until_build_speaks_it(recorded: Studio) -> None:
    assert recorded.run("text", YES_NO, "Правильно? Да — один. Нет — два.").exit_code == 0
    assert recorded.complaints() == [f"error: {YES_NO}: audio older than its text (voice ru)"]
    assert recorded.run("build").exit_code == 0
    assert recorded.run("check").exit_code == 0
    rows = {row["id"]: row for row in json.loads(recorded.run("list", "--json").stdout)}
    assert (rows[YES_NO]["text"], rows[YES_NO]["voice"]) == ("Правильно? Да — один. Нет — два.", "own")
    assert recorded.run("text", YES_NO, "Нажмите 1.").exit_code == 1


def test_files_that_are_not_what_was_published_are_told_and_mended(recorded: Studio, tmp_path: Path) -> None:
    recorded.run("record", YES_NO, str(recording(tmp_path, "Верно? Да — один. Нет — два.")), "--publish")
    own = recorded.prompts.parent / "own" / "own"
    (own / f"{YES_NO}.wav").unlink()
    shutil.copy(recorded.audio(WELCOME), own / "common" / "goodbye.wav")
    wrong = recorded.complaints()
    assert [line.split(": ")[1] for line in wrong] == [YES_NO, "common/goodbye"]
    assert f"mended: {YES_NO}, voice own\n" in recorded.run("check", "--mend").stdout
    assert [line.split(": ")[1] for line in recorded.complaints()] == ["common/goodbye"]
    assert (own / f"{YES_NO}.wav").is_file() and (own / f"{YES_NO}.alaw").is_file()


def test_withdrawing_a_take_that_is_not_published_any_more(studio: Studio, tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path}/ivr.db")
    file = recording(tmp_path, "Верно? Да — один. Нет — два.")
    for _ in range(2):
        assert studio.run("record", YES_NO, str(file), "--publish").exit_code == 0
    refused = studio.run("withdraw", YES_NO, "--take", "1")
    assert (refused.exit_code, "2" in refused.stderr) == (1, True)
    assert "take 1 is heard again" in studio.run("withdraw", YES_NO, "--take", "2").stdout


def test_folders_where_the_daemon_does_not_look_are_warned_of_and_nothing_is_removed_there(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings of the whole machine that say nothing of the folders, and a command called somewhere."""
    studio.config.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/ivr.db"\n[sounds]\nfolder = "{studio.prompts}"\n')
    upgrade(f"sqlite:///{tmp_path}/ivr.db")
    somewhere = tmp_path / "somewhere"
    somewhere.mkdir()
    monkeypatch.chdir(somewhere)
    file = recording(tmp_path, "Да.")
    for words, code in ((("clean",), 2), (("check", "--mend"), 2), (("takes",), 0)):
        result = studio.run(*words)
        assert result.exit_code == code, words
        assert "sounds.own (var/prompts) and studio.takes (var/takes) begin in the present folder" in result.stderr
    assert list(somewhere.iterdir()) == []
    told = studio.run("check").stdout
    assert "warning: sounds.own (var/prompts): they begin in the present folder" in told
    studio.config.write_text(studio.config.read_text() + 'own = "own"\n[studio]\ntakes = "takes"\n')
    studio.run("record", YES_NO, str(file))
    assert list(somewhere.iterdir()) == []
    assert (tmp_path / "takes").is_dir()
