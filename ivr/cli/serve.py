"""`ivr serve`: the daemon."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from ivr import config, logs
from ivr.app import serve as run_daemon
from ivr.storage.migrations import SchemaOutdated

app = typer.Typer()


@app.command()
def serve(
    config_file: Annotated[Path | None, typer.Option("--config", help="TOML file of settings.")] = None,
) -> None:
    """Answer the calls that Asterisk hands over, until SIGTERM: calls in progress may then finish up to a limit."""
    logs.to_stderr()
    try:
        settings = config.load(config_file)
        uvloop.run(_until_signalled(settings))
    except (config.BadSettings, SchemaOutdated, OSError, ValueError) as error:
        print(f"ivr serve: {error}", file=sys.stderr)
        raise typer.Exit(2) from None


async def _until_signalled(settings: config.Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_daemon(settings, stop)
