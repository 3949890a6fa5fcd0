"""`ivr demo`: a two-zone reading, the hotline and an outage over real calls, from nothing to the stored rows."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from ivr.app import bring_accounts
from ivr.cli import outage
from ivr.cli.labels import fault_text
from ivr.cli.testbed.robot import ring_all
from ivr.domain.faults import StoreUnavailable
from ivr.domain.outages import Cause
from ivr.telephony.manager.ami import AmiFault
from ivr.testbed.lab.faults import LabFault
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot import demo
from ivr.testbed.robot.scenario import BadScenario, load
from ivr.testbed.robot.scripted_call import Result
from ivr.testbed.robot.system import System, SystemFault

app = typer.Typer(add_completion=False)

FOLDER = Path("var/demo")
MATERIAL = Path(demo.__file__).parent

AFTERWARDS = """
[bold]Ring it with a softphone of your own[/bold] (on this machine: the lab listens on loopback only)
  .venv/bin/ivr lab up --folder {lab} --config {config}
  IVR_WEB__LISTEN=127.0.0.1:8080 .venv/bin/ivr serve --config {config}
The first command prints the SIP port and the password of the account «softphone». Register a softphone
(Linphone, baresip, Zoiper …) at 127.0.0.1:PORT over UDP and dial any number. Accounts to try: 4012345678
(day and night, last readings 12345 and 6789) and 4012345686 (one zone, last reading 104210; its street has the outage).
[bold]See calls, readings and outages in a browser[/bold]: http://127.0.0.1:8080/ while `ivr serve` runs; a user for it:
  .venv/bin/ivr user add anna --role administrator --generate --config {config}
`.venv/bin/ivr lab down --folder {lab}` ends it.
"""


@app.command()
def run() -> None:
    """Start a lab and the daemon, ring them with a scripted caller, and show what was said and stored."""
    console = Console(highlight=False, soft_wrap=True)
    lab = Lab(FOLDER / "lab", recordings=FOLDER / "calls")
    try:
        if lab.must_build():
            console.print("No Asterisk installed here: building one for the lab, once, about half a minute …")
        system = _system(lab)
        with running(system):
            console.print(f"Asterisk, daemon and database run in {FOLDER}. The calls, as they happen:")
            results = asyncio.run(_ring(system, "day-and-night.toml", "hotline.toml"))
            _enter_outage(system, console)
            results += asyncio.run(_ring(system, "outage.toml"))
            console.print()
            outage.list_(config_file=system.config_file)
    except (LabFault, SystemFault, AmiFault, BadScenario, StoreUnavailable) as error:
        print(f"ivr demo: {fault_text(error)}", file=sys.stderr)
        raise typer.Exit(2) from None
    console.print(AFTERWARDS.format(lab=FOLDER / "lab", config=FOLDER / "ivr.toml"))
    raise typer.Exit(1 if any(result.faults for result in results) else 0)


def _system(lab: Lab) -> System:
    """The lab, up, with what a daemon needs to ring people back."""
    state = lab.up()
    changes: dict[str, dict[str, Any]] = {
        "ami": {"port": state.ami_port, "user": state.ami_user, "secret": state.ami_secret},
        "callbacks": {"dial": "Local/{phone}@lab-called/n"},
        "recordings": {"calls": str((FOLDER / "calls").absolute())},
    }
    return System(FOLDER, lab, changes=changes)


@contextmanager
def running(system: System) -> Iterator[None]:
    """A system with fresh accounts, up for the length of a block."""
    for file in system.folder.glob("ivr.db*"):
        file.unlink()
    try:
        system.prepare()
        bring_accounts(system.settings, MATERIAL / "accounts.csv")
        system.start_daemon()
        yield
        system.stop_daemon()
    finally:
        system.kill_daemon()
        system.lab.down()


def _enter_outage(system: System, console: Console) -> None:
    """As a clerk does: a cable in a street, mended in about three hours."""
    expected = datetime.now(system.settings.zone) + timedelta(hours=3)
    expected = expected.replace(minute=expected.minute // 30 * 30, second=0, microsecond=0)
    street, until = "улица Мира", f"{expected:%Y-%m-%d %H:%M}"
    console.print(f'\nAn outage is entered: ivr outage add --street "{street}" --cause cable --expected "{until}"')
    outage.add(street=street, cause=Cause.CABLE, expected=until, config_file=system.config_file)


async def _ring(system: System, *names: str) -> list[Result]:
    state = system.lab.state
    if state is None:
        raise SystemFault("the lab went down")
    scenarios = [load(MATERIAL / name) for name in names]
    return await ring_all(system.settings, state, scenarios, system.folder / "recordings", as_json=False)
