"""What commands print for the codes and figures of the layers below, in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivr.domain.faults import StoreProblem, StoreUnavailable
from ivr.domain.outages import State
from ivr.domain.takes import (
    MayNotRecord,
    NoSuchTake,
    NothingPublished,
    NotPublishable,
    OtherPublished,
    Reason,
    Refusal,
)
from ivr.domain.users import (
    FEWEST_OF_PASSWORD,
    FEWEST_OF_PIN,
    MOST_OF_PASSWORD,
    MOST_OF_PIN,
    LastAdministrator,
    LoginTaken,
    NoSuchPerson,
    SecretFault,
)
from ivr.intake.review import DoesNotFit, NotWaiting
from ivr.intake.submit import Doubted
from ivr.storage.database.database import BadDatabaseUrl
from ivr.storage.migrations import SchemaOutdated
from ivr.storage.outages.changes import AlreadyKnown, GoesOn, NobodyThere, NoSuchOutage, NotSuspected, OutOfOrder
from ivr.storage.readings.export import NoSuchBatch
from ivr.studio.catalogue import LONGEST_TEXT, BadText, TextProblem
from ivr.studio.published_file_sync import NoSound, SoundProblem
from ivr.studio.studio import Busy, BusyWith, NoSuchPrompt, NoSuchVoice
from ivr.studio.uploads import MOST_ENTRIES, ArchiveProblem, BadArchive, UnknownName
from ivr.telephony.manager.studio_call import CannotRing, RingProblem

REFUSALS = {
    Reason.UNDECODABLE: "no sound, or damaged; wav, mp3, ogg, m4a, webm and flac are read",
    Reason.TOO_LARGE: "the file has {found} MB, at most {wanted} MB are taken",
    Reason.TOO_LONG: "longer than {wanted} s; record one prompt",
    Reason.SILENCE: "nothing is heard; check the microphone",
    Reason.CUT_OFF: "cut off: {found} s of sound instead of {wanted} s",
    Reason.CLIPPING: "overdriven: the level hit its ceiling {found} times",
    Reason.TOO_QUIET: "too quiet: {found} dB, at least {wanted} are needed",
    Reason.TOO_NOISY: "noisy: the voice is only {found} dB above the background, at least {wanted} are needed",
    Reason.TOO_SHORT_FOR_TEXT: "too short for this text: {found} s, at least {wanted} are needed",
    Reason.TOO_LONG_FOR_TEXT: "too long for this text: {found} s, at most {wanted} are taken",
    Reason.OTHER_WORDS: "«{found}» is heard instead of «{wanted}»",
    Reason.OLD_TEXT: "it says the text of before; the text was changed since",
}
SOUNDS = {
    SoundProblem.NONE_YET: "the prompt has no sound yet",
    SoundProblem.REFUSED: "the take has no sound",
    SoundProblem.NOT_SPOKEN: "the synthesiser could not speak this text",
    SoundProblem.DAMAGED: "the recording on the disk is damaged and cannot be published",
    SoundProblem.NOT_PROCESSED: "this machine cannot process sound",
}
TEXTS = {
    TextProblem.EMPTY: "the text is empty",
    TextProblem.TOO_LONG: f"the text is longer than {LONGEST_TEXT} characters",
    TextProblem.STRANGE_SIGNS: "a text holds Russian words and . , ! ? : ; — « » - only, not: {signs}",
    TextProblem.PAUSE: "this is a pause, which nobody records",
}
ARCHIVES = {
    ArchiveProblem.NO_ZIP: "no zip, or a damaged one",
    ArchiveProblem.CUT_OFF: "no zip, or not the whole of it",
    ArchiveProblem.TOO_MANY: f"the zip holds too many files, at most {MOST_ENTRIES} are taken",
    ArchiveProblem.BOMB: "the zip grows suspiciously when it is unpacked",
    ArchiveProblem.ENCRYPTED: "the zip is encrypted",
    ArchiveProblem.RARE_PACKING: "the zip is packed in a rare way",
    ArchiveProblem.EMPTY: "the zip holds no files",
    ArchiveProblem.DAMAGED_FILE: "a file in the zip is damaged",
}
BUSY = {
    BusyWith.RECORDINGS: "too many recordings at once, try again in a minute",
    BusyWith.LATE: "it takes too long; look in a minute whether the take is there",
    BusyWith.RINGING: "several telephones ring already",
}
RINGS = {
    RingProblem.NOT_LISTED: "the telephone is not in studio.phones",
    RingProblem.NO_EXCHANGE: "Asterisk does not answer",
}
STORE = {
    StoreProblem.NO_ANSWER: "it did not answer in time",
    StoreProblem.DRIVER: "{detail}",
    StoreProblem.LOCKED: "it is locked",
    StoreProblem.CLOSED: "it is closed",
    StoreProblem.CONTRADICTED: "the rows contradict what is stored",
    StoreProblem.TOO_MANY: "too much at once",
    StoreProblem.OTHER_IMPORT: "another import was at work at the same time: nothing is imported, try again",
    StoreProblem.NO_FOLDER: "its folder cannot be made: {detail}",
}
SECRETS = {
    SecretFault.BAD_LOGIN: "a login has 2 to 40 letters, digits, dots, dashes",
    SecretFault.SHORT_PASSWORD: f"a password has at least {FEWEST_OF_PASSWORD} characters",
    SecretFault.LONG_PASSWORD: f"a password has at most {MOST_OF_PASSWORD} characters",
    SecretFault.EASY_PASSWORD: "a password is not the login, one repeated character or a row of digits",
    SecretFault.PIN_FORM: f"a PIN has {FEWEST_OF_PIN} to {MOST_OF_PIN} digits",
    SecretFault.EASY_PIN: "a PIN is not one repeated digit or digits in a row",
}


def fault_text(fault: Exception) -> str:
    """What cannot be done, and what to do, in a line; of what is no fault of ours its own text."""
    return _of_outages(fault) or _of_prompts(fault) or _of_the_store_readings_and_people(fault) or str(fault)


def refusal_text(refusal: Refusal) -> str:
    """Why a take is refused, with the figures."""
    found, wanted = refusal.found, refusal.wanted
    if refusal.reason is Reason.TOO_LARGE and not found:
        found = f"more than {wanted}"
    return REFUSALS[refusal.reason].format(found=found, wanted=wanted)


def facts_text(facts: Mapping[str, Any]) -> str:
    """Facts of the audit in a line: `cause: cable -> line; note: crew there`."""
    return "; ".join(f"{key.replace('_', ' ')}: {_value(value)}" for key, value in facts.items())


def _of_outages(fault: Exception) -> str:
    match fault:
        case NobodyThere():
            return "no account lies there: is the place spelt as in billing? --anywhere enters it all the same"
        case AlreadyKnown(known=known) if known.state is State.SUSPECTED:
            return f"outage {known.id} is suspected there: `ivr outage confirm {known.id}`"
        case AlreadyKnown(known=known):
            return f"outage {known.id} is of the same place: change it by `ivr outage change {known.id}`"
        case OutOfOrder(outage=outage, ends=ends):
            began = outage.began_at.astimezone(ends.tzinfo).isoformat(timespec="minutes")
            return f"outage {outage.id} began later, at {began}; if there is none, it is withdrawn"
        case NoSuchOutage(state=None, outage=number):
            return f"there is no outage {number}"
        case GoesOn(outage=number):
            return f"outage {number} goes on"
        case NotSuspected(outage=number, state=state):
            return f"outage {number} is {state}, not suspected"
        case NoSuchOutage(outage=number, state=state):
            return f"outage {number} is {state}"
    return ""


def _of_prompts(fault: Exception) -> str:
    match fault:
        case NotPublishable(refusals=refusals) | NoSound(problem=SoundProblem.REFUSED, refusals=refusals) if refusals:
            return "; ".join(map(refusal_text, refusals))
        case NoSound(problem=sound):
            return SOUNDS[sound]
        case BadText(problem=text, signs=signs):
            return TEXTS[text].format(signs=signs)
        case BadArchive(problem=archive):
            return ARCHIVES[archive]
        case UnknownName(prompts=()):
            return "no prompt has this name: name the file by its number or id, 145.wav"
        case UnknownName(prompts=prompts):
            return f"the name fits several prompts ({', '.join(prompts)}): name the file by the number"
        case Busy(what=what):
            return BUSY[what]
        case CannotRing(problem=ringing):
            return RINGS[ringing]
        case NoSuchTake(take=take):
            return f"there is no take {take}"
        case OtherPublished(take=take):
            return f"another take is published, {take}: listen to it first"
        case NothingPublished():
            return "no take of this prompt is published"
        case NoSuchPrompt(prompt=prompt):
            return f"there is no prompt {prompt}"
        case NoSuchVoice():
            return "a voice is named by small Latin letters, digits and dashes; the shipped voice is not changed"
        case MayNotRecord():
            return "this person may not record any more"
    return ""


def _of_the_store_readings_and_people(fault: Exception) -> str:
    match fault:
        case SchemaOutdated(found=found, needed=needed):
            return f"the schema is {found or 'missing'}, not {needed}: run `ivr db upgrade`"
        case StoreUnavailable(why=why, detail=detail):
            return f"the database is unavailable: {STORE[why].format(detail=detail)}"
        case NotWaiting(reading=reading, status=None):
            return f"there is no reading {reading}"
        case NotWaiting(reading=reading, status=status):
            return f"reading {reading} is {status}, not flagged"
        case Doubted(judgement=judgement):
            return f"the value is doubtful ({judgement.verdict.value}); --insist stores it"
        case DoesNotFit(digits=digits):
            return f"not another value of {digits} digits"
        case NoSuchBatch(batch=batch):
            return f"there is no batch {batch}"
        case NoSuchPerson(key=key):
            return f"there is no user {key}"
        case LoginTaken(login=login):
            return f"somebody is called {login} already"
        case LastAdministrator():
            return "nobody else could manage people any more"
        case BadDatabaseUrl(is_url=True):
            return "the database is a file of SQLite or PostgreSQL: sqlite:///… or postgresql://…"
        case BadDatabaseUrl():
            return "not the URL of a database, for example sqlite:///var/ivr.db"
    return ""


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{_value(value['old'])} -> {_value(value['new'])}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "unknown" if value is None else "yes" if value is True else str(value)
