"""The store on MongoDB: every method is one command on one document, or one indexed read."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from inspect import isawaitable
from typing import Any, Final, TypeVar

from shared.events.envelope import Envelope
from shared.events.message import Message
from shared.store import parking
from shared.store.batched_writes import STAMP_BITS, WITHOUT_OUTBOX, AnswerLost, BatchedWrites
from shared.store.changes import Changed
from shared.store.claim_prefetch import ClaimPrefetcher, Places, claim_alone
from shared.store.codec import decode, due_fields, encode, outbox_entries, plain
from shared.store.driver import (
    AsyncCollection,
    AsyncDatabase,
    BulkWriteError,
    DuplicateKeyError,
    IndexModel,
    PyMongoError,
    ReturnDocument,
    UpdateOne,
    new_session,
    server_is_trouble,
)
from shared.store.kinds import (
    INBOX_DAYS,
    LARGEST_INBOX,
    Due,
    Failure,
    Index,
    Kind,
    Parked,
    Range,
    Record,
    free_keys,
    has_deadlines,
)
from shared.store.port import AlreadyExists, InboxFull, StoreUnavailable, VersionConflict

S = TypeVar("S")
Written = Callable[[Kind[Any], Sequence[Envelope], datetime | None], None]

ARCHIVE: Final = "sent_events"
ARCHIVE_DAYS: Final = 35
"""How long published events are kept for rebuilding and republishing; longer than any inbox entry."""

BULK: Final = 2000
"""Documents written with one command."""

MOST_PREFETCHERS: Final = 200
"""Most prefetchers of claims at the same time (pools of sessions): each keeps 8 to 100 documents of some 2 kB."""

CHANGES_PAUSE_SECONDS: Final = 0.02
"""Between two questions for further changes. A question that the server holds wakes at every write of any database, and
five services that held one cost MongoDB half as much again as a journey's own work."""

CHANGES_WAIT_MS: Final = 1
"""How long the server holds a question for further changes: the least that there is."""

_PARKED: Final = {"parked_since": {"$exists": True}}
_DUPLICATE_INDEX = re.compile(r"index: (\S+) dup key")
_DUPLICATE_KEY_CODE = 11000


@contextmanager
def _store_errors(kind: str) -> Iterator[None]:
    try:
        yield
    except DuplicateKeyError as refused:
        found = _DUPLICATE_INDEX.search(str(refused))
        raise AlreadyExists(kind, found.group(1) if found else "unknown") from None
    except PyMongoError as trouble:
        if not server_is_trouble(trouble):
            raise
        raise StoreUnavailable(f"MongoDB does not answer: {type(trouble).__name__}") from trouble
    except AnswerLost as lost:
        raise StoreUnavailable("whether it was written cannot be told") from lost


def condition(wanted: Any) -> Any:
    """Return an accepted value as a MongoDB condition."""
    if isinstance(wanted, tuple):
        return {"$in": [plain(member) for member in wanted]}
    return plain(wanted)


def range_condition(span: Range) -> dict[str, Any]:
    """Return a range as a MongoDB condition."""
    bounds: dict[str, Any] = {}
    if span.low is not None:
        bounds["$gte"] = plain(span.low)
    if span.high is not None:
        bounds["$lt"] = plain(span.high)
    return bounds


def refuse_foreign_paths(kind: Kind[Any], index: Index, paths: Iterable[str]) -> None:
    """Return if the index covers every path.

    Raises:
        ValueError: a path is neither a key of the index nor part of its condition.
    """
    foreign = set(paths) - set(index.paths()) - set(index.where)
    if foreign:
        raise ValueError(f"{kind.name}.{index.name} does not cover {sorted(foreign)}")


def query(kind: Kind[Any], index: Index, equals: Mapping[str, Any], within: Mapping[str, Range]) -> dict[str, Any]:
    """Return the filter for a declared index.

    Raises:
        ValueError: a path is neither a key of the index nor part of its condition.
    """
    refuse_foreign_paths(kind, index, [*equals, *within])
    clauses: dict[str, Any] = {path: condition(wanted) for path, wanted in index.where.items()}
    clauses |= {path: condition(wanted) for path, wanted in equals.items()}
    for path, span in within.items():
        bounds = range_condition(span)
        if bounds:
            clauses[path] = bounds
    return clauses


def _sort(index: Index, descending: bool) -> list[tuple[str, int]]:
    turn = -1 if descending else 1
    return [(key.lstrip("-"), -turn if key.startswith("-") else turn) for key in index.keys]


def _order(index: Index, descending: bool, equals: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the order of an answer. A path with a single wanted value is left out: it orders nothing, and if it holds
    a list MongoDB would sort all matches by another member of it."""
    left = free_keys(index, equals)
    return [(path, turn) for (path, turn), key in zip(_sort(index, descending), index.keys, strict=True) if key in left]


class MongoStore:
    """One database of one service; ``on_written`` gets the messages and the next deadline of every write."""

    def __init__(self, database: AsyncDatabase, source: str, *, on_written: Written | None = None) -> None:
        self._database = database
        self._source = source
        self._collections: dict[str, AsyncCollection] = {}
        self._batched_writes: dict[str, BatchedWrites] = {}
        self._prefetchers: dict[str, ClaimPrefetcher] = {}
        self.on_written = on_written

    async def prepare(self, kinds: Sequence[Kind[Any]]) -> None:
        """Create the declared indexes, with the store's own for outboxes, deadlines and the archive."""
        with _store_errors("indexes"):
            for kind in kinds:
                await self._collection(kind.name).create_indexes(index_models(kind))
            await self._collection(ARCHIVE).create_indexes(
                [
                    IndexModel([("at", 1), ("_id", 1)], name="at"),
                    IndexModel([("kept_until", 1)], name="kept_until", expireAfterSeconds=0),
                ]
            )

    async def insert(
        self,
        kind: Kind[S],
        record_id: str,
        state: S,
        *,
        now: datetime,
        events: Sequence[Message] = (),
        received: str | None = None,
    ) -> Record[S]:
        document = _first_version(kind, record_id, state)
        due = document["due"]
        entries = self._entries(kind, record_id, 1, events, received, now)
        if not kind.bare:
            document["outbox"] = [_outbox_entry(entry, now) for entry in entries]
            document["inbox"] = [{"id": received, "at": now}] if received is not None else []
        with _store_errors(kind.name):
            await self._insert(kind, document)
        self._tell(kind, entries, due)
        return Record(record_id, 1, state, frozenset({received} if received is not None else ()))

    async def get(self, kind: Kind[S], record_id: str) -> Record[S] | None:
        with _store_errors(kind.name):
            document = await self._read(kind, record_id)
        return decode(kind, document) if document is not None else None

    async def save(
        self,
        kind: Kind[S],
        record: Record[S],
        state: S,
        *,
        now: datetime,
        events: Sequence[Message] = (),
        received: str | None = None,
    ) -> Record[S]:
        version, due = record.version + 1, due_fields(kind, state)
        entries = self._entries(kind, record.id, version, events, received, now)
        wanted: dict[str, Any] = {"_id": record.id, "version": record.version}
        change = _replacement(kind, encode(kind, state), due)
        if record.fence is not None:
            wanted["lease.fence"] = record.fence
        # the holder of a lease has decided on an old state now: every worker may handle the deadline again, at once
        change["$unset"]["lease.until"] = ""
        pushes: dict[str, Any] = {}
        if entries:
            pushes["outbox"] = {"$each": [_outbox_entry(entry, now) for entry in entries]}
        if received is not None:
            wanted[f"inbox.{LARGEST_INBOX - 1}"] = {"$exists": False}
            pushes["inbox"] = {"id": received, "at": now}
        if pushes:
            change["$push"] = pushes
        with _store_errors(kind.name):
            matched = await self._update(kind, wanted, {key: part for key, part in change.items() if part})
        if not matched:
            await self._explain_refusal(kind, record, received)
        self._tell(kind, entries, due)
        heard = record.received | {received} if received is not None else record.received
        return Record(record.id, version, state, heard)

    async def remove(self, kind: Kind[S], record: Record[S]) -> bool:
        wanted = {"_id": record.id, "version": record.version, "outbox.0": {"$exists": False}}
        with _store_errors(kind.name):
            result = await self._collection(kind.name).delete_one(wanted)
        return bool(result.deleted_count)

    async def find(
        self,
        kind: Kind[S],
        index: str,
        equals: Mapping[str, Any] | None = None,
        *,
        within: Mapping[str, Range] | None = None,
        limit: int = 100,
        descending: bool = False,
    ) -> list[Record[S]]:
        declared = kind.index(index)
        wanted = query(kind, declared, equals or {}, within or {})
        with _store_errors(kind.name):
            cursor = self._collection(kind.name).find(wanted, WITHOUT_OUTBOX, hint=index, limit=limit)
            order = _order(declared, descending, equals or {})
            documents = await (cursor.sort(order) if order else cursor).to_list(limit)
        return [decode(kind, document) for document in documents]

    async def find_holder(self, kind: Kind[S], index: str, values: Sequence[str]) -> Record[S] | None:
        (path,) = kind.index(index).keys
        with _store_errors(kind.name):
            document = await self._writes_of(kind.name).find_holder(path, tuple(map(plain, values)))
        return decode(kind, document) if document is not None else None

    async def count(
        self,
        kind: Kind[S],
        index: str,
        equals: Mapping[str, Any] | None = None,
        *,
        within: Mapping[str, Range] | None = None,
    ) -> int:
        wanted = query(kind, kind.index(index), equals or {}, within or {})
        with _store_errors(kind.name):
            return int(await self._collection(kind.name).count_documents(wanted, hint=index))

    async def insert_missing(self, kind: Kind[S], items: Sequence[tuple[str, S]], *, now: datetime) -> int:
        written = 0
        for start in range(0, len(items), BULK):
            documents = [_first_version(kind, record_id, state) for record_id, state in items[start : start + BULK]]
            written += await self._insert_missing(kind, documents)
            for document in documents:
                self._tell(kind, (), document["due"])
        return written

    async def _insert_missing(self, kind: Kind[Any], documents: list[dict[str, Any]]) -> int:
        try:
            with _store_errors(kind.name):
                result = await self._collection(kind.name).insert_many(documents, ordered=False)
        except BulkWriteError as partly:
            for error in partly.details["writeErrors"]:
                found = _DUPLICATE_INDEX.search(error["errmsg"])
                if error["code"] != _DUPLICATE_KEY_CODE:
                    raise
                if found is None or found.group(1) != "_id_":
                    raise AlreadyExists(kind.name, found.group(1) if found else "unknown") from None
            return int(partly.details["nInserted"])
        return len(result.inserted_ids)

    async def insert_all(self, kind: Kind[S], items: Sequence[tuple[str, S]], *, now: datetime) -> None:
        for start in range(0, len(items), BULK):
            documents = [_first_version(kind, record_id, state) for record_id, state in items[start : start + BULK]]
            if not kind.bare:
                documents = [{**document, "outbox": [], "inbox": []} for document in documents]
            try:
                with _store_errors(kind.name):
                    await self._collection(kind.name).insert_many(documents, ordered=True)
            except BulkWriteError as partly:
                error = partly.details["writeErrors"][0]
                if error["code"] != _DUPLICATE_KEY_CODE:
                    raise
                found = _DUPLICATE_INDEX.search(error["errmsg"])
                raise AlreadyExists(kind.name, found.group(1) if found else "unknown") from None
            for document in documents:
                self._tell(kind, (), document["due"])

    async def tally(
        self,
        kind: Kind[S],
        index: str,
        by: Sequence[str],
        equals: Mapping[str, Any] | None = None,
        *,
        within: Mapping[str, Range] | None = None,
    ) -> dict[tuple[Any, ...], int]:
        declared = kind.index(index)
        refuse_foreign_paths(kind, declared, by)
        steps = [
            {"$match": query(kind, declared, equals or {}, within or {})},
            {"$group": {"_id": [f"${path}" for path in by], "count": {"$sum": 1}}},
        ]
        with _store_errors(kind.name):
            rows = await self._rows(self._collection(kind.name).aggregate(steps, hint=index))
        return {tuple(row["_id"]): row["count"] for row in rows}

    @staticmethod
    async def _rows(asked: Any) -> list[dict[str, Any]]:
        # motor gives the cursor at once, PyMongo's own client gives something to await
        cursor = await asked if isawaitable(asked) else asked
        rows: list[dict[str, Any]] = await cursor.to_list(None)
        return rows

    async def claim_one(
        self,
        kind: Kind[S],
        index: str,
        equals: Mapping[str, Any],
        change: Mapping[str, Any],
        *,
        within: Mapping[str, Range] | None = None,
        now: datetime,
    ) -> Record[S] | None:
        declared, span = kind.index(index), within or {}
        stored = {path: plain(value) for path, value in change.items()}
        places = Places(lambda asked: query(kind, declared, equals, asked), _sort(declared, False), index)
        with _store_errors(kind.name):
            if kind.batched:
                document = await self._prefetcher(kind, places, equals).claim(stored, span)
            else:
                document = await claim_alone(self._collection(kind.name), places, stored, span)
        return decode(kind, document) if document is not None else None

    async def count_up(
        self, kind: Kind[S], record_id: str, *, by: int, most: int, fresh: S, now: datetime
    ) -> int | None:
        if by > most:
            return None
        begun = _first_version(kind, record_id, fresh)
        state = {f"state.{name}": value for name, value in begun.pop("state").items() if name != "count"}
        begun = {name: value for name, value in begun.items() if name not in ("_id", "version")}
        change = {"$inc": {"state.count": by, "version": 1}, "$setOnInsert": {**begun, **state}}
        wanted = {"_id": record_id, "state.count": {"$lte": most - by}}
        collection, after = self._collection(kind.name), ReturnDocument.AFTER
        with _store_errors(kind.name):
            try:
                counted = await collection.find_one_and_update(wanted, change, upsert=True, return_document=after)
            except DuplicateKeyError:  # it is there: too full, or begun by another writer at this very moment
                counted = await collection.find_one_and_update(wanted, change, return_document=after)
        return int(counted["state"]["count"]) if counted is not None else None

    def _prefetcher(self, kind: Kind[Any], places: Places, equals: Mapping[str, Any]) -> ClaimPrefetcher:
        name = f"{kind.name}.{places.hint} {sorted(equals.items())}"
        known = self._prefetchers.get(name)
        if known is None:
            if len(self._prefetchers) >= MOST_PREFETCHERS:
                self._prefetchers.clear()
            prefetcher = ClaimPrefetcher(self._collection(kind.name), self._writes_of(kind.name), places)
            known = self._prefetchers[name] = prefetcher
        return known

    async def claim_due(self, kind: Kind[S], *, now: datetime, owner: str, lease_seconds: int) -> Due[S] | None:
        with _store_errors(kind.name):
            document = await self._collection(kind.name).find_one_and_update(
                _claimable(now),
                _lease(now, owner, lease_seconds),
                sort=[("next_due_at", 1)],
                hint="next_due_at",
                projection=WITHOUT_OUTBOX,
                return_document=ReturnDocument.AFTER,
            )
        if document is None:
            return None
        return _due(kind, document, now)

    async def claim_all_due(
        self, kind: Kind[S], *, now: datetime, owner: str, lease_seconds: int, most: int
    ) -> list[Due[S]]:
        claim = secrets.randbits(STAMP_BITS)
        collection, order = self._collection(kind.name), [("next_due_at", 1)]
        with _store_errors(kind.name):
            found = collection.find(_claimable(now), {"_id": 1}, hint="next_due_at", limit=most).sort(order)
            ids = {"$in": [document["_id"] for document in await found.to_list(most)]}
            if not ids["$in"]:
                return []
            lease = _lease(now, owner, lease_seconds)
            lease["$set"]["lease.claim"] = claim
            await collection.update_many({"_id": ids, **_claimable(now)}, lease, hint="_id_")
            mine = collection.find({"_id": ids, "lease.claim": claim}, WITHOUT_OUTBOX, hint="_id_")
            found_again = await mine.to_list(most)
        # a save of one of them meanwhile has ended its lease, and may have done what was due
        documents = [item for item in found_again if item["lease"].get("until") and "next_due_at" in item]
        documents.sort(key=lambda document: (document["next_due_at"], document["_id"]))
        return [_due(kind, document, now) for document in documents]

    async def note_failure(
        self, kind: Kind[S], record: Record[S], name: str, *, error: str, now: datetime, park_at: int
    ) -> Failure:
        collection = self._collection(kind.name)
        with _store_errors(kind.name):
            document = await collection.find_one_and_update(
                {"_id": record.id},
                {
                    "$inc": {f"trouble.{name}.count": 1},
                    "$set": {f"trouble.{name}.error": error, f"trouble.{name}.at": now},
                },
                projection={"trouble": 1, "due": 1},
                return_document=ReturnDocument.AFTER,
            )
            if document is None:
                return Failure(1, parked=False)
            count = document["trouble"][name]["count"]
            if count < park_at or name not in document["due"]:
                return Failure(count, parked=False)
            due = {other: at for other, at in document["due"].items() if other != name}
            trouble = parking.with_parked(document["trouble"], name, now)
            # only if it was not saved since: a save decides again on what is due
            still = {"_id": record.id, "version": record.version}
            result = await collection.update_one(still, _parking(due, trouble))
        return Failure(count, bool(result.matched_count))

    async def forget_failures(self, kind: Kind[S], record_id: str, name: str) -> None:
        collection = self._collection(kind.name)
        with _store_errors(kind.name):
            document = await collection.find_one_and_update(
                {"_id": record_id},
                {"$unset": {f"trouble.{name}": ""}},
                projection={"trouble": 1},
                return_document=ReturnDocument.AFTER,
            )
            if document is not None and parking.parked_since(document.get("trouble") or {}) is None:
                nothing_parked = {f"trouble.{other}.parked_at": {"$exists": False} for other in document["trouble"]}
                await collection.update_one({"_id": record_id, **nothing_parked}, {"$unset": {"parked_since": ""}})

    async def parked(self, kind: Kind[S], *, limit: int = 100) -> list[Parked]:
        with _store_errors(kind.name):
            found = self._collection(kind.name).find(_PARKED, {"trouble": 1}, hint="parked_since", limit=limit)
            documents = await found.sort([("parked_since", 1)]).to_list(limit)
        return [item for document in documents for item in parking.parked_in(kind.name, document)][:limit]

    async def count_parked(self, kind: Kind[S]) -> int:
        with _store_errors(kind.name):
            count: int = await self._collection(kind.name).count_documents(_PARKED, hint="parked_since")
        return count

    async def release_parked(self, kind: Kind[S], record_id: str, name: str, *, now: datetime) -> bool:
        collection = self._collection(kind.name)
        with _store_errors(kind.name):
            document = await collection.find_one({"_id": record_id}, {"trouble": 1, "due": 1, "version": 1})
            if document is None or "parked_at" not in (document.get("trouble") or {}).get(name, {}):
                return False
            due = {**document["due"], name: now}
            still = {"_id": record_id, "version": document["version"], f"trouble.{name}.parked_at": {"$exists": True}}
            result = await collection.update_one(still, _parking(due, parking.without(document["trouble"], name)))
        released = bool(result.matched_count)
        if released and self.on_written is not None:
            self.on_written(kind, (), now)
        return released

    async def scan(self, kind: Kind[S], *, batch: int = 200, after: str = "") -> AsyncIterator[Record[S]]:
        last = after
        while True:
            with _store_errors(kind.name):
                cursor = self._collection(kind.name).find({"_id": {"$gt": last}}, WITHOUT_OUTBOX, limit=batch)
                documents = await cursor.sort([("_id", 1)]).to_list(batch)
            for document in documents:
                yield decode(kind, document)
            if len(documents) < batch:
                return
            last = documents[-1]["_id"]

    async def outbox_waiting(self, kind: Kind[Any], *, before: datetime, limit: int) -> list[Envelope]:
        with _store_errors(kind.name):
            cursor = self._collection(kind.name).find(
                {"outbox.0": {"$exists": True}, "outbox.at": {"$lt": before}},
                {"outbox": 1},
                hint="outbox_at",
                limit=limit,
            )
            documents = await cursor.sort([("outbox.at", 1)]).to_list(limit)
        return [
            Envelope.from_fields(entry["message"])
            for document in documents
            for entry in document["outbox"]
            if entry["at"] < before
        ][:limit]

    async def mark_published(self, kind: Kind[Any], published: Sequence[Envelope], *, now: datetime) -> None:
        await self._archive([item for item in published if not item.is_command], now)
        by_subject: dict[str, list[str]] = {}
        for item in published:
            by_subject.setdefault(item.subject, []).append(item.id)
        forgotten = {"at": {"$lt": now - timedelta(days=INBOX_DAYS)}}
        pulls = [
            UpdateOne({"_id": subject}, {"$pull": {"outbox": {"id": {"$in": ids}}, "inbox": forgotten}})
            for subject, ids in by_subject.items()
        ]
        if pulls:
            with _store_errors(kind.name):
                await self._collection(kind.name).bulk_write(pulls, ordered=False)

    async def archived(
        self, *, since: datetime, limit: int, after: str | None = None, before: datetime | None = None
    ) -> list[Envelope]:
        wanted: dict[str, Any] = {"at": {"$gte": since}}
        with _store_errors(ARCHIVE):
            if after is not None:
                last = await self._collection(ARCHIVE).find_one({"_id": after}, {"at": 1})
                if last is not None:
                    wanted = {"$or": [{"at": {"$gt": last["at"]}}, {"at": last["at"], "_id": {"$gt": after}}]}
            if before is not None:
                wanted = {"$and": [wanted, {"at": {"$lt": before}}]}
            cursor = self._collection(ARCHIVE).find(wanted, limit=limit, hint="at")
            documents = await cursor.sort([("at", 1), ("_id", 1)]).to_list(limit)
        return [Envelope.from_fields(document["message"]) for document in documents]

    async def ping(self) -> None:
        with _store_errors("ping"):
            await self._database.command("ping")

    async def changes(self, names: Collection[str]) -> AsyncGenerator[Collection[Changed], None]:
        """Follow one change stream of the database.

        Whole answers are read: the driver's own stream costs a change of thread for each event.
        """
        try:
            session = await new_session(self._database.client)
            try:
                pipeline = [{"$changeStream": {}}, *_changes_of(names)]
                command: dict[str, Any] = {"aggregate": 1, "pipeline": pipeline, "cursor": {}}
                cursor = (await self._database.command(command, session=session))["cursor"]
                more = {"getMore": cursor["id"], "collection": "$cmd.aggregate", "maxTimeMS": CHANGES_WAIT_MS}
                yield ()
                events = cursor["firstBatch"]
                while True:
                    if events:
                        yield [(event["ns"]["coll"], event["documentKey"]["_id"]) for event in events]
                    await asyncio.sleep(CHANGES_PAUSE_SECONDS)
                    events = (await self._database.command(more, session=session))["cursor"]["nextBatch"]
            finally:
                await session.end_session()
        except PyMongoError as trouble:  # a stream that cannot be read has a substitute, whatever the reason
            raise StoreUnavailable(f"the change stream cannot be read: {type(trouble).__name__}") from trouble

    async def versions(self, name: str, ids: Collection[str]) -> Mapping[str, int]:
        with _store_errors(name):
            cursor = self._collection(name).find({"_id": {"$in": list(ids)}}, {"version": 1})
            return {document["_id"]: document["version"] for document in await cursor.to_list(len(ids))}

    def _collection(self, name: str) -> AsyncCollection:
        # the driver builds a new object at each look-up, which costs as much as a small decode
        known = self._collections.get(name)
        if known is None:
            known = self._collections[name] = self._database[name]
        return known

    async def _read(self, kind: Kind[Any], record_id: str) -> Mapping[str, Any] | None:
        if kind.batched:
            return await self._writes_of(kind.name).read(record_id)
        document: dict[str, Any] | None = await self._collection(kind.name).find_one({"_id": record_id}, WITHOUT_OUTBOX)
        return document

    async def _insert(self, kind: Kind[Any], document: dict[str, Any]) -> None:
        if kind.batched:
            await self._writes_of(kind.name).insert(document)
        else:
            await self._collection(kind.name).insert_one(document)

    async def _update(self, kind: Kind[Any], wanted: dict[str, Any], change: dict[str, Any]) -> bool:
        if kind.batched:
            return await self._writes_of(kind.name).update(wanted, change)
        result = await self._collection(kind.name).update_one(wanted, change)
        return bool(result.matched_count)

    def _writes_of(self, name: str) -> BatchedWrites:
        known = self._batched_writes.get(name)
        if known is None:
            known = self._batched_writes[name] = BatchedWrites(self._collection(name))
        return known

    def _entries(
        self,
        kind: Kind[Any],
        subject: str,
        version: int,
        events: Sequence[Message],
        received: str | None,
        now: datetime,
    ) -> list[Envelope]:
        if kind.bare and (events or received):
            raise ValueError(f"{kind.name} is bare: it speaks no events and remembers no messages")
        return outbox_entries(self._source, subject, version, events, now)

    def _tell(self, kind: Kind[Any], entries: Sequence[Envelope], due: Mapping[str, datetime]) -> None:
        if self.on_written is not None and (entries or due):
            self.on_written(kind, entries, min(due.values(), default=None))

    async def _explain_refusal(self, kind: Kind[Any], record: Record[Any], received: str | None) -> None:
        with _store_errors(kind.name):
            document = await self._collection(kind.name).find_one({"_id": record.id}, {"version": 1, "inbox": 1})
        unchanged = document is not None and document["version"] == record.version
        if unchanged and received is not None and len(document.get("inbox", ())) >= LARGEST_INBOX:
            raise InboxFull(f"{kind.name} {record.id} remembers {LARGEST_INBOX} messages")
        raise VersionConflict(f"{kind.name} {record.id} changed since version {record.version}")

    async def _archive(self, events: Sequence[Envelope], now: datetime) -> None:
        if not events:
            return
        kept_until = now + timedelta(days=ARCHIVE_DAYS)
        rows = [
            {"_id": event.id, "at": now, "kept_until": kept_until, "message": event.to_fields()} for event in events
        ]
        try:
            with _store_errors(ARCHIVE):
                await self._collection(ARCHIVE).insert_many(rows, ordered=False)
        except BulkWriteError as partly:
            if any(error["code"] != _DUPLICATE_KEY_CODE for error in partly.details["writeErrors"]):
                raise


def _changes_of(names: Collection[str]) -> list[dict[str, Any]]:
    """Return the stages that keep a stream's changes of states, without their content.

    An update that leaves the version alone (a lease, an outbox that was emptied) changes nothing that anybody is shown.
    """
    whole = {"operationType": {"$in": ["insert", "replace", "delete"]}}
    updated = {"updateDescription.updatedFields.version": {"$exists": True}}
    return [
        {"$match": {"ns.coll": {"$in": list(names)}, "$or": [whole, updated]}},
        {"$project": {"ns.coll": 1, "documentKey": 1}},
    ]


def index_models(kind: Kind[Any]) -> list[IndexModel]:
    """Return the indexes that MongoDB must have for a kind: the declared ones and the store's own."""
    models = []
    for index in kind.indexes:
        options: dict[str, Any] = {"name": index.name, "unique": index.unique}
        if index.where:
            options["partialFilterExpression"] = {path: condition(wanted) for path, wanted in index.where.items()}
        models.append(IndexModel(_sort(index, False), **options))
    if kind.kept_until is not None:
        models.append(IndexModel([(kind.kept_until, 1)], name="kept_until", expireAfterSeconds=0))
    has_due = {"next_due_at": {"$exists": True}}
    models.append(IndexModel([("next_due_at", 1)], name="next_due_at", partialFilterExpression=has_due))
    if has_deadlines(kind):
        models.append(IndexModel([("parked_since", 1)], name="parked_since", partialFilterExpression=_PARKED))
    if not kind.bare:
        waiting = {"outbox.0": {"$exists": True}}
        models.append(IndexModel([("outbox.at", 1)], name="outbox_at", partialFilterExpression=waiting))
    return models


def _first_version(kind: Kind[S], record_id: str, state: S) -> dict[str, Any]:
    due = due_fields(kind, state)
    document = {"_id": record_id, "version": 1, "schema": kind.schema, "state": encode(kind, state), "due": due}
    return document | {"next_due_at": min(due.values())} if due else document


def _claimable(now: datetime) -> dict[str, Any]:
    return {"next_due_at": {"$lte": now}, "lease.until": {"$not": {"$gt": now}}}


def _lease(now: datetime, owner: str, seconds: int) -> dict[str, dict[str, Any]]:
    until = now + timedelta(seconds=seconds)
    return {"$set": {"lease.owner": owner, "lease.until": until}, "$inc": {"lease.fence": 1}}


def _parking(due: Mapping[str, datetime], trouble: parking.Trouble) -> dict[str, dict[str, Any]]:
    """Return the update of a document's deadlines and failures; it ends the lease."""
    since = parking.parked_since(trouble)
    change: dict[str, dict[str, Any]] = {"$set": {"due": due, "trouble": trouble}, "$unset": {"lease.until": ""}}
    for field, value in (("next_due_at", min(due.values(), default=None)), ("parked_since", since)):
        if value is None:
            change["$unset"][field] = ""
        else:
            change["$set"][field] = value
    return change


def _due(kind: Kind[S], document: dict[str, Any], now: datetime) -> Due[S]:
    names = tuple(sorted(name for name, at in document["due"].items() if at <= now))
    return Due(decode(kind, document), names, parking.failures_of(document))


def _outbox_entry(envelope: Envelope, now: datetime) -> dict[str, Any]:
    return {"id": envelope.id, "at": now, "message": envelope.to_fields()}


def _replacement(kind: Kind[Any], encoded: dict[str, Any], due: dict[str, datetime]) -> dict[str, dict[str, Any]]:
    change: dict[str, dict[str, Any]] = {
        "$set": {"schema": kind.schema, "state": encoded, "due": due},
        "$unset": {},
        "$inc": {"version": 1},
    }
    if due:
        change["$set"]["next_due_at"] = min(due.values())
    else:
        change["$unset"]["next_due_at"] = ""
    return change
