"""Offices that staff can be given: those of the delivered table, and those that scheduling told of since."""

from __future__ import annotations

from collections.abc import Iterable

from services.identity.context import UseCaseContext
from services.identity.offices.delivered import delivered_offices
from services.identity.offices.errors import OfficeUnknown, RegionUnknown
from services.identity.offices.repository import OfficeRepository
from shared.events.scheduling import OfficeOpened
from shared.tokens import ALL_OFFICES


class Offices:
    """Knows which offices and regions there are."""

    def __init__(self, context: UseCaseContext) -> None:
        self._offices = OfficeRepository(context)
        self._delivered = delivered_offices()

    async def note_opened(self, event: OfficeOpened) -> None:
        """Keep an office that was opened; a repeat changes nothing."""
        await self._offices.keep_opened(event.office_id, event.parent_id)

    async def exists(self, office_id: str) -> bool:
        """Return whether there is such an office."""
        return office_id in self._delivered or await self._offices.is_opened(office_id)

    async def refuse_unknown(self, office_id: str | None, served: Iterable[str], region_id: str | None) -> None:
        """Refuse an office, an office served or a region that there is not.

        Raises:
            OfficeUnknown, RegionUnknown.
        """
        if office_id is not None and not await self.exists(office_id):
            raise OfficeUnknown(field="/office_id", office_id=office_id)
        for place, office in enumerate(served):
            if office != ALL_OFFICES and not await self.exists(office):
                raise OfficeUnknown(field=f"/offices/{place}", office_id=office)
        if region_id is not None and not self._delivered.has_region(region_id):
            raise RegionUnknown(field="/region_id", region_id=region_id)
