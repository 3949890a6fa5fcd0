"""What is kept of a spoken address: all of what was said, and little of the silence around it."""

from __future__ import annotations

from ivr.listening.utterance_recorder import SILENCE_S, UtteranceRecorder
from tests.listening.sounding import click, noise, silence, speech

TICK_S = 0.08
TICK_BYTES = 1280
SECOND = 16_000


class Speaker:
    """Somebody who is recorded, in virtual time."""

    def __init__(self, longest_s: float = 20.0, *, prompts_over: bool = True) -> None:
        self.ends = 0
        self.now = 100.0
        self.taking = UtteranceRecorder(longest_s, self._over)
        if prompts_over:
            self.taking.prompts_over()

    def _over(self) -> None:
        self.ends += 1

    def says(self, pcm: bytes) -> Speaker:
        for at in range(0, len(pcm), TICK_BYTES):
            self.now += TICK_S
            self.taking.hear(pcm[at : at + TICK_BYTES], self.now, 0.0)
        return self

    def sends_nothing(self, seconds: float) -> Speaker:
        for _ in range(round(seconds / TICK_S)):
            self.now += TICK_S
            self.taking.hear(b"", self.now, 0.0)
        return self

    @property
    def kept_s(self) -> float:
        return len(self.taking.audio) / SECOND


def test_two_seconds_of_silence_end_it_and_are_not_kept() -> None:
    speaker = Speaker().says(silence(3) + speech(2) + silence(1.9))
    assert not speaker.taking.over
    speaker.says(silence(0.3))
    assert (speaker.taking.over, speaker.ends) == (True, 1)
    assert 2.0 < speaker.kept_s < 2.9


def test_a_telephone_that_sends_nothing_in_silence_ends_it_too() -> None:
    speaker = Speaker().says(speech(2)).sends_nothing(SILENCE_S + 0.2)
    assert (speaker.taking.over, speaker.ends) == (True, 1)


def test_pauses_between_street_and_house_belong_to_it() -> None:
    speaker = Speaker().says(speech(1) + silence(1.5) + speech(1) + silence(2.5))
    assert 3.4 < speaker.kept_s < 4.3


def test_nobody_speaks_for_ever() -> None:
    speaker = Speaker(longest_s=4.0).says(speech(10))
    assert speaker.taking.over and 3.9 < speaker.kept_s < 4.5


def test_silence_hiss_and_clicks_are_no_address() -> None:
    speaker = Speaker().says(silence(2) + click() + noise(5, 60) + click() + silence(2))
    assert (speaker.taking.begun, speaker.taking.over, speaker.taking.audio) == (False, False, b"")


def test_what_is_said_into_the_prompt_is_none_unless_it_goes_on() -> None:
    speaker = Speaker(prompts_over=False).says(speech(1) + silence(2))
    assert not speaker.taking.begun
    speaker.says(speech(1))
    speaker.taking.prompts_over()
    speaker.says(speech(1) + silence(2.2))
    assert speaker.taking.over and speaker.kept_s > 1
