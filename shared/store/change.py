"""Load, decide, save: the one way to change an aggregate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from shared.clock import Clock
from shared.errors import NotFound
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record
from shared.store.port import Store
from shared.store.retry import again

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
) -> Record[S]:
    """Load the aggregate, decide, save, and return the record; after a lost race, decide again on the newest state.

    Nothing is written when ``decide`` returns None or changes nothing, or when the message ``received`` took effect
    before (its effect was stored by the write that remembers it). ``first`` is a record that was read already: it is
    tried first, which saves one read unless it was changed since.

    Raises:
        NotFound: there is no such aggregate.
        SomeoneElseChangedIt: other writers were faster `shared.store.retry.TRIES` times in a row.
        InboxFull: a message was received and no more can be remembered.
        StoreUnavailable: the store does not answer.
        Exception: whatever ``decide`` raises (IllegalTransition, refusals): nothing was written.
    """
    given = [first] if first is not None else []

    async def attempt() -> Record[S]:
        record = given.pop() if given else await store.get(kind, record_id)
        if record is None:
            raise NotFound
        if record.has_received(received):
            return record
        decision = decide(record.state)
        if decision is None or not decision.changes(record.state):
            return record
        return await store.save(
            kind, record, decision.state, now=clock.now(), events=decision.events, received=received
        )

    return await again(attempt)
