"""A small run of the benchmark: what is counted, what is printed, what stands in the card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from ivr.cli.testbed.bench import app
from ivr.config import REPOSITORY
from ivr.dialogue.ports import Hypothesis, Interpretation, Question
from ivr.language.port import Intent
from ivr.speech.engine import Engine
from ivr.testbed.speech_benchmark.aims import aims
from ivr.testbed.speech_benchmark.evaluation import Given, Judged, Result, judge, result_of
from ivr.testbed.speech_benchmark.report import BadCard, Report
from ivr.testbed.speech_load.callers import Answers, a_crowd, in_the_usual_way, on_the_line
from ivr.testbed.speech_load.speed import most
from ivr.testbed.speech_sets import synthetic
from ivr.testbed.speech_sets.degradation import Degradation, noise_from
from ivr.testbed.speech_sets.knowledge import Consecutive, Scattered, account_of, reading_of
from ivr.testbed.speech_sets.sets import Item, Known, SpeechSet, Task
from ivr.testbed.speech_sets.streams import streams

MODEL = REPOSITORY / "speech_models" / "ru-phone"


class Parrot:
    """Hears the words it was given, whatever the sound."""

    def __init__(self, *words: str) -> None:
        self._said = iter([tuple(text.split()) for text in words])

    async def hear(self, question: Question, pcm: bytes) -> tuple[Hypothesis, ...]:
        return (Hypothesis(next(self._said)),)


def reading(words: str, value: str) -> Item:
    return Item(bytes(16000), tuple(words.split()), value)


async def judged_by(recogniser: Parrot, task: Task, items: Sequence[Item]) -> Judged:
    speech = SpeechSet("Somebody, readings", task, Known.UNSEEN, tuple(items))
    return await judge(speech, Degradation.ALAW, noise_from(1, []), recogniser, 1, 1)


async def test_values_are_right_wrong_or_nothing() -> None:
    items = [reading("двадцать тысяч пять", "20005")] * 3
    heard = Parrot("двадцать тысяч пять", "тридцать тысяч пять", "[unk]")
    judged = await judged_by(heard, Task.READING, items)
    assert judged.results[Given.READING] == Counter({Result.RIGHT: 1, Result.WRONG: 1, Result.NOTHING: 1})
    assert (judged.words, judged.errors, judged.utterances) == (9, 4, 3)


async def test_a_no_that_is_heard_as_yes_is_counted() -> None:
    items = [Item(b"", ("нет",), "2"), Item(b"", ("нет",), "2"), Item(b"", ("да",), "1")]
    judged = await judged_by(Parrot("да", "нет", "да"), Task.YES_NO, items)
    assert (judged.confused, judged.denials) == (1, 2)
    assert judged.share(Given.YES_NO, Result.RIGHT).percent == pytest.approx(66.7, abs=0.1)


def test_commands_and_other_speech_have_measures_of_their_own() -> None:
    operator = Interpretation(intent=Intent.OPERATOR)
    assert result_of(Task.COMMAND, "operator", operator) is Result.RIGHT
    assert result_of(Task.COMMAND, "hotline", operator) is Result.WRONG
    assert result_of(Task.OTHER, "", Interpretation(digits="12345")) is Result.WRONG
    assert result_of(Task.OTHER, "", Interpretation()) is Result.NOTHING
    assert result_of(Task.ACCOUNT, "0123456789", Interpretation("0123456789", offered=True)) is Result.OFFERED
    assert result_of(Task.ACCOUNT, "1", Interpretation("2", rivals=("1",))) is Result.ASKED


async def test_what_is_known_decides() -> None:
    slip = (Hypothesis(("один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "пять")),)
    listed = await account_of(Scattered.with_numbers(["1234567899"], 1)).interpret(slip)
    assert (listed.digits, listed.offered) == ("1234567899", True)
    assert (await account_of(Consecutive.around("1234567899")).interpret(slip)).digits == "1234567895"
    assert (await account_of(None).interpret(slip)).digits == "1234567895"
    near = await reading_of(5, 20005, Random(1)).interpret((Hypothesis(("двадцать", "тысяч", "пять")),))
    assert near.digits == "20005"


def spoken(task: Task, line: Degradation, given: Given, right: int, wrong: int) -> Judged:
    results = {given: Counter({Result.RIGHT: right, Result.WRONG: wrong})}
    return Judged("Somebody, some", task, Known.UNSEEN, line, right + wrong, 10, 0, results)


def test_aims_are_held_against_peoples_voices() -> None:
    answers = Judged("Somebody, yes", Task.YES_NO, Known.UNSEEN, Degradation.ALAW, confused=1, denials=100)
    judged = [
        spoken(Task.READING, Degradation.ALAW, Given.PREVIOUS, 90, 10),
        spoken(Task.READING, Degradation.NOISE_15, Given.PREVIOUS, 45, 55),
        answers,
    ]
    found = {aim.what: aim for aim in aims(judged)}
    assert (found["five digits, last reading known"].reached[:4], found["five digits, last reading known"].met) == (
        "90.0",
        False,
    )
    assert (found["kept at 15 dB"].reached, found["kept at 15 dB"].met) == ("50 %", False)
    assert found["stored wrong, of 1,000"].reached.startswith("1.0 (at most ")
    assert found["stored wrong, of 1,000"].met is False
    trained = Judged("Somebody, some", Task.READING, Known.TRAINED, Degradation.ALAW)
    assert list(aims([trained])) == []


def test_the_card_gets_the_tables_between_its_marks(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    report = Report([spoken(Task.READING, Degradation.ALAW, Given.READING, 9, 1)], None, 5, 10)
    card.write_text("# Card\n<!-- bench -->\nold\n<!-- /bench -->\nlimits\n", encoding="utf-8")
    report.into_card(card)
    report.into_card(card)
    text = card.read_text(encoding="utf-8")
    assert text.startswith("# Card\n<!-- bench -->\n`ivr bench speech`, seed 5")
    assert text.endswith("<!-- /bench -->\nlimits\n")
    assert text.count("| Somebody | A-law | 10 | 0.0 | 90.0 (60–98) | 10.0 |") == 1
    assert "old" not in text
    card.write_text("# Card\n", encoding="utf-8")
    with pytest.raises(BadCard, match="no lines"):
        report.into_card(card)


async def test_the_most_callers_are_found_from_below_and_from_above() -> None:
    async def served(callers: int) -> Answers:
        return Answers(callers, [100.0 if callers <= 37 else 900.0] * 20)

    for start in (4, 300):
        assert 33 <= (await most(served, start, 0.1)).callers <= 37


async def test_nobody_is_served_where_one_is_too_many() -> None:
    async def served(callers: int) -> Answers:
        return Answers(callers, lost=1)

    assert (await most(served, 10, 0.1)).callers == 0


@pytest.mark.nightly
def test_a_small_run_prints_a_table_and_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--count", "2", "--only", "synthetic, yes", "--line", "A-law", "--part", "understanding"]
    done = CliRunner().invoke(app, ["speech", "--model", str(MODEL), *options])
    assert done.exit_code == 0, done.output
    assert "Yes and no right, % (95 %)" in done.stdout
    found = json.loads(done.stdout.splitlines()[-1])
    assert [(one["set"], one["line"], one["utterances"]) for one in found["understanding"]] == [
        ("synthetic, yes and no", "A-law", 2)
    ]
    assert found["speed"] is None


def test_a_folder_that_is_no_model_is_an_error_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["speech", "--model", "nowhere", "--part", "understanding"])
    assert (done.exit_code, "nowhere: no such model folder" in done.output) == (2, True)


@pytest.mark.nightly
async def test_a_caller_is_answered_both_ways(tmp_path: Path) -> None:
    voice = synthetic.Voice("f3", 170, 50)
    pcm = synthetic.speak("двадцать два, тридцать три, сорок четыре, сорок, десять", voice, tmp_path / "cache")
    said = streams([Item(bytes(4800) + pcm + bytes(9600), (), "2233444010")], 1)
    known = Scattered.with_numbers(["2233444010"], 1)
    engine = Engine(MODEL, 1, 10)
    await engine.start()
    try:
        line = await on_the_line(engine, said, 1, 1.0, known)
        crowd = await a_crowd(engine, said, 12, known)
    finally:
        await engine.close()
    assert crowd.refused == 2
    assert len(crowd.waits_ms) + crowd.given_up + crowd.lost == 10
    usual = await in_the_usual_way(MODEL, said, tmp_path, 1, 1.0)
    assert (len(line.waits_ms), line.lost) == (1, 0)
    assert len(usual.waits_ms) == 1
    assert 0 < usual.cost < 10
    assert usual.waits_ms[0] > 200  # it waits for 0.3 s of silence too
