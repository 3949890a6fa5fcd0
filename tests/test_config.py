"""Settings from defaults, TOML and environment, and what an administrator reads when they are wrong."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ivr.config import BadSettings, adrift, load


@pytest.fixture(autouse=True)
def empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of this machine reach a test."""
    for name in os.environ:
        if name.upper().startswith("IVR_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ivr.config.CONFIG_PLACES", (Path("ivr.toml"),))


def toml(text: str, name: str = "ivr.toml") -> Path:
    file = Path(name)
    file.write_text(text, encoding="utf-8")
    return file


def complaint(file: Path | None = None) -> str:
    with pytest.raises(BadSettings) as fault:
        load(file)
    return str(fault.value)


# Where settings come from


def test_the_defaults_are_those_of_the_design() -> None:
    settings = load()
    assert str(settings.line.socket) == "/run/ivr/ivr.sock"
    assert settings.store.url == "sqlite:///var/ivr.db"
    assert (settings.waits.no_input, settings.waits.no_input_stumbled, settings.waits.no_input_look) == (7, 10, 15)
    assert settings.waits.inter_digit == 4
    assert (settings.readings.first_day, settings.readings.last_day) == (15, 25)
    assert settings.accounts.lengths == (10,)
    assert settings.zone == ZoneInfo("Europe/Moscow")


def test_a_file_that_is_named() -> None:
    assert load(toml("[line]\ncalls = 7", "mine.toml")).line.calls == 7


def test_a_file_in_its_usual_place() -> None:
    toml("[line]\ncalls = 7")
    assert load().line.calls == 7


def test_a_file_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    toml("[line]\ncalls = 7")
    monkeypatch.setenv("IVR_CONFIG", str(toml("[line]\ncalls = 8", "other.toml")))
    assert load().line.calls == 8


def test_the_named_file_comes_before_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_CONFIG", str(toml("[line]\ncalls = 8", "other.toml")))
    assert load(toml("[line]\ncalls = 9", "mine.toml")).line.calls == 9


def test_the_environment_comes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_LINE__CALLS", "3")
    settings = load(toml('[line]\ncalls = 7\nheader_s = 1.5\n[store]\nurl = "sqlite:///x.db"'))
    assert settings.line.calls == 3
    assert settings.line.header_s == 1.5
    assert settings.store.url == "sqlite:///x.db"


def test_a_list_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_ACCOUNTS__LENGTHS", "[8, 10]")
    assert load().accounts.lengths == (8, 10)


def test_lengths_of_accounts_are_put_in_order() -> None:
    assert load(toml("[accounts]\nlengths = [10, 8, 10]")).accounts.lengths == (8, 10)


def test_loading_twice_does_not_mix_files() -> None:
    assert load(toml("[line]\ncalls = 7", "one.toml")).line.calls == 7
    assert load(toml("[line]\nheader_s = 1.0", "two.toml")).line.calls == 200


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().line.calls = 5  # type: ignore[misc]


# Relative paths


RELATIVE = """
[store]
url = "sqlite:///var/ivr.db"
[sounds]
own = "own"
[studio]
takes = "/srv/takes"
[speech]
model = "none"
"""


def test_relative_paths_of_a_file_begin_where_the_file_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    file = toml(RELATIVE, "etc/ivr.toml")
    for named in (file, tmp_path / file):
        settings = load(named)
        assert settings.store.url == f"sqlite:///{tmp_path}/etc/var/ivr.db"
        assert (settings.sounds.own, settings.studio.takes) == (tmp_path / "etc" / "own", Path("/srv/takes"))
        assert settings.speech.model is None
        assert settings.line.spool == Path("var/spool"), "a default, and of the present folder"
    monkeypatch.setenv("IVR_SOUNDS__OWN", "mine")
    assert load(file).sounds.own == Path("mine")
    monkeypatch.chdir(tmp_path / "etc")
    assert load(Path("ivr.toml")).store.url == "sqlite:///var/ivr.db"


def test_what_is_no_relative_path_stays(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for url in ("sqlite:///:memory:", "sqlite:////srv/ivr.db", "postgresql://ivr@db/ivr"):
        settings = load(toml(f'time_zone = "Asia/Omsk"\n[store]\nurl = "{url}"', "etc/ivr.toml"))
        assert (settings.store.url, str(settings.time_zone)) == (url, "Asia/Omsk")


def test_folders_of_prompts_that_begin_anywhere_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert adrift(load()) == [], "no file at all: the present folder is all there is"
    (tmp_path / "etc").mkdir()
    file = toml("[line]\ncalls = 7", "etc/ivr.toml")
    assert adrift(load(file), file) == ["sounds.own (var/prompts)", "studio.takes (var/takes)"]
    monkeypatch.setenv("IVR_CONFIG", str(file))
    assert len(adrift(load())) == 2
    monkeypatch.setenv("IVR_SOUNDS__OWN", "/srv/own")
    assert adrift(load()) == ["studio.takes (var/takes)"]
    named = toml(RELATIVE, "etc/ivr.toml")
    assert adrift(load(named), named) == []


# What is said of a fault


def test_a_file_that_is_not_there() -> None:
    assert complaint(Path("nowhere.toml")) == "nowhere.toml: no such configuration file"


def test_a_file_of_the_environment_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_CONFIG", "nowhere.toml")
    assert complaint() == "nowhere.toml: no such configuration file"


def test_a_folder_is_no_file() -> None:
    assert "no such configuration file" in complaint(Path())


def test_an_unknown_key() -> None:
    text = complaint(toml("[line]\ncals = 7"))
    assert text.startswith("ivr.toml: line.cals: ")
    assert "not permitted" in text


def test_an_unknown_section() -> None:
    assert complaint(toml("[lines]\ncalls = 7")).startswith("ivr.toml: lines: ")


def test_a_value_of_another_kind() -> None:
    text = complaint(toml('[line]\ncalls = "many"'))
    assert text.startswith("ivr.toml: line.calls: ")
    assert "integer" in text


def test_every_fault_is_told() -> None:
    text = complaint(toml("[line]\ncalls = 0\n[store]\nthreads = 0"))
    assert "line.calls" in text
    assert "store.threads" in text


def test_a_fault_in_the_environment_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_LINE__CALLS", "many")
    assert complaint(toml("[line]\ncalls = 7")).startswith("IVR_LINE__CALLS: ")


def test_an_unknown_key_in_the_environment_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_LINE__CALS", "7")
    assert complaint().startswith("IVR_LINE__CALS: ")


def test_a_section_in_the_environment_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ivr_line", '{"calls": 0}')
    assert complaint().startswith("IVR_LINE: ")


def test_a_list_in_the_environment_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_ACCOUNTS", "{8, 10")
    text = complaint()
    assert text.startswith("environment: ")
    assert "accounts" in text


def test_what_is_no_toml() -> None:
    text = complaint(toml("[line\ncalls = 7"))
    assert text.startswith("ivr.toml: ")
    assert "line 1" in text


def test_what_is_no_utf_8() -> None:
    Path("ivr.toml").write_bytes("[line] # звонки".encode("cp1251"))
    assert complaint().startswith("ivr.toml: ")


NO_SENSE = [
    ('time_zone = "Moscow"', "time_zone"),
    ('time_zone = "../etc/passwd"', "time_zone"),
    ("[accounts]\nlengths = []", "accounts.lengths"),
    ("[accounts]\nlengths = [1]", "accounts.lengths"),
    ("[accounts]\nlengths = [21]", "accounts.lengths"),
    ('[accounts]\ncheck = "mod10"', "accounts.check"),
    ("[readings]\nfirst_day = 26", "readings"),
    ("[readings]\nlast_day = 32", "readings.last_day"),
    ("[readings.windows]\nprivate = [26, 20]", "readings"),
    ("[readings.windows]\nprivate = [20]", "readings.windows.private.1"),
    ("[line]\nheader_s = 0", "line.header_s"),
    ('[line]\nfastagi = "4573"', "line.fastagi"),
    ('[line]\nfastagi = "localhost:many"', "line.fastagi"),
    ('[line]\nfastagi = "localhost:65536"', "line.fastagi"),
    ("[waits]\nno_input = -1", "waits.no_input"),
    ('[ami]\nuser = "ivr"', "ami"),
    ('[ami]\nuser = "ivr"\nsecret = "a\\nAction: Originate"', "ami"),
    ('[callbacks]\ndial = "PJSIP/100@trunk"', "callbacks.dial"),
    ('[callbacks]\ndial = "PJSIP/{phone.real}@trunk"', "callbacks.dial"),
    ('[callbacks]\nnumbers = "("', "callbacks.numbers"),
    ("[callbacks]\npauses_s = [0]", "callbacks.pauses_s"),
    ("[callbacks]\npower_per_minute = 0", "callbacks.power_per_minute"),
]


def test_a_value_that_makes_no_sense() -> None:
    blamed = [(text, complaint(toml(text)).split(": ")[:2]) for text, _ in NO_SENSE]
    assert blamed == [(text, ["ivr.toml", field]) for text, field in NO_SENSE]


def test_a_fault_does_not_quote_the_value_which_may_be_a_secret() -> None:
    assert "hunter2" not in complaint(toml('[store]\nthreads = "hunter2"'))


def test_an_address_for_fastagi() -> None:
    assert load(toml('[line]\nfastagi = "127.0.0.1:4573"')).line.fastagi == "127.0.0.1:4573"
