"""What listening needs of the telephone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ivr.listening.keys import Key, KeyBuffer


class Line(Protocol):
    """A telephone line that plays prompts and reports keys. Every method raises HungUp when the caller is gone."""

    @property
    def keys(self) -> KeyBuffer:
        """Where keys land, whenever they are pressed."""

    async def play(self, *prompts: str, heed_keys: bool = True) -> bool:
        """Play prompts one after the other. True if all played to their end.

        False if a key, an overrun or `hush` stopped one.

        Without `heed_keys` nothing stops it, and keys pressed meanwhile are lost.
        """

    async def wait_for_key(self, limit_s: float) -> Key | None:
        """Take the oldest key from the buffer, else the next that is pressed within `limit_s`.

        None if there was none, or if the keys turned out to be an overrun (the buffer knows).
        """

    def hear(self, on_audio: Callable[[bytes, float], None] | None) -> bool:
        """From here on hand on what the caller says, None: no more. False where the line brings no audio.

        Signed linear 16 bit little-endian, 8 kHz, in pieces as they come, with the clock's seconds; a dozen times a
        second, and b"" where nothing came.
        """

    def hush(self) -> None:
        """End the `play` or `wait_for_key` that runs: speech has decided. They return False and None."""

    @property
    def prompt_level(self) -> float:
        """RMS of the loudest 20 ms of prompt that may come back as an echo now; 0.0 if none was played recently."""
