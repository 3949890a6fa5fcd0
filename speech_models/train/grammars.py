"""What a caller may say at each question, as word graphs: digits, account, reading, commands, yes-no.

Costs are scaled natural logarithms: small numbers, 0 for the usual way, set on the development set. Every grammar
accepts silence and the garbage word; the number grammars hold the commands, the commands hold the numbers as a sink,
since a word that has no place in a grammar is heard as one that has.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from speech_models.train.fst import WordGraph
from speech_models.train.phones import HERE, UNKNOWN_WORD

WORDS = HERE.parent.parent / "ivr" / "language" / "ru" / "words.toml"
"""The words and phrases that the line understands; the recipe adds to them what else people say."""


def _read() -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
    with (HERE / "phrases.toml").open("rb") as file:
        others = {name: tuple(text.replace("\n", "").split("|")) for name, text in tomllib.load(file).items()}
    with WORDS.open("rb") as file:
        return others, tomllib.load(file)


_OTHERS, _WORDS = _read()


def _plainest(table: str) -> tuple[str, ...]:
    """The plainest word of each value of a table of numbers."""
    return tuple(words[0] for words in _WORDS["numbers"][table])


def _said(intent: str) -> tuple[str, ...]:
    """What the line understands as an intent, and the fuller phrases around it that only the grammars know."""
    return _once(*_WORDS["intents"][intent], *_OTHERS.get(intent, ()))


def _once(*phrases: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phrases))


TEENS = _plainest("teens")
TENS = _plainest("tens")
HUNDREDS = _plainest("hundreds")
UNITS = _plainest("digits")[1:]
TWOS_NOUNS = _plainest("nouns_few")
FIVES_NOUNS = _plainest("nouns_many")
LONE_NOUNS = _plainest("nouns_alone")
CORRECTIONS = _once(*_WORDS["beside"]["corrections"], *_OTHERS["corrections"])
FRACTION_ENDS = tuple(_WORDS["beside"]["fraction_ends"])
BEFORE_ANY = _OTHERS["before_any"]
BEFORE_ACCOUNT = _OTHERS["before_account"]
BEFORE_READING = _OTHERS["before_reading"]
AFTER_ANY = _OTHERS["after_any"]
AFTER_READING = _OTHERS["after_reading"]
HOTLINE = _said("hotline")
OTHER_COMMANDS = _once(
    *(phrase for intent in ("operator", "repeat", "back", "help", "report", "cancel") for phrase in _said(intent)),
    *_OTHERS["other_commands"],
)
YES = _said("yes")
NO = _said("no")
MENU = _once(
    *(phrase for choices in _WORDS["menus"].values() for phrases in choices.values() for phrase in phrases),
    *_OTHERS["menu"],
)


@dataclass(frozen=True, slots=True)
class Costs:
    """group: each next group of digits. group_of_digits: a pair or triple within an account number, else noise makes
    «двадцать восемь» of «два восемь»; reading_group: the same in a reading. thousands: thousands within an account.

    rare: words seldom said in numbers (нуль, одна, раз). correction, before, after: words around a number.
    command: a command where a number is asked; hotline: a call for help there. sink: a number where a command is
    asked. unknown: speech that is none; unknown_inside: within a number; unknown_answer: where a word or two are
    asked, which are short beside it; nothing: silence there, although listening has heard a voice.
    """

    group: float = 0.7
    group_of_digits: float = 2.0
    reading_group: float = 1.0
    thousands: float = 3.0
    rare: float = 1.5
    correction: float = 3.0
    before: float = 2.0
    after: float = 2.0
    command: float = 1.0
    hotline: float = 0.5
    sink: float = 1.0
    unknown: float = 0.5
    unknown_inside: float = 2.0
    unknown_answer: float = 1.5
    nothing: float = 1.0


class _Numbers:
    """Paths for groups of digits, from one state to another."""

    def __init__(self, graph: WordGraph, costs: Costs) -> None:
        self.graph = graph
        self.costs = costs

    def any_of(self, source: int, target: int, words: Iterable[str], cost: float = 0.0) -> None:
        for word in words:
            self.graph.phrase(source, target, word, cost)

    def zero(self, source: int, target: int, cost: float = 0.0) -> None:
        self.graph.arc(source, target, "ноль", cost)
        self.graph.arc(source, target, "нуль", cost + self.costs.rare)

    def digit(self, source: int, target: int, cost: float = 0.0) -> None:
        self.zero(source, target, cost)
        self.any_of(source, target, UNITS, cost)
        self.any_of(source, target, ("одна", "две"), cost + self.costs.rare)
        self.graph.arc(source, target, "раз", cost + 2 * self.costs.rare)

    def repeated(self, source: int, target: int, cost: float) -> None:
        """«три нуля», «две пятёрки», «пять нулей», «единица»."""
        twos, fives = self.graph.state(), self.graph.state()
        self.any_of(source, twos, ("два", "две", "три", "четыре"), cost)
        self.any_of(source, fives, ("пять", "шесть"), cost + 1.0)
        self.any_of(twos, target, TWOS_NOUNS)
        self.any_of(fives, target, FIVES_NOUNS)
        self.any_of(source, target, LONE_NOUNS, cost)

    def below_hundred(self, source: int, target: int, cost: float = 0.0) -> None:
        after_tens = self.graph.state()
        self.any_of(source, target, TEENS, cost)
        self.any_of(source, after_tens, TENS, cost)
        self.any_of(after_tens, target, UNITS)
        self.graph.arc(after_tens, target)

    def hundreds(self, source: int, target: int, cost: float = 0.0) -> None:
        """100-999."""
        rest = self.graph.state()
        self.any_of(source, rest, HUNDREDS, cost)
        self.below_hundred(rest, target)
        self.any_of(rest, target, UNITS)
        self.graph.arc(rest, target)

    def below_thousand(self, source: int, target: int, cost: float = 0.0) -> None:
        self.hundreds(source, target, cost)
        self.below_hundred(source, target, cost)
        self.any_of(source, target, UNITS, cost)

    def thousands(self, source: int, target: int, cost: float = 0.0) -> None:
        """1000-999999 as one number, «тысяча двести», «полторы тысячи», noughts after the thousands."""
        graph = self.graph
        one, two, five, rest = (graph.state() for _ in range(4))
        graph.arc(source, rest, "тысяча", cost + 0.5)
        graph.arc(source, rest, "тысячу", cost + 1.5)
        half = graph.state()
        graph.arc(source, half, "полторы", cost + 2.0)
        graph.arc(half, rest, "тысячи")
        tens, hundreds = graph.state(), graph.state()
        self.any_of(source, hundreds, HUNDREDS, cost)
        for here, more in ((source, cost), (hundreds, 0.0)):
            self.any_of(here, five, TEENS, more)
            self.any_of(here, tens, TENS, more)
        for here, more in ((source, cost), (hundreds, 0.0), (tens, 0.0)):
            graph.arc(here, one, "одна", more)
            graph.arc(here, one, "один", more + self.costs.rare)
            self.any_of(here, two, ("две", "три", "четыре"), more)
            graph.arc(here, two, "два", more + self.costs.rare)
            self.any_of(here, five, UNITS[4:], more)
        graph.arc(tens, five)
        graph.arc(hundreds, five)
        self.any_of(one, rest, ("тысяча",))
        graph.arc(one, rest, "тысячу", 1.0)
        graph.arc(two, rest, "тысячи")
        graph.arc(five, rest, "тысяч")
        graph.arc(rest, target)
        self.below_thousand(rest, target)
        nought = graph.state()
        self.zero(rest, nought, 1.0)
        self.any_of(nought, target, UNITS)


Group = Callable[[int, int], None]


def _number(graph: WordGraph, costs: Costs, start: int, end: int, groups: Iterable[Group]) -> int:
    """Groups of digits one after the other; the state from which a new one may begin.

    All groups meet in one state: ways to say the same words that never meet make the grammar too large to determinise.
    """
    hub, after = graph.state(), graph.state()
    graph.arc(start, hub)
    for group in groups:
        group(hub, after)
    graph.arc(after, hub, None, costs.group)
    graph.arc(after, end)
    return hub


def _around(
    graph: WordGraph,
    costs: Costs,
    *,
    start: int,
    hub: int,
    end: int,
    last: int,
    before: Iterable[str],
    after: Iterable[str],
) -> None:
    """Words before and after a number, corrections and other sounds inside it."""
    for phrase in before:
        graph.phrase(start, start, phrase, costs.before + (2.0 if phrase in ("э", "ночь") else 0.0))
    for phrase in after:
        graph.phrase(end, end, phrase, costs.after)
    for phrase in CORRECTIONS:
        graph.phrase(end, hub, phrase, costs.correction)
    graph.arc(start, start, UNKNOWN_WORD, costs.unknown)
    graph.arc(end, end, UNKNOWN_WORD, costs.unknown)
    graph.arc(end, hub, UNKNOWN_WORD, costs.unknown_inside)
    graph.arc(start, last)
    graph.arc(end, last)
    graph.ends[last] = 0.0


def _commands(graph: WordGraph, start: int, end: int, costs: Costs) -> None:
    for phrase in HOTLINE:
        graph.phrase(start, end, phrase, costs.hotline)
    for phrase in OTHER_COMMANDS:
        graph.phrase(start, end, phrase, costs.command)
    for phrase in (*YES, *NO):
        graph.phrase(start, end, phrase, costs.command + 2.0)


def _asks_number(
    groups: Callable[[_Numbers], list[Group]], before: Iterable[str], after: Iterable[str], costs: Costs
) -> tuple[WordGraph, int]:
    """The grammar, and its state after a number."""  # fmt: skip
    graph = WordGraph()
    start, end, last = graph.state(), graph.state(), graph.state()
    hub = _number(graph, costs, start, end, groups(_Numbers(graph, costs)))
    _around(graph, costs, start=start, hub=hub, end=end, last=last, before=before, after=after)
    _commands(graph, start, last, costs)
    return graph, end


def digits(costs: Costs) -> WordGraph:
    """Digit words only: the judge beside the general grammars."""
    before = (*BEFORE_ANY, *BEFORE_ACCOUNT, *BEFORE_READING)
    return _asks_number(_digit_groups, before, AFTER_ANY, costs)[0]


def _digit_groups(numbers: _Numbers) -> list[Group]:
    return [numbers.digit, lambda a, b: numbers.repeated(a, b, 3.0)]


def _all_groups(of_digits: float, thousands: float) -> Callable[[_Numbers], list[Group]]:
    return lambda numbers: [
        *_digit_groups(numbers),
        lambda a, b: numbers.below_hundred(a, b, of_digits),
        lambda a, b: numbers.hundreds(a, b, of_digits),
        lambda a, b: numbers.thousands(a, b, thousands),
    ]


def account(costs: Costs) -> WordGraph:
    """Digit by digit, pairs, triples, whole numbers and mixtures of them."""
    return _asks_number(
        _all_groups(costs.group_of_digits, costs.thousands), (*BEFORE_ANY, *BEFORE_ACCOUNT), AFTER_ANY, costs
    )[0]


def reading(costs: Costs) -> WordGraph:
    """A meter reading in all these ways; a fraction; the unit."""
    after = (*AFTER_ANY, *AFTER_READING)
    graph, end = _asks_number(_all_groups(costs.reading_group, 0.0), (*BEFORE_ANY, *BEFORE_READING), after, costs)
    numbers = _Numbers(graph, costs)
    mark, fraction = graph.state(), graph.state()
    numbers.any_of(end, mark, ("запятая", "точка", "целых", "целая", "и"), 2.5)
    numbers.below_thousand(mark, fraction)
    numbers.digit(mark, fraction)
    numbers.any_of(fraction, end, FRACTION_ENDS)
    graph.arc(fraction, end, None, 0.5)
    return graph


def commands(costs: Costs) -> WordGraph:
    """Yes, no, the menu and the commands; numbers as a sink."""
    return _asks_words((*YES, *NO, *MENU, *HOTLINE, *OTHER_COMMANDS), (), costs)


def yes_no(costs: Costs) -> WordGraph:
    """The same without the menu, whose short words sound like a yes or a no."""
    return _asks_words((*YES, *NO), (*HOTLINE, *OTHER_COMMANDS), costs)


def _asks_words(phrases: Iterable[str], rarer: Iterable[str], costs: Costs) -> WordGraph:
    graph = WordGraph()
    start, end, between = graph.state(), graph.state(), graph.state()
    for phrase in phrases:
        graph.phrase(start, end, phrase)
    for phrase in rarer:
        graph.phrase(start, end, phrase, costs.command)
    for phrase in ("ну", "вот", "алло", "здравствуйте", "э", "спасибо", "пожалуйста", "я не понял", "нет спасибо"):
        graph.phrase(start, end, phrase, costs.before)
    graph.arc(start, end, UNKNOWN_WORD, costs.unknown_answer)
    graph.arc(end, start, None, 0.7)
    numbers = _Numbers(graph, costs)
    graph.arc(start, between, None, costs.sink)
    after = graph.state()
    numbers.digit(between, after)
    numbers.below_thousand(between, after)
    numbers.thousands(between, after, 0.5)
    graph.arc(after, between, None, costs.group)
    graph.arc(after, end)
    graph.ends[start] = costs.nothing
    graph.ends[end] = 0.0
    return graph


GRAMMARS: dict[str, Callable[[Costs], WordGraph]] = {
    "digits": digits,
    "account": account,
    "reading": reading,
    "commands": commands,
    "yes-no": yes_no,
}
BUILT_IN = "account"
"""The one that Vosk uses when it is given none."""
