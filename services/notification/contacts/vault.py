"""Contact cards: opened as they arrive, kept encrypted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.notification.contacts.contact import ContactCard, WayBack
from services.notification.deliveries.recipient import Reach
from services.notification.seals import Box, Seals
from shared.events.notification import KeepContactCard
from shared.person_keys.cipher import is_persons


class ContactBox(Box):
    """The content of `KeepContactCard`."""

    email: str | None = None
    phone: str | None = None
    name: str | None = None
    undo_url: str | None = None
    undo_until: datetime | None = None


class ContactVault:
    """Opens what identity sealed, and seals and opens cards, each bound to its account."""

    def __init__(self, seals: Seals) -> None:
        self._unsealer = seals.unsealer
        self._person_keys = seals.person_keys

    def contact(self, command: KeepContactCard) -> tuple[Reach, WayBack | None]:
        """Open the box: how to reach the account, and where the change that led to it can be undone, if it can.

        Raises:
            CannotDecrypt, ValueError: it is no such box.
        """
        box = ContactBox.model_validate(self._unsealer.open_json(command.sealed, command.account_id))
        way_back = WayBack(box.undo_url, box.undo_until) if box.undo_url and box.undo_until else None
        return Reach(box.email or None, box.phone or None, box.name or None), way_back

    async def card(
        self, account_id: str, reach: Reach, language: str, source_version: int, *, is_first: bool
    ) -> ContactCard:
        """Return the card as it is kept.

        Raises:
            PersonErased: the account's key was destroyed.
        """
        keys = self._person_keys
        cipher = await (keys.new_cipher(account_id) if is_first else keys.cipher(account_id))

        def sealed(name: str, value: str | None) -> str | None:
            return cipher.seal(value, owner_id=account_id, field=name) if value else None

        return ContactCard(
            language=language,
            email=sealed("email", reach.email),
            phone=sealed("phone", reach.phone),
            name=sealed("name", reach.name),
            source_version=source_version,
        )

    async def open_reach(self, account_id: str, card: ContactCard) -> Reach:
        """Return the addresses and the name of a card.

        Raises:
            CannotDecrypt: one was changed or belongs to another account, or the account was erased.
        """
        cipher = await self._person_keys.cipher(account_id)

        def opened(name: str, value: str | None) -> str | None:
            return cipher.open(value, owner_id=account_id, field=name) if value else None

        return Reach(opened("email", card.email), opened("phone", card.phone), opened("name", card.name))

    async def turned(self, account_id: str, card: ContactCard) -> ContactCard:
        """Return the card sealed by the account's own key."""
        cipher = await self._person_keys.cipher(account_id)

        def resealed(name: str, value: str | None) -> str | None:
            return cipher.turned(value, owner_id=account_id, field=name) if value else None

        return replace(
            card,
            email=resealed("email", card.email),
            phone=resealed("phone", card.phone),
            name=resealed("name", card.name),
        )


def is_current(_account_id: str, card: ContactCard) -> bool:
    """Return whether the card is sealed by the account's own key."""
    return all(is_persons(value) for value in (card.email, card.phone, card.name) if value)
