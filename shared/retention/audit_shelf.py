"""The shelf that every service with an audit has: free words of staff beside acts on a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Final

from shared.audit import AUDIT, AUDIT_WORDS, Audit, AuditLine
from shared.retention.shelf import Item, Order, Shelf, all_of
from shared.store.kinds import Range, Record
from shared.store.port import Store

MOST_LINES: Final = 10_000
"""Lines about one person and what is theirs: far more than a lifetime at the counter makes."""

SubjectsOf = Callable[[Order], Awaitable[Collection[str]]]


def audit_shelf(store: Store, audit: Audit, subjects_of: SubjectsOf) -> Shelf:
    """Return the shelf; ``subjects_of`` names every id that a line about the person may have as its subject."""

    async def find_ordered(order: Order) -> list[Item]:
        wanted = {"state.subject": tuple(sorted(await subjects_of(order)))}
        found = all_of(await store.find(AUDIT, "subject", wanted, limit=MOST_LINES), MOST_LINES)
        return [_item(record) for record in found if await _has_words(record)]

    async def between(low: datetime | None, high: datetime, limit: int) -> list[Item]:
        found = await store.find(AUDIT, "order", within={"state.at": Range(low, high)}, limit=limit)
        return [_item(record) for record in found]

    async def _has_words(record: Record[AuditLine]) -> bool:
        return record.state.words is not None and await store.get(AUDIT_WORDS, record.id) is not None

    def _item(record: Record[AuditLine]) -> Item:
        async def erase() -> bool:
            return record.state.words is not None and await audit.erase_words(record.id)

        at = record.state.at
        return Item(record.id, frozenset({record.state.subject}), at, erase, at=at)

    return Shelf("audit_words", "audit_words", of=find_ordered, between=between)
