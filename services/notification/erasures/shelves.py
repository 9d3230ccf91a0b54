"""The shelves of notification, for the retention job and for the orders to erase a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from services.notification.account_feeds.repository import FEEDS
from services.notification.contacts.repository import CARDS
from services.notification.context import UseCaseContext
from services.notification.deliveries import delivery
from services.notification.deliveries.delivery import Delivery
from services.notification.deliveries.repository import DELIVERIES
from shared.events.notification import NotificationErasureDone
from shared.retention.shelf import Item, Order, Shelf, all_of
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Kind, Range, Record
from shared.store.port import VersionConflict
from shared.store.retry import again

MOST_OF_ACCOUNT: Final = 50_000
"""Messages to one account in the time that they are kept: twenty for each application."""


class NotificationShelves:
    """The shelves of notification. An account is erased here as a whole: nothing is kept by applicant."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._store = context.store

    def all(self) -> tuple[Shelf, ...]:
        """Return every shelf."""
        return (
            Shelf("contact_cards", "contact_cards", of=self._cards),
            Shelf("account_feeds", "account_feeds", of=self._feeds),
            Shelf("deliveries", "deliveries", of=self._deliveries_of, between=self._ended_deliveries),
        )

    async def _cards(self, order: Order) -> list[Item]:
        return await self._of_accounts(CARDS, order, with_key=True)

    async def _feeds(self, order: Order) -> list[Item]:
        return await self._of_accounts(FEEDS, order, with_key=False)

    async def _of_accounts(self, kind: Kind[Any], order: Order, *, with_key: bool) -> list[Item]:
        """Return the documents of this kind of the accounts that the order erases as a whole."""
        if not order.whole_account:
            return []
        found = [await self._store.get(kind, account_id) for account_id in order.account_ids]
        return [self._of_account(kind, record.id, order, with_key) for record in found if record is not None]

    def _of_account(self, kind: Kind[Any], account_id: str, order: Order, with_key: bool) -> Item:
        async def attempt() -> bool:
            found = await self._store.get(kind, account_id)
            if found is not None and not await self._store.remove(kind, found):
                raise VersionConflict("the document was written meanwhile")
            return found is not None

        async def erase() -> bool:
            return await again(attempt)

        subjects = frozenset({account_id, *order.account_ids, *order.applicant_ids, *order.person_ids})
        return Item(account_id, subjects, self._context.now(), erase, account_id if with_key else None)

    async def _deliveries_of(self, order: Order) -> list[Item]:
        if not order.whole_account:
            return []
        wanted = {"state.account_id": order.account_ids}
        found = await self._store.find(DELIVERIES, "by_account", wanted, limit=MOST_OF_ACCOUNT)
        people = frozenset({*order.applicant_ids, *order.person_ids})
        told = [record for record in all_of(found, MOST_OF_ACCOUNT) if delivery.tells_of_person(record.state)]
        return [self._blanking(record, people) for record in told]

    def _blanking(self, record: Record[Delivery], people: frozenset[str]) -> Item:
        async def erase() -> bool:
            if record.state.attachment_id is not None:
                await self._context.files.delete(record.state.attachment_id)

            def decide(message: Delivery) -> Decision[Delivery]:
                return delivery.erase(message, record.id, self._context.now())

            await change(self._store, self._context.clock, DELIVERIES, record.id, decide)
            return True

        return Item(record.id, _subjects(record) | people, record.state.created_at, erase, record.state.account_id)

    async def _ended_deliveries(self, low: datetime | None, high: datetime, limit: int) -> list[Item]:
        within = {"state.ended_at": Range(low, high)}
        found = await self._store.find(DELIVERIES, "ended_at", within=within, limit=limit)
        return [self._removal(record) for record in found]

    def _removal(self, record: Record[Delivery]) -> Item:
        async def erase() -> bool:
            return await self._store.remove(DELIVERIES, record)

        ended_at = record.state.ended_at
        return Item(record.id, _subjects(record), ended_at, erase, at=ended_at)


def tell_erasure(*, erasure_id: str, service: str, kept: tuple[str, ...]) -> NotificationErasureDone:
    """Return the event that an erasure is done, or what is kept."""
    return NotificationErasureDone(erasure_id=erasure_id, service=service, kept=kept)


def _subjects(record: Record[Delivery]) -> frozenset[str]:
    state = record.state
    return frozenset({record.id, state.account_id, *([state.application_id] if state.application_id else [])})
