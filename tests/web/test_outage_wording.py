"""The history of an outage is kept in English and shown in Russian."""

from __future__ import annotations

import pytest

from ivr.web.outages.labels import history_text


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        (
            "emergency, cable, began 2026-11-25T06:10+03:00, expected end unknown",
            "аварийное, повреждение кабеля, началось 25.11.2026 06:10, закончится неизвестно когда",
        ),
        (
            "expected end 2026-11-25T18:30+03:00 -> 2026-11-25T20:00+03:00; cause cable -> weather; по звонку",
            "закончится 25.11.2026 20:00 (было 25.11.2026 18:30); непогода (было: повреждение кабеля); по звонку",
        ),
        ("at 2026-11-25T19:00+03:00, to ring: 3", "в 25.11.2026 19:00, надо позвонить: 3"),
        ("was ended, wait again: 2", "было: закончилось, снова ждут звонка: 2"),
        ("6 callers within 10 minutes", "позвонили 6 чел. за 10 мин"),
        ("cause my note", "cause my note"),
        ("", ""),
    ],
)
def test_history_is_told_in_russian(kept: str, shown: str) -> None:
    assert history_text(kept) == shown
