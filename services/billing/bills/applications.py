"""What billing knows of applications, and of appointments that ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.billing.extra_charges.correction import Finding
from services.billing.store_part import Base
from shared.store.kinds import Kind
from shared.store.retry import again


@dataclass(frozen=True)
class OrderedBook:
    """What an application asks for, as far as its price needs it."""

    passport_kind: str
    validity_years: int
    reason: str
    zero_tariff: str | None = None


@dataclass(frozen=True)
class KnownApplication:
    """What billing knows of an application; the order is missing where only the withdrawal was heard of."""

    application_id: str
    account_id: str
    person_id: str
    order: OrderedBook | None
    version: int
    """The version of the application that was last heard of."""
    withdrawn: bool = False
    withdrawn_at: datetime | None = None
    """When; unknown of what was heard before withdrawals told it."""
    finding: Finding | None = None
    """What an interviewer found about a lost or damaged book."""
    finding_version: int = 0
    printed: bool = False
    """Whether its passport is printed."""


@dataclass(frozen=True)
class LostSeat:
    """An appointment that ended, remembered in case its hold or its confirmation is heard of later."""

    appointment_id: str
    version: int
    reason: str
    was_confirmed: bool = False


APPLICATIONS: Final[Kind[KnownApplication]] = Kind("application", KnownApplication, bare=True, gathers=True)
LOST_SEATS: Final[Kind[LostSeat]] = Kind("lost_seat", LostSeat, bare=True)
KINDS: Final[tuple[Kind[Any], ...]] = (
    APPLICATIONS,
    LOST_SEATS,
)


class Applications(Base):
    """What was heard from application and scheduling."""

    async def application(self, application_id: str) -> KnownApplication | None:
        """What is known of an application."""
        record = await self._store.get(APPLICATIONS, application_id)
        return record.state if record else None

    async def keep_application(
        self, application_id: str, merge: Callable[[KnownApplication | None], KnownApplication]
    ) -> None:
        """Write what was heard of an application, whichever message came first."""

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
        """The end of an appointment, if it was heard of."""
        record = await self._store.get(LOST_SEATS, appointment_id)
        return record.state if record else None

    async def keep_lost_seat(self, lost: LostSeat) -> None:
        """Remember an appointment's end; older news never replaces newer."""

        async def attempt() -> None:
            now = self._clock.now()
            record = await self._store.get(LOST_SEATS, lost.appointment_id)
            if record is None:
                await self._insert_or_conflict(LOST_SEATS, lost.appointment_id, lost, now)
            elif record.state.version < lost.version:
                await self._store.save(LOST_SEATS, record, lost, now=now)

        await again(attempt)
