"""Texts as arguments of Asterisk's applications and of its manager's header `Variable`: both divide in the same way."""

from __future__ import annotations

import re


def argument(text: str) -> str:
    r"""A text that stays one argument of an application of Asterisk's, exactly as it is.

    Arguments are divided by commas outside of quotes, parentheses and brackets; ``\`` takes the meaning from each of
    these and from itself, and is dropped. A value that comes out of a variable is not searched for ``${``.
    """
    return re.sub(r'([\\",()\[\]])', r"\\\1", text)
