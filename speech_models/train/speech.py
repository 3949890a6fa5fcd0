"""The index of the speech that training learns from: a line for each utterance, phones with their times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from speech_models.train.features import Segment


@dataclass(frozen=True, slots=True)
class Utterance:
    """start, length: samples of the file at its own rate; length 0 is the whole file."""

    source: str
    file: Path
    start: int
    length: int
    text: str
    phones: tuple[Segment, ...]

    def samples(self) -> tuple[np.ndarray, int]:
        """One channel, float32, the loudest sample at 1; and the rate."""
        samples, rate = soundfile.read(self.file, self.length or -1, self.start, dtype="float32", always_2d=True)
        mono = samples.mean(1)
        return mono / (np.abs(mono).max() + 1e-6), rate

    def line(self) -> str:
        phones = " ".join(f"{phone}:{start:.4f}:{length:.4f}" for phone, start, length in self.phones)
        return f"{self.source}\t{self.file}\t{self.start}\t{self.length}\t{self.text}\t{phones}\n"


def write_index(file: Path, utterances: Iterable[Utterance]) -> int:
    """Written whole or not at all; how many."""
    rough = file.with_suffix(".part")
    count = 0
    with rough.open("w", encoding="utf-8") as out:
        for utterance in utterances:
            out.write(utterance.line())
            count += 1
    rough.replace(file)
    return count


def read_index(file: Path) -> list[Utterance]:
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        source, path, start, length, text, phones = line.split("\t")
        times = (one.split(":") for one in phones.split())
        segments = tuple((phone, float(begin), float(size)) for phone, begin, size in times)
        found.append(Utterance(source, Path(path), int(start), int(length), text, segments))
    return found
