"""Files in MongoDB, laid out as GridFS: standard tools can list, copy and restore the (encrypted) files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from shared.clock import Clock
from shared.crypto.keyring import Keyring
from shared.files.encrypted import SEALED_CHUNK_BYTES, Chunk, EncryptedFiles, FileRecord, Tail
from shared.files.port import FileMeta
from shared.person_keys.keys import PersonKeys
from shared.store.driver import AsyncDatabase, DuplicateKeyError, PyMongoError
from shared.store.port import StoreUnavailable

_ASCENDING = 1
_DESCENDING = -1

CHUNKS_AT_ONCE = 2
"""Chunks of one file in memory while it is read: many readers at once must not hold whole files."""


@contextmanager
def _file_errors() -> Iterator[None]:
    """Translate every error of the driver: no caller of the file store knows what lies below it."""
    try:
        yield
    except PyMongoError as trouble:
        raise StoreUnavailable(f"MongoDB does not answer: {type(trouble).__name__}") from trouble


class GridFsFiles(EncryptedFiles):
    """A `FileStore` in the collections `<bucket>.files` and `<bucket>.chunks` of a database."""

    def __init__(
        self,
        database: AsyncDatabase,
        keyring: Keyring,
        clock: Clock,
        person_keys: PersonKeys | None = None,
        *,
        bucket: str = "files",
    ) -> None:
        self._chunks = GridFsChunks(database, bucket)
        super().__init__(self._chunks, keyring, clock, person_keys)

    async def prepare(self) -> None:
        """Make the indexes; call once at start. Again is no error."""
        await self._chunks.prepare()


class GridFsChunks:
    """Chunks as GridFS documents: `files_id`, `n`, `data`, and two fields of our own that tools pass over."""

    def __init__(self, database: AsyncDatabase, bucket: str) -> None:
        self._files = database[f"{bucket}.files"]
        self._parts = database[f"{bucket}.chunks"]

    async def prepare(self) -> None:
        with _file_errors():
            await self._parts.create_index([("files_id", _ASCENDING), ("n", _ASCENDING)], unique=True)
            await self._files.create_index([("filename", _ASCENDING), ("uploadDate", _ASCENDING)])
            await self._files.create_index([("uploadDate", _ASCENDING)])

    async def add_file(self, record: FileRecord, sealed_bytes: int = 0) -> bool:
        return await _inserted(self._files, {**_file_document(record), "length": sealed_bytes})

    async def file(self, file_id: str) -> FileRecord | None:
        with _file_errors():
            document = await self._files.find_one({"_id": file_id})
            return _record(document) if document else None

    async def change_key(self, file_id: str, old: str, new: str, subject_id: str | None) -> bool:
        with _file_errors():
            which = {"_id": file_id, "metadata.wrapped_key": old}
            change = {"metadata.wrapped_key": new, "metadata.subject_id": subject_id}
            result = await self._files.update_one(which, {"$set": change})
            return bool(result.matched_count)

    async def mark_finished(self, file_id: str, sealed_bytes: int) -> None:
        with _file_errors():
            await self._files.update_one({"_id": file_id}, {"$set": {"length": sealed_bytes}})

    async def tail(self, file_id: str) -> Tail | None:
        with _file_errors():
            found = await self._parts.find_one(
                {"files_id": file_id}, {"n": 1, "plain_bytes": 1, "last": 1}, sort=[("n", _DESCENDING)]
            )
            return Tail(found["n"], found["plain_bytes"], found["last"]) if found else None

    async def chunk_data(self, file_id: str, index: int) -> bytes | None:
        with _file_errors():
            found = await self._parts.find_one({"files_id": file_id, "n": index}, {"data": 1})
            return bytes(found["data"]) if found else None

    async def add_chunk(self, file_id: str, chunk: Chunk) -> bool:
        return await _inserted(self._parts, _new_chunk(file_id, chunk))

    async def add_chunks(self, file_id: str, chunks: Sequence[Chunk]) -> None:
        with _file_errors():
            await self._parts.insert_many([_new_chunk(file_id, chunk) for chunk in chunks])

    async def replace_chunk(self, file_id: str, chunk: Chunk, *, was_bytes: int) -> bool:
        with _file_errors():
            which = {"files_id": file_id, "n": chunk.index, "plain_bytes": was_bytes, "last": False}
            result = await self._parts.update_one(which, {"$set": _chunk_document(file_id, chunk)})
            return bool(result.matched_count)

    async def chunks(self, file_id: str) -> AsyncIterator[bytes]:
        with _file_errors():
            cursor = self._parts.find({"files_id": file_id}, {"data": 1}, batch_size=CHUNKS_AT_ONCE)
            async for found in cursor.sort([("n", _ASCENDING)]):
                yield bytes(found["data"])

    async def remove(self, file_id: str) -> None:
        with _file_errors():
            await self._parts.delete_many({"files_id": file_id})
            await self._files.delete_one({"_id": file_id})
            # An append that was under way may have written once more.
            await self._parts.delete_many({"files_id": file_id})

    async def created_before(self, at: datetime, not_before: datetime | None) -> AsyncIterator[str]:
        with _file_errors():
            created: dict[str, datetime] = {"$lt": at}
            if not_before is not None:
                created["$gte"] = not_before
            cursor = self._files.find({"uploadDate": created}, {"_id": 1}).sort([("uploadDate", _ASCENDING)])
            async for found in cursor:
                yield found["_id"]

    async def records(self, after: str, limit: int) -> Sequence[FileRecord]:
        with _file_errors():
            cursor = self._files.find({"_id": {"$gt": after}}, limit=limit).sort([("_id", _ASCENDING)])
            return [_record(document) for document in await cursor.to_list(limit)]


async def _inserted(collection: Any, document: Mapping[str, Any]) -> bool:
    with _file_errors():
        try:
            await collection.insert_one(document)
        except DuplicateKeyError:
            return False
        return True


def _file_document(record: FileRecord) -> dict[str, Any]:
    return {
        "_id": record.file_id,
        "chunkSize": SEALED_CHUNK_BYTES,
        "uploadDate": record.created_at,
        "filename": record.file_id,
        "metadata": {
            "content_type": record.meta.content_type,
            "total_bytes": record.meta.total_bytes,
            "attributes": dict(record.meta.attributes),
            "wrapped_key": record.wrapped_key,
            "subject_id": record.meta.subject_id,
        },
    }


def _record(document: Mapping[str, Any]) -> FileRecord:
    stored = document["metadata"]
    meta = FileMeta(stored["content_type"], stored["total_bytes"], stored["attributes"], stored.get("subject_id"))
    return FileRecord(document["_id"], meta, stored["wrapped_key"], document["uploadDate"])


def _new_chunk(file_id: str, chunk: Chunk) -> dict[str, Any]:
    return {"_id": f"{file_id}/{chunk.index}", **_chunk_document(file_id, chunk)}


def _chunk_document(file_id: str, chunk: Chunk) -> dict[str, Any]:
    return {
        "files_id": file_id,
        "n": chunk.index,
        "data": chunk.data,
        "plain_bytes": chunk.plain_bytes,
        "last": chunk.last,
    }
