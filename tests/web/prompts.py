"""What the tests of the prompts' pages share: one prompt, its studio, and takes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ivr.studio.studio import Studio
from tests.studio.recordings import recording
from tests.studio.stock import ASK, ASK_TEXT
from tests.web.conftest import Browser, Site

__all__ = ["ASK", "ASK_TEXT"]


def number(site: Site, prompt: str = ASK) -> int:
    """By which a prompt is keyed, and found on the pages."""
    return studio(site).prompt(prompt).number


def studio(site: Site) -> Studio:
    found: Studio = site.app.state.booth.studio
    return found


async def recorded(site: Site, browser: Browser, folder: Path, filters: str = "anull") -> dict[str, Any]:
    """A take of ASK as the microphone's page sends it."""
    body = recording(folder, ASK_TEXT, filters=filters).read_bytes()
    answer = await browser.send_file(f"/prompts/{number(site)}/takes?microphone=true", body)
    assert answer.status_code == 200, answer.text
    row: dict[str, Any] = json.loads(answer.text)
    return row
