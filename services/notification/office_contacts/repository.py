"""Stores contacts of offices and regions, and the outreaches that were opened since the delivery."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import Final

from services.notification.context import UseCaseContext
from services.notification.office_contacts.office_contacts import (
    NO_CONTACTS,
    OfficeContacts,
    OpenedOffice,
    Regions,
)
from shared.store.change import change_record
from shared.store.decision import Decision
from shared.store.kinds import Kind, Record

OFFICE_CONTACTS: Final = Kind("office_contacts", OfficeContacts)
"""Named by `office_key` or `region_key`."""

OPENED_OFFICE: Final = Kind("opened_office", OpenedOffice, bare=True)
"""Named by the office's id."""


@cache
def delivered_regions() -> Regions:
    """Return the delivered offices with their regions, read once."""
    source = resources.files("services.notification").joinpath("data", "offices.csv")
    lines = (line for line in source.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return Regions({row["office_id"]: row["region_id"] for row in csv.DictReader(lines)})


class OfficeContactsRepository:
    """Queries and writes of contacts."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context

    async def contacts(self, key: str) -> OfficeContacts:
        """Return the contacts of an office or a region; empty ones where none were kept."""
        record = await self._context.store.get(OFFICE_CONTACTS, key)
        return record.state if record is not None else NO_CONTACTS

    async def keep_contacts(self, key: str, contacts: OfficeContacts, received: str) -> Record[OfficeContacts]:
        """Replace the contacts of an office or a region; the same command again changes nothing."""
        return await change_record(
            self._context.store,
            self._context.clock,
            OFFICE_CONTACTS,
            key,
            lambda _: Decision(contacts),
            received=received,
            fresh=NO_CONTACTS,
        )

    async def parent_of(self, office_id: str) -> str | None:
        """Return the office that keeps this outreach; None of any other office."""
        record = await self._context.store.get(OPENED_OFFICE, office_id)
        return record.state.parent_id if record is not None else None

    async def keep_opened(self, office_id: str, parent_id: str) -> None:
        """Write an opened office; a repeat changes nothing."""
        opened = [(office_id, OpenedOffice(parent_id))]
        await self._context.store.insert_missing(OPENED_OFFICE, opened, now=self._context.now())
