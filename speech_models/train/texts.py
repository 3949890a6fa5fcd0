"""What the synthetic voices read: numbers as callers say them, words of the menu, other words."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from speech_models.train.grammars import HOTLINE, HUNDREDS, MENU, NO, OTHER_COMMANDS, TEENS, TENS, UNITS, YES

DIGITS = ("ноль", *UNITS)
BEFORE = ("номер", "мой номер", "да", "нет", "так", "показания", "лицевой счёт", "это", "ну", "день", "ночь")
AFTER = ("спасибо", "всё", "киловатт", "пожалуйста")
TALK = (
    "я хочу передать показания", "мне нужен оператор", "какой у меня долг", "не понимаю", "подождите минуту",
    "сейчас скажу", "секундочку", "одну минуту", "что говорить", "я не расслышал", "говорите громче",
    "вы меня слышите", "девушка подскажите", "почему так долго", "я уже передавала", "в прошлом месяце",
    "когда включат", "мне пришла квитанция", "какая сумма к оплате", "где посмотреть номер", "перезвоните мне",
    "добрый день", "переключите на человека", "как вас зовут", "это по поводу счётчика", "щас посмотрю",
)  # fmt: skip
CONFUSABLE = ("четыре", "четырнадцать", "сорок", "четыреста", "семь", "восемь", "шесть", "шестьсот", "пять", "девять",
              "ноль", "сто", "двести", "триста")  # fmt: skip
"""Words that the first model mixed up; they are read more often."""


def below_thousand(number: int, feminine: bool = False) -> list[str]:
    words = []
    if number >= 100:
        words.append(HUNDREDS[number // 100 - 1])
        number %= 100
    if number >= 20:
        words.append(TENS[number // 10 - 2])
        number %= 10
    elif number >= 10:
        return [*words, TEENS[number - 10]]
    if number:
        words.append({1: "одна", 2: "две"}.get(number, UNITS[number - 1]) if feminine else UNITS[number - 1])
    return words


def cardinal(number: int) -> list[str]:
    """0 to 999999."""
    thousands, rest = divmod(number, 1000)
    if not number:
        return ["ноль"]
    if not thousands:
        return below_thousand(rest)
    teen = 10 <= thousands % 100 < 20
    last = thousands % 10
    noun = "тысяча" if last == 1 and not teen else "тысячи" if 2 <= last <= 4 and not teen else "тысяч"
    return [*below_thousand(thousands, feminine=True), noun, *below_thousand(rest)]


class Reader:
    """Texts by chance; commas are pauses. words: any Russian words, so that other speech can be told from numbers."""

    def __init__(self, chance: random.Random, words: Sequence[str]) -> None:
        self.chance = chance
        self.words = words

    def _joined(self, parts: Sequence[str]) -> str:
        pauses = self.chance.choice([0, 0, 0.1, 0.3, 0.6, 1.0])
        text = parts[0]
        for part in parts[1:]:
            text += (", " if self.chance.random() < pauses else " ") + part
        return text

    def digits(self) -> str:
        parts = self.chance.choices(DIGITS, k=self.chance.randint(1, 12))
        rare = {"ноль": "нуль", "один": self.chance.choice(["одна", "раз"]), "два": "две"}
        return self._joined([rare.get(part, part) if self.chance.random() < 0.12 else part for part in parts])

    def _group(self) -> str:
        kind = self.chance.random()
        if kind < 0.25:
            return self.chance.choice(DIGITS)
        if kind < 0.60:
            return " ".join(below_thousand(self.chance.randint(10, 99)))
        if kind < 0.95:
            return " ".join(below_thousand(self.chance.randint(100, 999)))
        return "ноль " + self.chance.choice(DIGITS)

    def groups(self) -> str:
        return self._joined([self._group() for _ in range(self.chance.randint(1, 5))])

    def whole(self) -> str:
        top = self.chance.choice([99, 999, 9999, 99999, 99999, 99999, 999999])
        words = cardinal(self.chance.randint(top // 10, top))
        if words[:2] == ["одна", "тысяча"] and self.chance.random() < 0.6:
            words = words[1:]
        text = " ".join(words)
        return re.sub("(тысяч[аи]?) ", r"\1, ", text) if self.chance.random() < 0.2 else text

    def confusable(self) -> str:
        if self.chance.random() < 0.5:
            return self._joined(self.chance.choices(CONFUSABLE, k=self.chance.randint(2, 7)))
        hundreds = 100 * self.chance.randint(1, 3)
        return " ".join(cardinal(1000 * self.chance.randint(0, 99) + hundreds + self.chance.randint(0, 99)))

    def number(self) -> str:
        return self.chance.choice([self.digits, self.groups, self.whole, self.confusable])()

    def command(self) -> str:
        every = (*HOTLINE, *OTHER_COMMANDS, *YES, *NO, *MENU)
        return ", ".join(self.chance.choices(every, k=self.chance.choice([1, 1, 1, 2, 3])))

    def talk(self) -> str:
        if self.chance.random() < 0.4 or not self.words:
            return self.chance.choice(TALK)
        return self._joined(self.chance.choices(self.words, k=self.chance.randint(2, 5)))

    def around(self) -> str:
        before, after = self.chance.choice(BEFORE), self.chance.choice(AFTER)
        return self.number() + ", " + after if self.chance.random() < 0.3 else before + " " + self.number()

    def text(self) -> str:
        kinds: tuple[Callable[[], str], ...] = (self.number, self.command, self.talk, self.around)
        return self.chance.choices(kinds, weights=(0.66, 0.14, 0.12, 0.08))[0]()


def other_words(files: Sequence[Path]) -> list[str]:
    """Plain lower-case Russian words of the first of the hunspell dictionaries that is there."""
    for file in files:
        if file.exists():
            raw = file.read_bytes()
            text = raw.decode("koi8-r" if b"\xd0" not in raw[:2000] else "utf-8", errors="ignore")
            found = (line.partition("/")[0].strip() for line in text.splitlines())
            return [word for word in found if re.fullmatch("[а-яё]{2,11}", word)]
    return []
