"""`ivr bench`: the project's own benchmarks. Machines differ: read medians, and compare within one run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ivr.app import bring_accounts
from ivr.cli.labels import fault_text
from ivr.config import REPOSITORY
from ivr.domain.faults import StoreUnavailable
from ivr.speech.model_folder import BadModel
from ivr.storage.calls.reader import CallReader
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade
from ivr.studio.catalogue import load_catalogue
from ivr.telephony.manager.ami import AmiFault
from ivr.testbed.benchmarks import filled_database
from ivr.testbed.benchmarks import store as storing
from ivr.testbed.benchmarks.calls import Load, Reactions, load, reactions, write_accounts
from ivr.testbed.benchmarks.hotline_figures import Aspect, Size, measure
from ivr.testbed.benchmarks.pages import PagesFailed, measure_pages
from ivr.testbed.benchmarks.studio import Published, StudioPages
from ivr.testbed.lab.faults import LabFault
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.scripted_call import on_duty
from ivr.testbed.robot.system import System, SystemFault
from ivr.testbed.speech_benchmark.direct_recogniser import without_native_warnings
from ivr.testbed.speech_benchmark.report import BadCard
from ivr.testbed.speech_benchmark.run import QUICK_COUNT, Part, Plan, run
from ivr.testbed.speech_benchmark.table import LEGEND
from ivr.testbed.speech_load.callers import NotMeasured
from ivr.testbed.speech_load.speed import Effort
from ivr.testbed.speech_sets.degradation import Degradation
from ivr.testbed.speech_sets.programs import ProgramFailed
from ivr.testbed.speech_sets.sound import BadRecording

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def bench() -> None:
    """The project's own benchmarks; each prints a table and a line of JSON."""


@app.command()
def calls(
    at_once: Annotated[int, typer.Option(min=1, max=1000, help="Calls at once through SIPp.")] = 100,
    timed: Annotated[int, typer.Option(min=1, help="Calls whose reactions are timed, one after the other.")] = 5,
) -> None:
    """Hand-off, reaction to keys, and calls at once with their cost, on a real Asterisk of its own."""
    Path("var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="var"))
    system = System(folder, Lab(folder / "lab"))
    try:
        system.prepare()
        bring_accounts(system.settings, write_accounts(system, max(at_once, timed)))
        system.start_daemon()
        found = asyncio.run(_timed(system, timed))
        system.kill_daemon()
        _fresh(system)
        bring_accounts(system.settings, write_accounts(system, at_once))
        system.start_daemon()
        loaded = load(system, at_once)
        system.stop_daemon()
    except (LabFault, SystemFault, AmiFault, StoreUnavailable) as error:
        print(f"ivr bench: {fault_text(error)}", file=sys.stderr)
        raise typer.Exit(2) from None
    finally:
        system.kill_daemon()
        system.lab.down()
        shutil.rmtree(folder, ignore_errors=True)
    _show(found, loaded)
    raise typer.Exit(0 if loaded.stored == loaded.calls else 1)


@app.command()
def hotline(
    only: Annotated[list[Aspect] | None, typer.Option(help="Only this part; may be repeated.")] = None,
    calls: Annotated[int, typer.Option(min=1, help="Calls whose way to the first ring is timed.")] = 30,
    callers: Annotated[int, typer.Option(min=1, max=1000, help="Callers who arrive within 20 s.")] = 600,
    callbacks: Annotated[int, typer.Option(min=1, help="Call-backs, all due at once.")] = 60,
    people: Annotated[int, typer.Option(min=1, max=100, help="People at work who take those call-backs.")] = 20,
    storm_s: Annotated[float, typer.Option(min=0.5, help="Seconds that each rate of events lasts.")] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON and no table.")] = False,
) -> None:
    """Answer to first ring, a crowd of callers, call-backs and queue events, on a real Asterisk of its own."""
    Path("var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="var"))
    try:
        figures = measure(
            folder, Size(calls, callers, callbacks, people, storm_s), tuple(only or Aspect), bring_accounts
        )
    except (LabFault, SystemFault, AmiFault, StoreUnavailable) as error:
        print(f"ivr bench: {fault_text(error)}", file=sys.stderr)
        raise typer.Exit(2) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not as_json:
        table = Table(
            "what", "value", "aim", title=f"{platform.machine()}, {platform.python_version()}, {figures.machine}"
        )
        for row in figures.rows():
            table.add_row(*row)
        Console().print(table)
    print(json.dumps(figures.plain()))
    raise typer.Exit(1 if figures.lost else 0)


@app.command()
def store(
    accounts: Annotated[int, typer.Option(min=1, help="Accounts in the imported file.")] = 100_000,
    units: Annotated[int, typer.Option(min=2, help="Look-ups and submissions that are timed.")] = 500,
    url: Annotated[str, typer.Option(help="An empty database; without it a new SQLite file.")] = "",
) -> None:
    """Import of accounts and meters, and the units of work that a caller waits for."""
    Path("var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir="var") as folder:
        file, place = Path(folder) / "accounts.csv", url or f"sqlite:///{Path(folder).absolute() / 'ivr.db'}"
        try:
            upgrade(place)
            database = Database(place, 600)
            storing.write_file(file, accounts)
            times = storing.measure(database, file, accounts, units, lambda step: print(step, file=sys.stderr))
            database.close()
        except (StoreUnavailable, ValueError) as error:
            print(f"ivr bench: {fault_text(error)}", file=sys.stderr)
            raise typer.Exit(2) from None
    table = Table("what", "n", "p50", "p95", "aim", title=f"{place.partition(':')[0]}, {platform.machine()}")
    table.add_row("import, s", str(times.accounts), f"{times.import_s:.1f}", "", "30 for 100,000")
    for name, values in (("find an account, ms", times.lookups_ms), ("store a meter, ms", times.keeps_ms)):
        table.add_row(name, str(len(values)), f"{_share(values, 50):.1f}", f"{_share(values, 95):.1f}", "")
    Console().print(table)
    found = {"p50": _share(times.lookups_ms, 50), "p95": _share(times.lookups_ms, 95)}
    kept = {"p50": _share(times.keeps_ms, 50), "p95": _share(times.keeps_ms, 95)}
    print(json.dumps({"accounts": times.accounts, "import_s": times.import_s, "find_ms": found, "store_ms": kept}))


@app.command()
def speech(
    model: Annotated[Path, typer.Option(help="Folder of a Vosk model.")] = REPOSITORY / "speech_models" / "ru-phone",
    human: Annotated[Path | None, typer.Option(help="Folder of folders with recordings and transcripts.tsv.")] = None,
    seed: Annotated[int, typer.Option(help="Numbers, gaps and noise follow from it: tune with another.")] = 2026,
    count: Annotated[int, typer.Option(min=1, help="Utterances in a set.")] = 100,
    only: Annotated[str, typer.Option(help="Only sets with this in their name.")] = "",
    line: Annotated[list[Degradation] | None, typer.Option(help="Only over this line; may be repeated.")] = None,
    part: Annotated[list[Part] | None, typer.Option(help="Only this part; may be repeated.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer utterances and shorter times: a rough look.")] = False,
    card: Annotated[Path | None, typer.Option(help="Put the tables into this model card, between its marks.")] = None,
) -> None:
    """How well and how fast spoken numbers, commands and answers are understood."""
    effort = Effort.QUICK if quick else Effort.FULL
    plan = Plan(model, human, seed, min(count, QUICK_COUNT) if quick else count, only, tuple(line or Degradation))
    try:
        with without_native_warnings() as progress:
            report = asyncio.run(run(plan, tuple(part or Part), effort, partial(print, file=progress)))
        if card is not None:
            report.into_card(card)
    except (BadModel, BadRecording, ProgramFailed, NotMeasured, BadCard) as error:
        print(f"ivr bench: {fault_text(error)}", file=sys.stderr)
        raise typer.Exit(2) from None
    for figures in report.tables():
        table = Table(*figures.columns, title=figures.title)
        for row in figures.rows:
            table.add_row(*row)
        Console().print(table)
    print(LEGEND)
    print(json.dumps(report.plain(), ensure_ascii=False))


@app.command()
def studio(
    readings: Annotated[int, typer.Option(min=1, help="Readings in the database.")] = 1_000_000,
    calls: Annotated[int, typer.Option(min=1, help="Calls in the database, each with about ten steps.")] = 100_000,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts in the database.")] = 100_000,
    times: Annotated[int, typer.Option(min=2, help="How often each page is opened.")] = 50,
    takes: Annotated[int, typer.Option(min=0, max=1000, help="Takes in the zip; 0: no zip.")] = 200,
    published: Annotated[int, typer.Option(min=0, help="Takes that are published and rung for; 0: no calls.")] = 5,
    url: Annotated[str, typer.Option(help="An empty database; without it a new SQLite file.")] = "",
) -> None:
    """The pages before a full database, a zip of takes, and how soon a real call hears what was published."""
    Path("var").mkdir(exist_ok=True)
    studio_figures = _studio_figures(takes, published) if takes or published else {}
    with tempfile.TemporaryDirectory(prefix="bench-", dir="var") as folder:
        place = url or f"sqlite:///{Path(folder).absolute() / 'ivr.db'}"
        try:
            upgrade(place)
            database = Database(place, 600)
            tell = partial(print, file=sys.stderr)
            began = time.perf_counter()
            filled_database.fill(database, filled_database.Size(readings, calls, accounts), datetime.now(UTC), tell)
            filled_s = time.perf_counter() - began
            measured = measure_pages(database, place, Path(folder), times, tell)
            database.close()
        except (StoreUnavailable, PagesFailed, ValueError) as error:
            print(f"ivr bench: {fault_text(error)}", file=sys.stderr)
            raise typer.Exit(2) from None
    title = (
        f"{place.partition(':')[0]}, {platform.machine()}, load {os.getloadavg()[0]:.1f}, filled in {filled_s:.0f} s"
    )
    table = Table("page", "first, ms", "p50, ms", "p95, ms", "KiB", title=title)
    for page in measured.pages:
        p50, p95 = _share(page.times_ms, 50), _share(page.times_ms, 95)
        table.add_row(page.path, f"{page.first_ms:.0f}", f"{p50:.1f}", f"{p95:.1f}", f"{page.size / 1024:.0f}")
    Console(width=None if os.isatty(1) else 160).print(table)
    figures = {
        page.path: {"first": page.first_ms, "p50": _share(page.times_ms, 50), "p95": _share(page.times_ms, 95)}
        for page in measured.pages
    }
    print(f"reports counted ahead {measured.counted_s:.0f} s after the start of the pages")
    sizes = {"readings": readings, "calls": calls, "accounts": accounts}
    print(json.dumps({**sizes, "reports_counted_s": measured.counted_s, "page_ms": figures, **studio_figures}))


def _studio_figures(takes: int, times: int) -> dict[str, object]:
    """The studio's part on a real Asterisk of its own, printed; the figures for the line of JSON."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="var"))
    places = {"sounds": {"own": str(folder.absolute() / "lab" / "own")}}
    places |= {"studio": {"takes": str(folder.absolute() / "lab" / "takes")}, "web": {"listen": "127.0.0.1:0"}}
    system = System(folder, Lab(folder / "lab"), changes=places)
    try:
        system.prepare()
        system.start_daemon()
        with contextlib.closing(StudioPages(system)) as pages:
            heard = asyncio.run(_published(system, pages, times)) if times else []
            archived = pages.archive(takes) if takes else None
        system.stop_daemon()
    except (LabFault, SystemFault, AmiFault, StoreUnavailable, PagesFailed) as error:
        print(f"ivr bench: {fault_text(error)}", file=sys.stderr)
        raise typer.Exit(2) from None
    finally:
        system.kill_daemon()
        system.lab.down()
        shutil.rmtree(folder, ignore_errors=True)
    table = Table("what", "n", "p50", "p95", title=f"{platform.machine()}, load {os.getloadavg()[0]:.1f}")
    found: dict[str, object] = {}
    for name, key, values in (
        ("publish to the page's answer, ms", "publish_ms", [one.answered_ms for one in heard]),
        ("publish to first heard, in a call rung then, ms", "first_heard_ms", [one.heard_ms for one in heard]),
    ):
        table.add_row(name, str(len(values)), f"{_share(values, 50):.0f}", f"{_share(values, 95):.0f}")
        found[key] = {"p50": _share(values, 50), "p95": _share(values, 95)} if values else None
    if archived is not None:
        name = f"takes of a zip processed a second ({archived.fine} without a fault)"
        table.add_row(name, str(archived.takes), f"{archived.per_second:.1f}", "")
        found["zip"] = {"takes": archived.takes, "fine": archived.fine, "per_second": archived.per_second}
    Console(width=None if os.isatty(1) else 160).print(table)
    return found


async def _published(system: System, pages: StudioPages, times: int) -> list[Published]:
    state = system.lab.state
    if state is None:
        raise SystemFault("the lab went down")
    database = system.open_database()
    catalogue = load_catalogue(system.settings.sounds.catalogue)
    try:
        async with on_duty(state, CallReader(database), catalogue, system.folder / "recordings") as robot:
            return await pages.published(robot.ring, times)
    finally:
        database.close()


def _fresh(system: System) -> None:
    for file in system.folder.glob("ivr.db*"):
        file.unlink()
    system.prepare()


async def _timed(system: System, count: int) -> Reactions:
    state = system.lab.state
    if state is None:
        raise SystemFault("the lab went down")
    sounds = system.settings.sounds
    catalogue = load_catalogue(sounds.folder / f"{sounds.voice}.toml")
    database = system.open_database()
    try:
        async with on_duty(state, CallReader(database), catalogue, system.folder / "recordings") as robot:
            return await reactions(state, robot, count)
    finally:
        database.close()


def _show(found: Reactions, loaded: Load) -> None:
    table = Table("what", "n", "p50", "p95", "aim", title=f"{platform.machine()}, {platform.python_version()}")
    for name, values, aim in (
        ("EAGI to the daemon's first command, ms", found.hand_offs, "20"),
        ("key to the next prompt, ms", found.prompts, "p95 100"),
    ):
        table.add_row(name, str(len(values)), f"{_share(values, 50):.1f}", f"{_share(values, 95):.1f}", aim)
    table.add_row("calls at once, stored", f"{loaded.stored} of {loaded.calls}", f"{loaded.seconds:.0f} s", "", "all")
    table.add_row("daemon's processor time for a call, ms", str(loaded.calls), f"{loaded.cpu_ms:.1f}", "", "10")
    table.add_row("daemon's memory for a call, KiB", str(loaded.calls), f"{loaded.rss_kb:.0f}", "", "")
    Console().print(table)
    figures = {
        "hand_off_ms": {"p50": _share(found.hand_offs, 50), "p95": _share(found.hand_offs, 95)},
        "key_to_prompt_ms": {"p50": _share(found.prompts, 50), "p95": _share(found.prompts, 95)},
        "load": asdict(loaded),
    }
    print(json.dumps(figures))


def _share(values: Sequence[float], percent: int) -> float:
    """A percentile; with few values the nearest one."""
    if len(values) < 2:
        return values[0] if values else float("nan")
    return quantiles(values, n=100, method="inclusive")[percent - 1]
