"""`ivr prompts`: synthesise missing audio, report coverage and faults, list what there is; `takes` has the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ivr.cli import session, takes
from ivr.cli.labels import fault_text
from ivr.cli.readings import user
from ivr.cli.takes import Config
from ivr.config import REPOSITORY, BadSettings, Settings, adrift, load
from ivr.domain.faults import StoreUnavailable
from ivr.domain.takes import How, TakeFault
from ivr.storage.database.database import BadDatabaseUrl, Database
from ivr.storage.migrations import require_current
from ivr.studio.catalogue import BadCatalogue, Entry, load_catalogue
from ivr.studio.coverage import Finding, State, findings, state_of, uses
from ivr.studio.file_permissions import ASKED, closed_to_asterisk
from ivr.studio.prompt_status import PromptStatus, PromptView
from ivr.studio.published_audio import BadManifest, Busy, Published, Sounds, build
from ivr.studio.sound.telephone_sound import BadSound, opened
from ivr.studio.studio import Studio
from ivr.studio.voice.renderer import Rendering
from ivr.studio.voice.synthesis import NoEngine, SynthesisFault, engines_here
from ivr.studio.voice_consistency import own_findings

app = typer.Typer(no_args_is_help=True, help="The voice prompts: synthesise, check, list, record.")
for command in (takes.record, takes.takes, takes.publish, takes.withdraw, takes.text, takes.clean):
    app.command()(command)
app.command("script")(session.script)
app.command("split")(session.split_)

FAILED, UNUSABLE = 1, 2
CLOSED = f"the user {ASKED} may not read or enter it: callers do not hear published recordings"


@dataclass(frozen=True, slots=True)
class Voice:
    """The catalogue, the shipped audio, and what the manifest says about it. settings: where they come from."""

    settings: Settings
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
    if loose := adrift(voice.settings, config):
        typer.echo(f"warning: {takes.ADRIFT.format(' and '.join(loose))}", err=True)
    respoken = _speak_changed(voice, only)
    if not chosen and respoken:
        return
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
            _unusable(fault_text(error))
    typer.echo(f"{len(chosen) - failed} prompts published in {voice.sounds.folder}, {failed} failed.")
    if failed:
        raise typer.Exit(FAILED)


def _speak_changed(voice: Voice, only: list[str] | None) -> int:
    """Speak the texts that administrators changed, where nobody recorded them, into their own voice; how many."""
    respoken = 0
    with _studio(voice.settings) as studio:
        for one in studio.prompts() if studio is not None else ():
            wanted = one.changed and one.standing in (PromptStatus.MISSING, PromptStatus.OUTDATED)
            recorded = one.published is not None and one.published.how is not How.SYNTHESIS
            if studio is None or not wanted or recorded or (only and one.entry.id not in only):
                continue
            take = studio.synthesise(one.entry.id, who=user())
            studio.publish(take.id, user(), insist=True)
            typer.echo(f"{one.entry.id}: take {take.id} says the changed text")
            respoken += 1
    return respoken


@contextmanager
def _studio(settings: Settings) -> Iterator[Studio | None]:
    """The studio, None with a warning where the database has no tables or does not answer."""
    with ExitStack() as ends:
        studio = None
        try:
            database = Database(settings.store.url)
            ends.callback(database.close)
            if database.exists:
                require_current(database)
                studio = Studio(settings, database)
                ends.callback(studio.close)
        except (StoreUnavailable, BadDatabaseUrl) as error:
            typer.echo(f"warning: takes and changed texts are left out: {fault_text(error)}", err=True)
        try:
            yield studio
        except (StoreUnavailable, OSError, TakeFault, BadCatalogue, BadManifest, SynthesisFault) as error:
            _unusable(fault_text(error))


@app.command()
def check(
    mend: Annotated[bool, typer.Option("--mend", help="Make files what the database says.")] = False,
    config: Config = None,
) -> None:
    """Compare code, dialplan, catalogue and audio; exit status 1 if a call would miss a prompt or hear an old one."""
    voice = _voice(config)
    loose = adrift(voice.settings, config)
    if loose and mend:
        _unusable(takes.ADRIFT.format(" and ".join(loose)))
    played = uses(REPOSITORY / "dialplan", REPOSITORY / "ivr" / "telephony")
    faults = 0
    found = list(findings(voice.catalogue, voice.sounds, voice.manifest, played))
    with _studio(voice.settings) as studio:
        if studio is not None:
            for one in studio.files.mend() if mend else ():
                typer.echo(f"{'mended' if one.mended else 'cannot be mended'}: {one.id}, voice {one.voice}")
            found += own_findings(studio)
    found += (Finding(name, takes.ADRIFT.format("they"), serious=False) for name in loose)
    found += (Finding(str(place), CLOSED) for place in closed_to_asterisk(voice.settings))
    for finding in found:
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
    """Every prompt with its text, the voice in which callers hear it, its length in seconds, and how it stands."""
    voice = _voice(config)
    with _studio(voice.settings) as studio:
        seen = {one.entry.id: one for one in studio.prompts()} if studio is not None else {}
    rows = [_row(voice, entry, seen.get(entry.id)) for entry in voice.catalogue.values()]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    table = Table("number", "id", "text", "voice", "seconds", "state", "takes")
    for row in rows:
        seconds = row["seconds"]
        state = row["standing"] if row["standing"] and row["state"] == State.CURRENT else row["state"]
        cells = ("" if row[name] is None else str(row[name]) for name in ("number", "id", "text", "voice"))
        length = f"{seconds:.1f}" if isinstance(seconds, float) else ""
        table.add_row(*map(escape, cells), length, str(state), str(row["takes"] or ""))
    Console().print(table)


def _row(voice: Voice, entry: Entry, seen: PromptView | None) -> dict[str, str | float | None]:
    """state: of the shipped audio, unless an own voice is heard. standing, number: None where there is no database."""
    own = seen is not None and seen.heard_in not in ("", voice.settings.sounds.voice)
    row = voice.manifest.get(entry.id) if not own else None
    state: str = voice.state(entry)
    if seen is not None and (own or (seen.changed and state == State.CURRENT)):
        state = State.OUTDATED if seen.standing is PromptStatus.OUTDATED else State.CURRENT
    folder = next((folder for folder in voice.settings.sounds.chain if (folder / f"{entry.id}.wav").is_file()), None)
    try:
        seconds = len(opened((folder or voice.sounds.folder) / f"{entry.id}.wav")) / 1000
    except BadSound:
        seconds = None
    return {
        "number": seen.number if seen else None,
        "id": entry.id,
        "text": seen.entry.text if seen else entry.text,
        "seconds": seconds,
        "state": str(state),
        "standing": seen.standing.value if seen else None,
        "voice": folder.name if folder else None,
        "takes": len(seen.takes) if seen else None,
        "engine": row.engine if row else None,
    }


def _voice(config: Path | None) -> Voice:
    try:
        settings = load(config)
        catalogue = load_catalogue(settings.sounds.catalogue)
        sounds = Sounds(settings.sounds.shipped)
        return Voice(settings, catalogue, sounds, sounds.manifest())
    except (BadSettings, BadCatalogue, BadManifest) as error:
        _unusable(fault_text(error))


def _unusable(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(UNUSABLE)
