"""The keys of persons as they survive a crash, with a count of what happened to each."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from shared.person_keys.memory import MemoryKeyTable
from shared.person_keys.port import KeyRecord


class CountingKeyTable(MemoryKeyTable):
    """Counts how often the key of each subject was made, and how often one was destroyed."""

    def __init__(self) -> None:
        super().__init__()
        self.made: Counter[str] = Counter()
        self.destroyed: Counter[str] = Counter()

    async def add(self, record: KeyRecord) -> KeyRecord:
        self.made[record.subject_id] += record.subject_id not in self.records
        return await super().add(record)

    async def destroy(self, subject_id: str, now: datetime) -> None:
        known = self.records.get(subject_id)
        self.destroyed[subject_id] += known is None or known.wrapped is not None
        await super().destroy(subject_id, now)
