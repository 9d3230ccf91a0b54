"""The store in memory: the same contract without a disk, for unit tests and the simulation."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from shared.events.envelope import Envelope
from shared.events.message import Message
from shared.store import parking
from shared.store.changes import Changed
from shared.store.codec import decode, due_fields, encode, outbox_entries, plain, values_at, with_change
from shared.store.kinds import INBOX_DAYS, LARGEST_INBOX, Due, Failure, Index, Kind, Parked, Range, Record, free_keys
from shared.store.port import AlreadyExists, InboxFull, VersionConflict

S = TypeVar("S")
Document = dict[str, Any]

_EMPTY = "empty list"
"""MongoDB indexes an empty list as one value of its own: two of them collide under a unique index."""

_SWEPT_FROM = 1_000
"""Documents of a kind with `kept_until` from which on expired ones are searched for and deleted."""

Written = Callable[[Kind[Any], Sequence[Envelope], datetime | None], None]


def _copy(value: Any) -> Any:
    """Return a copy of stored data: new dictionaries and lists; all other values that the codec makes are immutable."""
    kind = type(value)
    if kind is dict:
        return {key: _copy(item) for key, item in value.items()}
    if kind is list:
        return [_copy(item) for item in value]
    return value


def _wanted(value: Any) -> list[Any]:
    """Return the stored forms that an equality accepts: each member of a tuple, or the one value."""
    return [plain(member) for member in value] if isinstance(value, tuple) else [plain(value)]


def _matches_value(found: list[Any], wanted: list[Any]) -> bool:
    return any(member in found for member in wanted)


def _in_range(found: list[Any], low: Any, high: Any) -> bool:
    return any(
        value is not None and (low is None or value >= low) and (high is None or value < high) for value in found
    )


def _all_equal(documents: list[Document], conditions: Mapping[str, Any]) -> list[Document]:
    """Return the documents in which every path has an accepted value."""
    for path, value in conditions.items():
        wanted = _wanted(value)
        if len(wanted) == 1:
            documents = [document for document in documents if wanted[0] in values_at(document, path)]
        else:
            documents = [document for document in documents if _matches_value(values_at(document, path), wanted)]
    return documents


class MemoryStore:
    """A dictionary per kind. One process, one loop; every method is atomic because none awaits midway."""

    def __init__(self, source: str, *, on_written: Written | None = None) -> None:
        self._source = source
        self._documents: dict[str, dict[str, Document]] = {}
        self._unique: dict[tuple[str, str], dict[tuple[Any, ...], str]] = {}
        """(kind, unique index) to value to the id of its last holder: a hint that is always checked."""
        self._swept_at: dict[str, int] = {}
        """Kind to the number of its documents at which expired ones are deleted next."""
        self._archive: list[tuple[datetime, Envelope]] = []
        self._followers: list[asyncio.Queue[Changed]] = []
        self.on_written = on_written

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
        collection = self._documents.setdefault(kind.name, {})
        if record_id in collection:
            raise AlreadyExists(kind.name, "_id_")
        document: Document = {"_id": record_id, "version": 1, "outbox": [], "inbox": [], "lease": {}}
        self._apply_state(kind, document, state)
        self._refuse_duplicates(kind, document)
        return self._commit(kind, document, events, received, now)

    async def get(self, kind: Kind[S], record_id: str) -> Record[S] | None:
        document = self._documents.get(kind.name, {}).get(record_id)
        return self._record(kind, document) if document is not None else None

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
        stored = self._documents.get(kind.name, {}).get(record.id)
        if stored is None or stored["version"] != record.version:
            raise VersionConflict(f"{kind.name} {record.id} changed since version {record.version}")
        if record.fence is not None and stored["lease"].get("fence") != record.fence:
            raise VersionConflict(f"{kind.name} {record.id} is leased to another worker")
        if received is not None and len(stored["inbox"]) >= LARGEST_INBOX:
            raise InboxFull(f"{kind.name} {record.id} remembers {LARGEST_INBOX} messages")
        document: Document = {**stored, "outbox": [*stored["outbox"]], "inbox": [*stored["inbox"]]}
        document["version"] += 1
        if "until" in stored["lease"]:
            document["lease"] = {name: part for name, part in stored["lease"].items() if name != "until"}
        self._apply_state(kind, document, state)
        self._refuse_duplicates(kind, document)
        return self._commit(kind, document, events, received, now)

    async def remove(self, kind: Kind[S], record: Record[S]) -> bool:
        stored = self._documents.get(kind.name, {}).get(record.id)
        if stored is None or stored["version"] != record.version or stored["outbox"]:
            return False
        del self._documents[kind.name][record.id]
        self._tell_change(kind, record.id)
        return True

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
        found = self._matching(kind, kind.index(index), equals or {}, within or {}, descending)
        return [self._record(kind, document) for document in found[:limit]]

    async def find_holder(self, kind: Kind[S], index: str, values: Sequence[str]) -> Record[S] | None:
        (path,) = kind.index(index).keys
        for value in values:
            for holder in await self.find(kind, index, {path: value}, limit=1):
                return holder
        return None

    async def count(
        self,
        kind: Kind[S],
        index: str,
        equals: Mapping[str, Any] | None = None,
        *,
        within: Mapping[str, Range] | None = None,
    ) -> int:
        return len(self._matching(kind, kind.index(index), equals or {}, within or {}, False))

    async def insert_missing(self, kind: Kind[S], items: Sequence[tuple[str, S]], *, now: datetime) -> int:
        known = self._documents.setdefault(kind.name, {})
        missing = [(record_id, state) for record_id, state in items if record_id not in known]
        for record_id, state in missing:
            await self.insert(kind, record_id, state, now=now)
        return len(missing)

    async def insert_all(self, kind: Kind[S], items: Sequence[tuple[str, S]], *, now: datetime) -> None:
        for record_id, state in items:
            await self.insert(kind, record_id, state, now=now)

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
        self._refuse_foreign_paths(kind, declared, by)
        found = self._matching(kind, declared, equals or {}, within or {}, False)
        return dict(Counter(tuple(values_at(document, path)[0] for path in by) for document in found))

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
        found = self._matching(kind, kind.index(index), equals, within or {}, False)
        if not found:
            return None
        document = with_change(found[0], {path: plain(value) for path, value in change.items()})
        self._refuse_duplicates(kind, document)
        self._keep(kind, document)
        return self._record(kind, document)

    async def count_up(
        self, kind: Kind[S], record_id: str, *, by: int, most: int, fresh: S, now: datetime
    ) -> int | None:
        stored = self._documents.setdefault(kind.name, {}).get(record_id)
        count: int = by + (stored["state"]["count"] if stored is not None else 0)
        if count > most:
            return None
        if stored is None:
            stored = {"_id": record_id, "version": 0, "outbox": [], "inbox": [], "lease": {}}
            self._apply_state(kind, stored, fresh)
        self._keep(kind, with_change(stored, {"state.count": count}))
        self._forget_what_is_over(kind, now)
        return count

    async def claim_due(self, kind: Kind[S], *, now: datetime, owner: str, lease_seconds: int) -> Due[S] | None:
        ready = [
            document
            for document in self._documents.get(kind.name, {}).values()
            if document.get("next_due_at") is not None
            and document["next_due_at"] <= now
            and not (document["lease"].get("until") and document["lease"]["until"] > now)
        ]
        if not ready:
            return None
        document = min(ready, key=lambda each: (each["next_due_at"], each["_id"]))
        document["lease"] = {
            "owner": owner,
            "until": now + timedelta(seconds=lease_seconds),
            "fence": document["lease"].get("fence", 0) + 1,
        }
        names = tuple(sorted(name for name, at in document["due"].items() if at <= now))
        return Due(self._record(kind, document), names, parking.failures_of(document))

    async def claim_all_due(
        self, kind: Kind[S], *, now: datetime, owner: str, lease_seconds: int, most: int
    ) -> list[Due[S]]:
        claimed: list[Due[S]] = []
        while len(claimed) < most:
            due = await self.claim_due(kind, now=now, owner=owner, lease_seconds=lease_seconds)
            if due is None:
                break
            claimed.append(due)
        return claimed

    async def note_failure(
        self, kind: Kind[S], record: Record[S], name: str, *, error: str, now: datetime, park_at: int
    ) -> Failure:
        document = self._documents.get(kind.name, {}).get(record.id)
        if document is None:
            return Failure(1, parked=False)
        trouble = parking.with_failure(document.get("trouble") or {}, name, error, now)
        count = trouble[name]["count"]
        parks = count >= park_at and document["version"] == record.version and name in document["due"]
        if parks:
            trouble = parking.with_parked(trouble, name, now)
            due = {other: at for other, at in document["due"].items() if other != name}
            document |= {"due": due, "next_due_at": min(due.values(), default=None)}
        self._keep_trouble(document, trouble)
        return Failure(count, parks)

    async def forget_failures(self, kind: Kind[S], record_id: str, name: str) -> None:
        document = self._documents.get(kind.name, {}).get(record_id)
        if document is not None:
            self._keep_trouble(document, parking.without(document.get("trouble") or {}, name))

    async def parked(self, kind: Kind[S], *, limit: int = 100) -> list[Parked]:
        found = [
            item
            for document in self._documents.get(kind.name, {}).values()
            for item in parking.parked_in(kind.name, document)
        ]
        return sorted(found, key=lambda each: (each.parked_at, each.record_id, each.name))[:limit]

    async def count_parked(self, kind: Kind[S]) -> int:
        documents = self._documents.get(kind.name, {}).values()
        return sum(1 for document in documents if document.get("parked_since") is not None)

    async def release_parked(self, kind: Kind[S], record_id: str, name: str, *, now: datetime) -> bool:
        document = self._documents.get(kind.name, {}).get(record_id)
        if document is None or "parked_at" not in (document.get("trouble") or {}).get(name, {}):
            return False
        due = {**document["due"], name: now}
        document |= {"due": due, "next_due_at": min(due.values())}
        self._keep_trouble(document, parking.without(document["trouble"], name))
        return True

    @staticmethod
    def _keep_trouble(document: Document, trouble: parking.Trouble) -> None:
        document |= {"trouble": trouble, "parked_since": parking.parked_since(trouble)}

    async def scan(self, kind: Kind[S], *, batch: int = 200, after: str = "") -> AsyncIterator[Record[S]]:
        for record_id in sorted(known for known in self._documents.get(kind.name, {}) if known > after):
            document = self._documents[kind.name].get(record_id)
            if document is not None:
                yield self._record(kind, document)

    async def outbox_waiting(self, kind: Kind[Any], *, before: datetime, limit: int) -> list[Envelope]:
        waiting = [
            Envelope.from_fields(entry["message"])
            for document in self._documents.get(kind.name, {}).values()
            for entry in document["outbox"]
            if entry["at"] < before
        ]
        return sorted(waiting, key=lambda envelope: envelope.time)[:limit]

    async def mark_published(self, kind: Kind[Any], published: Sequence[Envelope], *, now: datetime) -> None:
        known = {envelope.id for _, envelope in self._archive}
        self._archive += [(now, item) for item in published if not item.is_command and item.id not in known]
        ids = {envelope.id for envelope in published}
        cutoff = now - timedelta(days=INBOX_DAYS)
        for subject in {envelope.subject for envelope in published}:
            document = self._documents.get(kind.name, {}).get(subject)
            if document is not None:
                document["outbox"] = [entry for entry in document["outbox"] if entry["id"] not in ids]
                document["inbox"] = [entry for entry in document["inbox"] if entry["at"] >= cutoff]

    async def archived(
        self, *, since: datetime, limit: int, after: str | None = None, before: datetime | None = None
    ) -> list[Envelope]:
        wanted = [(at, each) for at, each in self._archive if at >= since and (before is None or at < before)]
        ordered = sorted(((at, each.id, each) for at, each in wanted), key=lambda row: row[:2])
        ids = [envelope_id for _, envelope_id, _ in ordered]
        start = ids.index(after) + 1 if after in ids else 0
        return [envelope for _, _, envelope in ordered[start : start + limit]]

    async def ping(self) -> None:
        return None

    async def changes(self, names: Collection[str]) -> AsyncGenerator[Collection[Changed], None]:
        heard: asyncio.Queue[Changed] = asyncio.Queue()
        self._followers.append(heard)
        try:
            yield ()
            while True:
                changed = await heard.get()
                if changed[0] in names:
                    yield (changed,)
        finally:
            self._followers.remove(heard)

    async def versions(self, name: str, ids: Collection[str]) -> Mapping[str, int]:
        documents = self._documents.get(name, {})
        return {record_id: documents[record_id]["version"] for record_id in ids if record_id in documents}

    def _record(self, kind: Kind[S], document: Document) -> Record[S]:
        """Return the record of a stored document, sharing nothing with it."""
        return decode(kind, {**document, "state": _copy(document["state"])})

    def _keep(self, kind: Kind[Any], document: Document) -> None:
        """Replace a stored document."""
        self._documents[kind.name][document["_id"]] = document
        self._note_unique(kind, document)
        self._tell_change(kind, document["_id"])

    def _tell_change(self, kind: Kind[Any], record_id: str) -> None:
        for follower in self._followers:
            follower.put_nowait((kind.name, record_id))

    def _forget_what_is_over(self, kind: Kind[Any], now: datetime) -> None:
        """Delete expired documents of the kind, each time that their number has doubled."""
        documents = self._documents[kind.name]
        if kind.kept_until is None or len(documents) < self._swept_at.get(kind.name, _SWEPT_FROM):
            return
        over = [each for each, document in documents.items() if values_at(document, kind.kept_until)[0] <= now]
        for record_id in over:
            del documents[record_id]
        self._swept_at[kind.name] = max(_SWEPT_FROM, 2 * len(documents))

    def _apply_state(self, kind: Kind[S], document: Document, state: S) -> None:
        due = due_fields(kind, state)
        document |= {"schema": kind.schema, "state": encode(kind, state), "due": due}
        document["next_due_at"] = min(due.values(), default=None)

    def _commit(
        self, kind: Kind[S], document: Document, events: Sequence[Message], received: str | None, now: datetime
    ) -> Record[S]:
        if kind.bare and (events or received):
            raise ValueError(f"{kind.name} is bare: it speaks no events and remembers no messages")
        entries = outbox_entries(self._source, document["_id"], document["version"], events, now)
        document["outbox"] += [{"id": entry.id, "at": now, "message": entry.to_fields()} for entry in entries]
        if received is not None:
            document["inbox"].append({"id": received, "at": now})
        self._keep(kind, document)
        self._forget_what_is_over(kind, now)
        if self.on_written is not None:
            self.on_written(kind, entries, document["next_due_at"])
        return self._record(kind, document)

    def _refuse_duplicates(self, kind: Kind[Any], document: Document) -> None:
        for index in kind.indexes:
            if not index.unique or not self._covered(index, document):
                continue
            last = self._unique.get((kind.name, index.name), {})
            for key in self._key_tuples(index, document):
                other = self._documents.get(kind.name, {}).get(last.get(key, ""))
                if other is None or other["_id"] == document["_id"] or not self._covered(index, other):
                    continue
                if key in set(self._key_tuples(index, other)):
                    raise AlreadyExists(kind.name, index.name)

    def _note_unique(self, kind: Kind[Any], document: Document) -> None:
        for index in kind.indexes:
            if index.unique and self._covered(index, document):
                last = self._unique.setdefault((kind.name, index.name), {})
                last.update(dict.fromkeys(self._key_tuples(index, document), document["_id"]))

    def _matching(
        self, kind: Kind[Any], index: Index, equals: Mapping[str, Any], within: Mapping[str, Range], descending: bool
    ) -> list[Document]:
        self._refuse_foreign_paths(kind, index, [*equals, *within])
        everything = list(self._documents.get(kind.name, {}).values())
        found = _all_equal(_all_equal(everything, equals), index.where)
        for path, span in within.items():
            low, high = plain(span.low), plain(span.high)
            found = [item for item in found if _in_range(values_at(item, path), low, high)]
        if len(found) > 1:
            for key in reversed(free_keys(index, equals)):
                found.sort(key=_by(key.lstrip("-")), reverse=key.startswith("-"))
        return found[::-1] if descending else found

    @staticmethod
    def _refuse_foreign_paths(kind: Kind[Any], index: Index, paths: Iterable[str]) -> None:
        foreign = set(paths) - set(index.paths()) - set(index.where)
        if foreign:
            raise ValueError(f"{kind.name}.{index.name} does not cover {sorted(foreign)}")

    @staticmethod
    def _covered(index: Index, document: Document) -> bool:
        return not index.where or bool(_all_equal([document], index.where))

    @staticmethod
    def _key_tuples(index: Index, document: Document) -> Iterable[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = [()]
        for path in index.paths():
            rows = [(*row, value) for row in rows for value in values_at(document, path) or [_EMPTY]]
        return rows


def _sortable(values: list[Any]) -> tuple[bool, Any]:
    present = [value for value in values if value is not None]
    return (bool(present), min(present)) if present else (False, 0)


def _by(path: str) -> Callable[[Document], tuple[bool, Any]]:
    return lambda document: _sortable(values_at(document, path))
