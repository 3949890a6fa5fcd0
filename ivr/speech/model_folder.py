"""A Vosk model on disk: what must be there, and a view of it for each of its grammars."""

from __future__ import annotations

import re
from pathlib import Path

GRAMMARS = "grammars"
NEEDED = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf")
RATE = 8000

NEVER_CUT = "".join(f"--endpoint.rule{rule}.min-trailing-silence=30\n" for rule in (1, 2, 3, 4)) + (
    "--endpoint.rule5.min-utterance-length=60\n"
)
"""Vosk must not end an utterance by itself: listening does, by voice activity and meaning."""


class BadModel(Exception):
    """The folder is no model that can be used; the text says what is wrong and how to mend it."""


def check(folder: Path) -> None:
    """Raise BadModel unless the folder looks like a Vosk model for telephone audio."""
    if not folder.is_dir():
        raise BadModel(f"{folder}: no such model folder")
    old_form = (folder / "final.mdl").is_file()  # models before 0.3 are flat; Vosk still loads them
    missing = [name for name in NEEDED if not (folder / name).is_file()] if not old_form else []
    if missing:
        raise BadModel(f"{folder}: no Vosk model, {', '.join(missing)} missing")
    rate = sample_rate(folder)
    if rate is not None and rate > RATE:
        raise BadModel(f"{folder}: made for {rate} Hz, a telephone has {RATE}; choose a model for 8 kHz")


def sample_rate(folder: Path) -> int | None:
    """The rate that the model's features are made for, None where its configuration does not say."""
    for name in ("conf/mfcc.conf", "mfcc.conf"):
        file = folder / name
        if file.is_file():
            found = re.search(r"--sample-frequency\s*=\s*(\d+)", file.read_text(encoding="utf-8", errors="replace"))
            return int(found[1]) if found else None
    return None


def has_grammars(folder: Path) -> bool:
    """Whether the model brings grammars of its own."""
    return (folder / GRAMMARS).is_dir()


def make_view(folder: Path, grammar: str, target: Path) -> Path:
    """A model folder of links in which `grammar` is the graph's own; `target` must not exist. Raises BadModel."""
    fst = folder / GRAMMARS / f"{grammar}.fst"
    if not fst.is_file():
        raise BadModel(f"{folder}: no grammar {GRAMMARS}/{grammar}.fst")
    folder = folder.resolve()
    (target / "graph").mkdir(parents=True)
    (target / "conf").mkdir()
    (target / "am").symlink_to(folder / "am")
    for file in (folder / "graph").iterdir():
        source = fst.resolve() if file.name == "Gr.fst" else file
        (target / "graph" / file.name).symlink_to(source)
    for file in (folder / "conf").iterdir():
        if file.name == "model.conf":
            kept = [line for line in file.read_text(encoding="utf-8").splitlines() if "--endpoint.rule" not in line]
            (target / "conf" / file.name).write_text("\n".join(kept) + "\n" + NEVER_CUT, encoding="utf-8")
        else:
            (target / "conf" / file.name).symlink_to(file)
    return target
