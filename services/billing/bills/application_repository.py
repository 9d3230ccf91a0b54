"""Projections of applications, and of appointments that ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from services.billing.bills.application_facts import KnownApplication, LostSeat
from services.billing.store_part import StorePart
from shared.store.kinds import Kind
from shared.store.retry import again

APPLICATIONS: Final[Kind[KnownApplication]] = Kind("application", KnownApplication, bare=True, gathers=True)
LOST_SEATS: Final[Kind[LostSeat]] = Kind("lost_seat", LostSeat, bare=True)
KINDS: Final[tuple[Kind[Any], ...]] = (
    APPLICATIONS,
    LOST_SEATS,
)


class ApplicationRepository(StorePart):
    """Keeps the facts that application and scheduling told."""

    async def application(self, application_id: str) -> KnownApplication | None:
        """Return the known facts of an application, or None."""
        record = await self._store.get(APPLICATIONS, application_id)
        return record.state if record else None

    async def keep_application(
        self, application_id: str, merge: Callable[[KnownApplication | None], KnownApplication]
    ) -> None:
        """Merge new facts into an application, whichever message came first."""

        async def attempt() -> None:
            now = self._clock.now()
            record = await self._store.get(APPLICATIONS, application_id)
            if record is None:
                await self._insert_or_conflict(APPLICATIONS, application_id, merge(None), now)
                return
            merged = merge(record.state)
            if merged != record.state:
                await self._store.save(APPLICATIONS, record, merged, now=now)

        await again(attempt)

    async def lost_seat(self, appointment_id: str) -> LostSeat | None:
        """Return the end of an appointment, or None if no such event came."""
        record = await self._store.get(LOST_SEATS, appointment_id)
        return record.state if record else None

    async def keep_lost_seat(self, lost: LostSeat) -> None:
        """Store the end of an appointment, unless a newer version is stored."""

        async def attempt() -> None:
            now = self._clock.now()
            record = await self._store.get(LOST_SEATS, lost.appointment_id)
            if record is None:
                await self._insert_or_conflict(LOST_SEATS, lost.appointment_id, lost, now)
            elif record.state.version < lost.version:
                await self._store.save(LOST_SEATS, record, lost, now=now)

        await again(attempt)
