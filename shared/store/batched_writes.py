"""Batched reads and writes: concurrent ones of a collection share one command to MongoDB.

Each write keeps its meaning: atomic on its own document, refused if its condition does not hold or its id is taken.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.store.batcher import Batcher, PendingCall
from shared.store.codec import values_at
from shared.store.driver import AsyncCollection, BulkWriteError, DuplicateKeyError, UpdateOne, WTimeoutError

STAMPS: Final = "last_writes"
"""The field by which a writer recognises its own write when not all conditions of a command held: a list of the newest
stamps, since the document may be written again before it is read."""

STAMPS_KEPT: Final = 8
"""Writes of one document that may come between a write and its check; more were never seen."""

STAMP_BITS: Final = 62
"""Random bits of a stamp, as many as a stored integer holds: no two writes share one."""

WITHOUT_OUTBOX: Final = {"outbox": 0}

Document = Mapping[str, Any]
Lookup = tuple[str, tuple[Any, ...]]
"""A path with a unique index, and the values of which one is looked for."""

_DUPLICATE_KEY_CODE: Final = 11000


class AnswerLost(Exception):
    """It is unknown whether the write took effect: the document was written too often before it could be checked."""


@dataclass(eq=False)
class _Update:
    wanted: Document
    change: Document
    stamp: int

    def stamped(self) -> UpdateOne:
        newest = {STAMPS: {"$each": [self.stamp], "$slice": -STAMPS_KEPT}}
        return UpdateOne(self.wanted, {**self.change, "$push": {**self.change.get("$push", {}), **newest}})


class BatchedWrites:
    """Reads, inserts and updates of one collection, each batched separately."""

    def __init__(self, collection: AsyncCollection) -> None:
        self._collection = collection
        self._reads: Batcher[str, Document | None] = Batcher(self._read)
        self._lookups: Batcher[Lookup, Document | None] = Batcher(self._look_up)
        self._inserts: Batcher[Document, None] = Batcher(self._insert)
        self._updates: Batcher[_Update, bool] = Batcher(self._update)

    async def read(self, document_id: str) -> Document | None:
        """Return the document without its outbox, or None. Concurrent readers may share the object: do not change it.

        Raises:
            Exception: what the driver raises.
        """
        return await self._reads.ask(document_id)

    async def find_holder(self, path: str, values: tuple[Any, ...]) -> Document | None:
        """Return the document that has one of ``values`` at a path with a unique index, as `read` does; of several the
        holder of the first value.

        Raises:
            Exception: what the driver raises.
        """
        return await self._lookups.ask((path, values))

    async def insert(self, document: Document) -> None:
        """Write a new document.

        Raises:
            DuplicateKeyError: its id or a unique value is taken.
            Exception: what the driver raises for the whole command.
        """
        await self._inserts.ask(document)

    async def update(self, wanted: Document, change: Document) -> bool:
        """Write the change if the condition holds, and return whether it did. The condition has the ``_id`` and the
        ``version`` that the change was decided on.

        Raises:
            DuplicateKeyError: a unique index refuses it.
            AnswerLost: it is unknown whether the change was written.
            Exception: what the driver raises for the whole command.
        """
        return await self._updates.ask(_Update(wanted, change, secrets.randbits(STAMP_BITS)))

    async def _read(self, reads: Sequence[PendingCall[str, Document | None]]) -> None:
        if len(reads) == 1:
            reads[0].tell(await self._collection.find_one({"_id": reads[0].wanted}, WITHOUT_OUTBOX))
            return
        found = await self._by_id({read.wanted for read in reads}, WITHOUT_OUTBOX)
        for read in reads:
            read.tell(found.get(read.wanted))

    async def _look_up(self, lookups: Sequence[PendingCall[Lookup, Document | None]]) -> None:
        """Answer the lookups with one query for each path."""
        wanted: dict[str, set[Any]] = {}
        for lookup in lookups:
            path, values = lookup.wanted
            wanted.setdefault(path, set()).update(values)
        holders: dict[tuple[str, Any], Document] = {}
        for path, all_values in wanted.items():
            found = self._collection.find({path: {"$in": sorted(all_values)}}, WITHOUT_OUTBOX, hint=[(path, 1)])
            for document in await found.to_list(len(all_values)):
                holders |= {(path, value): document for value in values_at(document, path)}
        for lookup in lookups:
            path, values = lookup.wanted
            held = (holders.get((path, value)) for value in values)
            lookup.tell(next((document for document in held if document is not None), None))

    async def _insert(self, inserts: Sequence[PendingCall[Document, None]]) -> None:
        if len(inserts) == 1:
            await self._collection.insert_one(inserts[0].wanted)
            inserts[0].tell(None)
            return
        refused: dict[int, DuplicateKeyError] = {}
        try:
            await self._collection.insert_many([insert.wanted for insert in inserts], ordered=False)
        except BulkWriteError as partly:
            refused = _refusals(partly)
        for item in _admitted(inserts, refused):
            item.tell(None)

    async def _update(self, updates: Sequence[PendingCall[_Update, bool]]) -> None:
        if len(updates) == 1:
            only = updates[0].wanted
            result = await self._collection.update_one(only.wanted, only.change)
            updates[0].tell(result.matched_count == 1)
            return
        refused: dict[int, DuplicateKeyError] = {}
        try:
            result = await self._collection.bulk_write([update.wanted.stamped() for update in updates], ordered=False)
            matched = result.matched_count
        except BulkWriteError as partly:
            refused, matched = _refusals(partly), partly.details["nMatched"]
        left = _admitted(updates, refused)
        if matched == len(left):
            for item in left:
                item.tell(True)
        else:
            await self._find_written(left)

    async def _find_written(self, updates: Sequence[PendingCall[_Update, bool]]) -> None:
        """Find out which of them were written: the command's result only has their number."""
        stored = await self._by_id({update.wanted.wanted["_id"] for update in updates}, {"version": 1, STAMPS: 1})
        for update in updates:
            sent = update.wanted
            document = stored.get(sent.wanted["_id"])
            if document is not None and sent.stamp in document.get(STAMPS, ()):
                update.tell(True)
            elif document is None or document["version"] <= sent.wanted["version"] + STAMPS_KEPT:
                update.tell(False)
            else:
                update.refuse(AnswerLost())

    async def _by_id(self, ids: set[str], fields: Mapping[str, int]) -> dict[str, Document]:
        cursor = self._collection.find({"_id": {"$in": sorted(ids)}}, fields)
        return {document["_id"]: document for document in await cursor.to_list(len(ids))}


def _admitted(
    all_of_them: Sequence[PendingCall[Any, Any]], refused: Mapping[int, Exception]
) -> list[PendingCall[Any, Any]]:
    """Refuse the writes that the command refused, and return the others."""
    for number, trouble in refused.items():
        all_of_them[number].refuse(trouble)
    return [each for number, each in enumerate(all_of_them) if number not in refused]


def _refusals(partly: BulkWriteError) -> dict[int, DuplicateKeyError]:
    """Return the refused writes by their position in the command.

    Raises:
        WTimeoutError: the command as a whole is not known to be safe.
        BulkWriteError: an update was refused for another reason than a taken value.
    """
    if partly.details.get("writeConcernErrors"):
        raise WTimeoutError("the majority has not confirmed in time") from partly
    errors = partly.details["writeErrors"]
    if any(error["code"] != _DUPLICATE_KEY_CODE for error in errors):
        raise partly
    return {error["index"]: DuplicateKeyError(error["errmsg"], error["code"]) for error in errors}
