"""Hashes of passwords and PINs: argon2id with the library's parameters (RFC 9106, low memory): 64 MiB, some 50 ms.

Slow on purpose: never on the event loop, and only a few at once. A process has one `Hashers` for all its entrances.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ivr.concurrency.bounded_threads import BoundedThreads, NoAnswer
from ivr.domain.faults import StoreProblem, StoreUnavailable

HASHERS = 2
"""Passwords and PINs looked at together: each takes 64 MiB and some 50 ms of a processor."""
WAITING = 64
"""Passwords and PINs that may run or wait; one more is refused at once."""

Answer = TypeVar("Answer")

_hasher = PasswordHasher()
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Of generated passwords: none that looks like another when it is read out."""


def hashed(secret: str) -> str:
    """The argon2 hash of a password or PIN, with its parameters and salt."""
    return _hasher.hash(secret)


def fits(secret: str, hash_text: str | None) -> bool:
    """Whether `secret` belongs to the hash. Without a hash the same time passes, and the answer is no."""
    try:
        _hasher.verify(hash_text or _nobodys(), secret)
    except (VerificationError, InvalidHashError):
        return False
    return hash_text is not None


class Hashers:
    """The threads in which a process verifies passwords and PINs; an own pool, so logins delay no other work."""

    def __init__(self, limit_s: float) -> None:
        """limit_s: longest wait for one of them."""
        self._threads = BoundedThreads("password", HASHERS, limit_s, WAITING)

    async def hashed(self, secret: str) -> str:
        """The argon2 hash of a password or PIN. Raises StoreUnavailable when too many wait, or for too long."""
        return await self._run(lambda: hashed(secret))

    async def fits(self, secret: str, hash_text: str | None) -> bool:
        """Whether a password or PIN belongs to a hash. Raises as `hashed` does."""
        return await self._run(lambda: fits(secret, hash_text))

    async def close(self) -> None:
        """Take no more."""
        await self._threads.close()

    async def _run(self, work: Callable[[], Answer]) -> Answer:
        try:
            return await self._threads.run(work)
        except NoAnswer:
            raise StoreUnavailable(StoreProblem.TOO_MANY) from None


def generated_password() -> str:
    """A random password of 16 letters and digits in groups of four, some 79 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


@functools.cache
def _nobodys() -> str:
    return hashed(secrets.token_hex())
