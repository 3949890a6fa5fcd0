"""What an administrator sees of a faulty catalogue, and that ours is sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.config import REPOSITORY
from ivr.dialogue.prompts import Prompt
from ivr.domain.journal.words import CountedQuestion
from ivr.language.ru import dates, numbers
from ivr.studio.catalogue import BadCatalogue, Entry, load_catalogue
from ivr.studio.session.phrases import spoken_phrases
from ivr.web.reports.statistics import STEPS

OURS = REPOSITORY / "prompts" / "ru.toml"
GREETING = '[prompts."greeting/welcome"]\ntext = "Здравствуйте!"\n'


def written(folder: Path, text: str) -> Path:
    file = folder / "ru.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_everything_the_dialogue_and_the_language_play_has_a_text() -> None:
    ids = {str(prompt) for prompt in Prompt} | numbers.every_id() | dates.every_id()
    ids |= {str(piece) for phrase in spoken_phrases() for piece in phrase}
    assert sorted(ids - load_catalogue(OURS).keys()) == []


def test_every_text_comes_with_a_note_for_the_person_who_records_it() -> None:
    assert [entry.id for entry in load_catalogue(OURS).values() if not entry.notes] == []


def test_prompts_and_pieces_are_read(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        '[stress]\nwords = ["з+она"]\n'
        '[prompts."zone/which"]\ntext = "Зона — день?"\nnotes = "вопрос"\nlead_ms = 250\n'
        '[prompts."pause/group"]\npause_ms = 300\n'
        '[pieces.number]\nnotes = "ровно"\n[pieces.number.texts]\n1-f = "одна"\n',
    )
    which, pause, one = load_catalogue(file).values()
    assert which == Entry("zone/which", "Зона — день?", "з+она — день?", "вопрос", lead_ms=250)
    assert pause == Entry("pause/group", "", "", "", pause_ms=300)
    assert one == Entry("number/1-f", "одна", "одна", "ровно", tail_ms=60)


def test_audio_is_out_of_date_when_words_or_their_stress_change_and_not_when_notes_do() -> None:
    def digest(text: str, spoken: str, notes: str) -> str:
        return Entry("a/b", text, spoken, notes).digest

    assert digest("зона", "зона", "") == digest("зона", "зона", "ровно")
    assert digest("зона", "зона", "") != digest("зона", "з+она", "")
    assert digest("зона", "зона", "") != digest("зоны", "зоны", "")
    assert Entry("a/b", "", "", "", pause_ms=300).digest != Entry("a/b", "", "", "", pause_ms=200).digest


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (GREETING + '[prompts."a/b"]\nnotes = "x"\n', 3, "a/b: needs either text or pause_ms"),
        (GREETING + '[prompts."a/b"]\ntext = "да"\npause_ms = 5\n', 3, "a/b: needs either text or pause_ms"),
        (GREETING + '[prompts."../etc/passwd"]\ntext = "да"\n', 3, "an id is folder/name"),
        (GREETING + '[prompts."A/b"]\ntext = "да"\n', 3, "an id is folder/name"),
        (GREETING + '[prompts."a/b"]\ntext = "нажмите 1"\n', 3, "numbers are written as words"),
        (GREETING + '[prompts."a/b"]\ntext = "cчёт"\n', 3, "text is Russian words"),  # the c is Latin
        (GREETING + '[prompts."a/b"]\ntext = "…"\n', 3, "text is Russian words"),
        (GREETING + '[pieces.greeting.texts]\nwelcome = "да"\n', 4, "greeting/welcome: stands twice"),
        (GREETING + '[prompts."a/b"]\ntext = "да"\ntial_ms = 5\n', 5, "tial_ms: Extra inputs are not permitted"),
        (GREETING + '[prompts."a/b"]\ntext = 5\n', 4, "Input should be a valid string"),
        (GREETING + '[prompts."a/b"]\ntext = "да"\ntail_ms = -1\n', 5, "greater than or equal to 0"),
        ('[stress]\nwords = ["зона"]\n' + GREETING, 2, "'зона' is not a small word with + before"),
        ('[stress]\nwords = ["з+она", "кв+т"]\n' + GREETING, 2, "'кв+т' is not a small word with + before"),
    ],
)
def test_a_fault_is_told_with_its_line_and_id(tmp_path: Path, text: str, line: int, said: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(BadCatalogue) as fault:
        load_catalogue(file)
    assert str(fault.value).startswith(f"{file}:{line}: ")
    assert said in str(fault.value)


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadCatalogue, match="line 3"):
        load_catalogue(written(tmp_path, GREETING + "text = \n"))


def test_a_catalogue_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ru.toml").write_bytes(GREETING.encode("cp1251"))
    with pytest.raises(BadCatalogue, match="utf-8"):
        load_catalogue(tmp_path / "ru.toml")


def test_a_missing_catalogue_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadCatalogue, match="No such file"):
        load_catalogue(tmp_path / "ru.toml")


def test_what_the_reports_count_is_said_by_the_dialogue() -> None:
    assert set(CountedQuestion) <= set(map(str, Prompt)) & set(load_catalogue(OURS))
    assert STEPS.keys() == {Prompt.WELCOME, *CountedQuestion}
