"""The one tree of exceptions. A fault holds codes and figures, never a sentence: pages and commands word it.

IvrException
├── Signal                    no fault: a flow of a call goes on elsewhere, or the caller hung up
│   ├── HungUp                    the telephone line
│   ├── HandOver, ReportWanted, NumberMissing, WentBack     dialogue.conversation
│   └── GaveUp                    dialogue.studio
└── Fault                     what was asked cannot be done
    ├── BadInput              somebody gave what cannot be used: settings, values, texts, names, protocol lines
    │   └── BadSettings, BadDatabaseUrl, BadText, DoesNotFit, OutOfOrder, NobodyThere, TooLarge, UnknownName, …
    ├── NotFound              nothing has this number or name
    │   └── NoSuchOutage, NoSuchPerson, NoSuchTake, NoSuchPrompt, NoSuchBatch, …
    ├── Conflict              what is stored, or somebody else at work, stands against it
    │   └── AlreadyKnown, LoginTaken, LastAdministrator, NotWaiting, OtherPublished, Busy, …
    ├── Refused               it is not allowed, or a rule speaks against it
    │   └── NotPublishable, MayNotRecord, BadToken, AmiRefused
    ├── BrokenFile            a file, a model or a recording is not what it should be
    │   └── BadFile, BadCatalogue, BadManifest, BadModel, BadRecording, BadSound, BadArchive, …
    └── Unavailable           something that is needed does not answer
        ├── StoreUnavailable      the database is locked, gone or too slow: nothing was stored
        │   └── SchemaOutdated        its tables are those of another version
        └── AmiUnavailable, ExchangeAway, SessionBroken, RecogniserLost, CannotListen, NoAnswer, …

Families go across the kinds, so that a caller may catch all of a topic: OutageFault, PersonFault, TakeFault, AmiFault,
SynthesisFault. A test requires every class of an exception to hang in this tree.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum


class IvrException(Exception):
    """Everything that this program raises by a class of its own."""


class Signal(IvrException):
    """No fault: a flow of a call ends here and goes on elsewhere."""


class Fault(IvrException):
    """A request cannot be fulfilled. The attributes are codes and figures; `str` names them for the log."""

    def __str__(self) -> str:
        """`NoSuchTake take=5`; nothing of it is meant for people."""
        if not is_dataclass(self):
            return super().__str__()
        figures = (f"{field.name}={getattr(self, field.name)}" for field in fields(self))
        return " ".join((type(self).__name__, *figures))


class BadInput(Fault):
    """Somebody gave what cannot be used."""


class NotFound(Fault):
    """Nothing has this number or name."""


class Conflict(Fault):
    """The request conflicts with stored data or with another user's work."""


class Refused(Fault):
    """It is not allowed, or a rule speaks against it."""


class BrokenFile(Fault):
    """A file, a model or a recording is not what it should be."""


class Unavailable(Fault):
    """Something that is needed does not answer."""


class StoreProblem(StrEnum):
    """Why the database cannot be used."""

    NO_ANSWER = "no answer in time"
    DRIVER = "driver"  # the detail is what the database or its driver says, without parameters
    LOCKED = "locked"
    CLOSED = "closed"
    CONTRADICTED = "contradicted"  # the rows contradict what is stored, again and again
    TOO_MANY = "too many at once"
    OTHER_IMPORT = "other import"
    NO_FOLDER = "no folder"
    SCHEMA = "schema"


@dataclass(eq=False)
class StoreUnavailable(Unavailable):
    """The database did not answer within its limit; the unit of work was undone."""

    why: StoreProblem = StoreProblem.NO_ANSWER
    detail: str = ""
