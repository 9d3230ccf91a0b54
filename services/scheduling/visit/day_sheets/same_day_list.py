"""The same-day list: the visitors of an office whose passport is made today, complete at noon."""

from __future__ import annotations

from datetime import date
from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.appointments.same_day_place import SameDayPlaceState
from services.scheduling.booking.same_day.rules import cut_off
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.terms import Pool, local_date
from services.scheduling.visit.day_sheets.day_sheet import PAID, by_number
from services.scheduling.visit.day_sheets.errors import SameDayListNotReady
from shared.store.kinds import Record

LIST_READY_WIB: Final = "12:00"
"""Complete once nothing of it can be paid any more; by the treasury's clock, not the office's."""


class SameDayLists:
    """Makes same-day lists; reads only."""

    def __init__(self, context: UseCaseContext, appointments: AppointmentRepository) -> None:
        self._context = context
        self._appointments = appointments

    async def make(self, office_id: str, day: date | None, actor: Actor) -> tuple[date, list[Record[Appointment]]]:
        """Return the day (today at the office, if none is given) and its paid same-day visits, by queue number.

        Raises:
            OfficeNotFound: no such office.
            NotYourOffice: the actor works at another one.
            SameDayListNotReady: it is not yet 12:00 in Jakarta on that day.
        """
        office, now = self._context.own_office(office_id, actor), self._context.now()
        asked = day or local_date(now, office.timezone)
        ready_at = cut_off(asked, LIST_READY_WIB)
        if now < ready_at:
            raise SameDayListNotReady(ready_at=ready_at.isoformat())
        visits = await self._appointments.visits_of_day(office_id, asked)
        paid = [visit for visit in visits if visit.state.status in PAID]
        return asked, by_number([visit for visit in paid if _is_same_day(visit.state)])


def _is_same_day(visit: Appointment) -> bool:
    """Return whether the office makes the book today: booked so, or the surcharge was paid at the counter."""
    upgraded = visit.hurry is not None and visit.hurry.state is SameDayPlaceState.PAID
    return upgraded or visit.seat.pool == Pool.SAME_DAY
