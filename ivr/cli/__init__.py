"""The `ivr` command: one module for each group, thin."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import typer
from typer.core import TyperGroup

GROUPS = {
    "serve": "The daemon: answers the calls that Asterisk hands over.",
    "web": "The administrators' pages alone.",
    "user": "Who may use the pages and record by phone.",
    "db": "Schema, accounts and meters in, readings out for billing.",
    "hotline": "The queues now, and who is to be rung back.",
    "calls": "What is kept of calls.",
    "readings": "Readings that wait for a clerk.",
    "outage": "Outages that callers hear of, and what callers report.",
    "prompts": "The voice prompts: synthesise, check, record, publish.",
    "speech": "The recogniser alone, on recordings.",
    "lab": "A private Asterisk for demo and tests.",
    "robot": "A scripted caller that rings the running system.",
    "demo": "A two-zone reading over a real call, from nothing to the stored rows.",
    "bench": "The project's own benchmarks.",
}
"""Command group -> one line of help; the module of the same name holds its typer app as `app`."""


_FOLDERS = {name: f"testbed.{name}" for name in ("lab", "robot", "demo", "bench")}
"""Groups whose modules lie in a folder of their own: they work with ivr.testbed, which the product never imports."""


def app_of(group: str) -> typer.Typer:
    """The commands of a group, imported now. Raises ModuleNotFoundError if there is no such group."""
    found = importlib.import_module(f"ivr.cli.{_FOLDERS.get(group, group)}").app
    assert isinstance(found, typer.Typer)
    return found


class Groups(TyperGroup):
    """Imports a group's module only when it is called, so that `ivr --help` is quick."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the help."""
        return list(GROUPS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a group; Any, since typer keeps the types of its own click private."""
        if cmd_name not in GROUPS:
            return None
        command = typer.main.get_command(app_of(cmd_name))
        command.name, command.short_help = cmd_name, GROUPS[cmd_name]
        return command


app = typer.Typer(cls=Groups, no_args_is_help=True, pretty_exceptions_show_locals=False, add_completion=False)


@app.callback()
def ivr() -> None:
    """Phone line of an energy retailer: meter readings and the emergency hotline, on Asterisk."""


def main() -> None:
    """Entry point of the console script."""
    sys.exit(app())
