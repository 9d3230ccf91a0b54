"""Projections of applications, and of appointments that ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from services.billing.bills.application_facts import KnownApplication, LostSeat
from services.billing.store_part import StorePart
from shared.store.kinds import Index, Kind

APPLICATIONS: Final[Kind[KnownApplication]] = Kind(
    "application",
    KnownApplication,
    indexes=(Index("account", ("state.account_id",)),),
    bare=True,
    batched=True,
)
MOST_OF_ONE_ACCOUNT: Final = 1000
"""Applications of one account that are looked at: each of its applicants has one at a time."""

LOST_SEATS: Final[Kind[LostSeat]] = Kind("lost_seat", LostSeat, bare=True)
KINDS: Final[tuple[Kind[Any], ...]] = (
    APPLICATIONS,
    LOST_SEATS,
)


class ApplicationRepository(StorePart):
    """Stores the facts that application and scheduling told."""

    async def application(self, application_id: str) -> KnownApplication | None:
        """Return the known facts of an application, or None."""
        record = await self._store.get(APPLICATIONS, application_id)
        return record.state if record else None

    async def applications_of(self, account_id: str) -> list[KnownApplication]:
        """Return the known applications of an account."""
        wanted = {"state.account_id": account_id}
        found = await self._store.find(APPLICATIONS, "account", wanted, limit=MOST_OF_ONE_ACCOUNT)
        return [record.state for record in found]

    async def keep_application(
        self, application_id: str, merge: Callable[[KnownApplication | None], KnownApplication]
    ) -> None:
        """Merge new facts into an application, whichever message came first."""
        await self._keep(APPLICATIONS, application_id, merge)

    async def lost_seat(self, appointment_id: str) -> LostSeat | None:
        """Return the end of an appointment, or None if no such event came."""
        record = await self._store.get(LOST_SEATS, appointment_id)
        return record.state if record else None

    async def keep_lost_seat(self, lost: LostSeat) -> None:
        """Store the end of an appointment, unless a newer version is stored."""

        def merge(known: LostSeat | None) -> LostSeat:
            return lost if known is None or known.version < lost.version else known

        await self._keep(LOST_SEATS, lost.appointment_id, merge)
