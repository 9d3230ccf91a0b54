"""The store's port: few methods, one document per write. One contract suite tests both adapters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from shared.events.envelope import Envelope
from shared.events.message import Message
from shared.store.kinds import Due, Failure, Kind, Parked, Range, Record

S = TypeVar("S")


class StoreError(Exception):
    """Base of the store's errors."""


class VersionConflict(StoreError):
    """The aggregate was changed since it was read: read again and decide again."""


class AlreadyExists(StoreError):
    """The id or another unique value is taken; ``index`` is the name of the unique index (``_id_`` for the id)."""

    def __init__(self, kind: str, index: str) -> None:
        super().__init__(f"{kind}: another document holds this value of {index}")
        self.index = index


class InboxFull(StoreError):
    """The aggregate's inbox is full: the message must wait and operators be alerted."""


class StoreUnavailable(StoreError):
    """The store does not answer; whether the write took effect is unknown."""


class Store(Protocol):
    """Atomic single-document reads and writes. Times are aware UTC, cut to milliseconds.

    Every write of a non-bare kind puts the given events into the outbox and the received message's id into the inbox of
    the same document, in the same write.
    """

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
        """Write a new aggregate at version 1.

        Raises:
            AlreadyExists: the id or another unique value is taken.
        """
        ...

    async def get(self, kind: Kind[S], record_id: str) -> Record[S] | None:
        """Return the aggregate, or None."""
        ...

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
        """Replace the state if the version is still the record's (and the lease, if it carries a fence).

        Raises:
            VersionConflict: it changed since, or it is gone.
            AlreadyExists: a unique value is taken.
            InboxFull: a message was received and no more can be remembered.
        """
        ...

    async def remove(self, kind: Kind[S], record: Record[S]) -> bool:
        """Delete the aggregate if it is unchanged and has nothing left to publish; return whether it was deleted."""
        ...

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
        """Return matching records in the order of the declared index; paths must be its own (or its condition's).

        A value that is a tuple matches any of its members; a stored list matches by each of its members.
        """
        ...

    async def find_holder(self, kind: Kind[S], index: str, values: Sequence[str]) -> Record[S] | None:
        """Return the aggregate that holds one of ``values`` by a unique index of one path, or None; of several the
        holder of the first value. Concurrent calls share one command.
        """
        ...

    async def count(
        self,
        kind: Kind[S],
        index: str,
        equals: Mapping[str, Any] | None = None,
        *,
        within: Mapping[str, Range] | None = None,
    ) -> int:
        """Return how many match, read from the declared index."""
        ...

    async def insert_missing(self, kind: Kind[S], items: Sequence[tuple[str, S]], *, now: datetime) -> int:
        """Write, in few round trips, those of the (id, state) pairs whose id is free; return how many.

        For reference data: it sends no events. Not atomic as a whole: after a failure call it again.

        Raises:
            AlreadyExists: another unique value than an id is taken; the pairs before and after it may be written.
        """
        ...

    async def insert_all(self, kind: Kind[S], items: Sequence[tuple[str, S]], *, now: datetime) -> None:
        """Write the (id, state) pairs in this order, in few round trips, and stop at the first that is refused.

        After a refusal or a crash the pairs before it are written and none behind it: never a gap. It sends no events.

        Raises:
            AlreadyExists: an id or another unique value is taken.
        """
        ...

    async def tally(
        self,
        kind: Kind[S],
        index: str,
        by: Sequence[str],
        equals: Mapping[str, Any] | None = None,
        *,
        within: Mapping[str, Range] | None = None,
    ) -> dict[tuple[Any, ...], int]:
        """Return how many match for each combination of values at the paths ``by``, read from the declared index."""
        ...

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
        """Atomically set the given paths of the first match in index order and return the result; None without a match.

        For bare kinds: it writes no events. Concurrent claims of a ``batched`` kind take any match of their
        ranges, not always the first.
        """
        ...

    async def count_up(
        self, kind: Kind[S], record_id: str, *, by: int, most: int, fresh: S, now: datetime
    ) -> int | None:
        """Add ``by`` to ``state.count`` and return the new count; None, and no change, if that exceeds ``most``.

        One conditional write, so that concurrent writers of all processes together never exceed ``most``. A missing
        document begins as ``fresh``, whose count is 0. For bare kinds without unique indexes.
        """
        ...

    async def claim_due(self, kind: Kind[S], *, now: datetime, owner: str, lease_seconds: int) -> Due[S] | None:
        """Lease one aggregate that has a deadline at or before ``now`` and no running lease; None if there is none."""
        ...

    async def claim_all_due(
        self, kind: Kind[S], *, now: datetime, owner: str, lease_seconds: int, most: int
    ) -> list[Due[S]]:
        """Lease up to ``most`` such aggregates, the longest due first, in a constant number of round trips."""
        ...

    async def note_failure(
        self, kind: Kind[S], record: Record[S], name: str, *, error: str, now: datetime, park_at: int
    ) -> Failure:
        """Count a failure of a leased record's deadline, with the class of its error; park it at ``park_at`` failures.

        A parked deadline is due again only after `release_parked`, or when the aggregate is saved (then for one try).
        """
        ...

    async def forget_failures(self, kind: Kind[S], record_id: str, name: str) -> None:
        """Reset the failures of a deadline that succeeded."""
        ...

    async def parked(self, kind: Kind[S], *, limit: int = 100) -> list[Parked]:
        """Return parked deadlines, the longest parked first."""
        ...

    async def count_parked(self, kind: Kind[S]) -> int:
        """Return how many aggregates have a parked deadline, read from an index."""
        ...

    async def release_parked(self, kind: Kind[S], record_id: str, name: str, *, now: datetime) -> bool:
        """Make a parked deadline due at once, with all its tries; return False if it is not parked."""
        ...

    def scan(self, kind: Kind[S], *, batch: int = 200, after: str = "") -> AsyncIterator[Record[S]]:
        """Yield every aggregate behind the id ``after`` in id order, in batches: for invariants, exports and rebuilds,
        never for requests.
        """
        ...

    async def outbox_waiting(self, kind: Kind[Any], *, before: datetime, limit: int) -> list[Envelope]:
        """Return messages written before that time that are still in their outboxes, oldest documents first."""
        ...

    async def mark_published(self, kind: Kind[Any], published: Sequence[Envelope], *, now: datetime) -> None:
        """Archive the events (commands are never archived) and remove the messages from their outboxes.

        Also drops inbox entries older than :data:`~shared.store.kinds.INBOX_DAYS` in the same documents.
        """
        ...

    async def archived(
        self, *, since: datetime, limit: int, after: str | None = None, before: datetime | None = None
    ) -> list[Envelope]:
        """Return published events since that time, for rebuilding read models and for republishing after a restore.

        In the order of archiving; ``after`` is the id of the last one read, ``before`` an exclusive end.
        """
        ...

    async def ping(self) -> None:
        """Return if the store answers.

        Raises:
            StoreUnavailable: it does not.
        """
        ...
