"""The names that the daemon and the dialplan share: change one here and in dialplan/extensions-ivr.conf together.

The launcher and the emergency script run without this package and repeat the few names that they need; a test holds
them equal to these. What each variable means: dialplan/README.md.
"""

from __future__ import annotations

from enum import StrEnum

SOCKET_NAME = "ivr.sock"
"""File of the Unix socket at which the launcher finds the daemon."""

HELLO, READY, FULL, TAKEN = b"IVR-EAGI 1\n", b"READY\n", b"FULL\n", b"TAKEN\n"
"""What launcher and daemon say to each other before a call is handed over."""


class Variable(StrEnum):
    """Channel variables that Python reads or sets."""

    # How a call begins, set by the dialplan.
    DIALLED = "IVR_DIALLED"
    KEYS = "IVR_KEYS"
    PROMPT = "IVR_PROMPT"

    # What becomes of it, set by the daemon.
    CALL = "IVR_CALL"
    NEXT = "IVR_NEXT"
    QUEUE = "IVR_QUEUE"

    # What an operator's screen shows of the caller.
    ACCOUNT = "IVR_ACCOUNT"
    CONFIRMED = "IVR_CONFIRMED"
    DISTRICT = "IVR_DISTRICT"
    ADDRESS = "IVR_ADDRESS"
    WHERE = "IVR_WHERE"
    DANGER = "IVR_DANGER"
    TROUBLE = "IVR_TROUBLE"
    REPORT = "IVR_REPORT"
    OUTAGE = "IVR_OUTAGE"
    TOLD = "IVR_TOLD"

    # Call-backs. PRIORITY is Asterisk's own.
    CALLBACK = "IVR_PROMISE"  # token of the call-back that this call keeps
    CALLBACK_PHONE = "PROMISE_PHONE"
    CALLBACK_AGREED = "IVR_PROMISED"  # the daemon's answer to a request: yes or no
    RETURN = "IVR_RETURN"  # what the called person answered
    SINCE = "IVR_SINCE"  # when they began to wait, seconds since 1970
    PRIORITY = "QUEUE_PRIO"

    # The name does not begin with IVR_: a program that follows the manager's events never sees the token.
    STUDIO_CALL = "STUDIO_CALL"


class GlobalVariable(StrEnum):
    """Global variables of the dialplan that Python sets; the others: dialplan/globals.example.conf."""

    CALLS = "IVR_CALLS"  # calls in the menu at once


class Context(StrEnum):
    """Contexts of the dialplan in which calls begin that the daemon makes."""

    CALLBACK = "ivr-callback"  # back to the queue
    POWER = "ivr-power"  # an outage has ended
    NOTICE = "ivr-notice"
    STUDIO = "ivr-studio"


class QueueName(StrEnum):
    """Asterisk's queues."""

    HOTLINE = "hotline"
    OPERATOR = "operator"


class Request(StrEnum):
    """What the dialplan asks of the daemon: the word behind the socket's name, or the path of the FastAGI address."""

    CALLBACK = "promise"
    STILL_DARK = "dark"
    STUDIO = "studio"


CALLBACK_FAMILY = "ivr-promises"
"""Family of Asterisk's own database in which the dialplan keeps what a called person answered, by token."""

CALL_PREFIX, POWER_PREFIX = "ivr-", "power-"
"""Unique id of a call-back's call: `ivr-<token>`, at the end of an outage `ivr-power-<token>`."""
