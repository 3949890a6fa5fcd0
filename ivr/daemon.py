"""The daemon: answers the calls of one Asterisk, and whatever has to go on beside them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from ivr.app import App, make_database_folder
from ivr.concurrency.background import Background
from ivr.concurrency.periodic import Periodic, within
from ivr.config import Settings
from ivr.dialogue.call_flow import Dependencies
from ivr.dialogue.conversation import Patience
from ivr.domain.faults import StoreUnavailable
from ivr.hotline.queue_board import QueueBoard
from ivr.listening.ask import KeyWaits
from ivr.listening.speech_turn import SpeechWaits
from ivr.speech.model_folder import BadModel
from ivr.storage.calls.retention import remove_daily
from ivr.storage.migrations import SchemaOutdated, require_current
from ivr.studio.published_file_follower import PublishedFileFollower
from ivr.telephony.agi.server import Bounds, CallServer
from ivr.telephony.agi_requests import AgiRequests
from ivr.telephony.call import Hearing
from ivr.telephony.customer_line import CustomerLine
from ivr.telephony.emergency_import import SpoolTerms, take_in
from ivr.telephony.hotline import Hotline, dialer_settings
from ivr.telephony.manager.ami_reconnect import manager_account
from ivr.telephony.names import QueueName, Request
from ivr.telephony.sounds import Sounds
from ivr.telephony.studio_line import StudioLine
from ivr.web.server.child import PagesChild

log = logging.getLogger(__name__)

DATABASE_PAUSE_S, SPOOL_PAUSE_S = 2.0, 60.0
EARS_S = 5.0


class Daemon:
    """Answers calls until it gets the order to drain. It ends everything that it starts."""

    def __init__(self, settings: Settings, pages: Sequence[str] | None = None) -> None:
        """pages: the command that serves the administrators' pages, None for none."""
        make_database_folder(settings)
        app = self.app = App(settings)
        self._settings = settings
        self._pages = PagesChild(pages) if pages else None
        now = app.clock.now
        board = QueueBoard()
        self._surge = app.surges(board, tuple(QueueName))
        self._hotline = Hotline(
            manager_account(settings),
            dialer_settings(settings),
            app.owed_callbacks,
            app.callbacks,
            board,
            now,
            self._surge.is_large,
        )
        waits = settings.waits
        dependencies = Dependencies(
            ledger=app.ledger,
            outages=app.outages(self._surge.reported),
            callbacks=app.callbacks,
            clock=app.clock,
            accounts=app.accounts,
            rules=app.rules,
            patience=Patience(waits.no_input, waits.no_input_stumbled, waits.no_input_look),
            rings=self._hotline.rings if settings.callbacks.power else _nobody,
            greets_shortly=self._surge.greets_shortly,
        )
        self._published = PublishedFileFollower(app.studio.files)
        sounds, key_waits = Sounds.of(settings.sounds.chain), KeyWaits(waits.inter_digit, waits.lone_zero)
        speech = settings.speech
        waits_of_speech = SpeechWaits(speech.end_complete, speech.end_choice, speech.end_incomplete, speech.longest)
        hearing = Hearing(app.engine, waits_of_speech, settings.recordings.folder.absolute())
        customers = CustomerLine(settings, dependencies, sounds, key_waits, hearing, app.journal)
        self._studio_line = StudioLine(settings, app.studio, app.hashers, sounds, key_waits, app.journal, now)
        line = settings.line
        requests = AgiRequests(
            customers.answer,
            {
                Request.CALLBACK: self._hotline.answer_callback_request,
                Request.STILL_DARK: self._hotline.answer_still_dark,
                Request.STUDIO: self._studio_line.answer,
            },
        )
        self._server = CallServer(requests.answer, Bounds(line.calls, line.header_s, line.header_bytes))

    async def run(self, stop: asyncio.Event, ready: asyncio.Event | None = None) -> None:
        """Serve until `stop` is set, then drain. Raises OSError if a port cannot be opened, SchemaOutdated."""
        line = self._settings.line
        background = Background()
        async with contextlib.AsyncExitStack() as closing:
            closing.push_async_callback(self.app.close)
            closing.push_async_callback(background.close)
            self.app.journal.start()
            if self._pages is not None:
                # First of all: the pages are needed most when something keeps the line from taking calls.
                background.start("pages", self._pages.run())
            if not await self._catch_up(stop):
                return
            ears = background.start("ears", self._open_ears())
            await asyncio.wait((ears,), timeout=EARS_S)  # a large model loads on while callers use keys
            self._server.listen_unix(line.socket)
            if line.fastagi:
                host, _, port = line.fastagi.rpartition(":")
                self._server.listen_fastagi(host, int(port))
            self._start_jobs(background, stop)
            log.info("answering calls", extra={"path": str(line.socket)})
            if ready is not None:
                ready.set()
            await stop.wait()
            log.info("draining", extra={"count": self._server.calls})
            await self._server.drain(line.drain_s)

    def _start_jobs(self, background: Background, stop: asyncio.Event) -> None:
        """Background tasks beside the calls."""
        app = self.app
        background.start("hotline", self._hotline.run())
        background.start("surge", self._surge.run())
        minding = Periodic(
            self._mind_spool_and_studio,
            SPOOL_PAUSE_S,
            first_s=SPOOL_PAUSE_S,
            away="the database does not answer; the emergency spool waits",
            fault="a fault while spool and studio were looked after",
        )
        background.start("spool", minding.run_until(stop), finishes=True)
        removing = remove_daily(app.database, app.kept, app.clock.now, stop)
        background.start("retention", removing, finishes=True)

    async def _mind_spool_and_studio(self) -> None:
        """Take in what callers leave in emergency mode while this daemon runs but could not take their call.

        One after the other, since each takes a connection to the database. Raises StoreUnavailable.
        """
        for look in (self._take_spool, self._published.look, self._studio_line.take_in):
            try:
                await look()
            except StoreUnavailable:
                raise
            except Exception:  # one of them must not keep the others from their work
                log.exception("a fault while spool and studio were looked after")

    async def _take_spool(self) -> None:
        app = self.app
        terms = SpoolTerms(app.settings.zone, app.rules, app.accounts)
        await asyncio.to_thread(take_in, app.settings.line.spool, app.spool_entries, terms, app.clock.now())

    async def _open_ears(self) -> None:
        """Start the recogniser. Without one the line works by keys: a broken model never stops the line."""
        if self.app.engine is None:
            log.warning("no speech model is configured; callers use keys only")
            return
        try:
            await self.app.engine.start()
        except BadModel as error:
            log.error("the speech model cannot be used; callers use keys only", extra={"reason": str(error)})
        else:
            log.info("the speech model is loaded; callers can speak")

    async def _catch_up(self, stop: asyncio.Event) -> bool:
        """Close calls that a killed daemon left open and import the spool. False if an order to stop comes first.

        Until then no call is taken: the dialplan's fallback takes readings without a database, a daemon cannot.
        """
        while not stop.is_set():
            try:
                await asyncio.to_thread(require_current, self.app.database)
                abandoned = await self.app.journal.close_abandoned(datetime.now(UTC))
                await self._take_spool()
                await self._published.look()
            except SchemaOutdated:
                raise
            except StoreUnavailable:
                log.error("the database does not answer; no calls are taken before it does")
                await within(stop, DATABASE_PAUSE_S)
                continue
            if abandoned:
                log.warning("calls of an earlier run were left open and are closed", extra={"count": abandoned})
            return True
        return False


def _nobody(_phone: str) -> bool:
    return False


async def serve(
    settings: Settings,
    stop: asyncio.Event,
    ready: asyncio.Event | None = None,
    *,
    pages: Sequence[str] | None = None,
) -> None:
    """Run the daemon until `stop` is set, beside it the command `pages`. Raises OSError, ValueError, SchemaOutdated."""
    await Daemon(settings, pages).run(stop, ready)
