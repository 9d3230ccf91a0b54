"""Names of things. An id says nothing about its owner; it is a dashed UUID in lower case."""

from __future__ import annotations

import hashlib
import random
import uuid
from typing import Protocol

from uuid_utils import uuid7

_VERSION_BITS = 0x5


class Ids(Protocol):
    """A source of fresh ids."""

    def new(self) -> str:
        """An id that was never given before."""
        ...


class RandomIds:
    """UUID version 7: random, and close in time is close in the index."""

    def new(self) -> str:
        return str(uuid7())


class SeededIds:
    """Ids that a seed repeats, for tests and the simulation only."""

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def new(self) -> str:
        return str(uuid.UUID(int=self._source.getrandbits(128), version=4))


def derived_id(namespace: str, *parts: str) -> str:
    """The one id that belongs to these parts: the same parts give the same id, in every process and for ever.

    Used where a repeat must meet the first try, e.g. `derived_id("appointment", account_id, idempotency_key)`.
    Each part is written with its length, so ("ab", "c") and ("a", "bc") differ.
    """
    digest = hashlib.sha256()
    for part in (namespace, *parts):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return str(uuid.UUID(bytes=digest.digest()[:16], version=_VERSION_BITS))


def new_event_id() -> str:
    """A fresh random id for an event; events are never named after what they tell."""
    return str(uuid.uuid4())
