"""`ivr serve`: the daemon."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from ivr import config, logs
from ivr.cli.labels import fault_text
from ivr.daemon import serve as run_daemon
from ivr.storage.migrations import SchemaOutdated

log = logging.getLogger(__name__)
app = typer.Typer(add_completion=False)


@app.command()
def serve(
    config_file: Annotated[Path | None, typer.Option("--config", help="TOML file of settings.")] = None,
) -> None:
    """Answer the calls that Asterisk hands over, until SIGTERM: calls in progress may then finish up to a limit."""
    logs.to_stderr()
    try:
        settings = config.load(config_file)
        if loose := config.adrift(settings, config_file):
            log.warning("folders of prompts begin where this was started", extra={"reason": ", ".join(loose)})
        _spare_the_collector()
        uvloop.run(_until_signalled(settings, _pages(config_file) if settings.web.listen else None))
    except (config.BadSettings, SchemaOutdated, OSError, ValueError) as error:
        print(f"ivr serve: {fault_text(error)}", file=sys.stderr)
        raise typer.Exit(2) from None


def _spare_the_collector() -> None:
    """What the start made lives until the end; going through it again and again cost 0.5 ms of each call.

    A call leaves a few thousand objects, nearly all of them freed without the collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)


def _pages(config_file: Path | None) -> list[str]:
    """The command of the child process that serves the pages."""
    named = ["--config", str(config_file)] if config_file else []
    return [sys.executable, "-m", "ivr", "web", "--with-parent", *named]


async def _until_signalled(settings: config.Settings, pages: list[str] | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_daemon(settings, stop, pages=pages)
