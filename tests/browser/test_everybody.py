"""Every page by ear, by keyboard, by weak eyes and on a telephone's screen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from ivr.domain.users import Role
from ivr.storage import tables
from ivr.testbed.benchmarks.filled_database import Size, fill
from tests.browser.conftest import Web, assert_fits, log_in
from tests.browser.everybody import faults
from tests.web.stock import CALL, UNIQUEID, put, put_call, tone

PLACES = (
    "/",
    "/readings",
    "/readings/{flagged}",
    "/calls",
    f"/calls/{CALL}",
    "/outages",
    "/outages/new",
    "/outages/{outage}",
    "/outages/{suspected}",
    "/outages/reports",
    "/prompts?q=identify/",
    "/prompts/103",
    "/accounts?q=4000000007",
    "/accounts/8",
    "/reports?span=day",
    "/people",
    "/people/2",
    "/me",
    "/nowhere",
)


def stocked(web: Web) -> dict[str, int]:
    """Something of everything; keys by name."""
    now = datetime.now(UTC)
    fill(web.database, Size(600, 60, 30), now - timedelta(minutes=1), lambda step: None)
    call = put_call(web.database)
    said = f"voice/2026-11-25/{CALL}-1.wav"
    tone(web.folder / "recordings" / said, 300, 2.0)
    for side in ("caller", "menu"):
        tone(web.folder / "calls" / f"{UNIQUEID}-{side}.wav", 300, 2.0)
    place = {"district": "Север", "street": "Ленина", "cause": "cable", "began_at": call, "created_at": call}
    outage = put(web.database, tables.Outage, kind="emergency", state="open", expected_end=call, **place)
    place |= {"street": "Лесная"}
    suspected = put(web.database, tables.Outage, kind="emergency", state="suspected", **place)
    report = {"call_id": CALL, "created_at": now, "trouble": "danger", "recording": said, "outage_id": outage}
    put(web.database, tables.OutageReport, **report)
    with web.database.reading() as connection:
        reading = tables.of(tables.Reading)
        flagged = connection.execute(reading.select().where(reading.c.status == "flagged")).first()
    assert flagged is not None
    return {"outage": outage, "suspected": suspected, "flagged": flagged.id}


def test_every_page_is_for_everybody(page: Page, web: Web) -> None:
    keys = stocked(web)
    # What changes by itself would change under the keyboard that walks through it.
    page.route("**/today/live", lambda route: route.abort())
    page.goto("/login")
    found = faults(page)
    log_in(page, Role.ADMINISTRATOR)
    for place in PLACES:
        page.goto(place.format(**keys))
        expect(page.get_by_text("Ещё считается")).to_have_count(0)
        page.wait_for_load_state()  # a page that counted has loaded itself again
        found += faults(page)
        assert_fits(page)
    assert found == []
