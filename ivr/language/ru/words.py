"""Russian words that numbers are spoken with, and the words around them.

The one place where they stand: understanding reads them, and the speech layer builds its grammars from them.
Spelling: lower case, «ё» kept; a recogniser without «ё» is understood through `plain`.
"""

from __future__ import annotations

UNKNOWN = "[unk]"
"""What a recogniser writes for speech that is none of its words."""

DIGITS = {
    "ноль": 0,
    "нуль": 0,
    "один": 1,
    "одна": 1,
    "одно": 1,
    "раз": 1,
    "два": 2,
    "две": 2,
    "три": 3,
    "четыре": 4,
    "пять": 5,
    "шесть": 6,
    "семь": 7,
    "восемь": 8,
    "девять": 9,
}
ZERO = frozenset({"ноль", "нуль"})
TEENS = {
    "десять": 10,
    "одиннадцать": 11,
    "двенадцать": 12,
    "тринадцать": 13,
    "четырнадцать": 14,
    "пятнадцать": 15,
    "шестнадцать": 16,
    "семнадцать": 17,
    "восемнадцать": 18,
    "девятнадцать": 19,
}
TENS = {
    "двадцать": 20,
    "тридцать": 30,
    "сорок": 40,
    "пятьдесят": 50,
    "шестьдесят": 60,
    "семьдесят": 70,
    "восемьдесят": 80,
    "девяносто": 90,
}
HUNDREDS = {
    "сто": 100,
    "двести": 200,
    "триста": 300,
    "четыреста": 400,
    "пятьсот": 500,
    "шестьсот": 600,
    "семьсот": 700,
    "восемьсот": 800,
    "девятьсот": 900,
}
THOUSANDS = frozenset({"тысяча", "тысячи", "тысяч", "тысячу", "тыща", "тыщи", "тыщ", "тыщу"})
MILLIONS = frozenset({"миллион", "миллиона", "миллионов"})
ONE_AND_A_HALF = frozenset({"полторы", "полтора"})

NOUNS = {
    "нуля": 0,
    "нулей": 0,
    "ноля": 0,
    "нолей": 0,
    "единицы": 1,
    "единиц": 1,
    "двойки": 2,
    "двоек": 2,
    "тройки": 3,
    "троек": 3,
    "четвёрки": 4,
    "четвёрок": 4,
    "пятёрки": 5,
    "пятёрок": 5,
    "шестёрки": 6,
    "шестёрок": 6,
    "семёрки": 7,
    "семёрок": 7,
    "восьмёрки": 8,
    "восьмёрок": 8,
    "девятки": 9,
    "девяток": 9,
}
"""A digit as a noun after a count: «три нуля», «две пятёрки»."""

SINGLE_NOUNS = {
    "единица": 1,
    "двойка": 2,
    "тройка": 3,
    "четвёрка": 4,
    "пятёрка": 5,
    "шестёрка": 6,
    "семёрка": 7,
    "восьмёрка": 8,
    "девятка": 9,
}

FRACTION_MARKS = frozenset({"запятая", "точка", "целых", "целая"})
FRACTION_ENDS = frozenset({"десятых", "десятая", "сотых", "сотая", "тысячных", "тысячная"})
CORRECTIONS = frozenset({"нет", "ой", "вернее", "точнее", "извините", "ошибся", "ошиблась", "неправильно"})
FILLERS = frozenset(
    word
    for line in (
        "э а и у ну вот это мой моя мои меня мне номер лицевой лицевого счёт счёта счётчик счётчика счётчику",
        "показание показания так значит да сейчас щас спасибо пожалуйста здравствуйте алло киловатт киловатта",
        "часов час часа кубов всё передаю передать записывайте диктую набираю хорошо ага угу с по на",
        "день дня ночь ночи дневной ночной дневные ночные пик полупик тариф",
    )
    for word in line.split()
)

NUMBER_WORDS: tuple[str, ...] = (
    *DIGITS,
    *TEENS,
    *TENS,
    *HUNDREDS,
    *sorted(THOUSANDS | MILLIONS | ONE_AND_A_HALF),
    *NOUNS,
    *SINGLE_NOUNS,
)
"""Every word that can be a part of a number."""


def plain(word: str) -> str:
    """The word as it stands in these tables: lower case, and «ё» where the tables have it.

    A recogniser may write «е» for «ё»; the tables hold both spellings of a word under one.
    """
    low = word.lower()
    return _WITH_YO.get(low, low)


_WITH_YO = {word.replace("ё", "е"): word for word in (*NOUNS, *SINGLE_NOUNS, *FILLERS, *CORRECTIONS) if "ё" in word}
