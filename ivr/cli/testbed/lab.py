"""`ivr lab`: a private Asterisk for demo and tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from ivr import config
from ivr.studio.voice.voices import Voices
from ivr.testbed.lab.faults import LabFault
from ivr.testbed.lab.lab import FOLDER, Lab
from ivr.testbed.lab.state import LabState

app = typer.Typer(no_args_is_help=True, help="A private Asterisk for demo and tests.")

Folder = Annotated[Path, typer.Option(help="Everything the lab writes lies here; one lab for each folder.")]


@app.command()
def up(
    folder: Folder = FOLDER,
    cache: Annotated[Path | None, typer.Option(help="Where a built Asterisk is kept [default: ~/.cache/ivr].")] = None,
    config_file: Annotated[Path | None, typer.Option("--config", help="TOML file of settings.")] = None,
) -> None:
    """Start the lab; returns when Asterisk is fully booted. Builds an Asterisk first where none is installed.

    Socket, spool, sounds and recordings of calls are those of the settings, so that the daemon and the lab meet.
    """
    try:
        settings = config.load(config_file)
    except config.BadSettings as error:
        _fail(error)
    line, sounds = settings.line, Voices(settings.sounds).dialplan
    calls = settings.recordings.calls
    lab = Lab(folder, sounds, cache, daemon_socket=line.socket, spool=line.spool, recordings=calls)
    if lab.must_build():
        typer.echo("no Asterisk installed: building one, once, about half a minute", err=True)
    try:
        _show(lab.up())
    except LabFault as fault:
        _fail(fault)


@app.command()
def down(folder: Folder = FOLDER) -> None:
    """Stop the lab and everything it started."""
    try:
        Lab(folder).down()
    except LabFault as fault:
        _fail(fault)


@app.command()
def status(folder: Folder = FOLDER) -> None:
    """Show ports, accounts and places; exit code 1 if the lab is down."""
    try:
        state = Lab(folder).state
    except LabFault as fault:
        _fail(fault)
    if state is None:
        typer.echo(f"the lab in {folder} is down")
        raise typer.Exit(1)
    _show(state)


def _fail(fault: LabFault | config.BadSettings) -> NoReturn:
    typer.echo(f"ivr lab: {fault}", err=True)
    raise typer.Exit(1)


def _show(state: LabState) -> None:
    table = Table(show_header=False, box=None)
    for name, value in (
        ("Asterisk", f"{state.asterisk}, up"),
        ("SIP", f"127.0.0.1:{state.sip_port} (UDP), RTP {state.rtp_first}-{state.rtp_last}"),
        ("softphone", f"{state.softphone_user} / {state.softphone_secret}; dial any number"),
        ("manager", f"127.0.0.1:{state.ami_port}, {state.ami_user} / {state.ami_secret}"),
        ("daemon's socket", state.daemon_socket),
        ("sounds", state.sounds),
        ("emergency readings", state.spool),
        ("messages", state.messages),
        ("log", state.log),
    ):
        table.add_row(name, str(value))
    Console(soft_wrap=True).print(table)
