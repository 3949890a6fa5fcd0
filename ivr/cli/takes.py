"""`ivr prompts record`, `takes`, `publish`, `withdraw`, `text`, `clean`: the studio at the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ivr import config
from ivr.cli.db import faults_told, opened
from ivr.cli.labels import fault_text, refusal_text
from ivr.cli.readings import By, user
from ivr.domain.takes import How, NotPublishable, Take, TakeFault
from ivr.studio.catalogue import BadCatalogue
from ivr.studio.published_audio import BadManifest
from ivr.studio.sound.telephone_sound import BadSound
from ivr.studio.studio import Studio
from ivr.studio.voice.synthesis import SynthesisFault

Config = Annotated[Path | None, typer.Option("--config", help="Configuration file; else IVR_CONFIG, else ivr.toml.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="Prompt, as in `ivr prompts list`.")]
Number = Annotated[int, typer.Argument(metavar="TAKE", help="Number of a take, as in `ivr prompts takes`.")]
VoiceName = Annotated[str, typer.Option("--voice", help="Voice; the first of `sounds.voices` if not given.")]
Insist = Annotated[bool, typer.Option("--insist", help="Publish although its checks speak against it.")]

ADRIFT = "{} begin in the present folder, the daemon where it was started: set absolute paths in the configuration file"


@contextmanager
def studio_opened(
    command: str, config_file: Path | None, *, removes: bool = False
) -> Iterator[tuple[Studio, config.Settings]]:
    """The studio of the settings; its faults end the command with one line on stderr, exit code 1.

    Folders of files that depend on where the command is called are warned of; removes: they end it, exit code 2, since
    of files that are not found there the database would say that they are gone.
    """
    with faults_told(f"prompts {command}"):
        settings = config.load(config_file)
        if loose := config.adrift(settings, config_file):
            typer.echo(f"ivr prompts {command}: {ADRIFT.format(' and '.join(loose))}", err=True)
            if removes:
                raise typer.Exit(2)
        with opened(settings) as database:
            studio = Studio(settings, database)
            try:
                yield studio, settings
            except (TakeFault, BadSound, BadCatalogue, BadManifest, SynthesisFault) as error:
                typer.echo(f"ivr prompts {command}: {fault_text(error)}", err=True)
                raise typer.Exit(1) from None
            finally:
                studio.close()


def record(
    id_: Id,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Recordings: wav, mp3, ogg, m4a, webm, flac.")],
    voice: VoiceName = "",
    publish_it: Annotated[bool, typer.Option("--publish", help="Publish the last one, if nothing is wrong.")] = False,
    insist: Insist = False,
    by: By = "",
    config_file: Config = None,
) -> None:
    """Bring recordings of a prompt in as takes, and say what is wrong with each; exit status 1 if one is refused."""
    refused = 0
    with studio_opened("record", config_file) as (studio, _):
        who = by or user()
        for file in files:
            try:
                take = studio.add_take(id_, file, how=How.FILE, who=who, voice=voice or None)
            except NotPublishable as error:
                typer.echo(f"{file}: {fault_text(error)}")
                refused += 1
                continue
            refused += take.checks.refused
            typer.echo(_told(take))
            if publish_it and file is files[-1] and (insist or not take.refusals):
                studio.publish(take.id, who, insist=insist)
                typer.echo(f"take {take.id} is published")
    if refused:
        raise typer.Exit(1)


def takes(
    id_: Annotated[str, typer.Argument(metavar="[ID]", help="Prompt; all without it.")] = "",
    voice: Annotated[str, typer.Option("--voice", help="Only of this voice.")] = "",
    config_file: Config = None,
) -> None:
    """Show the takes of a prompt, or all, the latest first, with what was measured and what is wrong."""
    with studio_opened("takes", config_file) as (studio, settings):
        table = Table("take", "prompt", "voice", "state", "how", "by", "at", "seconds", "dB", "noise", "refused")
        for take in studio.takes(id_ or None, voice or None):
            checks = take.checks
            at = f"{take.made_at.astimezone(settings.zone):%Y-%m-%d %H:%M}"
            snr = "" if checks.snr_db is None else f"{-checks.snr_db:.0f}"
            level = "" if checks.level_db is None else f"{checks.level_db:.0f}"
            words = (take.prompt_id, take.voice, take.state, take.how, take.made_by, at)
            why = "; ".join(map(refusal_text, take.refusals))
            table.add_row(str(take.id), *map(escape, words), f"{checks.length_ms / 1000:.1f}", level, snr, escape(why))
        # Wide enough for every column where the output is no terminal.
        Console(highlight=False, width=None if os.isatty(1) else 200).print(table)


def publish(take: Number, insist: Insist = False, by: By = "", config_file: Config = None) -> None:
    """Let callers hear a take, from the next prompt on."""
    with studio_opened("publish", config_file) as (studio, _):
        done = studio.publish(take, by or user(), insist=insist)
        typer.echo(f"take {done.id} is published: {done.prompt_id}, voice {done.voice}")


def withdraw(
    id_: Id,
    take: Annotated[
        int | None, typer.Option("--take", metavar="TAKE", help="Only if this take is what callers hear.")
    ] = None,
    voice: VoiceName = "",
    by: By = "",
    config_file: Config = None,
) -> None:
    """Take back what callers hear of a prompt: the take before it is heard again, else the next voice of the chain."""
    with studio_opened("withdraw", config_file) as (studio, _):
        before = studio.withdraw(id_, by or user(), voice=voice or None, expected=take)
        if before is not None:
            typer.echo(f"take {before.id} is heard again")
        else:
            typer.echo(f"callers hear the voice {studio.voices.heard(id_) or 'of nobody'} again")


def text(
    id_: Id,
    words: Annotated[str, typer.Argument(metavar="TEXT", help="What is said: words, no digits.")],
    notes: Annotated[str | None, typer.Option(help="How to say it; unchanged if not given.")] = None,
    synthesise: Annotated[bool, typer.Option("--synthesise", help="Speak it by machine and publish that.")] = False,
    voice: VoiceName = "",
    by: By = "",
    config_file: Config = None,
) -> None:
    """Change what a prompt says; its audio is out of date until it is recorded anew."""
    with studio_opened("text", config_file) as (studio, _):
        who = by or user()
        entry = studio.change_text(id_, words, who, notes=notes)
        typer.echo(f"{entry.id}: {entry.text}")
        if synthesise:
            take = studio.synthesise(id_, who=who, voice=voice or None)
            studio.publish(take.id, who, insist=True)
            typer.echo(f"take {take.id} is published, spoken by machine")


def clean(
    days: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Older than N days; without it `studio.keep_days`.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")] = False,
    by: By = "",
    config_file: Config = None,
) -> None:
    """Remove drafts and withdrawn takes that are older, with their recordings, and say what that frees.

    Never what callers hear, never what `withdraw` would restore; at a prompt where something was published or taken
    back within that time all withdrawn takes stay.
    """
    with studio_opened("clean", config_file, removes=True) as (studio, settings):
        keep = days or settings.studio.keep_days
        if not keep:
            raise typer.BadParameter("studio.keep_days is 0, nothing is too old: give --days")
        age = timedelta(days=keep)
        done = studio.old_takes(age) if dry_run else studio.clean(age, by or user())
        said = "would be removed" if dry_run else "removed"
        typer.echo(f"{said}: {done.takes} takes older than {keep} days, {done.bytes / (1 << 20):.1f} MB")
        if done.faults:
            typer.echo(f"takes whose files could not be removed: {done.faults}", err=True)
            raise typer.Exit(1)


def _told(take: Take) -> str:
    checks = take.checks
    measured = f", {checks.length_ms / 1000:.1f} s, {checks.level_db:.0f} dB" if checks.level_db is not None else ""
    lines = [f"take {take.id}: {take.prompt_id}, voice {take.voice}{measured}, recogniser: {checks.hearing}"]
    return "\n".join([*lines, *(f"  {refusal_text(refusal)}" for refusal in take.refusals)])
