"""The figures as tables, for the terminal and for the model card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivr.testbed.speech_benchmark.aims import TAKEN, Aim
from ivr.testbed.speech_benchmark.evaluation import Given, Judged, Result
from ivr.testbed.speech_benchmark.figures import Share
from ivr.testbed.speech_load.callers import Answers
from ivr.testbed.speech_load.speed import Speed
from ivr.testbed.speech_sets.sets import Known, Task

HEAD = ("speakers", "line", "n", "word errors")
MARKS = {Known.UNSEEN: "", Known.DEVELOPMENT: " †", Known.TRAINED: " ‡"}
LEGEND = f"† {Known.DEVELOPMENT}; ‡ {Known.TRAINED}; no mark: {Known.UNSEEN}."


@dataclass(frozen=True, slots=True)
class Figures:
    """A table: its title, its columns, its rows of text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """The table as GitHub and GitLab show it."""
        lines = [f"**{self.title}**", "", _line(self.columns), _line(["---"] * len(self.columns))]
        return "\n".join([*lines, *(_line(row) for row in self.rows)]) + "\n"


def tables(judged: Sequence[Judged]) -> list[Figures]:
    """All tables of understanding; shares in percent with their 95 % interval."""
    return [
        _accounts([one for one in judged if one.task is Task.ACCOUNT]),
        _readings([one for one in judged if one.task is Task.READING]),
        _commands([one for one in judged if one.task is Task.COMMAND]),
        _answers([one for one in judged if one.task is Task.YES_NO]),
        _refusals([one for one in judged if one.task is Task.OTHER]),
    ]


def aim_table(reached: Sequence[Aim]) -> Figures:
    """What was aimed at on people's voices over A-law."""
    met = {True: "yes", False: "no", None: "too few to say"}
    rows = tuple((one.what, one.speakers.partition(",")[0], one.wanted, one.reached, met[one.met]) for one in reached)
    return Figures("Aims, over A-law", ("aim", "speakers", "wanted", "reached", "met"), rows)


def speed_tables(speed: Speed) -> list[Figures]:
    """Costs of one recogniser, and callers at once both ways."""
    costs = speed.costs
    rows = (
        ("load, ms", f"{costs.load_ms:.0f}"),
        ("memory of a process for the model, MiB", f"{costs.model_mib:.0f}"),
        ("memory for each caller who speaks, MiB", f"{costs.utterance_mib:.1f}"),
        ("one recogniser, share of real time", f"{costs.rtf_one:.4f}"),
        ("all recognisers of an account question", f"{costs.rtf_question:.4f}"),
        ("the same, other speech", f"{costs.rtf_other:.4f}"),
        ("80 ms of audio, p99, ms", f"{costs.step_p99_ms:.1f}"),
        ("last audio to result, p50 and p95, ms", f"{costs.final_p50_ms:.0f}, {costs.final_p95_ms:.0f}"),
        ("Vosk's own end of speech, ms (not used)", f"{costs.own_end_ms:.0f}"),
        ("bare loop on all processors: callers", f"{speed.raw:.0f}"),
        ("processor time for a second of a question, ms: bare loop", f"{1000 * speed.raw_cost:.1f}"),
        ("this line, all processes", f"{1000 * speed.calm.cost:.1f}"),
        ("vosk-server and a script a call, all processes", f"{1000 * speed.usual.cost:.1f}"),
        ("of the bare loop by processor time, %", f"{100 * speed.share_of_raw_cost:.0f}"),
        ("daemon's main thread at the most callers, share of a processor", f"{speed.line.main_share:.2f}"),
    )
    machine = f"{speed.processor}, {speed.processors} processors, load {speed.load_before:.1f} before"
    ways = (
        _way("one after the other", speed.calm, speed),
        _way("this line", speed.line, speed),
        _way("vosk-server and a script a call", speed.usual, speed),
    )
    crowd = speed.crowd
    got = (
        str(len(crowd.waits_ms)),
        str(crowd.refused),
        str(crowd.given_up),
        str(crowd.lost),
        *(_waits(crowd)),
        _percent(Share(crowd.right, len(crowd.waits_ms))),
    )
    become = ("answered", "keys only at once", "let go while they spoke", "lost", "p50, ms", "p95, ms", "right, %")
    columns = ("way", "callers at once", "of the bare loop, %", "p50, ms", "p95, ms", "answers", "right, %")
    return [
        Figures(f"Costs ({machine})", ("what", "figure"), rows),
        Figures("Callers who speak at once, p95 from end of speech to result under 500 ms", columns, ways),
        Figures(f"{crowd.callers} callers who speak at once, with the bounds of the line", become, (got,)),
    ]


def _way(name: str, found: Answers, speed: Speed) -> tuple[str, ...]:
    answers = len(found.waits_ms)
    share = f"{100 * found.callers / speed.raw:.0f}"
    return (name, str(found.callers), share, *_waits(found), str(answers), _percent(Share(found.right, answers)))


def _waits(found: Answers) -> tuple[str, str]:
    return (f"{found.p50_ms:.0f}", f"{found.p95_ms:.0f}") if found.waits_ms else ("–", "–")


def _accounts(judged: Sequence[Judged]) -> Figures:
    known = ("100,000 accounts known", "offered", "wrong", "a block of 100,000", "wrong")
    rows = [
        (
            *_head(one),
            str(one.share(Given.ACCOUNT, *TAKEN)),
            str(one.share(Given.SCATTERED, *TAKEN)),
            _percent(one.share(Given.SCATTERED, Result.OFFERED)),
            _percent(one.share(Given.SCATTERED, Result.WRONG)),
            str(one.share(Given.CONSECUTIVE, *TAKEN)),
            _percent(one.share(Given.CONSECUTIVE, Result.WRONG)),
        )
        for one in judged
    ]
    return Figures("Ten digits exactly right, % (95 %)", (*HEAD, "alone", *known), tuple(rows))


def _readings(judged: Sequence[Judged]) -> Figures:
    known = ("wrong", "last reading known", "among rivals", "wrong")
    rows = [
        (
            *_head(one),
            str(one.share(Given.READING, *TAKEN)),
            _percent(one.share(Given.READING, Result.WRONG)),
            str(one.share(Given.PREVIOUS, *TAKEN)),
            _percent(one.share(Given.PREVIOUS, Result.ASKED)),
            _percent(one.share(Given.PREVIOUS, Result.WRONG)),
        )
        for one in judged
    ]
    return Figures("Five digits exactly right, % (95 %)", (*HEAD, "alone", *known), tuple(rows))


def _commands(judged: Sequence[Judged]) -> Figures:
    columns = (*HEAD, "right at a menu", "another", "at an account", "at a reading")
    rows = [
        (
            *_head(one),
            str(one.share(Given.MENU, Result.RIGHT)),
            _percent(one.share(Given.MENU, Result.WRONG)),
            str(one.share(Given.SCATTERED, Result.RIGHT)),
            str(one.share(Given.PREVIOUS, Result.RIGHT)),
        )
        for one in judged
    ]
    return Figures("Commands right, % (95 %)", columns, tuple(rows))


def _answers(judged: Sequence[Judged]) -> Figures:
    columns = (*HEAD, "right", "not understood", "the other")
    rows = [
        (
            *_head(one),
            str(one.share(Given.YES_NO, Result.RIGHT)),
            _percent(one.share(Given.YES_NO, Result.NOTHING)),
            _percent(one.share(Given.YES_NO, Result.WRONG)),
        )
        for one in judged
    ]
    return Figures("Yes and no right, % (95 %)", columns, tuple(rows))


def _refusals(judged: Sequence[Judged]) -> Figures:
    columns = ("speakers", "line", "n", "an account", "one of 100,000", "a reading", "one near the last", "yes or no")
    rows = [
        (
            _name(one),
            one.line,
            str(one.utterances),
            *(
                str(one.share(given, Result.WRONG))
                for given in (Given.ACCOUNT, Given.SCATTERED, Given.READING, Given.PREVIOUS)
            ),
            _percent(one.share(Given.YES_NO, Result.WRONG)),
            ", ".join(
                _percent(Share(one.commands.get(given, 0), one.utterances)) for given in (Given.ACCOUNT, Given.MENU)
            ),
        )
        for one in judged
    ]
    return Figures("Other speech taken for …, % (95 %)", (*columns, "a command: number, menu"), tuple(rows))


def _head(one: Judged) -> tuple[str, str, str, str]:
    return _name(one), one.line, str(one.utterances), f"{100 * one.errors / max(one.words, 1):.1f}"


def _name(one: Judged) -> str:
    return one.set.partition(",")[0] + MARKS[one.known]


def _percent(share: Share) -> str:
    return f"{share.percent:.1f}" if share.of else "–"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
