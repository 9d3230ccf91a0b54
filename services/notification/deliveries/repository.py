"""Queries and writes of deliveries."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from services.notification.context import UseCaseContext
from services.notification.deliveries import delivery
from services.notification.deliveries.delivery import Delivery
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Range, Record
from shared.store.newest import newest_of
from shared.store.port import AlreadyExists

DELIVERIES: Final = Kind(
    name="delivery",
    state=Delivery,
    indexes=(
        Index("by_account", ("state.account_id", "-state.created_at")),
        Index("by_application", ("state.account_id", "state.application_id", "-state.created_at")),
        Index("ended_at", ("state.ended_at",)),
    ),
    deadlines=delivery.due,
    batched=True,
)

LARGEST_PAGE: Final = 100
"""Deliveries in one answer; the whole journey of an application makes about twenty."""

MOST_READ: Final = 2 * LARGEST_PAGE
"""Messages read for a page: beyond it those of its first moment, which were shown before, and of the next page."""

MOST_EXPORTED: Final = 5000
"""Deliveries in an export: the journeys of fifteen applicants for as long as messages are kept make a tenth of it."""

INSTANT: Final = timedelta(milliseconds=1)
"""The store keeps times in milliseconds, and the end of a range is outside of it."""


class DeliveryRepository:
    """Queries and writes of deliveries."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store
        self._clock = context.clock

    async def delivery(self, delivery_id: str) -> Record[Delivery] | None:
        """Return a delivery, if it is known and not yet forgotten."""
        return await self._store.get(DELIVERIES, delivery_id)

    async def add_delivery(
        self, delivery_id: str, decision: Decision[Delivery], *, now: datetime, received: str
    ) -> None:
        """Insert a new delivery. Its id is derived from the message that asked for it: a repeat changes nothing."""
        try:
            await self._store.insert(
                DELIVERIES, delivery_id, decision.state, now=now, events=decision.events, received=received
            )
        except AlreadyExists:
            return

    async def save_delivery(self, record: Record[Delivery], decision: Decision[Delivery], *, now: datetime) -> None:
        """Write what was decided on this version.

        Raises:
            VersionConflict: it changed since it was read, or the lease moved on.
        """
        await self._store.save(DELIVERIES, record, decision.state, now=now, events=decision.events)

    async def find_deliveries(
        self, account_ids: tuple[str, ...], application_id: str | None, until: datetime | None
    ) -> list[Record[Delivery]]:
        """Return the messages to an account and those joined into it, the latest first, two pages at most.

        With ``application_id`` those about that application, with ``until`` those queued at that time or before.
        """
        wanted, index = {}, "by_account"
        if application_id is not None:
            wanted, index = {"state.application_id": application_id}, "by_application"
        within = {"state.created_at": Range(high=until + INSTANT)} if until is not None else None

        async def find(account_id: str) -> list[Record[Delivery]]:
            equals = {"state.account_id": account_id, **wanted}
            return await self._store.find(DELIVERIES, index, equals, within=within, limit=MOST_READ)

        return await newest_of(account_ids, find, lambda state: state.created_at, MOST_READ)

    async def drop_queued(self, account_id: str, purposes: Collection[str]) -> None:
        """Drop the messages to an account that wait to be sent and serve one of these purposes."""

        def decide(message: Delivery, delivery_id: str) -> Decision[Delivery] | None:
            if message.state is not delivery.State.QUEUED:
                return None
            return delivery.drop(message, delivery_id, self._clock.now(), delivery.CONSENT_WITHDRAWN)

        for record in await self.all_deliveries((account_id,)) if purposes else ():
            if record.state.purpose in purposes and record.state.state is delivery.State.QUEUED:
                await change(self._store, self._clock, DELIVERIES, record.id, partial(decide, delivery_id=record.id))

    async def all_deliveries(self, account_ids: tuple[str, ...]) -> list[Record[Delivery]]:
        """Return the messages to an account and those joined into it, the latest first, `MOST_EXPORTED` at most."""

        async def find(account_id: str) -> list[Record[Delivery]]:
            return await self._store.find(
                DELIVERIES, "by_account", {"state.account_id": account_id}, limit=MOST_EXPORTED
            )

        return await newest_of(account_ids, find, lambda state: state.created_at, MOST_EXPORTED)
