"""`ivr robot`: a scripted caller that rings the running system."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ivr import config
from ivr.app import open_database
from ivr.cli.labels import fault_text
from ivr.domain.faults import StoreUnavailable
from ivr.storage.calls.reader import CallReader
from ivr.storage.prompts.takes import changed_texts
from ivr.studio.catalogue import BadCatalogue, load_catalogue
from ivr.telephony.manager.ami import AmiFault
from ivr.testbed.lab.faults import LabFault
from ivr.testbed.lab.lab import FOLDER, Lab
from ivr.testbed.lab.state import LabState
from ivr.testbed.robot import picture
from ivr.testbed.robot.scenario import BadScenario, Scenario, load
from ivr.testbed.robot.scripted_call import Result, on_duty
from ivr.testbed.robot.timeline import Happening, Who

app = typer.Typer(no_args_is_help=True, add_completion=False)

COLOURS = {Who.MENU: "cyan", Who.CALLER: "yellow", Who.LINE: "green"}


@app.callback()
def robot() -> None:
    """A scripted caller that rings the running system."""


@app.command()
def run(
    scenarios: Annotated[list[Path], typer.Argument(metavar="SCENARIO.toml…", help="Scenario files.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each call instead of text.")] = False,
    lab: Annotated[Path, typer.Option(help="The folder of the lab that is rung.")] = FOLDER,
    recordings: Annotated[Path, typer.Option(help="Where stereo recordings and pictures of calls go.")] = Path(
        "var/recordings"
    ),
    config_file: Annotated[Path | None, typer.Option("--config", help="TOML file of settings.")] = None,
) -> None:
    """Ring, play each scenario, and print what was heard and stored. Exit 1 if an expectation is not met."""
    try:
        settings = config.load(config_file)
        loaded = [load(file) for file in scenarios]
        state = Lab(lab).state
        if state is None:
            raise LabFault(f"the lab in {lab} is down: ivr lab up")
        results = asyncio.run(ring_all(settings, state, loaded, recordings, as_json=as_json))
    except (config.BadSettings, BadScenario, BadCatalogue, LabFault, AmiFault, StoreUnavailable, ValueError) as error:
        print(f"ivr robot: {fault_text(error)}", file=sys.stderr)
        raise typer.Exit(2) from None
    raise typer.Exit(1 if any(result.faults for result in results) else 0)


async def ring_all(
    settings: config.Settings, state: LabState, scenarios: list[Scenario], recordings: Path, *, as_json: bool
) -> list[Result]:
    """Ring one scenario after the other and print what happens. Raises AmiFault, StoreUnavailable, BadCatalogue,
    BadScenario.
    """
    console = Console(highlight=False, soft_wrap=True)
    database = open_database(settings)
    results = []
    try:
        catalogue = load_catalogue(settings.sounds.catalogue, changed_texts(database))
        async with on_duty(state, CallReader(database), catalogue, recordings) as robot:
            for scenario in scenarios:
                if not as_json:
                    console.print(f"\n[bold]{escape(scenario.title)}[/bold]")
                result = await robot.ring(scenario, (lambda _: None) if as_json else _printer(console))
                results.append(result)
                if result.recording is not None:
                    picture.write(scenario.title, result.happenings, result.recording.with_suffix(".svg"))
                _print(console, result, as_json=as_json)
    finally:
        database.close()
    return results


def _printer(console: Console) -> Callable[[Happening], None]:
    def show(happening: Happening) -> None:
        colour = COLOURS[happening.who]
        name = f" [dim]({happening.prompt})[/dim]" if happening.prompt else ""
        console.print(f"{happening.at:6.1f} s  [{colour}]{happening.who:<7}[/{colour}] {escape(happening.text)}{name}")

    return show


def _print(console: Console, result: Result, *, as_json: bool) -> None:
    if as_json:
        found = {**asdict(result), "heard": result.heard, "ok": not result.faults}
        print(json.dumps(found, ensure_ascii=False, default=str))
        return
    console.print(f"outcome: {result.outcome}")
    if result.readings:
        table = Table("meter", "zone", "value", "status", "period", "receipt", title="stored", title_justify="left")
        for row in result.readings:
            table.add_row(row.meter, row.zone, str(row.value), f"{row.status} {row.reason}", row.period, row.receipt)
        console.print(table)
    else:
        console.print("stored: nothing")
    console.print(f"recording: {result.recording or 'none'} (and a picture of the call beside it, .svg)")
    for fault in result.faults:
        console.print(f"[red]not as expected:[/red] {escape(fault)}")
    if not result.faults:
        console.print("[green]as expected[/green]")
