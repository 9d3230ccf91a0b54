"""The check that each paid visit is in exactly one state of its entitlement."""

from __future__ import annotations

from typing import Final

from services.scheduling.booking.appointments.entitlement import is_certain
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.context import UseCaseContext
from shared.service import InvariantReport

MOST_NAMED: Final = 100


class PaidVisits:
    """The rights of those who paid."""

    def __init__(self, context: UseCaseContext, appointments: AppointmentRepository) -> None:
        self._context = context
        self._appointments = appointments

    async def each_is_in_one_place(self) -> InvariantReport:
        """Every paid visit is coming, took place, may have a new date until a time, or is closed for a reason.

        A suspect is read again before it is called broken.
        """
        checked, suspects = 0, []
        async for record in self._appointments.every_appointment():
            checked += 1
            if not is_certain(record.state, now=self._context.now(), rules=self._context.rules):
                suspects.append(record)
        broken = []
        for record in suspects:
            newest = await self._appointments.appointment(record.id)
            if newest is not None and not is_certain(newest.state, now=self._context.now(), rules=self._context.rules):
                broken.append(record.id)
        return InvariantReport(checked, tuple(sorted(broken)[:MOST_NAMED]))
