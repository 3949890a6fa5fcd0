"""`ivr prompts`: synthesise missing audio, report coverage and faults, list what there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ivr.config import REPOSITORY, BadSettings, load
from ivr.studio.catalogue import BadCatalogue, Entry, load_catalogue
from ivr.studio.coverage import State, findings, state_of, uses
from ivr.studio.publishing import BadManifest, Busy, Published, Sounds, build
from ivr.studio.rendering import Rendering
from ivr.studio.sound import BadSound, opened
from ivr.studio.synthesis import NoEngine, engines_here

app = typer.Typer(no_args_is_help=True, help="The voice prompts: synthesise, check, list.")

Config = Annotated[Path | None, typer.Option("--config", help="Configuration file; else IVR_CONFIG, else ivr.toml.")]

FAILED, UNUSABLE = 1, 2


@dataclass(frozen=True, slots=True)
class Voice:
    """The catalogue of the configured voice, its audio, and what the manifest says about it."""

    catalogue: Mapping[str, Entry]
    sounds: Sounds
    manifest: Mapping[str, Published]

    def state(self, entry: Entry) -> State:
        """How the audio of `entry` stands."""
        return state_of(entry, self.sounds, self.manifest)


@app.command("build")
def build_(
    only: Annotated[list[str] | None, typer.Option("--only", metavar="ID", help="This prompt; repeatable.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every prompt, also where the audio is current.")] = False,
    engine: Annotated[str | None, typer.Option(help="rhvoice, festival or espeak-ng; else the best one here.")] = None,
    config: Config = None,
) -> None:
    """Synthesise the prompts whose audio is missing or older than the text, and publish them.

    Audio that was put there by hand is left alone, unless named by --only or taken by --all.
    """
    voice = _voice(config)
    for id_ in only or ():
        if id_ not in voice.catalogue:
            _unusable(f"{id_}: no such prompt in the catalogue")
    chosen = [voice.catalogue[id_] for id_ in only] if only else list(voice.catalogue.values())
    if not (only or everything):
        chosen = [entry for entry in chosen if voice.state(entry) in (State.MISSING, State.OUTDATED)]
    if not chosen:
        typer.echo("All audio is there and up to date.")
        return
    failed = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("Speaking", total=len(chosen))

        def report(rendering: Rendering) -> None:
            nonlocal failed
            failed += not rendering.audio
            for fault in rendering.faults:
                progress.console.print(f"{rendering.entry.id}: {fault}", markup=False, highlight=False)
            progress.advance(task)

        try:
            build(voice.sounds, chosen, engines_here(engine), report)
        except (NoEngine, Busy, BadManifest) as error:
            _unusable(str(error))
    typer.echo(f"{len(chosen) - failed} prompts published in {voice.sounds.folder}, {failed} failed.")
    if failed:
        raise typer.Exit(FAILED)


@app.command()
def check(config: Config = None) -> None:
    """Compare code, dialplan, catalogue and audio; exit status 1 if a call would miss a prompt or hear an old one."""
    voice = _voice(config)
    played = uses(REPOSITORY / "dialplan", REPOSITORY / "ivr" / "telephony")
    faults = 0
    for finding in findings(voice.catalogue, voice.sounds, voice.manifest, played):
        faults += finding.serious
        typer.echo(f"{'error' if finding.serious else 'warning'}: {finding.id}: {finding.what}")
    typer.echo(f"{len(voice.catalogue)} prompts, {faults} errors.")
    if faults:
        raise typer.Exit(FAILED)


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list, for programs.")] = False,
    config: Config = None,
) -> None:
    """Every prompt with its text, the length of its audio in seconds, and whether the audio is current."""
    voice = _voice(config)
    rows = [_row(voice, entry) for entry in voice.catalogue.values()]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    table = Table("id", "text", "seconds", "state")
    for row in rows:
        seconds = row["seconds"]
        table.add_row(str(row["id"]), str(row["text"]), "" if seconds is None else f"{seconds:.1f}", str(row["state"]))
    Console().print(table)


def _row(voice: Voice, entry: Entry) -> dict[str, str | float | None]:
    row = voice.manifest.get(entry.id)
    try:
        seconds = len(opened(voice.sounds.path(entry.id))) / 1000
    except BadSound:
        seconds = None
    return {
        "id": entry.id,
        "text": entry.text,
        "seconds": seconds,
        "state": voice.state(entry).value,
        "engine": row.engine if row else None,
    }


def _voice(config: Path | None) -> Voice:
    try:
        settings = load(config).sounds
        catalogue = load_catalogue(settings.folder / f"{settings.voice}.toml")
        sounds = Sounds(settings.folder / settings.voice)
        return Voice(catalogue, sounds, sounds.manifest())
    except (BadSettings, BadCatalogue, BadManifest) as error:
        _unusable(str(error))


def _unusable(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(UNUSABLE)
