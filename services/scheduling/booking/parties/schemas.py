"""Families that book together, over HTTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.scheduling.booking.appointments.schemas import AppointmentView
from services.scheduling.booking.parties.party import LARGEST_PARTY, SMALLEST_PARTY, PartyBreak, PartyStatus
from services.scheduling.field_types import Id
from services.scheduling.terms import Pool
from shared.http.codes import OneOf
from shared.http.schema import Body, View


class BookParty(Body):
    """Which session, for which applications of the account."""

    application_ids: list[Id] = Field(min_length=SMALLEST_PARTY, max_length=LARGEST_PARTY)
    session_id: Id
    pool: Pool = Pool.REGULAR


class PartyView(View):
    """A family that booked together; each appointment lives alone from then on."""

    party_id: str
    state: Annotated[str, OneOf(PartyStatus)]
    broken_for: Annotated[str, OneOf(PartyBreak)] | None
    session_id: str
    appointments: list[AppointmentView]
