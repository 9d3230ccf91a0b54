"""Stores the offices that were opened after the delivery."""

from __future__ import annotations

from typing import Final

from services.identity.context import UseCaseContext
from services.identity.offices.office import OpenedOffice
from shared.store.kinds import Kind

OPENED_OFFICE: Final = Kind("opened_office", OpenedOffice, bare=True)
"""Named by the office's id."""


class OfficeRepository:
    """Opened offices, each written once."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context

    async def is_opened(self, office_id: str) -> bool:
        """Return whether scheduling told of this office."""
        return await self._context.store.get(OPENED_OFFICE, office_id) is not None

    async def keep_opened(self, office_id: str, parent_id: str) -> None:
        """Write an opened office; a repeat changes nothing."""
        opened = [(office_id, OpenedOffice(parent_id))]
        await self._context.store.insert_missing(OPENED_OFFICE, opened, now=self._context.now())
