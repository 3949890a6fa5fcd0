"""`ivr prompts script` and `split`: a day in a studio, from the sheet to the takes."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ivr.cli.labels import refusal_text
from ivr.cli.readings import By, user
from ivr.cli.takes import Config, VoiceName, studio_opened
from ivr.domain.takes import NotPublishable, Take
from ivr.storage.calls.prompt_sequences import heard_in_a_row
from ivr.studio.session.audio import listen_through
from ivr.studio.session.cuts import BadCuts, Cut, read_cuts, write_cuts
from ivr.studio.session.html import clock
from ivr.studio.session.script import BadSheet, chosen, read_sheet, sheet_page
from ivr.studio.session.splitter import Split, split
from ivr.studio.session.takes import doubted_now, make_takes, with_numbers, write_review
from ivr.studio.studio import Studio

CUTS = "cuts.toml"


def script(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID…]", help="Prompts or folders; else all.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is recorded already.")] = False,
    missing: Annotated[bool, typer.Option("--missing", help="Only what nobody recorded (the default).")] = False,
    out: Annotated[Path, typer.Option("--out", help="File to write.")] = Path("sheet.html"),
    voice: VoiceName = "",
    config_file: Config = None,
) -> None:
    """Write the sheet that a speaker reads from, to print: what is to be recorded, how to say it, what is around it."""
    if everything and missing:
        raise typer.BadParameter("--all and --missing exclude each other")
    with studio_opened("script", config_file) as (studio, settings):
        try:
            prompts = chosen(studio.prompts(voice or None), ids or (), everything=everything)
        except BadSheet as error:
            _end("script", error)
        if not prompts:
            typer.echo("Everything is recorded; --all makes a sheet of it all the same.")
            return
        today = datetime.now(settings.zone).date()
        heard = heard_in_a_row(studio.database)
        page = sheet_page(prompts, voice or studio.voice, studio.catalogue(), today, heard)
        out.write_text(page, encoding="utf-8")
        typer.echo(f"{len(prompts)} lines for the voice {voice or studio.voice}: {out}")


def split_(
    recording: Annotated[Path, typer.Argument(metavar="FILE", help="The session: wav, flac, mp3, ogg, m4a, webm.")],
    sheet_file: Annotated[Path, typer.Option("--script", metavar="FILE", help="The sheet that was read.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would become takes, and make none.")] = False,
    review: Annotated[Path | None, typer.Option("--review", help="Folder for cuts.toml and a page to listen.")] = None,
    cuts_file: Annotated[Path | None, typer.Option("--cuts", help="Cut as this corrected file says.")] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Prompt that was not read; repeatable.")
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish what nothing speaks against.")] = False,
    voice: Annotated[str, typer.Option("--voice", help="Voice; that of the sheet if not given.")] = "",
    by: By = "",
    config_file: Config = None,
) -> None:
    """Cut one long recording into takes in the order of its sheet; what is doubtful is shown and becomes no take."""
    with (
        studio_opened("split", config_file) as (studio, settings),
        TemporaryDirectory(prefix="ivr-session-") as scratch,
    ):
        try:
            sheet = read_sheet(sheet_file)
            unknown = set(without or ()) - {line.id for line in sheet.lines}
            if unknown:
                raise BadSheet(f"{' '.join(sorted(unknown))}: not on the sheet")
            cuts: list[Cut] = []
            if cuts_file is not None:
                cuts = read_cuts(cuts_file, recording, sheet, settings.studio.longest_s)
            session = listen_through(recording, Path(scratch))
        except (BadSheet, BadCuts) as error:
            _end("split", error)
        found = None
        if cuts_file is None:
            found = split(session.levels, session.sound, sheet, studio.words, without=without or ())
            cuts = list(found.cuts)
        cuts = doubted_now(cuts, sheet, studio.catalogue())
        message = _summary(cuts, found, session.length_ms / 1000)
        _show(cuts, found.extras if found is not None else (), everything=dry_run)
        typer.echo(message)
        target = cuts_file or (review / CUTS if review is not None else None)
        if review is not None:
            write_review(review, session, cuts, found.extras if found is not None else (), message)
        if target is not None:
            write_cuts(target, cuts, recording, sheet)
            typer.echo(f"cuts: {target}" + (f", to listen: {review / 'review.html'}" if review is not None else ""))
        made: dict[int, int] = {}
        refused = 0
        if not dry_run:
            try:
                refused = _make(studio, recording, cuts, made, by or user(), voice or sheet.voice, publish)
            finally:
                if target is not None:
                    write_cuts(target, with_numbers(cuts, made), recording, sheet)
    if refused or not all(cut.take or cut.made for cut in cuts):
        raise typer.Exit(1)


def _make(
    studio: Studio, recording: Path, cuts: Sequence[Cut], made: dict[int, int], who: str, voice: str, publish: bool
) -> int:
    """Make the takes, say what is wrong with which; how many are refused."""
    refused = 0

    def told(cut: Cut, take: Take | None, error: NotPublishable | None) -> None:
        nonlocal refused
        if take is not None:
            made[cut.line] = take.id
        refusals = take.refusals if take is not None else error.refusals if error is not None else ()
        refused += bool(refusals)
        for refusal in refusals:
            typer.echo(f"line {cut.line}, {cut.id}: {refusal_text(refusal)}")

    began = time.monotonic()
    make_takes(studio, recording, cuts, who=who, voice=voice, made=told, publish=publish)
    rate = len(made) / max(time.monotonic() - began, 0.001)
    what = "published or drafts" if publish else "drafts"
    typer.echo(f"{len(made)} takes made ({what}), {refused} refused, {rate:.1f} takes a second")
    return refused


def _summary(cuts: Sequence[Cut], found: Split | None, length_s: float) -> str:
    sure = sum(cut.take for cut in cuts)
    told = f"{clock(length_s)} of sound: {sure} of {len(cuts)} lines are sure, {len(cuts) - sure} doubtful"
    if found is None:
        return told
    return told + ("" if found.follows else ". The recording does not follow this sheet, or holds no speech")


def _show(cuts: Sequence[Cut], extras: Sequence[tuple[float, float]], *, everything: bool) -> None:
    table = Table("line", "prompt", "from", "to", "doubt", "text")
    for cut in cuts:
        if everything or not (cut.take or cut.made):
            times = (clock(cut.start), clock(cut.end)) if cut.end else ("", "")
            others = "".join(f"; ещё раз {clock(start)}" for start, _ in cut.others)
            table.add_row(str(cut.line), escape(cut.id), *times, escape(cut.why + others), escape(cut.text[:60]))
    for start, end in extras:
        table.add_row("", "", clock(start), clock(end), "лишний звук", "")
    if table.row_count:
        # Wide enough for every column where the output is no terminal.
        Console(highlight=False, width=None if os.isatty(1) else 200).print(table)


def _end(command: str, error: Exception) -> NoReturn:
    typer.echo(f"ivr prompts {command}: {error}", err=True)
    raise typer.Exit(1)
