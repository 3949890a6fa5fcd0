"""Telephone numbers of callers."""

from __future__ import annotations

import re

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def is_e164(number: str) -> bool:
    """Whether `number` is in the form of ITU-T E.164 with a leading plus."""
    return _E164.fullmatch(number) is not None


def from_caller_id(text: str) -> str:
    """The caller's number in E.164, "" where it is withheld or no number.

    Russian trunks send it as +7…, 7…, 8… (trunk prefix) or the ten digits alone (numbering plan,
    order of the Ministry of Communications 98 of 2018: country code 7, ten digits, trunk prefix 8).
    """
    digits = re.sub(r"[ ()\-.]", "", text)
    if is_e164(digits):
        return digits
    if re.fullmatch(r"[78][0-9]{10}", digits):
        return "+7" + digits[1:]
    if re.fullmatch(r"[3-9][0-9]{9}", digits):
        return "+7" + digits
    return ""
