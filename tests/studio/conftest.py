"""Limits for a busy machine; and pydub is imported here, since it warns as it is.

pydub 0.25: audioop leaves Python 3.13 (audioop-lts takes its place), an unescaped regex.
"""

from __future__ import annotations

import importlib
import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.simplefilter("ignore", SyntaxWarning)
    importlib.import_module("pydub")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recogniser loads its model while everything else of the tests runs."""
    monkeypatch.setattr("ivr.studio.sound.take_recognition.ANSWER_S", 200.0)
