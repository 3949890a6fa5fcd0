"""The documentation keeps up with the program: settings, commands, texts of the log, links."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

from ivr.cli import GROUPS, app_of
from ivr.config import REPOSITORY, Section, Settings
from ivr.web.core.menu import ENTRIES

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


def test_every_setting_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.+?) \| .+ \|$", OPERATIONS, re.MULTILINE))
    documented = {name: rows.get(name, "no row in docs/operations.md") for name in SETTINGS}
    assert documented == {name: as_written(default) for name, default in SETTINGS.items()}


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
    for name, command in commands(f"ivr {group}", typer.main.get_command(app_of(group)))
}


def section(name: str) -> str:
    """The section of docs/commands.md on one command."""
    found = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", COMMANDS, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section on `{name}` in docs/commands.md"
    return found[1]


def test_every_command_is_documented_with_its_options() -> None:
    documented, known, without_usage = {}, {}, []
    for name, command in ALL_COMMANDS.items():
        text = section(name)
        arguments = [parameter.metavar for parameter in command.params if parameter.param_type_name == "argument"]
        if " ".join((name, *arguments)) not in text:
            without_usage.append(name)
        options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        known[name] = options - OF_THE_FRAMEWORK
        documented[name] = set(re.findall(r"^\| `(--[\w-]+)", text, re.MULTILINE))
    assert without_usage == []
    assert documented == known


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
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Periodic":
                texts = (one.value for one in node.keywords if one.arg in {"away", "fault"})
                yield from (str(text.value) for text in texts if isinstance(text, ast.Constant))


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


def test_no_page_names_a_place_of_one_machine() -> None:
    of_one_machine = re.compile(rf"{re.escape(str(REPOSITORY))}/|(?<![\w.])/(?:home|root|Users|work)/\S+")
    named = {page_name(page): of_one_machine.findall(page.read_text(encoding="utf-8")) for page in PAGES}
    assert {page: places for page, places in named.items() if places} == {}


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    sections = {name.partition(".")[0] for name in SETTINGS if "." in name}
    unknown = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = {name for name in re.findall(r"`(\w+\.(?!jsonl)\w+)`", text) if name.partition(".")[0] in sections}
        named |= {name.lower().replace("__", ".") for name in re.findall(r"\bIVR_([A-Z0-9]+__[A-Z_0-9]+)", text)}
        unknown += [f"{page_name(page)}: {name}" for name in sorted(named - set(SETTINGS))]
    assert unknown == []


def test_tests_that_are_named_stand_in_the_module_named_before_them() -> None:
    modules = {file.name: file.read_text(encoding="utf-8") for file in (REPOSITORY / "tests").rglob("*.py")}
    missing, module = [], ""
    for name in re.findall(r"\b(test_\w+(?:\.py)?)", (DOCS / "testing.md").read_text(encoding="utf-8")):
        if name.endswith(".py"):
            module = modules.get(name, "")
        if not module or (not name.endswith(".py") and f"def {name}(" not in module):
            missing.append(name)
    assert missing == []
