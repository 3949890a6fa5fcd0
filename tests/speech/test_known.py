"""Files of active accounts and of previous readings, as people and other programs write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.dialogue.ports import Expects
from ivr.speech.known import BadKnown, Known, read_known


def read(folder: Path, text: str, expects: Expects, encoding: str = "utf-8") -> Known:
    file = folder / "known"
    file.write_bytes(text.encode(encoding))
    return read_known(file, expects)


@pytest.mark.parametrize(
    "text",
    [
        "0012345678\n1000000002\n",
        "\ufeff0012345678\r\n\r\n1000000002\r\n",
        "account\n0012345678\n1000000002",
        "number;street\n0012345678;Ленина\n1000000002;Мира",
        'street,account\n"Ленина, 1",0012345678\nМира,1000000002',
        "account,street,house,t1,t2,t3\n0012345678,Ленина,1,100,200,\n1000000002,Мира,2,,,\n",
        " 0012345678 \n 1000000002",
    ],
)
def test_accounts(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text, Expects.ACCOUNT).accounts == {"0012345678", "1000000002"}


def test_accounts_in_the_encoding_of_old_programs(tmp_path: Path) -> None:
    known = read(tmp_path, "account;street\n0012345678;Ленина", Expects.ACCOUNT, "cp1251")
    assert known.accounts == {"0012345678"}


def test_an_account_that_is_no_number_is_told_by_its_line_and_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(BadKnown, match=r"line 3: no account number$"):
        read(tmp_path, "0012345678\n1000000002\n10000000O3", Expects.ACCOUNT)


@pytest.mark.parametrize("text", ["12345", "00012345\n", "previous\n12345\n"])
def test_one_reading_for_all(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text, Expects.READING).previous_reading(Path("any.wav")) == 12345


@pytest.mark.parametrize("mark", [",", ";", "\t", " "])
def test_readings_by_file(tmp_path: Path, mark: str) -> None:
    known = read(tmp_path, f"one.wav{mark}12345\n/far/two.wav{mark}678\nthree{mark}9\n", Expects.READING)
    assert known.previous_reading(Path("/some/one.wav")) == 12345
    assert known.previous_reading(Path("/far/two.wav")) == 678
    assert known.previous_reading(Path("three.wav")) == 9
    assert known.previous_reading(Path("four.wav")) is None


def test_names_that_are_numbers_are_names(tmp_path: Path) -> None:
    known = read(tmp_path, "file,previous\n0001,12345\n", Expects.READING)
    assert known.previous_reading(Path("0001.wav")) == 12345


def test_a_reading_instead_of_a_file() -> None:
    assert read_known(Path("12345"), Expects.READING).previous == 12345


@pytest.mark.parametrize("expects", [Expects.READING, Expects.ACCOUNT])
def test_a_missing_file_is_told(tmp_path: Path, expects: Expects) -> None:
    with pytest.raises(BadKnown, match="No such file"):
        read_known(tmp_path / "nothing", expects)


def test_a_line_without_a_reading_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadKnown, match="line 2: no reading"):
        read(tmp_path, "one.wav,12345\ntwo.wav,\n", Expects.READING)
