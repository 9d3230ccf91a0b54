"""Records of a moment ago, to spare a read before a write that is guarded by the version anyway."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from shared.store.kinds import Record

S = TypeVar("S")


class RecordCache(Generic[S]):
    """The newest records that this process wrote, at most ``most``; each is given out once.

    What is taken may be stale: use it only for a save, which refuses a record that somebody else has changed.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._records: OrderedDict[str, Record[S]] = OrderedDict()

    def put(self, record: Record[S]) -> None:
        """Remember a record as it was just written."""
        self._records[record.id] = record
        self._records.move_to_end(record.id)
        if len(self._records) > self._most:
            self._records.popitem(last=False)

    def take(self, record_id: str) -> Record[S] | None:
        """Return the record if it is remembered; it is forgotten by this, so that a second look goes to the store."""
        return self._records.pop(record_id, None)

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._records)
