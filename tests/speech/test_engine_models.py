"""Models that are missing, damaged, of another kind, or vanish and come back, under real processes."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.speech.engine import Engine
from ivr.speech.model_folder import BadModel
from tests.speech.engines import MODEL, READING, SAID, heard, ignore, running
from tests.waiting import until


def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODEL, tmp_path / "model"))


async def test_a_model_that_vanishes_and_comes_back_is_used_again(tmp_path: Path, speech: bytes) -> None:
    model = copied(tmp_path)
    async with running(model=model) as engine:
        model.rename(tmp_path / "away")
        os.kill(engine.pids[0], signal.SIGKILL)
        await until(lambda: not engine.available)
        assert engine.listen(READING, ignore) is None
        (tmp_path / "away").rename(model)
        await until(lambda: engine.available)
        assert await heard(engine, speech) == SAID


async def test_a_model_for_sixteen_kilohertz_understands_the_telephone(tmp_path: Path, speech: bytes) -> None:
    model = copied(tmp_path)
    features = model / "conf" / "mfcc.conf"
    features.write_text(features.read_text().replace("=8000", "=16000"))
    async with running(model=model) as engine:
        assert await heard(engine, speech) == SAID


async def test_a_model_without_grammars_of_its_own_understands_numbers_and_phrases(
    tmp_path: Path, speech: bytes
) -> None:
    model = copied(tmp_path)
    shutil.rmtree(model / "grammars")
    async with running(model=model) as engine:
        assert await heard(engine, speech) == SAID


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda model: shutil.rmtree(model), "no such model folder"),
        (lambda model: (model / "am/final.mdl").unlink(), r"no am/final\.mdl"),
        (lambda model: (model / "graph/HCLr.fst").write_bytes(b""), r"graph/HCLr\.fst is empty"),
        (lambda model: cut(model / "am/final.mdl"), "damaged"),
        (lambda model: cut(model / "graph/HCLr.fst"), "damaged"),
        (lambda model: cut(model / "grammars/reading.fst"), "damaged"),
        (lambda model: cut(model / "graph/words.txt"), "does not know «"),
        (lambda model: cut(model / "graph/disambig_tid.int"), "breaks down"),  # a segmentation fault in Vosk
    ],
)
async def test_a_broken_model_is_told_and_nothing_runs(
    tmp_path: Path, damage: Callable[[Path], object], told: str
) -> None:
    model = copied(tmp_path)
    damage(model)
    engine = Engine(model, 1)
    with pytest.raises(BadModel, match=told):
        await engine.start()
    assert not engine.available
    assert engine.pids == []
    assert engine.listen(READING, ignore) is None
    await engine.close()
