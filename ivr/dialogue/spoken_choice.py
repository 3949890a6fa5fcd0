"""Which choice of a menu, yes or no, or group of digits a caller has said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivr.dialogue.hypotheses import command_heard, command_of, mostly_unknown, pooled
from ivr.dialogue.ports import Hypothesis, Interpretation
from ivr.language.port import UNKNOWN, Intent
from ivr.language.selected import LANGUAGE

YES, NO = "1", "2"
_PEOPLE = {"0": Intent.HOTLINE, "9": Intent.OPERATOR}


class ChoiceInterpreter:
    """Understands the choices of a menu, yes and no, and commands.

    choices: keys that are allowed; "" for commands alone. spoken: phrase -> key; «да» is 1 and «нет» 2 where these are
    choices and no phrase says otherwise. A key may be named («один»), the people's keys too.
    """

    def __init__(self, choices: str, spoken: Mapping[str, str]) -> None:
        self._choices = choices
        self._spoken = spoken

    async def interpret(self, heard: Sequence[Hypothesis]) -> Interpretation:
        """The key, or the command."""
        if not heard:
            return Interpretation()
        words = heard[0].words
        command = command_heard(heard)
        phrase = LANGUAGE.phrase_in(words, tuple(self._spoken))
        if command is Intent.OPERATOR and phrase in LANGUAGE.words(Intent.OPERATOR):
            command = None  # the menu offers a person of its own
        if command in (Intent.HOTLINE, Intent.OPERATOR, Intent.REPORT):
            return Interpretation(intent=command, complete=True)
        if phrase is not None and self._spoken[phrase] in self._choices:
            return Interpretation(digits=self._spoken[phrase], complete=True)
        if self._denied(words):
            instead = _after_no(heard)
            return Interpretation(digits=NO, complete=not instead, after_no=instead)
        if LANGUAGE.number_words(words) > 1:
            return Interpretation()  # a number that nobody asked for, misheard as a word now and then
        if command is not None:
            return Interpretation(intent=command, complete=True)
        if mostly_unknown(words):
            return Interpretation()
        key = LANGUAGE.lone_digit(words)
        if key and key in self._choices:
            return Interpretation(digits=key, complete=True)
        if key in _PEOPLE and self._choices:
            return Interpretation(intent=_PEOPLE[key], complete=True)
        match LANGUAGE.yes_or_no(words):
            case Intent.YES if YES in self._choices:
                return Interpretation(digits=YES, complete=True)
            case Intent.NO if NO in self._choices:
                return Interpretation(digits=NO, complete=True)
        return Interpretation()

    def _denied(self, words: Sequence[str]) -> bool:
        """Whether the words are a no to a yes-or-no question, with reasons after it: «нет, двенадцать тысяч …»."""
        if set(self._choices) != {YES, NO} or self._spoken or LANGUAGE.yes_or_no(words) is not Intent.NO:
            return False
        return LANGUAGE.yes_or_no([word for word in words if word != UNKNOWN][:1]) is Intent.NO


def _after_no(heard: Sequence[Hypothesis]) -> tuple[Hypothesis, ...]:
    """What follows the no, () if that is no number; a lone digit rather names a key."""
    rests = []
    for hypothesis in heard:
        rest = LANGUAGE.after_denial(hypothesis.words)
        if LANGUAGE.number_words(rest) and not LANGUAGE.lone_digit(rest):
            rests.append(Hypothesis(rest, hypothesis.cost))
    return tuple(rests)


class PeopleInterpreter:
    """Understands only requests for the hotline and for a person, for questions without an interpreter."""

    async def interpret(self, heard: Sequence[Hypothesis]) -> Interpretation:
        """The command, if it is one for people."""
        command = command_heard(heard)
        if command is Intent.HOTLINE or command is Intent.OPERATOR:
            return Interpretation(intent=command, complete=True)
        return Interpretation()


class GroupInterpreter:
    """Understands which of several numbers is meant from a group of digits that is said again.

    numbers: candidates of the same length. The group is ``number[start : start + length]``.
    """

    def __init__(self, numbers: Sequence[str], start: int, length: int) -> None:
        self._groups = {number[start : start + length]: number[start : start + length] for number in numbers}
        self._groups |= {number: number[start : start + length] for number in numbers}  # who says all of it again
        self._longest = len(numbers[0])

    async def interpret(self, heard: Sequence[Hypothesis]) -> Interpretation:
        """The digits of the group that was said, if one of the numbers has them."""
        command = command_of(heard)
        if command is not None:
            return command
        said = (digits for digits, _ in pooled(heard, self._longest))
        group = next((self._groups[digits] for digits in said if digits in self._groups), "")
        return Interpretation(digits=group, complete=bool(group))


def differing_group(numbers: Sequence[str]) -> tuple[int, int]:
    """Start and length of the shortest run of three or four digits in which all the numbers differ somewhere.

    Account numbers are said in groups of three from the left with a last group of up to four; so are these.
    numbers: at least two, of one length. Where they differ in several groups, all of them from the first on.
    """
    length = len(numbers[0])
    starts = list(range(0, max(length - 3, 1), 3))
    spans = [(start, (starts[at + 1] if at + 1 < len(starts) else length)) for at, start in enumerate(starts)]
    different = [span for span in spans if len({number[span[0] : span[1]] for number in numbers}) > 1]
    if not different:
        return 0, length
    for start, end in different:
        if len({number[start:end] for number in numbers}) == len(set(numbers)):
            return start, end - start
    return different[0][0], different[-1][1] - different[0][0]
