"""From speech to the model folder: `python -m speech_models.train --hours 1 --work FOLDER --model FOLDER`.

Every step leaves its result in the work folder, and a second run goes on where the first one stopped.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from speech_models.train.alignment import Aligner
from speech_models.train.kaldi import write_model
from speech_models.train.network import load
from speech_models.train.phones import LEXICON, OTHER_WORDS, read_lexicon
from speech_models.train.shards import make_shards
from speech_models.train.sources import espeak, festival, human, rhvoice, voices
from speech_models.train.speech import Utterance, read_index, write_index
from speech_models.train.texts import Reader, other_words
from speech_models.train.training import Schedule, train

SHIPPED = Path(__file__).parent.parent / "ru-phone"
DICTIONARIES = (Path("/usr/share/hunspell/ru_RU.dic"),)
PRODUCING = 0.7
"""Of the time, shards are made beside the training; then the training has the machine for itself."""
FIRST_SHARD_S = 900.0


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m speech_models.train", description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0, help="time for training, resumed runs included")
    parser.add_argument("--work", type=Path, required=True, help="folder for everything between")
    parser.add_argument("--model", type=Path, required=True, help="the model folder to write")
    parser.add_argument("--voices", type=Path, help="folder of NAME.opus and NAME.tsv with phone times")
    parser.add_argument("--human", type=Path, help="folder of short human recordings with transcripts.tsv")
    parser.add_argument("--festival", type=int, default=1300, help="texts for festvox-ru")
    parser.add_argument("--rhvoice", type=int, default=4000, help="texts for RHVoice-test, if it is on PATH")
    parser.add_argument("--espeak", type=int, default=730, help="texts for espeak-ng")
    parser.add_argument("--start", type=Path, help="a checkpoint to begin from instead of random weights")
    parser.add_argument("--width", type=int, default=512, help="of each layer; a narrower --start is widened")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shards-until", type=float, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _gather(options: argparse.Namespace) -> Iterator[Utterance]:
    aligner = Aligner(SHIPPED / "am" / "final.mdl", read_lexicon((LEXICON, OTHER_WORDS)))
    chance = random.Random(options.seed)
    reader = Reader(chance, other_words(DICTIONARIES))
    audio = options.work / "audio"
    audio.mkdir(parents=True, exist_ok=True)
    if options.voices:
        yield from voices(options.voices, audio)
    else:
        yield from rhvoice(reader, aligner, audio / "rhvoice", options.rhvoice)
    if options.human:
        yield from human(options.human, aligner, audio / "human", chance)
    yield from festival(reader, aligner, audio / "festival", options.festival)
    yield from espeak(reader, aligner, audio / "espeak", options.espeak)


def main(arguments: list[str] | None = None) -> None:
    options = _arguments(arguments)
    work: Path = options.work
    index, shards = work / "speech.tsv", work / "shards"
    work.mkdir(parents=True, exist_ok=True)
    if not index.exists():
        print(write_index(index, _gather(options)), "utterances", flush=True)
    if options.shards_until is not None:
        make_shards(read_index(index), shards, options.shards_until, options.seed)
        return
    seconds = options.hours * 3600
    again = [sys.executable, "-m", "speech_models.train", *(arguments or sys.argv[1:])]
    with subprocess.Popen([*again, f"--shards-until={PRODUCING * seconds}"]) as producer:
        try:
            limit = time.monotonic() + FIRST_SHARD_S
            while not list(shards.glob("shard-*.npz")) and producer.poll() is None and time.monotonic() < limit:
                time.sleep(1)
            schedule = Schedule(seconds, rate=1.2e-3 if options.start else 2e-3, width=options.width)
            final = train(shards, work / "checkpoints", schedule, options.start, options.seed)
        finally:
            producer.terminate()
    model: Path = options.model
    (model / "am").mkdir(parents=True, exist_ok=True)
    network, counts = load(final)
    write_model(network.cpu().eval(), counts, model / "am" / "final.mdl")
    subprocess.run([sys.executable, "-m", "speech_models.train.model_folder", str(model)], check=True)


if __name__ == "__main__":
    main()
