"""What is known of an account, in words: address, telephones, call-backs."""

from __future__ import annotations

from ivr.storage.accounts.search import Brief
from ivr.web.core import labels as wording

CALLBACK_KINDS = {"queue": "место в очереди", "power": "когда дадут свет"}


def address(brief: Brief) -> str:
    """`Мира, 5, 12`, «—» where billing gave none."""
    return ", ".join(part for part in (brief.street, brief.house, brief.flat) if part) or "—"


def phones(text: str) -> str:
    """E.164 numbers separated by spaces as people write them, separated by commas; «—» for none."""
    return ", ".join(wording.phone(number) for number in text.split()) or "—"


def masked(text: str) -> str:
    """The same for users who only look: some digits are hidden."""
    return ", ".join(wording.masked(number) for number in text.split()) or "—"
