"""The documentation keeps up with the program: settings, commands, texts of the log, links."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

from ivr.cli import GROUPS
from ivr.config import REPOSITORY, Section, Settings
from ivr.web.menu import ENTRIES

DOCS = REPOSITORY / "docs"
PAGES = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *DOCS.rglob("*.md"),
        *(REPOSITORY / name / "README.md" for name in ("dialplan", "prompts")),
    ]
)
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")
COMMANDS = (DOCS / "commands.md").read_text(encoding="utf-8")
OF_THE_FRAMEWORK = {"--help", "--install-completion", "--show-completion"}


def page_name(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names of all settings with their defaults."""
    for name, field in model.model_fields.items():
        if isinstance(field.default, Section):
            yield from fields(type(field.default), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field.default


SETTINGS = dict(fields(Settings))


def as_written(default: Any) -> str:
    """A default as the table of settings writes it."""
    if default == "":
        return "empty"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, Path) and default.is_absolute() and default.is_relative_to(REPOSITORY):
        return f"`{default.relative_to(REPOSITORY)}` of the tree"
    return f"`{list(default) if isinstance(default, tuple) else default}`"


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    row = re.search(rf"^\| `{re.escape(name)}` \| (.+?) \| (.+) \|$", OPERATIONS, re.MULTILINE)
    assert row is not None, f"no row for {name} in docs/operations.md"
    assert row[1] == as_written(SETTINGS[name])


def commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name."""
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word, inner in below.items():
        yield from commands(f"{name} {word}", inner)


ALL_COMMANDS = {
    name: command
    for group in GROUPS
    for name, command in commands(
        f"ivr {group}", typer.main.get_command(importlib.import_module(f"ivr.cli.{group}").app)
    )
}


def section(name: str) -> str:
    """The section of docs/commands.md on one command."""
    found = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", COMMANDS, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section on `{name}` in docs/commands.md"
    return found[1]


@pytest.mark.parametrize("name", ALL_COMMANDS)
def test_every_command_is_documented_with_its_options(name: str) -> None:
    text = section(name)
    parameters = ALL_COMMANDS[name].params
    arguments = [parameter.metavar for parameter in parameters if parameter.param_type_name == "argument"]
    assert " ".join((name, *arguments)) in text
    known = {option for parameter in parameters for option in parameter.opts if option.startswith("--")}
    assert set(re.findall(r"^\| `(--[\w-]+)", text, re.MULTILINE)) == known - OF_THE_FRAMEWORK


def test_no_command_is_documented_that_does_not_exist() -> None:
    assert set(re.findall(r"^## (.+)$", COMMANDS, re.MULTILINE)) == set(ALL_COMMANDS)


def log_texts() -> Iterator[str]:
    """The constants that the program logs."""
    for module in sorted((REPOSITORY / "ivr").rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
                and isinstance(node.args[0], ast.Constant)
            ):
                yield str(node.args[0].value)


def test_every_text_of_the_log_is_explained_and_none_that_is_never_logged() -> None:
    table = OPERATIONS.partition("### Every text of the log")[2].partition("\n## ")[0]
    explained = {
        text for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for text in re.findall(r"`(.+?)`", row)
    }
    assert explained == set(log_texts())


def anchor(heading: str) -> str:
    """A heading as a link names it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_links_within_the_tree_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text):
            if re.match(r"[a-z]+:", link):
                continue
            file, _, part = link.partition("#")
            target = page.parent / file if file else page
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE) if part else []
            if not target.exists() or (part and part not in map(anchor, headings)):
                broken.append(f"{page_name(page)}: {link}")
    assert broken == []


def test_every_picture_is_shown_and_small() -> None:
    """They live in git: a few colours each."""
    shown = {
        (page.parent / link).resolve()
        for page in PAGES
        for link in re.findall(r"!\[[^\]]+\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    }
    pictures = {file for folder in DOCS.rglob("images") for file in folder.iterdir()}
    assert {page_name(file) for file in pictures - shown} == set()
    assert {page_name(file): file.stat().st_size for file in pictures if file.stat().st_size > 150_000} == {}


def test_the_russian_guide_leads_to_all_of_it() -> None:
    guide = DOCS / "ru"
    text = (guide / "README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", text))
    assert linked == {page.name for page in guide.glob("*.md")} - {"README.md"}


def test_the_russian_guide_names_every_page_of_the_menu() -> None:
    text = (DOCS / "ru" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \*\*(.+?)\*\* \|", text, re.MULTILINE) == [name for _, name in ENTRIES]


def test_pages_that_the_code_refers_to_exist() -> None:
    for module in sorted((REPOSITORY / "ivr").rglob("*.py")):
        for page in re.findall(r"docs/[\w/.-]+\.md", module.read_text(encoding="utf-8")):
            assert (REPOSITORY / page).is_file(), f"{page_name(module)} refers to {page}"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_no_page_names_a_place_of_one_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert str(REPOSITORY) + "/" not in text
    assert re.findall(r"(?<![\w.])/(?:home|root|Users|work)/\S+", text) == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_no_page_names_a_setting_that_does_not_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    sections = {name.partition(".")[0] for name in SETTINGS if "." in name}
    named = {name for name in re.findall(r"`(\w+\.(?!jsonl)\w+)`", text) if name.partition(".")[0] in sections}
    named |= {name.lower().replace("__", ".") for name in re.findall(r"\bIVR_([A-Z0-9]+__[A-Z_0-9]+)", text)}
    assert named <= set(SETTINGS)
