"""`ivr db`: schema, accounts and meters in, readings out for billing."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from ivr import config
from ivr.app import account_format, window
from ivr.cli.labels import fault_text
from ivr.domain.faults import StoreUnavailable
from ivr.domain.meters import CannotReplace, ReplacementProblem
from ivr.domain.readings import Channel
from ivr.domain.users import PersonFault
from ivr.intake.review import DoesNotFit, NotWaiting
from ivr.intake.submit import Doubted
from ivr.storage.accounts.account_file import BadFile, BadLine
from ivr.storage.accounts.account_import import Summary, Terms, import_accounts
from ivr.storage.accounts.replacement import replace_meter
from ivr.storage.accounts.replacement_file import read_replacements
from ivr.storage.database.database import BadDatabaseUrl, Database
from ivr.storage.migrations import require_current
from ivr.storage.migrations import upgrade as upgrade_schema
from ivr.storage.outages import changes as outages
from ivr.storage.readings import export as exporting

app = typer.Typer(no_args_is_help=True, add_completion=False)

PATIENCE_S = 600.0
"""Longest statement of an import or export; calls have their own, shorter limit."""

ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file of settings.")]


@app.callback()
def db() -> None:
    """Schema, accounts and meters in, readings out for billing."""


@contextmanager
def faults_told(command: str) -> Iterator[None]:
    """End the command with one line on stderr: exit code 2 for wrong settings, 1 for the rest."""
    try:
        yield
    except (config.BadSettings, BadDatabaseUrl) as error:
        code, text = 2, fault_text(error)
    except (BadFile, exporting.NoSuchBatch, NotWaiting, DoesNotFit, Doubted, outages.OutageFault, PersonFault) as error:
        code, text = 1, fault_text(error)
    except StoreUnavailable as error:
        code, text = 1, fault_text(error)
    except OSError as error:
        code, text = 1, f"{error.filename or 'file'}: {error.strerror}"
    else:
        return
    print(f"ivr {command}: {text}", file=sys.stderr)
    raise typer.Exit(code)


@contextmanager
def opened(settings: config.Settings) -> Iterator[Database]:
    """The database of the settings, with the newest schema. Raises StoreUnavailable, BadDatabaseUrl."""
    database = Database(settings.store.url, PATIENCE_S)
    try:
        require_current(database)
        yield database
    finally:
        database.close()


@app.command()
def upgrade(config_file: ConfigFile = None) -> None:
    """Make the tables, or bring those of an earlier version up to date. Doing it twice changes nothing."""
    with faults_told("db upgrade"):
        settings = config.load(config_file)
        print(f"the schema is {upgrade_schema(settings.store.url, zone=settings.zone)}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Accounts and meters, one line a meter.")],
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out accounts with a bad line and import the others.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Write every bad line to this file.")] = None,
    show: Annotated[int, typer.Option(min=0, help="Bad lines shown here.")] = 20,
    config_file: ConfigFile = None,
) -> None:
    """Import accounts, meters and their last readings. If a line is bad, nothing is imported (exit 1)."""
    console = Console(stderr=True, highlight=False)
    with faults_told("db import"):
        settings = config.load(config_file)
        terms = Terms(account_format(settings), settings.zone, window(settings), datetime.now(UTC))
        with (
            opened(settings) as database,
            report.open("w", encoding="utf-8") if report else nullcontext() as lines,
            _progress(console) as progress,
        ):
            bad = BadLines(console, show, lines)
            task = progress.add_task(file.name, total=None)
            summary = import_accounts(
                database,
                file,
                terms,
                skip_bad=skip_bad,
                report=bad,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        _tell(summary, bad, report)
    raise typer.Exit(0 if summary.imported else 1)


class BadLines:
    """Shows the first bad lines and writes all of them to the report."""

    def __init__(self, console: Console, show: int, lines: TextIO | None) -> None:
        self._console, self._show, self._lines = console, show, lines
        self.count = 0

    def __call__(self, bad: BadLine) -> None:
        self.count += 1
        if self._lines is not None:
            self._lines.write(f"{bad}\n")
        if self.count <= self._show:
            self._console.print(str(bad), markup=False, soft_wrap=True)

    @property
    def hidden(self) -> int:
        """How many faults were not shown."""
        return max(0, self.count - self._show)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _tell(summary: Summary, bad: BadLines, report: Path | None) -> None:
    if bad.hidden:
        where = f", all of them in {report}" if report else "; --report FILE writes all of them"
        print(f"… and {bad.hidden} faults more{where}", file=sys.stderr)
    if not summary.imported:
        print(f"nothing is imported: {summary.bad_lines} of {summary.lines} lines are bad", file=sys.stderr)
        return
    print(f"lines: {summary.lines}")
    print(f"accounts: {summary.accounts_new} new, {summary.accounts_changed} changed")
    print(f"meters: {summary.meters_new} new")
    behind = f" ({summary.readings_behind} behind newer ones of their period)" if summary.readings_behind else ""
    print(f"readings: {summary.readings_new} new{behind}")
    if summary.bad_lines:
        print(f"left out: {summary.left_out} accounts (bad lines: {summary.bad_lines})")


@app.command()
def replace(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Replaced meters, one line a meter.")],
    by: Annotated[str, typer.Option("--by", help="Who says so, for the audit; the system's user if not given.")] = "",
    config_file: ConfigFile = None,
) -> None:
    """Replace meters: the old ones go with their final values, the new ones come with their first ones.

    If a line is bad, nothing is done. A line that contradicts the store is told and left out (exit 1). A line that was
    done before changes nothing.
    """
    with faults_told("db replace"):
        settings = config.load(config_file)
        now = datetime.now(UTC)
        lines = read_replacements(file, now.astimezone(settings.zone).date())
        bad = [line for line in lines if isinstance(line, BadLine)]
        done = 0
        with opened(settings) as database:
            for number, replacement in () if bad else [line for line in lines if not isinstance(line, BadLine)]:
                who = by or getpass.getuser()
                try:
                    done += replace_meter(database, replacement, Channel.FILE, window(settings), who, now)
                except CannotReplace as error:
                    bad.append(BadLine(number, "", PROBLEMS[error.problem]))
    for line in bad:
        print(line, file=sys.stderr)
    print(f"replaced: {done}")
    raise typer.Exit(1 if bad else 0)


PROBLEMS = {
    ReplacementProblem.NO_METER: "the account has no such meter in use",
    ReplacementProblem.WRONG_COUNT: "the old meter has another number of zones",
    ReplacementProblem.TOO_LONG: "a value does not fit on the display",
    ReplacementProblem.IN_USE: "the account has another meter of this serial number",
    ReplacementProblem.READ_LATER: "the old meter was read after this day",
}
"""Why a meter cannot be replaced, in words."""


@app.command()
def export(
    out: Annotated[Path | None, typer.Option(help="File to write; without it the readings go to stdout.")] = None,
    batch: Annotated[int | None, typer.Option(help="Write this earlier batch again, unchanged.")] = None,
    with_flagged: Annotated[
        bool, typer.Option("--with-flagged", help="Take readings too that wait for a clerk.")
    ] = False,
    config_file: ConfigFile = None,
) -> None:
    """Write the readings that were not exported yet, as a new batch. Each reading leaves once."""
    if batch is not None and with_flagged:
        raise typer.BadParameter("--batch writes what has left already, --with-flagged takes what has not")
    if out is not None and not out.parent.is_dir():
        raise typer.BadParameter(f"{out.parent}: no such folder")  # said before anything is taken
    with faults_told("db export"):
        settings = config.load(config_file)
        with opened(settings) as database:
            _export(database, out, batch, with_flagged=with_flagged)


def _export(database: Database, out: Path | None, number: int | None, *, with_flagged: bool) -> None:
    now = datetime.now(UTC)
    for lost in exporting.unwritten_batches(database):
        if lost != number:
            print(f"batch {lost} was never written whole: ask for it by --batch {lost}", file=sys.stderr)
    if number is not None:
        batch: exporting.ExportBatch | None = exporting.find_batch(database, number)
    else:
        batch = exporting.take_batch(database, now, with_flagged=with_flagged)
        told = f"batch {batch.number}: {batch.readings} readings" if batch else "no readings wait: no batch"
        print(told, file=sys.stderr)
    exporting.write_batch(database, batch, out or sys.stdout, now)
