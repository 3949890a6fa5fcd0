"""What listening needs of the telephone."""

from __future__ import annotations

from typing import Protocol

from ivr.listening.keys import Key, KeyBuffer


class Line(Protocol):
    """A telephone line that plays prompts and reports keys. Every method raises HungUp when the caller is gone."""

    @property
    def keys(self) -> KeyBuffer:
        """Where keys land, whenever they are pressed."""

    async def play(self, *prompts: str, heed_keys: bool = True) -> bool:
        """Play prompts one after the other. True if all played to their end, False if a key or an overrun stopped one.

        Without `heed_keys` nothing stops it, and keys pressed meanwhile are lost.
        """

    async def wait_for_key(self, limit_s: float) -> Key | None:
        """Take the oldest key from the buffer, else the next that is pressed within `limit_s`.

        None if there was none, or if the keys turned out to be an overrun (the buffer knows).
        """

    def begin_utterance(self) -> None:
        """From here on keep what the caller says."""

    def end_utterance(self) -> bytes:
        """What the caller said since `begin_utterance`.

        Signed linear 16 bit little-endian, 8 kHz; b"" where the line brings no audio.
        """
