"""The facts of the history of an outage, as its page shows them."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.web.outages.labels import history_text


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        (
            {"kind": "emergency", "cause": "cable", "began_at": "2026-11-25T06:10+03:00", "expected_end": None},
            "аварийное, повреждение кабеля, началось 25.11.2026 06:10, закончится неизвестно когда",
        ),
        (
            {
                "expected_end": {"old": "2026-11-25T18:30+03:00", "new": "2026-11-25T20:00+03:00"},
                "cause": {"old": "cable", "new": "weather"},
                "note": "по звонку",
            },
            "закончится 25.11.2026 20:00 (было 25.11.2026 18:30); непогода (было: повреждение кабеля); по звонку",
        ),
        (
            {"cause": "line", "expected_end": "2026-11-25T20:00+03:00"},
            "закончится 25.11.2026 20:00; обрыв воздушной линии",
        ),
        ({"ended_at": "2026-11-25T19:00+03:00", "to_ring": 3}, "в 25.11.2026 19:00, надо позвонить: 3"),
        (
            {"ended_at": "2026-11-25T19:00+03:00", "to_ring": 0, "unconfirmed": True},
            "в 25.11.2026 19:00, надо позвонить: 0; никто не подтвердил",
        ),
        ({"was": "ended", "wait_again": 2}, "было: закончилось, снова ждут звонка: 2"),
        ({"callers": 6, "minutes": 10.0}, "позвонили 6 чел. за 10 мин"),
        ({"note": "cause my note"}, "cause my note"),
        ({"text": "what an earlier version wrote"}, "what an earlier version wrote"),
        ({}, ""),
    ],
)
def test_history_is_told_in_russian(facts: dict[str, Any], shown: str) -> None:
    assert history_text(facts) == shown
