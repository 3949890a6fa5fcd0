"""Whole calls are kept until a person takes over, each side in a file of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ivr.lab.lab import Lab
from ivr.web.recordings import Sound, call_sound
from tests.lab.phone import calling, global_variable

LOUD = 1000


async def finished(folder: Path, uniqueid: str) -> Sound:
    """The recording, as soon as Asterisk has closed both files."""
    async with asyncio.timeout(60):
        while True:
            sound = call_sound(folder, uniqueid)
            if sound is not None and all(sound.sizes):
                return sound
            await asyncio.sleep(0.05)


async def test_each_side_has_its_file_and_a_person_is_not_recorded(lab: Lab) -> None:
    folder = lab.folder / "calls"
    async with global_variable(lab, "IVR_RECORDINGS", folder), calling(lab, hums=True) as phone:
        greeting = await phone.sees("VarSet", Variable="IVR_PROMPT", Value="fixed/greeting")
        await asyncio.sleep(2)  # so much of the greeting is heard
        await phone.presses("0")
        await phone.joins("hotline")
        talking = await finished(folder, greeting["Uniqueid"])
        assert 2 < talking.seconds < 12
        await asyncio.sleep(1.5)  # the person hums
        assert call_sound(folder, greeting["Uniqueid"]) == talking
        caller, menu = talking.peaks()
        assert max(caller) > LOUD and max(menu) > LOUD
        # The caller hums from the first moment to the last; the line is quiet after its announcement began and ended.
        assert sum(peak > LOUD for peak in caller) > 0.8 * len(caller)
        assert sum(peak > LOUD for peak in menu) < 0.9 * len(menu)
    assert {file.name for file in folder.iterdir()} == {
        f"{greeting['Uniqueid']}-caller.wav",
        f"{greeting['Uniqueid']}-menu.wav",
    }


async def test_without_a_place_to_write_the_call_goes_on(lab: Lab) -> None:
    nowhere = "/proc/nowhere"
    async with global_variable(lab, "IVR_RECORDINGS", nowhere), calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("0")
        await phone.joins("hotline")


async def test_nothing_is_kept_where_no_folder_is_named(lab: Lab) -> None:
    async with calling(lab) as phone:
        await phone.hears("fixed/greeting")
        assert "MixMonitor" not in lab.command(f"core show channel {phone.line}")
        assert lab.command("mixmonitor list " + phone.line).count(".wav") == 0
