"""The port of the table that keeps person keys: single conditional writes and look-ups by subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A subject's key, wrapped by a master key; None in `wrapped` is the tombstone of a destroyed one."""

    subject_id: str
    wrapped: str | None
    at: datetime
    """When it was made, or destroyed."""


class KeyTable(Protocol):
    """Keeps key records. Every write is acknowledged by the majority's journals; `StoreUnavailable` if it cannot be."""

    async def find(self, subject_ids: Sequence[str]) -> Mapping[str, KeyRecord]:
        """Return the records that there are. Concurrent calls share one command."""
        ...

    async def add(self, record: KeyRecord) -> KeyRecord:
        """Keep the record if the subject has none, and return what the subject has now, a tombstone too."""
        ...

    async def destroy(self, subject_id: str, now: datetime) -> None:
        """Replace the subject's key by a tombstone, whether there was a key or not; again is no error."""
        ...

    async def replace(self, subject_id: str, old: str, new: str) -> bool:
        """Replace the wrapped key if it is still `old`."""
        ...

    async def wrapped_otherwise(self, key_id: str, after: str, limit: int) -> Sequence[KeyRecord]:
        """Return keys of subjects behind `after` that another master key wraps, in the order of their subjects."""
        ...
