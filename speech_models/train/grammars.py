"""What a caller may say at each question, as word graphs: digits, account, reading, commands.

Costs are scaled natural logarithms: small numbers, 0 for the usual way, set on the development set. Every grammar
accepts silence and the garbage word; the number grammars hold the commands, the commands hold the numbers as a sink,
since a word that has no place in a grammar is heard as one that has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from speech_models.train.fst import WordGraph
from speech_models.train.phones import UNKNOWN_WORD

UNITS = ("один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять")
TEENS = tuple(
    "десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать "
    "девятнадцать".split()
)
TENS = tuple("двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто".split())
HUNDREDS = tuple("сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот".split())
TWOS_NOUNS = tuple("нуля единицы двойки тройки четвёрки пятёрки шестёрки семёрки восьмёрки девятки".split())
FIVES_NOUNS = tuple("нулей единиц двоек троек четвёрок пятёрок шестёрок семёрок восьмёрок девяток".split())
LONE_NOUNS = tuple("единица двойка тройка четвёрка пятёрка шестёрка семёрка восьмёрка девятка".split())

CORRECTIONS = ("нет", "ой", "вернее", "точнее", "извините", "ошибся", "ошиблась", "неправильно", "нет неправильно")
BEFORE_ANY = ("ну", "вот", "это", "так", "значит", "сейчас", "записывайте", "запишите", "диктую", "набираю", "алло",
              "здравствуйте", "э")  # fmt: skip
BEFORE_ACCOUNT = ("номер", "мой номер", "лицевой", "лицевой счёт", "номер счёта", "номер лицевого счёта", "счёт",
                  "мой лицевой счёт", "у меня")  # fmt: skip
BEFORE_READING = ("показания", "показание", "мои показания", "показания счётчика", "передаю показания", "счётчик",
                  "на счётчике", "передаю", "дневной", "ночной", "дневные", "ночные", "ночь", "полупик", "тариф",
                  "хорошо", "у меня")  # fmt: skip
AFTER_ANY = ("спасибо", "всё", "пожалуйста", "всё спасибо")
AFTER_READING = ("киловатт", "киловатта", "киловатт час", "киловатт часа", "киловатт часов", "кубов")

HOTLINE = tuple(
    "авария|аварию|аварии|у нас авария|аварийная|аварийную|аварийка|нет света|света нет|нету света|у нас нет света|"
    "пропал свет|свет пропал|пропало электричество|отключили свет|свет отключили|выключили свет|нет электричества|"
    "электричества нет|нет напряжения|искрит|искрят провода|щиток искрит|горит|горит щиток|пожар|дым|дымит|пахнет гарью|"
    "провод оборвался|оборвался провод|провод оборван|оборвало провод|провод упал|упал столб|обрыв|замыкание|"
    "ударило током|темно|отключение|отключили электричество|аварийку|обрыв провода".split("|")
)
OTHER_COMMANDS = tuple(
    "оператор|оператора|оператору|с оператором|соедините с оператором|соединить с оператором|соедините|"
    "соедините с человеком|переключите на оператора|позовите оператора|человек|человека|с человеком|живой человек|"
    "живого человека|специалист|специалиста|консультант|диспетчер|диспетчера|с диспетчером|диспетчеру|сотрудник|"
    "сотрудника|с сотрудником|повтор|повтори|повторите|повторить|повторите ещё раз|ещё раз|скажите ещё раз|"
    "не расслышал|не расслышала|не понял|не поняла|назад|вернуться|вернитесь|вернись|помощь|помогите|справка|не знаю|"
    "что говорить|отмена|отменить|отмените|заново|сначала|стоп|хватит|выход".split("|")
)
YES = tuple(
    "да|ага|угу|верно|правильно|конечно|подтверждаю|всё верно|так|хорошо|да верно|да правильно|да да|да конечно|"
    "всё правильно|точно|подходит|согласен|согласна|готово|подтвердить|ладно|да всё верно|да подтверждаю".split("|")
)
NO = tuple(
    "нет|не|неверно|неправильно|не верно|не правильно|не так|ошибка|не надо|нет неверно|нет неправильно|нет не верно|"
    "нет не так|нет нет|не подходит|нет не подходит|нет не надо|нет ошибка|другой|другое|другая".split("|")
)
MENU = tuple(
    "показания|передать показания|показания счётчика|другой счёт|другой номер|другого|следующий|дальше|далее|баланс|"
    "долг|задолженность|оплата|узнать баланс|счёт|лицевой счёт|номер|счётчик|меню|главное меню|первый|второй|третий|"
    "первая|вторая|третья|первое|второе|день|ночь|дневной|ночной|пик|полупик|тариф|свет|до свидания|адрес|квартира|"
    "дом|улица|вперёд|начало|конец|больше|меньше".split("|")
)


@dataclass(frozen=True, slots=True)
class Costs:
    """style: changing from digits to pairs and so on within a number. group: each next group of digits.

    rare: words seldom said in numbers (нуль, одна, раз). correction, before, after: words around a number.
    command: a command where a number is asked. sink: a number where a command is asked. unknown: speech that is none.
    """

    style: float = 1.5
    group: float = 0.7
    rare: float = 1.5
    correction: float = 3.0
    before: float = 2.0
    after: float = 2.0
    command: float = 2.5
    sink: float = 1.0
    unknown: float = 0.5
    unknown_inside: float = 2.0


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

    def pair(self, source: int, target: int, cost: float = 0.0) -> None:
        """10-99, or nought and a digit."""
        nought = self.graph.state()
        self.below_hundred(source, target, cost)
        self.zero(source, nought, cost)
        self.any_of(nought, target, UNITS)
        self.zero(nought, target)

    def triple(self, source: int, target: int, cost: float = 0.0) -> None:
        """100-999, or nought and a pair."""
        rest, nought = self.graph.state(), self.graph.state()
        self.any_of(source, rest, HUNDREDS, cost)
        self.below_hundred(rest, target)
        self.any_of(rest, target, UNITS)
        self.graph.arc(rest, target)
        self.zero(source, nought, cost + 0.5)
        self.pair(nought, target)

    def below_thousand(self, source: int, target: int, cost: float = 0.0) -> None:
        self.triple(source, target, cost)
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


def _number(graph: WordGraph, costs: Costs, start: int, end: int, styles: Iterable[tuple[float, list[Group]]]) -> int:
    """Groups of one style after the other, changing style at a cost; the state from which a new group may begin."""
    hub = graph.state()
    graph.arc(start, hub)
    for dear, groups in styles:
        before, after = graph.state(), graph.state()
        graph.arc(hub, before, None, dear)
        for group in groups:
            group(before, after)
        graph.arc(after, before, None, costs.group)
        graph.arc(after, hub, None, costs.style)
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


def _commands(graph: WordGraph, start: int, end: int, cost: float) -> None:
    for phrase in (*HOTLINE, *OTHER_COMMANDS):
        graph.phrase(start, end, phrase, cost)
    for phrase in (*YES, *NO):
        graph.phrase(start, end, phrase, cost + 1.0)


def _asks_number(styles: Callable[[_Numbers], list[tuple[float, list[Group]]]], before: Iterable[str],
                 after: Iterable[str], costs: Costs) -> tuple[WordGraph, int, int, int]:  # fmt: skip
    graph = WordGraph()
    start, end, last = graph.state(), graph.state(), graph.state()
    hub = _number(graph, costs, start, end, styles(_Numbers(graph, costs)))
    _around(graph, costs, start=start, hub=hub, end=end, last=last, before=before, after=after)
    _commands(graph, start, last, costs.command)
    return graph, hub, end, last


def digits(costs: Costs) -> WordGraph:
    """Digit words only: the judge beside the general grammars."""
    return _asks_number(
        lambda numbers: [(0.0, [numbers.digit, lambda a, b: numbers.repeated(a, b, 3.0)])],
        (*BEFORE_ANY, *BEFORE_ACCOUNT, *BEFORE_READING), AFTER_ANY, costs,
    )[0]  # fmt: skip


def account(costs: Costs) -> WordGraph:
    """Digit by digit, pairs, triples, whole numbers and mixtures of them."""
    return _asks_number(
        lambda numbers: [
            (0.0, [numbers.digit, lambda a, b: numbers.repeated(a, b, 3.0)]),
            (0.3, [numbers.pair, lambda a, b: numbers.digit(a, b, 1.0)]),
            (0.3, [numbers.triple, lambda a, b: numbers.pair(a, b, 0.7), lambda a, b: numbers.digit(a, b, 1.2)]),
            (1.0, [numbers.thousands]),
        ],
        (*BEFORE_ANY, *BEFORE_ACCOUNT), AFTER_ANY, costs,
    )[0]  # fmt: skip


def reading(costs: Costs) -> WordGraph:
    """A meter reading: a whole number first of all, else as an account number; a fraction; the unit."""
    graph, hub, end, last = _asks_number(
        lambda numbers: [
            (0.0, [numbers.thousands, lambda a, b: numbers.below_thousand(a, b, 0.7)]),
            (0.3, [numbers.digit, lambda a, b: numbers.repeated(a, b, 3.0)]),
            (0.7, [numbers.pair, lambda a, b: numbers.digit(a, b, 1.0)]),
            (0.7, [numbers.triple, lambda a, b: numbers.pair(a, b, 0.5), lambda a, b: numbers.digit(a, b, 1.2)]),
        ],
        (*BEFORE_ANY, *BEFORE_READING), (*AFTER_ANY, *AFTER_READING), costs,
    )  # fmt: skip
    numbers = _Numbers(graph, costs)
    mark, fraction = graph.state(), graph.state()
    numbers.any_of(end, mark, ("запятая", "точка", "целых", "целая", "и"), 2.5)
    numbers.below_thousand(mark, fraction)
    numbers.digit(mark, fraction)
    numbers.any_of(fraction, end, "десятых десятая сотых сотая тысячных тысячная".split())
    graph.arc(fraction, fraction, UNKNOWN_WORD, 3.0)
    graph.arc(fraction, end, None, 0.5)
    return graph


def commands(costs: Costs) -> WordGraph:
    """Yes, no, the menu and the commands; numbers as a sink."""
    graph = WordGraph()
    start, end, between = graph.state(), graph.state(), graph.state()
    for phrase in (*YES, *NO, *MENU, *HOTLINE, *OTHER_COMMANDS):
        graph.phrase(start, end, phrase)
    for phrase in ("ну", "вот", "алло", "здравствуйте", "э", "спасибо", "пожалуйста", "я не понял", "нет спасибо"):
        graph.phrase(start, end, phrase, costs.before)
    graph.arc(start, end, UNKNOWN_WORD, costs.unknown)
    graph.arc(end, start, None, 0.7)
    numbers = _Numbers(graph, costs)
    graph.arc(start, between, None, costs.sink)
    after = graph.state()
    numbers.digit(between, after)
    numbers.below_thousand(between, after)
    numbers.thousands(between, after, 0.5)
    graph.arc(after, between, None, costs.group)
    graph.arc(after, end)
    graph.ends[start] = 0.0
    graph.ends[end] = 0.0
    return graph


GRAMMARS: dict[str, Callable[[Costs], WordGraph]] = {
    "digits": digits,
    "account": account,
    "reading": reading,
    "commands": commands,
}
BUILT_IN = "account"
"""The one that Vosk uses when it is given none."""
