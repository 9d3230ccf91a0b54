"""Projections of applications from the events of the application service."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.scheduling.store_part import Decide, OnStore
from services.scheduling.terms import Applying
from shared.clock import Clock
from shared.errors import NotKnownYet
from shared.projections import wait_until_known
from shared.store.change import change
from shared.store.kinds import Kind, Record


@dataclass(frozen=True)
class ApplicationCopy:
    """The projection of an application, from the events of the application service."""

    account_id: str
    person_id: str
    submitted: bool
    withdrawn: bool = False
    minor: bool = False
    age_band: str | None = None
    """Whole years as a band; birth dates are not known here."""
    product: str | None = None
    """The kind of passport; None in copies that are older than this field."""
    product_as_of: datetime | None = None
    """When the product was told; an older product that arrives later changes nothing."""

    def applying(self, application_id: str) -> Applying:
        """Return the applicant for whom a seat would be held."""
        return Applying(application_id, self.account_id, self.person_id)


def fresher(known: ApplicationCopy, newer: ApplicationCopy) -> ApplicationCopy:
    """Return the newer copy with the product that was told last."""
    if known.product_as_of is None or (newer.product_as_of is not None and newer.product_as_of >= known.product_as_of):
        return newer
    return replace(newer, product=known.product, product_as_of=known.product_as_of)


APPLICATION_COPY: Final = Kind(name="application_copy", state=ApplicationCopy, bare=True, batched=True)


class ApplicationRepository(OnStore):
    """Projections of applications."""

    async def application(self, application_id: str) -> Record[ApplicationCopy] | None:
        """Return what is known of the application, or None."""
        return await self._store.get(APPLICATION_COPY, application_id)

    async def begin_application(self, application_id: str, copy: ApplicationCopy, now: datetime) -> None:
        """Insert what is known of an application. Raises AlreadyExists."""
        await self._store.insert(APPLICATION_COPY, application_id, copy, now=now)

    async def change_application(
        self, application_id: str, decide: Decide[ApplicationCopy], clock: Clock
    ) -> Record[ApplicationCopy]:
        """Load, decide and save what is known of an application, as `shared.store.change` does."""
        return await change(self._store, clock, APPLICATION_COPY, application_id, decide)

    async def wait_for_submitted(self, application_id: str, clock: Clock) -> ApplicationCopy:
        """Return what is known of a submitted application; waits up to a second for its event to arrive.

        Raises:
            NotKnownYet: it did not arrive in that time.
        """

        async def find_submitted() -> ApplicationCopy | None:
            record = await self.application(application_id)
            return record.state if record is not None and record.state.submitted else None

        known = await wait_until_known(find_submitted, clock)
        if known is not None:
            return known
        raise NotKnownYet(
            "The submitted application is not known here yet.",
            detail_id="Permohonan yang diajukan belum diketahui di sini.",
        )
