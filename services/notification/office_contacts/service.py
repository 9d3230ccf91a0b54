"""Contacts of offices: kept by their heads, those of a region by its officers, and found where work is overdue."""

from __future__ import annotations

from dataclasses import dataclass

from services.notification.context import UseCaseContext
from services.notification.deliveries.recipient import Reach, Recipient
from services.notification.office_contacts.errors import NotYourOffice, RegionNotFound
from services.notification.office_contacts.office_contacts import (
    NO_CONTACTS,
    AlertReceiver,
    OfficeContacts,
    office_key,
    region_key,
)
from services.notification.office_contacts.repository import OfficeContactsRepository, delivered_regions
from services.notification.office_contacts.vault import OfficeContactsVault
from shared.events.envelope import Envelope
from shared.events.scheduling import OfficeOpened
from shared.tokens import Caller


@dataclass(frozen=True)
class ShownContacts:
    """Contacts in the open, and whose are told now."""

    contacts: OfficeContacts
    reach: Reach
    told: AlertReceiver


class OfficeContactsBook:
    """The use cases of contacts of offices and regions."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._repository = OfficeContactsRepository(context)
        self._vault = OfficeContactsVault(context.seals)
        self._regions = delivered_regions()

    async def office_opened(self, event: OfficeOpened, _envelope: Envelope) -> None:
        """Keep which office an outreach belongs to."""
        await self._repository.keep_opened(event.office_id, event.parent_id)

    async def show_office(self, office_id: str, caller: Caller) -> ShownContacts:
        """Return the contacts of the caller's own office, or of an outreach of it.

        Raises:
            NotYourOffice.
        """
        await self._refuse_other_offices(office_id, caller)
        contacts = await self._repository.contacts(office_key(office_id))
        _, told = await self.find_recipient(office_id)
        return ShownContacts(contacts, self._vault.open_reach(office_key(office_id), contacts), told)

    async def keep_office(
        self, office_id: str, reach: Reach, language: str, caller: Caller, command_id: str
    ) -> ShownContacts:
        """Replace the contacts of the caller's own office, or of an outreach of it.

        Raises:
            NotYourOffice.
        """
        await self._refuse_other_offices(office_id, caller)
        await self._keep(office_key(office_id), reach, language, caller, command_id)
        return await self.show_office(office_id, caller)

    async def show_region(self, region_id: str, caller: Caller) -> ShownContacts:
        """Return the contacts of the caller's own region.

        Raises:
            RegionNotFound, NotYourOffice.
        """
        self._refuse_other_regions(region_id, caller)
        contacts = await self._repository.contacts(region_key(region_id))
        told = AlertReceiver.OPERATORS if self._context.rules.operator_email else AlertReceiver.NOBODY
        told = told if contacts.empty else AlertReceiver.REGION
        return ShownContacts(contacts, self._vault.open_reach(region_key(region_id), contacts), told)

    async def keep_region(
        self, region_id: str, reach: Reach, language: str, caller: Caller, command_id: str
    ) -> ShownContacts:
        """Replace the contacts of the caller's own region.

        Raises:
            RegionNotFound, NotYourOffice.
        """
        self._refuse_other_regions(region_id, caller)
        await self._keep(region_key(region_id), reach, language, caller, command_id)
        return await self.show_region(region_id, caller)

    async def find_recipient(self, office_id: str) -> tuple[Recipient, AlertReceiver]:
        """Return whom to tell of an office's overdue work: its own contacts, else those of the office that keeps it,
        else its region's, else the operators. Its own may stand in the settings too.
        """
        parent_id = await self._repository.parent_of(office_id)
        offices = (office_id, parent_id) if parent_id is not None else (office_id,)
        for office in offices:
            found = await self._recipient(office_id, office_key(office))
            if found is not None:
                return found, AlertReceiver.OFFICE
            address = self._context.rules.office_emails.get(office)
            if address is not None:
                return Recipient(
                    office_key(office_id), NO_CONTACTS.language, Reach(email=address)
                ), AlertReceiver.OFFICE
        region_id = self._regions.region_of(offices[-1])
        found = await self._recipient(office_id, region_key(region_id)) if region_id is not None else None
        if found is not None:
            return found, AlertReceiver.REGION
        address = self._context.rules.operator_email
        recipient = Recipient(office_key(office_id), NO_CONTACTS.language, Reach(email=address))
        return recipient, AlertReceiver.OPERATORS if address is not None else AlertReceiver.NOBODY

    async def _recipient(self, office_id: str, key: str) -> Recipient | None:
        contacts = await self._repository.contacts(key)
        if contacts.empty:
            return None
        return Recipient(office_key(office_id), contacts.language, self._vault.open_reach(key, contacts))

    async def _keep(self, key: str, reach: Reach, language: str, caller: Caller, command_id: str) -> None:
        bare = OfficeContacts(language, None, None, caller.account_id, self._context.now())
        await self._repository.keep_contacts(key, self._vault.sealed(key, bare, reach), command_id)

    async def _refuse_other_offices(self, office_id: str, caller: Caller) -> None:
        own = caller.office_id
        if own is None or own not in (office_id, await self._repository.parent_of(office_id)):
            raise NotYourOffice

    def _refuse_other_regions(self, region_id: str, caller: Caller) -> None:
        offices = self._regions.offices_of(region_id)
        if not offices:
            raise RegionNotFound
        if not set(offices) <= set(caller.offices):
            raise NotYourOffice
