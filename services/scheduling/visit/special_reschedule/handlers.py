"""Deadlines of special reschedules."""

from __future__ import annotations

from collections.abc import Mapping

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.visit.special_reschedule.service import Specials
from shared.service import DeadlineHandler
from shared.store.kinds import Record


def special_deadlines(specials: Specials) -> Mapping[tuple[str, str], DeadlineHandler]:
    """Return every deadline of a new date."""

    async def special_move_overdue(record: Record[Appointment], _name: str) -> None:
        """Finish or undo a move to a new date."""
        await specials.roll(record)

    async def special_over(record: Record[Appointment], _name: str) -> None:
        """End a special reschedule that was not used in time."""
        await specials.end(record)

    return {(APPOINTMENT.name, "special_move"): special_move_overdue, (APPOINTMENT.name, "special"): special_over}
