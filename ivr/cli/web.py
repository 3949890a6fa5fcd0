"""`ivr web`: the administrators' pages alone."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from ivr import config, logs
from ivr.cli.db import ConfigFile
from ivr.cli.labels import fault_text
from ivr.domain.faults import StoreUnavailable
from ivr.web.server.serve import CannotListen, serve_pages

log = logging.getLogger(__name__)
app = typer.Typer(add_completion=False)


@app.command()
def web(
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="End when standard input ends: how `ivr serve` runs it.")
    ] = False,
    config_file: ConfigFile = None,
) -> None:
    """Serve the administrators' pages, until SIGTERM. `ivr serve` does this by itself where `web.listen` is set."""
    logs.to_stderr()
    try:
        settings = config.load(config_file)
        if not settings.web.listen:
            raise config.BadSettings("web.listen is empty: no pages")
        serve_pages(settings, with_parent)
    except CannotListen as error:
        log.error("the pages' address cannot be opened; calls go on", extra={"reason": str(error)})
        raise typer.Exit(1) from None
    except (config.BadSettings, StoreUnavailable, ValueError) as error:
        print(f"ivr web: {fault_text(error)}", file=sys.stderr)
        raise typer.Exit(2) from None
