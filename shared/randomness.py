"""Chance as an argument. Production draws from the system; tests and the simulation repeat a seed."""

from __future__ import annotations

import base64
import random
import secrets
from typing import Protocol

_FRACTION_BITS = 53


class Randomness(Protocol):
    """A source of chance."""

    def digits(self, count: int) -> str:
        """`count` decimal digits, each equally likely, leading zeros kept."""
        ...

    def token(self, bytes_count: int) -> str:
        """`bytes_count` random bytes as URL-safe base64 without padding."""
        ...

    def below(self, limit: int) -> int:
        """A whole number from 0 up to, not including, `limit`."""
        ...

    def fraction(self) -> float:
        """A number from 0.0 up to, not including, 1.0."""
        ...


class SystemRandomness:
    """Fit for secrets: draws from the operating system."""

    def digits(self, count: int) -> str:
        return f"{secrets.randbelow(10**count):0{count}d}"

    def token(self, bytes_count: int) -> str:
        return secrets.token_urlsafe(bytes_count)

    def below(self, limit: int) -> int:
        return secrets.randbelow(limit)

    def fraction(self) -> float:
        return secrets.randbits(_FRACTION_BITS) / float(1 << _FRACTION_BITS)


class SeededRandomness:
    """Repeats itself from its seed; never fit for a secret."""

    def __init__(self, seed: int | str) -> None:
        self._source = random.Random(seed)  # noqa: S311 - a seed that repeats is what this class is for

    def digits(self, count: int) -> str:
        return f"{self._source.randrange(10**count):0{count}d}"

    def token(self, bytes_count: int) -> str:
        return base64.urlsafe_b64encode(self._source.randbytes(bytes_count)).rstrip(b"=").decode()

    def below(self, limit: int) -> int:
        return self._source.randrange(limit)

    def fraction(self) -> float:
        return self._source.random()
