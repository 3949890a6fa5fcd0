"""pydub 0.25 warns as it is imported: audioop leaves Python 3.13 (audioop-lts takes its place), an unescaped regex."""

from __future__ import annotations

import importlib
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.simplefilter("ignore", SyntaxWarning)
    importlib.import_module("pydub")
