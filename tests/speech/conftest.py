"""A spoken number."""

from __future__ import annotations

import pytest

from tests.voice.said import said


@pytest.fixture(scope="session")
def speech() -> bytes:
    """`tests.speech.engines.SAID`, signed linear 16 bit at 8 kHz."""
    return said("reading-12345")
