"""Queries and writes of contact cards."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.notification.contacts.contact import ContactCard
from services.notification.context import UseCaseContext
from shared.store.kinds import Kind, Record
from shared.store.port import AlreadyExists, VersionConflict

CARDS: Final = Kind(name="contact_card", state=ContactCard, batched=True)


class ContactRepository:
    """Queries and writes of contact cards."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store

    async def card(self, account_id: str) -> Record[ContactCard] | None:
        """Return the contact card of an account, if it has arrived."""
        return await self._store.get(CARDS, account_id)

    async def add_card(self, account_id: str, card: ContactCard, *, now: datetime, received: str) -> None:
        """Insert a first card.

        Raises:
            VersionConflict: another came at the same moment.
        """
        try:
            await self._store.insert(CARDS, account_id, card, now=now, received=received)
        except AlreadyExists:
            raise VersionConflict(f"contact_card {account_id} came at the same moment") from None

    async def save_card(self, record: Record[ContactCard], card: ContactCard, *, now: datetime, received: str) -> None:
        """Replace exactly the card that was read: the announcements of the change went to its addresses.

        Raises:
            VersionConflict: it changed since.
        """
        await self._store.save(CARDS, record, card, now=now, received=received)
