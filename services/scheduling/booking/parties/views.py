"""Families that hold seats together, as they are shown."""

from __future__ import annotations

from services.scheduling.booking.appointments.views import appointment_view
from services.scheduling.booking.parties.schemas import PartyView
from services.scheduling.booking.parties.service import Seated
from services.scheduling.context import UseCaseContext


def party_view(seated: Seated, context: UseCaseContext) -> PartyView:
    """A party as it is shown."""
    party = seated.record.state
    return PartyView(
        party_id=seated.record.id,
        state=party.status.value,
        broken_for=party.broken_for.value if party.broken_for else None,
        session_id=party.session_id,
        appointments=[appointment_view(record, context) for record in seated.appointments],
    )
