"""Faults that any layer may meet and the dialogue answers.

Fault
└── StoreUnavailable     the database is locked, gone or too slow: nothing was stored
"""

from __future__ import annotations


class Fault(Exception):
    """Something outside the rules failed; the caller is told and reaches a person."""


class StoreUnavailable(Fault):
    """The database did not answer within its limit; the unit of work was undone."""
