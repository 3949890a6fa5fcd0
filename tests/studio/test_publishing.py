"""Synthesis and publishing with the engines of this machine, into a folder of the test."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path

import pytest

from ivr.config import REPOSITORY
from ivr.studio.catalogue import load_catalogue
from ivr.studio.published_audio import MANIFEST, BadManifest, Busy, Published, Sounds, build
from ivr.studio.sound.telephone_sound import measure
from ivr.studio.voice.renderer import Rendering
from ivr.studio.voice.synthesis import ENGINES, Festival, NoEngine, NotSpoken, RHVoice, engines_here
from tests.studio.recordings import SPOKEN
from tests.studio.stock import program, speak_quickly

CATALOGUE = load_catalogue(REPOSITORY / "prompts" / "ru.toml")
HANDFUL = ("common/yes-no", "number/21-f", "number/thousand-one", "digit/3", "pause/group")
THREE = SPOKEN / "three.wav"


def built(sounds: Sounds, *ids: str, engine: str | None = None) -> list[Rendering]:
    done: list[Rendering] = []
    build(sounds, [CATALOGUE[id_] for id_ in ids], engines_here(engine), done.append)
    return done


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is a program that plays committed speech."""
    speak_quickly(tmp_path, monkeypatch)


@pytest.mark.parametrize("engine", ["festival", "espeak-ng"])
def test_prompts_are_spoken_by_a_real_engine(tmp_path: Path, engine: str) -> None:
    sounds = Sounds(tmp_path / "ru")
    assert {done.entry.id for done in built(sounds, *HANDFUL, engine=engine) if done.audio} == set(HANDFUL)
    for id_ in HANDFUL[:-1]:
        entry, heard = CATALOGUE[id_], measure(sounds.path(id_))
        assert heard.level == pytest.approx(-20, abs=1.5)
        assert heard.peak <= -2.9
        assert heard.lead_ms == pytest.approx(entry.lead_ms + 15, abs=15)
        assert heard.tail_ms == pytest.approx(entry.tail_ms + 10, abs=15)
        assert 300 <= heard.length_ms <= 5000
    assert len(sounds.path("pause/group").read_bytes()) == 44 + 0.3 * 16000
    row = sounds.manifest()["digit/3"]
    assert row.text == CATALOGUE["digit/3"].digest
    assert row.audio == hashlib.sha256(sounds.path("digit/3").read_bytes()).hexdigest()
    assert row.engine == engine and re.match(rf"{engine} \d\.", row.version)
    assert sounds.manifest()["pause/group"].engine == "silence"
    # A mark of stress changes what festival says; espeak-ng, which has none, does not read it aloud.
    ((speaks, _),) = engines_here(engine)
    plain, marked = tmp_path / "plain.wav", tmp_path / "marked.wav"
    speaks.speak("сорока", plain)
    speaks.speak("сорок+а", marked)
    assert (plain.read_bytes() == marked.read_bytes()) is (engine == "espeak-ng")


def test_a_build_leaves_only_whole_files_that_everybody_may_read(tmp_path: Path, quick: None) -> None:
    sounds = Sounds(tmp_path / "ru")
    built(sounds, "digit/3")
    files = [file for file in sounds.folder.rglob("*") if file.is_file()]
    assert sorted(file.name for file in files) == ["3.wav", MANIFEST]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o644}


def test_a_second_build_at_the_same_time_is_refused(tmp_path: Path, quick: None) -> None:
    sounds = Sounds(tmp_path / "ru")
    with sounds.held(), pytest.raises(Busy, match="another build is running"):
        built(sounds, "digit/3")
    assert not sounds.path("digit/3").exists()


def test_what_a_better_engine_cannot_speak_a_worse_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No festival here; an espeak-ng that plays committed speech."""
    programs, ffmpeg = tmp_path / "bin", shutil.which("ffmpeg")
    assert ffmpeg is not None
    program(programs, "RHVoice-test", 'test "$1" = --version && exit 0; echo "no such voice" >&2; exit 3')
    plays = f'test "$1" = --version && echo 1.51 && exit 0; for target in "$@"; do :; done; /bin/cp "{THREE}" "$target"'
    program(programs, "espeak-ng", plays)
    (programs / "ffmpeg").symlink_to(ffmpeg)
    monkeypatch.setenv("PATH", str(programs))
    (done,) = built(Sounds(tmp_path / "ru"), "digit/3")
    assert done.audio and done.engine == "espeak-ng"
    assert done.faults == ("rhvoice: RHVoice-test ended with 3: no such voice",)


def test_a_rendering_that_lost_its_words_is_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that says the same syllable whatever it is given."""
    program(tmp_path / "bin", "RHVoice-test", f'cp "{THREE}" "$4"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    sounds = Sounds(tmp_path / "ru")
    (done,) = built(sounds, "fixed/goodbye", engine="rhvoice")
    assert (done.audio, done.faults) == (b"", ("rhvoice: too short for its text",))
    assert sounds.manifest() == {}


def test_an_engine_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "RHVoice-test", "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(NotSpoken, match=r"longer than 0\.2 s"):
        RHVoice(limit_s=0.2).speak("да", tmp_path / "x.wav")


def test_a_missing_engine_names_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [engine.version() for engine in ENGINES] == [None, None, None]
    with pytest.raises(NoEngine, match="apt-get install festival festvox-ru or apt-get install espeak-ng"):
        engines_here()
    with pytest.raises(NoEngine, match="RHVoice with a Russian voice"):
        engines_here("rhvoice")
    with pytest.raises(NoEngine, match="known are: rhvoice, festival, espeak-ng"):
        engines_here("piper")


def test_festival_without_the_russian_voice_does_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "bin", "festival", 'echo "(kal_diphone)"')
    program(tmp_path / "bin", "text2wave", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert Festival().version() is None


@pytest.mark.parametrize("id_", ["../x", "digit/../../x", "/etc/passwd", "digit", "digit/3\n", ""])
def test_what_is_no_id_never_becomes_a_path(tmp_path: Path, id_: str) -> None:
    with pytest.raises(ValueError, match="not a prompt id"):
        Sounds(tmp_path).path(id_)


@pytest.mark.parametrize("text", ["{", "[]", '{"digit/3": {"text": "x"}}', '{"digit/3": 5}'])
def test_a_broken_manifest_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(BadManifest, match=MANIFEST):
        Sounds(tmp_path).manifest()


def test_the_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = {"digit/3": Published("a", "b", "festival", "2"), "digit/1": Published("c", "d", "silence", "")}
    Sounds(tmp_path).write_manifest(rows)
    assert Sounds(tmp_path).manifest() == rows
