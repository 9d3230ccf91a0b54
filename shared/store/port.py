"""The store as the use cases see it: few verbs, one document per write, two adapters under one contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from shared.events.envelope import Envelope
from shared.events.message import Message
from shared.store.kinds import Due, Failure, Kind, Parked, Range, Record

S = TypeVar("S")


class StoreError(Exception):
    """Base of what a store refuses."""


class VersionConflict(StoreError):
    """Somebody else saved this aggregate since it was read: read again and decide again."""


class AlreadyExists(StoreError):
    """A unique index refuses the write; ``index`` names it (``_id_`` for the id itself)."""

    def __init__(self, kind: str, index: str) -> None:
        super().__init__(f"{kind}: another document holds this value of {index}")
        self.index = index


class InboxFull(StoreError):
    """The aggregate remembers as many messages as it may: the message must be parked and somebody alerted."""


class StoreUnavailable(StoreError):
    """The store does not answer right now; nothing is known to have been written."""


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
        """The aggregate, or none."""
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
        """Delete the aggregate if it is unchanged and has nothing left to publish; tells whether it did."""
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
        """Records that match, in the order of the declared index; paths must be the index's own (or its condition's).

        A value that is a tuple matches any of its members; a stored list matches by each of its members.
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
        """How many match, answered from the declared index."""
        ...

    async def insert_missing(self, kind: Kind[S], items: Sequence[tuple[str, S]], *, now: datetime) -> int:
        """Write, in few round trips, those of the (id, state) pairs whose id is not there yet; tells how many it were.

        For much silent reference data at once: it speaks no events. Not atomic as a whole: after a failure call it
        again.

        Raises:
            AlreadyExists: another unique value than an id is taken; the pairs before and after it may be written.
        """
        ...

    async def insert_all(self, kind: Kind[S], items: Sequence[tuple[str, S]], *, now: datetime) -> None:
        """Write the (id, state) pairs in this order, in few round trips, and stop at the first that is refused.

        What lies before a refused or crashed one is written, nothing behind it: never a gap. It speaks no events.

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
        """How many match for each combination of the values at the paths ``by``, answered from the declared index."""
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
        """Atomically take the first match in index order and set the given paths of it; none if nothing matches.

        The returned record shows the change. Meant for bare kinds: it writes no events. Of a kind that ``gathers``,
        claims that come together take any match of their ranges, not always the first.
        """
        ...

    async def count_up(
        self, kind: Kind[S], record_id: str, *, by: int, most: int, fresh: S, now: datetime
    ) -> int | None:
        """Add ``by`` to ``state.count`` unless that makes more than ``most``: the new count, or none if it would.

        One conditional write, so that parallel writers of all processes together never pass ``most``. A document that
        is not there begins as ``fresh``, whose count is 0. For bare kinds without unique indexes.
        """
        ...

    async def claim_due(self, kind: Kind[S], *, now: datetime, owner: str, lease_seconds: int) -> Due[S] | None:
        """Lease one aggregate with a deadline at or before ``now`` that nobody else holds a lease on; none if none."""
        ...

    async def claim_all_due(
        self, kind: Kind[S], *, now: datetime, owner: str, lease_seconds: int, most: int
    ) -> list[Due[S]]:
        """Lease up to ``most`` such aggregates, the longest due first, in as few round trips as one or two of them."""
        ...

    async def note_failure(
        self, kind: Kind[S], record: Record[S], name: str, *, error: str, now: datetime, park_at: int
    ) -> Failure:
        """Count that a deadline of a leased record failed, with the class of its error; at ``park_at`` park it.

        What is parked falls due again only by `release_parked`, or when the aggregate is saved: then it gets one try.
        """
        ...

    async def forget_failures(self, kind: Kind[S], record_id: str, name: str) -> None:
        """The deadline ended well: its failures count no more."""
        ...

    async def parked(self, kind: Kind[S], *, limit: int = 100) -> list[Parked]:
        """Parked deadlines, the longest parked first."""
        ...

    async def count_parked(self, kind: Kind[S]) -> int:
        """How many aggregates have a parked deadline, answered from an index."""
        ...

    async def release_parked(self, kind: Kind[S], record_id: str, name: str, *, now: datetime) -> bool:
        """Let a parked deadline fall due at once, with all its tries; False if there is none (any more)."""
        ...

    def scan(self, kind: Kind[S], *, batch: int = 200) -> AsyncIterator[Record[S]]:
        """Every aggregate in id order, in batches: for invariants, exports and rebuilds, never for requests."""
        ...

    async def outbox_waiting(self, kind: Kind[Any], *, before: datetime, limit: int) -> list[Envelope]:
        """Messages written before that time and not yet taken out of their outboxes, oldest documents first."""
        ...

    async def mark_published(self, kind: Kind[Any], published: Sequence[Envelope], *, now: datetime) -> None:
        """Archive the events (commands are never archived) and take the messages out of their outboxes.

        Also forgets inbox entries older than :data:`~shared.store.kinds.INBOX_DAYS` in the same documents.
        """
        ...

    async def archived(
        self, *, since: datetime, limit: int, after: str | None = None, before: datetime | None = None
    ) -> list[Envelope]:
        """Published events since that time, for rebuilding read models and for re-publishing after a restore.

        In the order in which they were archived; ``after`` is the id of the last one read, ``before`` an open end.
        """
        ...

    async def ping(self) -> None:
        """Answer if the store can be written.

        Raises:
            StoreUnavailable: it cannot.
        """
        ...
