"""Whole calls are kept until a person takes over, each side in a file of its own."""

from __future__ import annotations

from pathlib import Path

from ivr.testbed.lab.lab import Lab
from ivr.web.core.recordings import Sound, call_sound
from tests.lab.phone import Phone, calling, global_variable
from tests.waiting import until

LOUD = 1000
SOME_S = 2


def sound(folder: Path, uniqueid: str) -> Sound:
    """What there is of the recording of a call."""
    return call_sound(folder, uniqueid) or Sound((), (0, 0))


def recorders(lab: Lab, phone: Phone) -> int:
    """How many recordings of a call go on."""
    return lab.command(f"mixmonitor list {phone.line}").count("\n0x")


async def test_each_side_has_its_file_and_a_person_is_not_recorded(lab: Lab) -> None:
    folder = lab.folder / "calls"
    async with global_variable(lab, "IVR_RECORDINGS", folder), calling(lab, hums=True) as phone:
        uniqueid = (await phone.sees("VarSet", Variable="IVR_PROMPT", Value="fixed/greeting"))["Uniqueid"]
        await until(lambda: sound(folder, uniqueid).seconds > SOME_S)  # so much of the greeting is heard
        assert recorders(lab, phone) > 0
        await phone.presses("0")
        await phone.joins("hotline")
        assert recorders(lab, phone) == 0
        await until(lambda: all(sound(folder, uniqueid).sizes))  # as soon as Asterisk has closed both files
        heard = sound(folder, uniqueid)
    assert sound(folder, uniqueid) == heard
    caller, menu = heard.peaks()
    assert max(caller) > LOUD and max(menu) > LOUD
    # The caller hums from the first moment to the last; the line is quiet after its announcement began and ended.
    assert sum(peak > LOUD for peak in caller) > 0.8 * len(caller)
    assert sum(peak > LOUD for peak in menu) < 0.9 * len(menu)
    assert {file.name for file in folder.iterdir()} == {f"{uniqueid}-caller.wav", f"{uniqueid}-menu.wav"}


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
        assert recorders(lab, phone) == 0
