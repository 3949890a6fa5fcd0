"""What the line aims at, and what is reached: on people's voices over A-law, and at 15 dB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ivr.testbed.speech_benchmark.evaluation import Given, Judged, Result
from ivr.testbed.speech_benchmark.figures import Share
from ivr.testbed.speech_sets.degradation import Degradation
from ivr.testbed.speech_sets.sets import Known, Task

TAKEN = (Result.RIGHT, Result.OFFERED)
KEPT_AT_15_DB = 2 / 3
NUMBERS = (
    (Task.ACCOUNT, Given.ACCOUNT, "ten digits, alone", 90.0),
    (Task.ACCOUNT, Given.SCATTERED, "ten digits, 100,000 accounts known", 97.0),
    (Task.READING, Given.READING, "five digits, alone", 90.0),
    (Task.READING, Given.PREVIOUS, "five digits, last reading known", 97.0),
)
KNOWLEDGE = {Task.ACCOUNT: Given.SCATTERED, Task.READING: Given.PREVIOUS}


@dataclass(frozen=True, slots=True)
class Aim:
    """One aim. speakers: name of the set. reached: as text. met: None where it cannot be said."""

    what: str
    speakers: str
    wanted: str
    reached: str
    met: bool | None


def aims(judged: Sequence[Judged]) -> Iterator[Aim]:
    """Each aim for each set of people that the model was not trained on."""
    people = [one for one in judged if one.known is not Known.TRAINED and not one.set.startswith("synthetic")]
    spoken = {(one.set, one.line): one for one in people}
    for (name, line), one in spoken.items():
        if line is not Degradation.ALAW:
            continue
        for task, given, what, wanted in NUMBERS:
            if one.task is task:
                share = one.share(given, *TAKEN)
                yield Aim(what, name, f"{wanted:.0f} %", str(share), share.percent >= wanted)
        noisy = spoken.get((name, Degradation.NOISE_15))
        if one.task in KNOWLEDGE and noisy is not None:
            given = KNOWLEDGE[one.task]
            kept = noisy.share(given, *TAKEN).percent / max(one.share(given, *TAKEN).percent, 1e-9)
            yield Aim("kept at 15 dB", name, "two thirds", f"{100 * kept:.0f} %", kept >= KEPT_AT_15_DB)
        if one.task in KNOWLEDGE:
            yield _stored_wrong(one, judged)
        if one.task is Task.OTHER:
            counts = [one.share(given, Result.WRONG) for given in KNOWLEDGE.values()]
            taken = Share(sum(one.count for one in counts), sum(one.of for one in counts))
            yield Aim("taken for a number", name, "under 5 %", str(taken), taken.percent < 5)


def _stored_wrong(one: Judged, judged: Sequence[Judged]) -> Aim:
    """Wrong values that go to confirmation, times the noes taken for a yes: the caller hears the value read back."""
    said_no = [other for other in judged if other.task is Task.YES_NO and other.line is one.line]
    confused = Share(sum(other.confused for other in said_no), sum(other.denials for other in said_no))
    wrong = one.share(KNOWLEDGE[one.task], Result.WRONG)
    of_thousand = 10 * wrong.percent * confused.percent / 100
    at_most = 10 * wrong.interval[1] * confused.interval[1] / 100
    reached = f"{of_thousand:.1f} (at most {at_most:.1f})"
    met = None if not confused.of or of_thousand < 1 <= at_most else of_thousand < 1
    return Aim("stored wrong, of 1,000", one.set, "under 1", reached, met)
