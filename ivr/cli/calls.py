"""`ivr calls`: what is kept of calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from ivr import config
from ivr.cli.db import ConfigFile, faults_told, opened
from ivr.cli.readings import By, user
from ivr.storage.calls.retention import RetentionTerms, remove_old

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def calls() -> None:
    """What is kept of calls."""


@app.command()
def purge(
    days: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Older than N days; without it `recordings.keep_days`.")
    ] = None,
    by: By = "",
    config_file: ConfigFile = None,
) -> None:
    """Remove recordings, utterances and steps of calls that are older; the daemon does so every day.

    Readings, calls and the audit stay, and so does the utterance of a reading that still waits for a clerk.
    """
    with faults_told("calls purge"):
        settings = config.load(config_file)
        keep = days or settings.recordings.keep_days
        if not keep:
            raise typer.BadParameter("recordings.keep_days is 0, nothing is too old: give --days")
        now, folders = datetime.now(settings.zone), settings.recordings
        with opened(settings) as database:
            kept = RetentionTerms(folders.folder, folders.calls, timedelta(days=keep))
            gone = remove_old(database, kept, by or user(), now)
        print(f"removed: {gone.recordings} recordings, {gone.utterances} utterances, steps of {gone.calls} calls")
        if gone.faults:
            print(f"files that could not be removed: {gone.faults}")
            raise typer.Exit(1)
