"""Queries and writes of webhooks, their deliveries and the events kept for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.notification.context import UseCaseContext
from services.notification.rules import WebhookRules
from services.notification.webhooks import webhook as webhooks
from services.notification.webhooks.webhook import Webhook
from services.notification.webhooks.webhook_delivery import WebhookDelivery, WebhookDeliveryState
from shared.store.kinds import Index, Kind, Range, Record
from shared.store.port import AlreadyExists, VersionConflict
from shared.store.retry import again

LARGEST_PAGE: Final = 100
MOST_READ: Final = 2 * LARGEST_PAGE
"""Deliveries read for a page: beyond it those of its first moment, which were shown before, and of the next page."""
"""Deliveries in one answer."""

INSTANT: Final = timedelta(milliseconds=1)
"""The store keeps times in milliseconds, and the end of a range is outside of it."""


@dataclass(frozen=True)
class KeptEvent:
    """An event as webhooks are told it, kept for replays; ``body`` is the text that is signed and sent."""

    event_type: str
    body: str
    kept_at: datetime
    kept_until: datetime
    webhook_id: str | None = None
    """The only webhook that it is for, where it is for one alone."""


WEBHOOKS: Final = Kind(
    name="webhook",
    state=Webhook,
    indexes=(Index("registered", ("state.registered_at",)),),
    deadlines=webhooks.deadlines,
    at_once=WebhookRules().most_webhooks,
)

KEPT_EVENTS: Final = Kind(
    name="webhook_event",
    state=KeptEvent,
    indexes=(Index("order", ("state.kept_at", "_id")),),
    bare=True,
    kept_until="state.kept_until",
)

WEBHOOK_DELIVERIES: Final = Kind(
    name="webhook_delivery",
    state=WebhookDelivery,
    indexes=(
        Index(
            "due",
            ("state.webhook_id", "state.due_at"),
            where={"state.state": WebhookDeliveryState.WAITING.value},
        ),
        Index("by_webhook", ("state.webhook_id", "-state.asked_at")),
    ),
    bare=True,
    kept_until="state.kept_until",
)


class WebhookRepository:
    """Queries and writes of webhooks."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._store = context.store

    async def webhook(self, webhook_id: str) -> Record[Webhook] | None:
        """Return a webhook, or None."""
        return await self._store.get(WEBHOOKS, webhook_id)

    async def webhooks(self) -> list[Record[Webhook]]:
        """Return every webhook, the oldest first."""
        return await self._store.find(WEBHOOKS, "registered", limit=self._context.rules.webhooks.most_webhooks)

    async def add_webhook(self, webhook_id: str, webhook: Webhook, now: datetime) -> Record[Webhook]:
        """Insert a webhook; a repeat of its command finds the first."""
        try:
            return await self._store.insert(WEBHOOKS, webhook_id, webhook, now=now)
        except AlreadyExists:
            known = await self._store.get(WEBHOOKS, webhook_id)
            if known is None:
                raise VersionConflict("the webhook was deleted meanwhile") from None
            return known

    async def remove_webhook(self, webhook_id: str) -> bool:
        """Delete a webhook; return whether there was one. Its deliveries end with their time."""

        async def attempt() -> bool:
            record = await self.webhook(webhook_id)
            if record is not None and not await self._store.remove(WEBHOOKS, record):
                raise VersionConflict("the webhook was written meanwhile")
            return record is not None

        return await again(attempt)

    async def keep_event(self, event_id: str, event: KeptEvent) -> None:
        """Keep an event for replays; a repeat changes nothing."""
        try:
            await self._store.insert(KEPT_EVENTS, event_id, event, now=event.kept_at)
        except AlreadyExists:
            return

    async def kept_event(self, event_id: str, now: datetime) -> Record[KeptEvent] | None:
        """Return a kept event whose time is not over."""
        found = await self._store.get(KEPT_EVENTS, event_id)
        return found if found is not None and now < found.state.kept_until else None

    async def kept_since(self, since: datetime, event_id: str | None, limit: int) -> list[Record[KeptEvent]]:
        """Return the events kept from a time on, in the order in which they came: at that very moment those from an id
        on.
        """
        found: list[Record[KeptEvent]] = []
        if event_id is not None:
            equals: dict[str, Any] = {"state.kept_at": since}
            found = await self._store.find(
                KEPT_EVENTS, "order", equals, within={"_id": Range(low=event_id)}, limit=limit
            )
            since += INSTANT
        if len(found) < limit:
            within = {"state.kept_at": Range(low=since)}
            found += await self._store.find(KEPT_EVENTS, "order", within=within, limit=limit - len(found))
        return found

    async def delivery(self, delivery_id: str) -> Record[WebhookDelivery] | None:
        """Return a delivery, or None."""
        return await self._store.get(WEBHOOK_DELIVERIES, delivery_id)

    async def add_delivery(self, delivery_id: str, delivery: WebhookDelivery, now: datetime) -> bool:
        """Insert a delivery; return whether it is new."""
        try:
            await self._store.insert(WEBHOOK_DELIVERIES, delivery_id, delivery, now=now)
        except AlreadyExists:
            return False
        return True

    async def waiting(
        self, webhook_id: str, limit: int, *, before: datetime | None = None
    ) -> list[Record[WebhookDelivery]]:
        """Return deliveries of a webhook that wait, the longest due first; with ``before`` those due until then."""
        equals = {"state.webhook_id": webhook_id}
        within = {"state.due_at": Range(high=before + INSTANT)} if before is not None else None
        return await self._store.find(WEBHOOK_DELIVERIES, "due", equals, within=within, limit=limit)

    async def deliveries(self, webhook_id: str, until: datetime | None) -> list[Record[WebhookDelivery]]:
        """Return deliveries of a webhook, the latest first, `MOST_READ` at most; with ``until`` those up to then."""
        within = {"state.asked_at": Range(high=until + INSTANT)} if until is not None else None
        return await self._store.find(
            WEBHOOK_DELIVERIES, "by_webhook", {"state.webhook_id": webhook_id}, within=within, limit=MOST_READ
        )
