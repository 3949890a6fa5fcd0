"""Speech to learn from: a folder of voices with phone times, human recordings, and synthesis on the spot.

Sources that are missing are left out: festvox-ru and espeak-ng alone are enough.
"""

from __future__ import annotations

import csv
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from speech_models.train.alignment import Aligner
from speech_models.train.features import Segment, resample
from speech_models.train.phones import SILENCE
from speech_models.train.speech import Utterance
from speech_models.train.texts import Reader

ESPEAK_VOICES = ("ru", "ru+m1", "ru+m2", "ru+m3", "ru+m4", "ru+m7", "ru+f1", "ru+f2", "ru+f3")
"""ru+f4, ru+f5, ru+m5, ru+m6 and the named ones are kept for tests."""
FESTIVAL_VOICE = "voice_msu_ru_nsh_clunits"
RHVOICE_VOICES = ("aleksandr", "anna", "elena", "irina")
"""Those of RHVoice's Russian voices whose licence (GPL 3+) lets a model learn from them and be passed on."""
HUMAN = {"gcompris_lubimov": 500, "gcompris_suvorova_geo": 110, "klettres_dashk0": 110}
"""Folders of short recordings, and how many strings of them are put together."""
LONGEST_S = 13.0
FITS, FITS_ALONE = 0.6, 0.3
"""The lowest score of an alignment that is believed: of a sentence, of one word."""
LEVEL = 15000


def voices(folder: Path, work: Path) -> Iterator[Utterance]:
    """Every NAME.opus with NAME.tsv (start, samples, text, phones: name:start:length in samples)."""
    for index in sorted(folder.glob("*.tsv")):
        recording = work / f"{index.stem}.wav"
        if not recording.exists():
            samples, rate = soundfile.read(index.with_suffix(".opus"), dtype="int16")
            soundfile.write(recording, samples, rate, subtype="PCM_16")
        rate = soundfile.info(recording).samplerate
        with index.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                times = (one.split(":") for one in row["phones"].split())
                phones = tuple((phone, int(start) / rate, int(size) / rate) for phone, start, size in times)
                length = int(row["samples"])
                if phones and length < LONGEST_S * rate:
                    yield Utterance("voices", recording, int(row["start"]), length, row["text"], phones)


def _aligned(aligner: Aligner, source: str, file: Path, text: str, fits: float) -> Utterance | None:
    words = text.replace(",", " ").split()
    if not file.exists() or not all(word in aligner.lexicon for word in words):
        return None
    samples, rate = Utterance(source, file, 0, 0, text, ()).samples()
    heard = resample(samples, rate) * LEVEL
    if not 1200 < len(heard) < 8000 * LONGEST_S:
        return None
    phones, score = aligner.align(heard, words)
    return Utterance(source, file, 0, 0, " ".join(words), tuple(phones)) if score >= fits else None


def festival(reader: Reader, aligner: Aligner, work: Path, count: int) -> Iterator[Utterance]:
    """festvox-ru speaks `count` texts; nothing where Festival is not installed."""
    if not shutil.which("festival"):
        return
    work.mkdir(parents=True, exist_ok=True)
    texts = {work / f"{k}.wav": ",".join(reader.text().split(",")[:8]) for k in range(count)}
    say = "(define (Say s) (utt.synth (eval (list (quote Utterance) (quote Text) s))))\n"
    lines = [f'(unwind-protect (utt.save.wave (Say "{text}") "{file}"))\n' for file, text in texts.items()]
    script = work / "texts.scm"
    script.write_text(f"({FESTIVAL_VOICE})\n" + say + "".join(lines), encoding="utf-8")
    subprocess.run(["festival", "-b", str(script)], check=True, capture_output=True)
    for file, text in texts.items():
        if utterance := _aligned(aligner, "festvox", file, text, FITS):
            yield utterance


def espeak(reader: Reader, aligner: Aligner, work: Path, count: int) -> Iterator[Utterance]:
    if not shutil.which("espeak-ng"):
        return
    work.mkdir(parents=True, exist_ok=True)
    for k in range(count):
        file, text = work / f"{k}.wav", reader.text()
        voice = reader.chance.choice(ESPEAK_VOICES)
        speed, pitch = reader.chance.randint(110, 190), reader.chance.randint(20, 80)
        subprocess.run(
            ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", str(file), text], check=True
        )
        if utterance := _aligned(aligner, "espeak", file, text, FITS):
            yield utterance


def rhvoice(reader: Reader, aligner: Aligner, work: Path, count: int) -> Iterator[Utterance]:
    """RHVoice's program `RHVoice-test` speaks `count` texts by voices that may be used here, where it is on PATH."""
    if not shutil.which("RHVoice-test"):
        return
    work.mkdir(parents=True, exist_ok=True)
    for k in range(count):
        file, text = work / f"{k}.wav", reader.text()
        voice, rate = RHVOICE_VOICES[k % len(RHVOICE_VOICES)], reader.chance.randint(70, 150)
        say = ["RHVoice-test", "-p", voice, "-r", str(rate), "-o", str(file)]
        subprocess.run(say, input=text, text=True, check=True, capture_output=True)
        if utterance := _aligned(aligner, "voices", file, text, FITS):
            yield utterance


def human(folder: Path, aligner: Aligner, work: Path, chance: random.Random) -> Iterator[Utterance]:
    """Short recordings put together to strings, of one speaker each."""
    work.mkdir(parents=True, exist_ok=True)
    for name, count in HUMAN.items():
        if not (folder / name / "transcripts.tsv").exists():
            continue
        words: dict[str, Utterance] = {}
        for line in (folder / name / "transcripts.tsv").read_text(encoding="utf-8").splitlines():
            file, text = line.split("\t")[:2]
            if word := _aligned(aligner, name, folder / name / file, text, FITS_ALONE):
                words[text] = word
        for k in range(count if words else 0):
            said = [words[chance.choice(list(words))] for _ in range(chance.randint(1, 8 if count > 200 else 4))]
            yield _string(said, work / f"{name}-{k}.wav", chance)


def _string(words: list[Utterance], file: Path, chance: random.Random) -> Utterance:
    longest_gap = chance.choice([0.0, 0.03, 0.15, 0.4])
    parts: list[np.ndarray] = []
    phones: list[Segment] = []
    said: list[str] = []
    now = 0.0
    rate = words[0].samples()[1]
    for word in words:
        samples, its_rate = word.samples()
        spoken = [(p, start, length) for p, start, length in word.phones if p != SILENCE]
        if its_rate != rate or not spoken or now > LONGEST_S - 2:
            continue
        begin = max(0.0, spoken[0][1] - 0.03)
        end = min(len(samples) / rate, spoken[-1][1] + spoken[-1][2] + 0.05)
        gap = int((chance.uniform(0, longest_gap) if said else 0.05) * rate)
        phones.append((SILENCE, now, gap / rate + spoken[0][1] - begin))
        now += gap / rate
        phones += [(p, now + start - begin, length) for p, start, length in spoken]
        piece = samples[int(begin * rate) : int(end * rate)] * chance.uniform(0.6, 1)
        parts += [np.zeros(gap, np.float32), piece.astype(np.float32)]
        now += len(piece) / rate
        said.append(word.text)
    soundfile.write(file, np.concatenate(parts), rate, subtype="PCM_16")
    return Utterance(words[0].source, file, 0, 0, " ".join(said), tuple(phones))
