"""Person keys in memory, for tests and the simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from shared.crypto.wrapping import wrapping_key_id
from shared.person_keys.port import KeyRecord


class MemoryKeyTable:
    """A `KeyTable` that ends with its process."""

    def __init__(self) -> None:
        self.records: dict[str, KeyRecord] = {}

    async def find(self, subject_ids: Sequence[str]) -> Mapping[str, KeyRecord]:
        return {subject_id: self.records[subject_id] for subject_id in subject_ids if subject_id in self.records}

    async def add(self, record: KeyRecord) -> KeyRecord:
        return self.records.setdefault(record.subject_id, record)

    async def destroy(self, subject_id: str, now: datetime) -> None:
        known = self.records.get(subject_id)
        if known is None or known.wrapped is not None:
            self.records[subject_id] = KeyRecord(subject_id, None, now)

    async def replace(self, subject_id: str, old: str, new: str) -> bool:
        known = self.records.get(subject_id)
        if known is None or known.wrapped != old:
            return False
        self.records[subject_id] = replace(known, wrapped=new)
        return True

    async def wrapped_otherwise(self, key_id: str, after: str, limit: int) -> Sequence[KeyRecord]:
        found = [
            record
            for subject_id, record in sorted(self.records.items())
            if subject_id > after and record.wrapped is not None and wrapping_key_id(record.wrapped) != key_id
        ]
        return found[:limit]
