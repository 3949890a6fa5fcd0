"""A Vosk model on disk: what must be there, and views of it with settings and grammars of our own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ivr.domain.faults import BrokenFile

TELEPHONE_RATE = 8000
GRAMMARS = ("account", "reading", "digits", "commands", "yes-no")

_KALDI_RATE = 16000  # what Kaldi takes where mfcc.conf does not say

OURS_FOR_DECODING = "".join(f"--endpoint.rule{rule}.min-trailing-silence=100\n" for rule in (1, 2, 3, 4)) + (
    "--endpoint.rule5.min-utterance-length=1000\n"
)
"""Vosk must not end an utterance by itself: listening does, by voice activity and meaning."""

OURS_WITHOUT_HURRY = "--frames-per-chunk=90\n"
"""For a recogniser whose words nobody waits for before the end: the network runs once in 0.9 s of audio instead of once
in 0.2 s (Kaldi's 20 frames), and most of its work on so few frames is fetching its weights."""

OURS_FOR_FEATURES = "--allow-upsample=true\n"
"""Without it a model for 16 kHz, as most are, refuses audio of a telephone."""


class BadModel(BrokenFile):
    """The folder is no model that can be used; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that looks like a Vosk model; whether it is one, only loading it tells.

    rate: sampling rate its features are made for, Hz. flat: the form of models before Vosk 0.3, without subfolders.
    static: its graph is compiled with its words and takes no grammars. grammars: brought by the model, by name;
    all of GRAMMARS or none.
    """

    path: Path
    rate: int
    flat: bool
    static: bool
    grammars: tuple[str, ...]

    @classmethod
    def inspect(cls, path: Path) -> ModelFolder:
        """Look at what is there, without loading it. Raises BadModel."""
        if not path.is_dir():
            raise BadModel(f"{path}: no such model folder")
        path = path.resolve()
        flat = not (path / "am").is_dir() and (path / "final.mdl").is_file()
        graph = path if flat else path / "graph"
        static = (graph / "HCLG.fst").is_file()
        needed = [path / "final.mdl", path / "mfcc.conf"] if flat else [
            path / "am/final.mdl", path / "conf/mfcc.conf", path / "conf/model.conf",
        ]  # fmt: skip
        needed += [graph / "words.txt"]
        needed += [] if static else [graph / "HCLr.fst", graph / "Gr.fst", graph / "disambig_tid.int"]
        grammars = GRAMMARS if (path / "grammars").is_dir() and not flat and not static else ()
        needed += [path / "grammars" / f"{name}.fst" for name in grammars]
        try:
            missing = [str(file.relative_to(path)) for file in needed if not file.is_file()]
            if missing:
                raise BadModel(f"{path}: not a Vosk model, there is no {', '.join(missing)}")
            empty = [str(file.relative_to(path)) for file in needed if not file.stat().st_size]
            if empty:
                raise BadModel(f"{path}: the model is damaged, {', '.join(empty)} is empty")
            features = (path if flat else path / "conf") / "mfcc.conf"
            rate = re.search(r"^--sample-frequency\s*=\s*(\d+)", features.read_text("utf-8", "replace"), re.MULTILINE)
        except OSError as error:
            raise BadModel(f"{path}: {error}") from error
        return cls(path, int(rate[1]) if rate else _KALDI_RATE, flat, static, grammars)

    def view(self, target: Path, grammar: str = "", *, hurry: bool = True) -> Path:
        """The model as links in a new folder `target`, with our settings and `grammar` in place of its own.

        hurry: words are wanted while the caller speaks. The view is needed only until it is loaded. Raises BadModel.
        """
        try:
            target.mkdir(parents=True)
            folders = () if self.flat else ("conf", "graph")
            for entry in self.path.iterdir():
                if entry.name not in (*folders, "grammars"):
                    (target / entry.name).symlink_to(entry)
            for name in folders:
                (target / name).mkdir()
                for entry in (self.path / name).iterdir():
                    (target / name / entry.name).symlink_to(entry)
            conf = target if self.flat else target / "conf"
            _lengthen(conf / "mfcc.conf", OURS_FOR_FEATURES)
            if not self.flat:  # Vosk keeps the decoding settings of the old form in its code
                _lengthen(conf / "model.conf", OURS_FOR_DECODING + ("" if hurry else OURS_WITHOUT_HURRY))
            if grammar:
                (target / "graph" / "Gr.fst").unlink()
                (target / "graph" / "Gr.fst").symlink_to(self.path / "grammars" / f"{grammar}.fst")
        except OSError as error:
            raise BadModel(f"{self.path}: {error}") from error
        return target


def _lengthen(link: Path, lines: str) -> None:
    """Put a copy with further lines in the place of a link; Kaldi takes the last value of an option."""
    text = link.read_text(encoding="utf-8", errors="replace")
    link.unlink()
    link.write_text(f"{text.rstrip()}\n{lines}", encoding="utf-8")
