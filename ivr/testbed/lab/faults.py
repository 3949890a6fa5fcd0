"""Faults of the lab.

LabFault
└── PortTaken     another program holds a port of the chosen block: try another block
"""

from __future__ import annotations

from ivr.domain.faults import Unavailable


class LabFault(Unavailable):
    """The private Asterisk cannot be built, started or asked; the text says what to do about it."""


class PortTaken(LabFault):
    """Asterisk runs, but does not own the ports that it was given."""
