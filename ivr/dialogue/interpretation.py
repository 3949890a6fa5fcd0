"""Interpret a caller's words for one question: compare the recogniser's alternatives with known values.

Word confidences of a recogniser mean nothing under a grammar, so what is known decides: active accounts, the previous
reading and the usual use. docs/adr/0014-choosing-by-what-is-known.md.
"""

from ivr.dialogue.spoken_account import AccountInterpreter
from ivr.dialogue.spoken_choice import ChoiceInterpreter, GroupInterpreter, PeopleInterpreter, differing_group
from ivr.dialogue.spoken_reading import ReadingInterpreter

__all__ = [
    "AccountInterpreter",
    "ChoiceInterpreter",
    "GroupInterpreter",
    "PeopleInterpreter",
    "ReadingInterpreter",
    "differing_group",
]
