"""Person keys in MongoDB, in a database of their own: a copy of the data has none of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from shared.crypto.wrapping import wrapping_key_id
from shared.person_keys.port import KeyRecord
from shared.store.batcher import Batcher, PendingCall
from shared.store.driver import AsyncDatabase, PyMongoError, ReturnDocument
from shared.store.port import StoreUnavailable

KEYS_SUFFIX: Final = "_keys"
"""Ends the name of the database that holds a service's person keys: `paspor_identity_keys`."""

Found = Mapping[str, KeyRecord]


@contextmanager
def _key_errors() -> Iterator[None]:
    try:
        yield
    except PyMongoError as trouble:
        raise StoreUnavailable(f"MongoDB does not answer: {type(trouble).__name__}") from trouble


class MongoKeyTable:
    """A `KeyTable` in the collection `person_keys` of a database whose writes wait for the majority's journals."""

    def __init__(self, database: AsyncDatabase) -> None:
        self._keys = database["person_keys"]
        self._reads: Batcher[Sequence[str], Found] = Batcher(self._read)

    async def prepare(self) -> None:
        """Make the index; call once at start. Again is no error."""
        with _key_errors():
            await self._keys.create_index([("key_id", 1), ("_id", 1)])

    async def find(self, subject_ids: Sequence[str]) -> Found:
        return await self._reads.ask(subject_ids)

    async def _read(self, calls: Sequence[PendingCall[Sequence[str], Found]]) -> None:
        wanted = sorted({subject_id for call in calls for subject_id in call.wanted})
        with _key_errors():
            documents = await self._keys.find({"_id": {"$in": wanted}}).to_list(len(wanted))
        found = {document["_id"]: _record(document) for document in documents}
        for call in calls:
            call.tell({subject_id: found[subject_id] for subject_id in call.wanted if subject_id in found})

    async def add(self, record: KeyRecord) -> KeyRecord:
        made = {"wrapped": record.wrapped, "key_id": wrapping_key_id(record.wrapped or ""), "at": record.at}
        with _key_errors():
            document = await self._keys.find_one_and_update(
                {"_id": record.subject_id}, {"$setOnInsert": made}, upsert=True, return_document=ReturnDocument.AFTER
            )
        return _record(document)

    async def destroy(self, subject_id: str, now: datetime) -> None:
        """The tombstone replaces the whole record. A repeat keeps the time of the first."""
        with _key_errors():
            await self._keys.update_one({"_id": subject_id}, {"$setOnInsert": {"at": now}}, upsert=True)
            await self._keys.replace_one({"_id": subject_id, "wrapped": {"$exists": True}}, {"at": now})

    async def replace(self, subject_id: str, old: str, new: str) -> bool:
        with _key_errors():
            change = {"$set": {"wrapped": new, "key_id": wrapping_key_id(new)}}
            result = await self._keys.update_one({"_id": subject_id, "wrapped": old}, change)
        return bool(result.matched_count)

    async def wrapped_otherwise(self, key_id: str, after: str, limit: int) -> Sequence[KeyRecord]:
        with _key_errors():
            cursor = self._keys.find({"key_id": {"$exists": True, "$ne": key_id}, "_id": {"$gt": after}}, limit=limit)
            documents = await cursor.sort([("_id", 1)]).to_list(limit)
        return [_record(document) for document in documents]


def _record(document: Mapping[str, Any]) -> KeyRecord:
    return KeyRecord(document["_id"], document.get("wrapped"), document["at"])
