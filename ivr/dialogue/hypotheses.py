"""The caller's possible words: the recogniser's alternatives, each with all readings of its words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import inf

from ivr.dialogue.ports import Hypothesis, Interpretation
from ivr.language.port import UNKNOWN, Candidate, Intent
from ivr.language.selected import LANGUAGE

MARGIN = 2.0
"""Two values nearer than this (natural logarithm of likelihood) are both asked about."""

BESIDE_OTHER_SPEECH = 2.0
"""Least margin (natural logarithm) of the words' likelihood over other speech; words below it count as other speech.

The ratio of likelihoods that verifies an utterance (Sukkar and Lee, IEEE Trans. Speech and Audio Proc. 4, 1996).
Measured over A-law, development set: numbers 9 and more, other speech 1.9 and less.
"""

PEOPLE = (Intent.HOTLINE, Intent.OPERATOR, Intent.REPORT)
COMMAND_BESIDE_OTHER_SPEECH = 1.0
"""The same for the other commands, which are a word or two and so never far from other speech."""

HELP_BESIDE_OTHER_SPEECH = 0.8
"""A call for the hotline counts although other speech is so much likelier: one lost costs more than one too many."""


def command_of(heard: Sequence[Hypothesis]) -> Interpretation | None:
    """The command that was said, None if it is an answer."""
    command = command_heard(heard)
    if command is None or (LANGUAGE.number_words(heard[0].words) > 1 and command is not Intent.HOTLINE):
        return None
    return Interpretation(intent=command, complete=True)


def command_heard(heard: Sequence[Hypothesis]) -> Intent | None:
    """The command that the best hypothesis is; a call for the hotline also where other speech is a little likelier."""
    if not heard:
        return None
    command = LANGUAGE.command_in(heard[0].words)
    if command is None and mostly_unknown(heard[0].words):
        near = (one.words for one in heard if one.cost <= HELP_BESIDE_OTHER_SPEECH)
        return Intent.HOTLINE if any(LANGUAGE.is_call_for_help(words) for words in near) else None
    other_speech = (one.cost for one in heard if mostly_unknown(one.words) and LANGUAGE.command_in(one.words) is None)
    return command if command in PEOPLE or min(other_speech, default=inf) >= COMMAND_BESIDE_OTHER_SPEECH else None


def pooled(heard: Sequence[Hypothesis], most_digits: int) -> list[tuple[str, Candidate]]:
    """Every possible digit string with its cheapest candidate; the candidate's cost includes its hypothesis's cost."""
    pool: dict[str, Candidate] = {}
    other_speech = cost_of_other_speech(heard)
    numbers = [one for one in heard if LANGUAGE.number_words(one.words) and not mostly_unknown(one.words)]
    if all(one.cost > other_speech - BESIDE_OTHER_SPEECH for one in numbers):
        return []
    for hypothesis in numbers:
        for found in LANGUAGE.numbers(hypothesis.words, most_digits):
            cost = hypothesis.cost + found.cost
            known = pool.get(found.digits)
            if known is None or cost < known.cost:
                pool[found.digits] = Candidate(found.digits, cost, found.fraction_dropped)
    return sorted(pool.items(), key=lambda item: item[1].cost)


def mostly_unknown(words: Collection[str]) -> bool:
    """Whether the words are other speech with a few known words in it, by chance."""
    unknown = sum(word == UNKNOWN for word in words)
    return unknown > 0 and 2 * unknown > len(words) - unknown


def cost_of_other_speech(heard: Sequence[Hypothesis]) -> float:
    """The cost of the likeliest hypothesis that it was none of the words; infinite where there is none."""
    return min((one.cost for one in heard if mostly_unknown(one.words)), default=inf)
