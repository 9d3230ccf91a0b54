"""Files in memory, for tests and the simulation: the same encryption, the same refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime

from shared.clock import Clock
from shared.crypto.keyring import Keyring
from shared.files.encrypted import Chunk, EncryptedFiles, FileRecord, Tail
from shared.person_keys.keys import PersonKeys


class MemoryFiles(EncryptedFiles):
    """A `FileStore` that ends with its process."""

    def __init__(self, keyring: Keyring, clock: Clock, person_keys: PersonKeys | None = None) -> None:
        super().__init__(MemoryChunks(), keyring, clock, person_keys)


class MemoryChunks:
    """Chunks in dictionaries."""

    def __init__(self) -> None:
        self.files: dict[str, FileRecord] = {}
        self.stored: dict[str, dict[int, Chunk]] = {}

    async def add_file(self, record: FileRecord, sealed_bytes: int = 0) -> bool:
        if record.file_id in self.files:
            return False
        self.files[record.file_id] = record
        return True

    async def file(self, file_id: str) -> FileRecord | None:
        return self.files.get(file_id)

    async def change_key(self, file_id: str, old: str, new: str, subject_id: str | None) -> bool:
        record = self.files.get(file_id)
        if record is None or record.wrapped_key != old:
            return False
        self.files[file_id] = replace(record, wrapped_key=new, meta=replace(record.meta, subject_id=subject_id))
        return True

    async def mark_finished(self, file_id: str, sealed_bytes: int) -> None:
        """Nothing to do: the last chunk says so."""

    async def tail(self, file_id: str) -> Tail | None:
        chunks = self.stored.get(file_id)
        if not chunks:
            return None
        chunk = chunks[max(chunks)]
        return Tail(chunk.index, chunk.plain_bytes, chunk.last)

    async def chunk_data(self, file_id: str, index: int) -> bytes | None:
        chunk = self.stored.get(file_id, {}).get(index)
        return chunk.data if chunk else None

    async def add_chunk(self, file_id: str, chunk: Chunk) -> bool:
        chunks = self.stored.setdefault(file_id, {})
        if chunk.index in chunks:
            return False
        chunks[chunk.index] = chunk
        return True

    async def add_chunks(self, file_id: str, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            await self.add_chunk(file_id, chunk)

    async def replace_chunk(self, file_id: str, chunk: Chunk, *, was_bytes: int) -> bool:
        chunks = self.stored.get(file_id, {})
        known = chunks.get(chunk.index)
        if known is None or known.plain_bytes != was_bytes or known.last:
            return False
        chunks[chunk.index] = chunk
        return True

    async def chunks(self, file_id: str) -> AsyncIterator[bytes]:
        for _, chunk in sorted(self.stored.get(file_id, {}).items()):
            yield chunk.data

    async def remove(self, file_id: str) -> None:
        self.stored.pop(file_id, None)
        self.files.pop(file_id, None)

    async def created_before(self, at: datetime, not_before: datetime | None) -> AsyncIterator[str]:
        records = sorted(self.files.values(), key=lambda record: record.created_at)
        for record in records:
            if record.created_at < at and (not_before is None or record.created_at >= not_before):
                yield record.file_id

    async def records(self, after: str, limit: int) -> Sequence[FileRecord]:
        return [record for file_id, record in sorted(self.files.items()) if file_id > after][:limit]
