"""The daemon: answers the calls of one Asterisk, and whatever has to go on beside them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ivr.app import account_format, limits, manager_account, open_database, ringing, surge_terms, window
from ivr.config import Settings
from ivr.dialogue.call_flow import CallFlow, Dependencies
from ivr.dialogue.conversation import Patience
from ivr.dialogue.ports import HungUp, Next
from ivr.domain.faults import StoreUnavailable
from ivr.hotline.queue_board import QueueBoard
from ivr.hotline.surge_detector import SurgeDetector
from ivr.intake.submit import Rules
from ivr.listening.ask import KeyWaits
from ivr.listening.speech_turn import SpeechWaits
from ivr.speech.engine import Engine
from ivr.speech.model_folder import BadModel
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.callbacks.repository import CallbackRepository
from ivr.storage.calls.journal import Journal
from ivr.storage.calls.retention import Kept, remove_daily
from ivr.storage.migrations import SchemaOutdated, require_current
from ivr.storage.outages.repository import OutageRepository
from ivr.storage.readings.spool_entries import SpoolEntries
from ivr.studio.published_file_sync import FileMismatch
from ivr.studio.studio import Studio
from ivr.telephony.agi.server import Bounds, CallServer, Incoming
from ivr.telephony.agi.session import SessionBroken
from ivr.telephony.call import Hearing, PhoneCall
from ivr.telephony.emergency_import import SpoolTerms, take_in
from ivr.telephony.hotline import Hotline
from ivr.telephony.promising import is_wish
from ivr.telephony.sounds import Sounds
from ivr.telephony.still_dark import is_still_dark
from ivr.telephony.studio_line import StudioLine, is_studio
from ivr.web.server.child import PagesChild

log = logging.getLogger(__name__)

DATABASE_PAUSE_S, SPOOL_PAUSE_S = 2.0, 60.0
EARS_S = 5.0


class LocalClock:
    """The time where the customers live."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def now(self) -> datetime:
        """Aware local time."""
        return datetime.now(self._zone)


class Daemon:
    """Answers calls until told to drain. Everything it starts it also ends."""

    def __init__(self, settings: Settings, pages: Sequence[str] | None = None) -> None:
        """pages: the command that serves the administrators' pages, None for none."""
        self._settings = settings
        self._pages = PagesChild(pages) if pages else None
        node = self._node = f"{socket.gethostname()}:{settings.line.socket}"
        self._database = open_database(settings)
        self._clock = LocalClock(settings.zone)
        self._journal = Journal(self._database, node)
        self._ledger = AccountRepository(
            self._database,
            zone=settings.zone,
            window=window(settings),
            now=self._clock.now,
            node=node,
            threads=settings.store.threads,
            limit_s=settings.store.limit_s,
        )
        promises = CallbackRepository(self._database)
        board = QueueBoard()
        surge = settings.surge
        self._surge = SurgeDetector(
            self._database, surge_terms(settings), surge.waiting, board, self._clock.now, surge.notice
        )
        self._hotline = Hotline(
            manager_account(settings),
            ringing(settings),
            promises,
            self._ledger.units,
            board,
            self._clock.now,
            self._surge.is_large,
        )
        waits = settings.waits
        self._desk = Dependencies(
            ledger=self._ledger,
            outages=OutageRepository(self._ledger.units, self._clock.now, node, self._surge.reported),
            clock=self._clock,
            accounts=account_format(settings),
            rules=Rules(window(settings), limits(settings)),
            patience=Patience(waits.no_input, waits.no_input_stumbled, waits.no_input_look),
            rings=self._hotline.rings if settings.callbacks.power else _nobody,
            greets_shortly=self._surge.greets_shortly,
        )
        self._studio = Studio(settings, self._database, self._clock.now)
        self._wrong_prompts: frozenset[FileMismatch] = frozenset()
        self._sounds = Sounds.of(settings.sounds.chain)
        speech = settings.speech
        self._engine = (
            Engine(
                speech.model.absolute(),
                speech.workers,
                speech.speakers,
                memory_mb=speech.memory_mb,
                result_s=speech.result,
            )
            if speech.model
            else None
        )
        waits_of_speech = SpeechWaits(speech.end_complete, speech.end_choice, speech.end_incomplete, speech.longest)
        self._hearing = Hearing(self._engine, waits_of_speech, settings.recordings.folder.absolute())
        self._key_waits = KeyWaits(waits.inter_digit, waits.lone_zero)
        now = self._clock.now
        self._studio_line = StudioLine(settings, self._studio, self._sounds, self._key_waits, self._journal, now)
        line = settings.line
        self._server = CallServer(self._answer, Bounds(line.calls, line.header_s, line.header_bytes))

    async def run(self, stop: asyncio.Event, ready: asyncio.Event | None = None) -> None:
        """Serve until `stop` is set, then drain. Raises OSError if a port cannot be opened, SchemaOutdated."""
        line = self._settings.line
        self._journal.start()
        spool: asyncio.Task[None] | None = None
        ears: asyncio.Task[None] | None = None
        hotline: asyncio.Task[None] | None = None
        old: asyncio.Task[None] | None = None
        surge: asyncio.Task[None] | None = None
        # First of all: the pages are needed most when something keeps the line from taking calls.
        pages = asyncio.create_task(self._pages.run()) if self._pages else None
        try:
            if not await self._catch_up(stop):
                return
            ears = asyncio.create_task(self._open_ears())
            await asyncio.wait((ears,), timeout=EARS_S)  # a large model loads on while callers use keys
            self._server.listen_unix(line.socket)
            if line.fastagi:
                host, _, port = line.fastagi.rpartition(":")
                self._server.listen_fastagi(host, int(port))
            spool = asyncio.create_task(self._mind_the_spool(stop))
            hotline = asyncio.create_task(self._hotline.run())
            folders = self._settings.recordings
            kept = Kept(folders.folder, folders.calls, timedelta(days=folders.keep_days))
            old = asyncio.create_task(remove_daily(self._database, kept, self._clock.now, stop))
            surge = asyncio.create_task(self._surge.run())
            for lasting in (hotline, surge, spool, old):
                lasting.add_done_callback(_tell_fault)
            log.info("answering calls", extra={"path": str(line.socket)})
            if ready is not None:
                ready.set()
            await stop.wait()
            log.info("draining", extra={"count": self._server.calls})
            await self._server.drain(line.drain_s)
        finally:
            # Each of these is done whatever became of the others: the journal holds what calls told last.
            async with contextlib.AsyncExitStack() as closing:
                closing.callback(self._database.close)
                closing.push_async_callback(asyncio.to_thread, self._studio.close)
                closing.push_async_callback(self._ledger.close)
                closing.push_async_callback(self._journal.close)
                if self._engine is not None:
                    closing.push_async_callback(self._engine.close)
                for ending in (spool, old):
                    if ending is not None:
                        await asyncio.wait((ending,))
                for task in (ears, hotline, surge, pages):
                    if task is not None:
                        task.cancel()
                        await asyncio.wait((task,))

    async def _open_ears(self) -> None:
        """Start the recogniser. Without one the line goes on by keys: a broken model never makes a dead line."""
        if self._engine is None:
            log.warning("no speech model is configured; callers use keys only")
            return
        try:
            await self._engine.start()
        except BadModel as error:
            log.error("the speech model cannot be used; callers use keys only", extra={"reason": str(error)})

    async def _catch_up(self, stop: asyncio.Event) -> bool:
        """Close calls that a killed daemon left open, take in the spool. False if told to stop before that was done.

        Until then no call is taken: the dialplan's fallback takes readings without a database, a daemon cannot.
        """
        while not stop.is_set():
            try:
                await asyncio.to_thread(require_current, self._database)
                abandoned = await self._journal.close_abandoned(datetime.now(UTC))
                await self._take_spool()
                await self._follow_studio()
            except SchemaOutdated:
                raise
            except StoreUnavailable:
                log.error("the database does not answer; no calls are taken before it does")
                await _within(stop, DATABASE_PAUSE_S)
                continue
            if abandoned:
                log.warning("calls of an earlier run were left open and are closed", extra={"count": abandoned})
            return True
        return False

    async def _mind_the_spool(self, stop: asyncio.Event) -> None:
        """Take in what callers leave in emergency mode while this daemon runs but could not take their call."""
        while not await _within(stop, SPOOL_PAUSE_S):
            for look in (self._take_spool, self._follow_studio, self._studio_line.take_in):
                try:
                    await look()
                except StoreUnavailable:
                    log.error("the database does not answer; the emergency spool waits")
                    break
                except Exception:  # one of them must not keep the others from their work, now or next time
                    log.exception("a fault while spool and studio were looked after")

    async def _take_spool(self) -> None:
        settings = self._settings
        rules = Rules(window(settings), limits(settings))
        terms = SpoolTerms(settings.zone, rules, account_format(settings))
        entries = SpoolEntries(self._database, settings.zone, self._node)
        await asyncio.to_thread(take_in, settings.line.spool, entries, terms, self._clock.now())

    async def _follow_studio(self) -> None:
        """Let callers hear what was published: by other nodes, or by a process that was killed meanwhile."""
        try:
            found = await asyncio.to_thread(self._studio.files.follow)
        except OSError as error:
            log.error("the folder of prompts cannot be used", extra={"reason": error.strerror})
            return
        mended = sum(one.mended for one in found)
        if mended:
            log.warning("prompts were made what was published", extra={"count": mended})
        wrong = frozenset(one for one in found if not one.mended)
        if wrong - self._wrong_prompts:  # tried again each minute, told once
            log.error("prompts are not what was published", extra={"count": len(wrong)})
        self._wrong_prompts = wrong

    async def _answer(self, incoming: Incoming) -> None:
        if is_wish(incoming):
            await self._hotline.answer_wish(incoming)
            return
        if is_still_dark(incoming):
            await self._hotline.answer_still_dark(incoming)
            return
        if is_studio(incoming):
            await self._studio_line.answer(incoming)
            return
        call = await PhoneCall.begin(
            incoming,
            self._sounds,
            self._key_waits,
            self._settings.waits.straggler,
            self._journal,
            hearing=self._hearing,
        )
        log.info("call begins", extra={"call": call.id})
        if self._engine is not None and not self._engine.available:
            call.note("fault", "recogniser")
        visit = CallFlow(call, self._desk)
        to: Next | None = None
        try:
            async with asyncio.timeout(self._settings.line.call_s):
                to = await visit.run()
                await call.hand_back(to)
        except HungUp:
            call.note("hung-up")
        except SessionBroken:
            log.warning("a session broke; the dialplan takes over", extra={"call": call.id})
            call.note("fault", "session")
        except TimeoutError:
            log.warning("a call outlasted its limit; the dialplan takes over", extra={"call": call.id})
            call.note("fault", "too long")
        except asyncio.CancelledError:
            call.note("fault", "daemon stops")
            raise
        except Exception:
            # Whatever it is, the caller reaches a person: IVR_NEXT stays empty and the dialplan goes to its fallback.
            log.exception("a fault in the dialogue; the dialplan takes over", extra={"call": call.id})
            call.note("fault", "dialogue")
        finally:
            outcome = visit.outcome(to)
            self._journal.closed(call.id, datetime.now(UTC), outcome)
            await call.close()
            log.info("call ends", extra={"call": call.id, "outcome": outcome})


def _tell_fault(task: asyncio.Task[None]) -> None:
    fault = None if task.cancelled() else task.exception()
    if fault is not None:
        log.critical("a part of the daemon ended; restart it", exc_info=fault)


def _nobody(_phone: str) -> bool:
    return False


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event comes within so many seconds."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


async def serve(
    settings: Settings,
    stop: asyncio.Event,
    ready: asyncio.Event | None = None,
    *,
    pages: Sequence[str] | None = None,
) -> None:
    """Run the daemon until `stop` is set, beside it the command `pages`. Raises OSError, ValueError, SchemaOutdated."""
    await Daemon(settings, pages).run(stop, ready)
