"""Deadlines of families that hold seats together."""

from __future__ import annotations

from collections.abc import Mapping

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.booking.parties.party import Party
from services.scheduling.booking.parties.repository import PARTY
from services.scheduling.booking.parties.service import Parties
from shared.service import DeadlineHandler
from shared.store.kinds import Record


def party_deadlines(parties: Parties) -> Mapping[tuple[str, str], DeadlineHandler]:
    """Until when all seats of a family are won, or none is."""

    async def gathering_over(record: Record[Party], _name: str) -> None:
        await parties.decide(record)

    async def member_overdue(record: Record[Appointment], _name: str) -> None:
        await parties.decide_member(record)

    return {(PARTY.name, "gather"): gathering_over, (APPOINTMENT.name, "gather"): member_overdue}
