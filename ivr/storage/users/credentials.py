"""Hashes of passwords and PINs: argon2id with the library's parameters (RFC 9106, low memory): 64 MiB, some 50 ms.

Slow on purpose: never on the event loop, and only a few at once.
"""

from __future__ import annotations

import functools
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

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


def generated_password() -> str:
    """A random password of 16 letters and digits in groups of four, some 79 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


@functools.cache
def _nobodys() -> str:
    return hashed(secrets.token_hex())
