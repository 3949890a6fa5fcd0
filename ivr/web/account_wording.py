"""What is known of an account, in words: address, telephones, outcomes, troubles, promises."""

from __future__ import annotations

from ivr.storage.account_search import Brief
from ivr.web.wording import phone

OUTCOMES = {
    "stored": "показания приняты",
    "nothing": "ничего не оставлено",
    "hotline": "переведён на аварийную линию",
    "operator": "переведён на оператора",
    "message": "оставлено сообщение",
}
TROUBLES = {
    "flat": "нет света в квартире",
    "house": "нет света в доме",
    "street": "нет света на улице",
    "danger": "опасность",
    "flicker": "свет мигает",
}
RINGS = {"queue": "место в очереди", "power": "когда дадут свет"}
RING_STATES = {"due": "ждёт", "calling": "звоним", "done": "дозвонились", "given-up": "не дозвонились"}


def address(brief: Brief) -> str:
    """`Мира, 5, 12`, «—» where billing told none."""
    return ", ".join(part for part in (brief.street, brief.house, brief.flat) if part) or "—"


def phones(text: str) -> str:
    """E.164 numbers separated by spaces as people write them, separated by commas; «—» for none."""
    return ", ".join(phone(number) for number in text.split()) or "—"


def masked(text: str) -> str:
    """The same without the numbers: who only looks sees that there are some, and their last two digits."""
    return ", ".join(f"•••• {number[-2:]}" for number in text.split()) or "—"
