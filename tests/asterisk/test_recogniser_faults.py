"""A model that is no good: the line goes on by keys. Which models are none: tests/speech/test_engine_models.py."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from ivr.config import REPOSITORY
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.system import System
from tests.asterisk.accounts import import_accounts
from tests.asterisk.conftest import ringing
from tests.asterisk.steps import GIVEN, Steps, ring
from tests.voice.said import WAVS
from tests.waiting import until

MODEL = REPOSITORY / "speech_models" / "ru-phone"


async def test_a_model_that_is_no_good_leaves_the_keys(lab: Lab) -> None:
    with tempfile.TemporaryDirectory(prefix="system-", dir=REPOSITORY / "var") as folder:
        model = Path(folder) / "model"
        shutil.copytree(MODEL, model)
        with (model / "am" / "final.mdl").open("r+b") as network:
            network.truncate(5000)
        changes: dict[str, dict[str, Any]] = {"speech": {"model": str(model)}, "line": {"header_s": 30}}
        system = System(Path(folder) / "system", lab, changes=changes)
        system.prepare()
        import_accounts(system)
        system.start_daemon()
        try:
            useless = "the speech model cannot be used; callers use keys only"
            await until(lambda: useless in system.log_file.read_text("utf-8"))
            async with ringing(system) as robot:
                steps: Steps = [
                    {"hears": "identify/ask"},
                    *GIVEN[1:],
                    {"wav": str(WAVS / "yes.wav"), "over": True},
                    {"keys": "1"},
                ]
                steps += [{"hears": "reading/receipt"}, {"hangs_up": True}]
                reading = {"meter": "10000001", "zone": "T1", "value": 12150}
                expect = {"outcome": "stored", "readings": [reading], "heard": ["identify/ask", "reading/stored"]}
                result = await ring(robot, steps, expect)
            asked = next(it.text for it in result.happenings if it.prompt == "identify/ask")
            assert "на клавишах" in asked and "азовите" not in asked
            system.stop_daemon()
        finally:
            system.kill_daemon()
