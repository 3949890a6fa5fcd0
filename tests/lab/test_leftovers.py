"""What a test leaves behind in the lab is told, and is gone for the next one."""

from __future__ import annotations

import pytest

from ivr.testbed.lab.lab import Lab
from tests.lab.leftovers import AsFound, LeftBehind
from tests.lab.phone import calling, exchange, nobody_answers
from tests.lab.queueing import queued


def test_whatever_is_left_behind_is_named_and_put_right(lab: Lab) -> None:
    lab.command("queue add member Local/boris@lab-agent/n to operator")
    found = AsFound(lab, ends_s=0.5)
    left = {
        "dialplan set global LAB_AGENT rings": "global LAB_AGENT 'rings' instead of None",
        "dialplan set global IVR_CALLS 0": "global IVR_CALLS '0' instead of '",
        "database put ivr-members/101 pin 1": "entry /ivr-members/101/pin '1' instead of None",
        "queue pause member Local/hotline@lab-agent/n queue hotline": "of queue hotline paused instead of at work",
        "queue add member Local/anna@lab-agent/n to hotline": "Local/anna@lab-agent/n of queue hotline at work instead",
        "queue remove member Local/boris@lab-agent/n from operator": "of queue operator absent instead of at work",
        "channel originate Local/s@lab-caller/n extension s@lab-caller": "channel Local/s@lab-caller",
    }
    for command in left:
        lab.command(command)
    with pytest.raises(LeftBehind) as told:
        found.check("this test")
    assert [word for word in left.values() if word not in str(told.value)] == []
    found.check("the next test")
    lab.command("queue remove member Local/boris@lab-agent/n from operator")


async def test_a_caller_left_in_a_queue_is_told_and_hung_up(lab: Lab) -> None:
    async with nobody_answers(lab):
        found = AsFound(lab, ends_s=0.5)
        async with calling(lab) as phone:
            await queued(phone)
            with pytest.raises(LeftBehind, match=f"caller {phone.line} in a queue"):
                found.check("this test")
            await phone.sees("Hangup")
            found.check("the next test")


async def test_a_call_that_is_about_to_end_is_waited_for(lab: Lab) -> None:
    found = AsFound(lab)
    async with exchange(lab) as ami:
        call = await ami.originate("Local/s@lab-caller/n", context="lab-caller")
        await ami.action("AbsoluteTimeout", Channel=call.channel, Timeout="1")
        found.check("this test")
