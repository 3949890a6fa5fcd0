"""The buffer of keys: order, bound, and the tail of a number that was typed longer than it could be."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.listening.keys import Key, KeyBuffer

BUSY = settings(deadline=None)  # the machine may be

STRAGGLER_S = 0.35


def buffer(*keys: tuple[str, float]) -> KeyBuffer:
    keys_so_far = KeyBuffer(STRAGGLER_S)
    for digit, at in keys:
        keys_so_far.push(Key(digit, at))
    return keys_so_far


def test_keys_come_out_in_their_order() -> None:
    keys = buffer(("1", 0), ("2", 1), ("3", 2))
    assert keys.digits == "123"
    assert keys.pop() == Key("1", 0)
    assert keys.digits == "23"


def test_an_empty_buffer_gives_nothing() -> None:
    keys = buffer()
    assert keys.pop() is None
    assert len(keys) == 0


def test_at_most_64_keys_are_kept() -> None:
    assert len(buffer(*[("1", 0)] * 100)) == 64


def test_every_key_stops_a_prompt() -> None:
    assert all(buffer().push(Key(digit, 0)) for digit in "0123456789*#")


def test_a_hash_counts_as_a_key_where_no_number_was_full() -> None:
    assert buffer(("#", 0)).digits == "#"


def test_one_hash_after_a_full_number_is_swallowed_and_stops_nothing() -> None:
    keys = buffer()
    keys.number_full(10.0)
    assert keys.push(Key("#", 10.2)) is False
    assert keys.push(Key("#", 10.4)) is True
    assert keys.digits == "#"


def test_a_late_hash_after_a_full_number_is_swallowed_too() -> None:
    keys = buffer()
    keys.number_full(10.0)
    assert keys.push(Key("#", 13.0)) is False


def test_a_hash_after_another_key_is_a_key() -> None:
    keys = buffer()
    keys.number_full(10.0)
    keys.push(Key("1", 12.0))
    assert keys.push(Key("#", 12.2)) is True
    assert keys.digits == "1#"


def test_digits_in_one_run_with_a_full_number_are_an_overrun() -> None:
    keys = buffer()
    keys.number_full(10.0)
    assert keys.push(Key("1", 10.3)) is True
    assert keys.push(Key("2", 10.6)) is True  # measured from the key before
    assert keys.digits == ""
    assert keys.overrun


def test_an_overrun_ends_with_a_pause() -> None:
    keys = buffer()
    keys.number_full(10.0)
    keys.push(Key("1", 10.3))
    keys.push(Key("2", 10.7))
    assert keys.digits == "2"


def test_a_hash_that_ends_an_overrun_is_swallowed() -> None:
    keys = buffer()
    keys.number_full(10.0)
    keys.push(Key("1", 10.3))
    assert keys.push(Key("#", 10.5)) is False
    assert keys.overrun


def test_a_star_in_the_run_is_the_wish_to_hear_again() -> None:
    keys = buffer()
    keys.number_full(10.0)
    keys.push(Key("*", 10.1))
    assert keys.digits == "*"
    assert not keys.overrun


def test_a_digit_after_the_run_is_a_key() -> None:
    keys = buffer()
    keys.number_full(10.0)
    keys.push(Key("1", 10.0 + STRAGGLER_S + 0.01))
    assert keys.digits == "1"


def test_asking_for_the_overrun_forgets_it() -> None:
    keys = buffer()
    keys.number_full(10.0)
    keys.push(Key("1", 10.1))
    assert keys.take_overrun() is True
    assert keys.take_overrun() is False


def test_keys_typed_ahead_are_judged_when_the_number_becomes_full() -> None:
    keys = buffer(("6", 10.2), ("7", 10.4), ("#", 10.6), ("1", 13.0))
    keys.number_full(10.0)
    assert keys.overrun
    assert keys.digits == "1"


def test_clearing_keeps_what_it_is_told_to() -> None:
    keys = buffer(("1", 0), ("0", 1), ("2", 2))
    keys.clear(keep="0")
    assert keys.digits == "0"
    keys.clear()
    assert keys.digits == ""


PRESSES = st.lists(st.tuples(st.sampled_from("0123456789*#"), st.floats(0, 2)), max_size=80)


@BUSY
@given(PRESSES, st.integers(0, 10))
def test_no_key_appears_that_was_not_pressed_and_none_changes_its_place(
    presses: list[tuple[str, float]], full_after: int
) -> None:
    keys, now, pressed = KeyBuffer(STRAGGLER_S), 0.0, ""
    for number, (digit, gap) in enumerate(presses):
        if number == full_after:
            keys.number_full(now)
        now += gap
        keys.push(Key(digit, now))
        pressed += digit
    remaining = iter(pressed)
    assert all(digit in remaining for digit in keys.digits)
