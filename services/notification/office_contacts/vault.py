"""Contacts of offices: sealed and opened, each bound to its office or region."""

from __future__ import annotations

from dataclasses import replace

from services.notification.deliveries.recipient import Reach
from services.notification.office_contacts.office_contacts import OfficeContacts
from services.notification.seals import Seals

_EMAIL = "office_email"
_PHONE = "office_phone"


class OfficeContactsVault:
    """Seals and opens contacts."""

    def __init__(self, seals: Seals) -> None:
        self._cipher = seals.cipher

    def sealed(self, key: str, contacts: OfficeContacts, reach: Reach) -> OfficeContacts:
        """Return the contacts with these addresses, sealed."""
        return replace(
            contacts,
            email_sealed=self._cipher.seal(reach.email, owner_id=key, field=_EMAIL) if reach.email else None,
            phone_sealed=self._cipher.seal(reach.phone, owner_id=key, field=_PHONE) if reach.phone else None,
        )

    def open_reach(self, key: str, contacts: OfficeContacts) -> Reach:
        """Return the addresses of the contacts.

        Raises:
            CannotDecrypt: one was changed or belongs to another office.
        """
        email, phone = contacts.email_sealed, contacts.phone_sealed
        return Reach(
            email=self._cipher.open(email, owner_id=key, field=_EMAIL) if email else None,
            phone=self._cipher.open(phone, owner_id=key, field=_PHONE) if phone else None,
        )

    def is_current(self, _key: str, contacts: OfficeContacts) -> bool:
        """Return whether all is sealed by the current master key."""
        sealed = (contacts.email_sealed, contacts.phone_sealed)
        return not any(self._cipher.needs_rotation(value) for value in sealed if value is not None)

    async def turned(self, key: str, contacts: OfficeContacts) -> OfficeContacts:
        """Return the contacts sealed by the current master key."""
        return self.sealed(key, contacts, self.open_reach(key, contacts))
