"""Who waits in vain is told what for."""

from __future__ import annotations

import pytest

from tests.waiting import NeverCame, until


async def test_the_condition_stands_in_the_error() -> None:
    came: list[str] = []
    with pytest.raises(NeverCame, match=r"0\.01 s: test_waiting\.py:\d+: await until\(lambda: came == \[\"light\"\]"):
        await until(lambda: came == ["light"], 0.01)
