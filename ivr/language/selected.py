"""The language of the line: the one place that names it."""

from __future__ import annotations

from ivr.language.port import Language
from ivr.language.ru.russian import Russian

LANGUAGE: Language = Russian()
