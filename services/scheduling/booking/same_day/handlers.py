"""Deadlines of places in the same-day quota."""

from __future__ import annotations

from collections.abc import Mapping

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.booking.same_day.upgrade import SameDayUpgrades
from shared.service import DeadlineHandler
from shared.store.kinds import Record


def same_day_deadlines(upgrades: SameDayUpgrades) -> Mapping[tuple[str, str], DeadlineHandler]:
    """Return the deadline of an upgrade at the counter."""

    async def upgrade_due(record: Record[Appointment], _name: str) -> None:
        """Settle a place that was left half taken, or whose bill is silent."""
        await upgrades.check_place(record)

    return {(APPOINTMENT.name, "hurry"): upgrade_due}
