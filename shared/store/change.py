"""Load, decide, save: the one way to change an aggregate."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from shared.clock import Clock
from shared.errors import NotFound
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record
from shared.store.port import AlreadyExists, Store, VersionConflict
from shared.store.retry import TRIES, again

S = TypeVar("S")


async def change(
    store: Store,
    clock: Clock,
    kind: Kind[S],
    record_id: str,
    decide: Callable[[S], Decision[S] | None],
    *,
    received: str | None = None,
    first: Record[S] | None = None,
    fresh: S | None = None,
    tries: int = TRIES,
) -> Record[S]:
    """Load the aggregate, decide, save, and return the record; after a lost race, decide again on the newest state.

    Nothing is written when ``decide`` returns None or changes nothing, or when the message ``received`` took effect
    before (its effect was stored by the write that remembers it). ``first`` is a record that was read already: it is
    tried first, which saves one read unless it was changed since. ``fresh`` is the state to decide on where there is
    no such aggregate yet; the decision is then inserted.

    Raises:
        NotFound: there is no such aggregate, and no ``fresh`` state.
        SomeoneElseChangedIt: other writers were faster ``tries`` times in a row.
        InboxFull: a message was received and no more can be remembered.
        StoreUnavailable: the store does not answer.
        Exception: whatever ``decide`` raises (IllegalTransition, refusals): nothing was written.
    """

    def decide_on_state(record: Record[S]) -> Decision[S] | None:
        return decide(record.state)

    return await change_record(
        store, clock, kind, record_id, decide_on_state, received=received, first=first, fresh=fresh, tries=tries
    )


async def change_record(
    store: Store,
    clock: Clock,
    kind: Kind[S],
    record_id: str,
    decide: Callable[[Record[S]], Decision[S] | None],
    *,
    received: str | None = None,
    first: Record[S] | None = None,
    fresh: S | None = None,
    tries: int = TRIES,
) -> Record[S]:
    """As `change`, for decisions that need the version too: an edit names the one that its author had seen.

    The version of a ``fresh`` state is 0.
    """
    given = [first] if first is not None else []

    async def attempt() -> Record[S]:
        record = given.pop() if given else await store.get(kind, record_id)
        if record is None:
            if fresh is None:
                raise NotFound
            record = Record(record_id, 0, fresh)
        if record.has_received(received):
            return record
        decision = decide(record)
        if decision is None or not decision.changes(record.state):
            return record
        save = partial(store.save, kind, record) if record.version else partial(_insert_first, store, kind, record_id)
        return await save(decision.state, now=clock.now(), events=decision.events, received=received)

    return await again(attempt, tries=tries)


async def _insert_first(store: Store, kind: Kind[S], record_id: str, state: S, **write: Any) -> Record[S]:
    """Insert the aggregate; one that another writer inserted meanwhile is a conflict like any other."""
    try:
        return await store.insert(kind, record_id, state, **write)
    except AlreadyExists as taken:
        if taken.index != "_id_":
            raise
        raise VersionConflict(f"{kind.name} {record_id} was written meanwhile") from taken
