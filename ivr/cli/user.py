"""`ivr user`: who may use the pages and record by phone."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from getpass import getpass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ivr import config
from ivr.cli.db import ConfigFile, faults_told, opened
from ivr.cli.labels import SECRETS
from ivr.cli.readings import By, user
from ivr.domain.users import Role, SecretFault, login_fault, password_fault, pin_fault
from ivr.storage.users import credentials
from ivr.storage.users import users as people

app = typer.Typer(no_args_is_help=True, add_completion=False)

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="Name to log in with.")]
RoleOption = Annotated[Role, typer.Option("--role", help="administrator, clerk, voice or viewer.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a password and print it once.")]


@app.callback()
def users() -> None:
    """Who may use the pages and record by phone."""


@app.command()
def add(
    login: Login, role: RoleOption, generate: Generate = False, by: By = "", config_file: ConfigFile = None
) -> None:
    """Let somebody in. The password is asked twice, or read from standard input where that is no terminal."""
    login = login.strip().lower()
    _refuse(login_fault(login))
    with faults_told("user add"), opened(config.load(config_file)) as database:
        password = credentials.generated_password() if generate else _asked("Password: ")
        _refuse(password_fault(password, login))
        people.add(database, login, role, credentials.hashed(password), by or user(), datetime.now(UTC))
    print(f"user {login}: {role.value}" + (f", password {password}" if generate else ""))


@app.command("list")
def list_(config_file: ConfigFile = None) -> None:
    """Show everybody with the number that is keyed to record by phone, those who may not enter any more too."""
    with faults_told("user list"), opened(config.load(config_file)) as database:
        table = Table("number", "login", "role", "may enter", "PIN")
        for person in people.everybody(database):
            enters = "yes" if person.active and person.can_enter else "no"
            table.add_row(str(person.id), person.login, person.role.value, enters, "yes" if person.can_record else "no")
        Console(highlight=False).print(table)


@app.command()
def passwd(login: Login, generate: Generate = False, by: By = "", config_file: ConfigFile = None) -> None:
    """Give a new password, asked as by `add`. It ends a lock and all sessions."""
    with faults_told("user passwd"), opened(config.load(config_file)) as database:
        login = people.find(database, login.lower()).login
        password = credentials.generated_password() if generate else _asked("Password: ")
        _refuse(password_fault(password, login))
        people.set_password(database, login, credentials.hashed(password), by or user(), datetime.now(UTC))
    print(f"user {login}: new password" + (f" {password}" if generate else ""))


@app.command()
def pin(
    login: Login,
    none: Annotated[bool, typer.Option("--none", help="Take the PIN away.")] = False,
    by: By = "",
    config_file: ConfigFile = None,
) -> None:
    """Give a PIN for recording by phone, six digits or more, asked as a password is.

    Prints the number that is keyed before it.
    """
    with faults_told("user pin"), opened(config.load(config_file)) as database:
        login = people.find(database, login.lower()).login
        hash_text = None
        if not none:
            digits = _asked("PIN: ")
            _refuse(pin_fault(digits))
            hash_text = credentials.hashed(digits)
        person = people.set_pin(database, login, hash_text, by or user(), datetime.now(UTC))
    print(f"user {login}: {'no PIN' if none else f'new PIN, number {person.id}'}")


@app.command()
def role(login: Login, role: RoleOption, by: By = "", config_file: ConfigFile = None) -> None:
    """Give another role. The last administrator keeps theirs."""
    with faults_told("user role"), opened(config.load(config_file)) as database:
        person = people.set_role(database, login.lower(), role, by or user(), datetime.now(UTC))
    print(f"user {person.login}: {person.role.value}")


@app.command()
def disable(
    login: Login,
    undo: Annotated[bool, typer.Option("--undo", help="Let them in again.")] = False,
    by: By = "",
    config_file: ConfigFile = None,
) -> None:
    """Let somebody out at once: all their sessions end. The last administrator stays."""
    with faults_told("user disable"), opened(config.load(config_file)) as database:
        person = people.set_active(database, login.lower(), undo, by or user(), datetime.now(UTC))
    print(f"user {person.login}: {'may enter' if person.active else 'may not enter any more'}")


def _asked(prompt: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    given = getpass(prompt)
    if given != getpass("Again: "):
        raise typer.BadParameter("the two are not the same")
    return given


def _refuse(fault: SecretFault | None) -> None:
    if fault is not None:
        raise typer.BadParameter(SECRETS[fault])
