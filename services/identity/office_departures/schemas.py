"""Request and answer bodies of departures of offices."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.identity.field_types import Id
from services.identity.office_departures.departure import DepartureState
from services.identity.office_departures.service import DepartureSeen
from services.identity.staff.admin_schemas import OfficeId, ReasonWord
from services.identity.staff.member import StaffReason
from services.identity.staff.powers import Post
from services.identity.staff.states import StaffState
from shared.http.codes import OneOf
from shared.http.schema import Body, Path, View


class OfficePath(Path):
    """The office."""

    office_id: OfficeId


class DeparturePath(Path):
    """The office, and the plan of its departure."""

    office_id: OfficeId
    departure_id: Id


class PlanDeparture(Body):
    """Why the staff of an office leave."""

    reason: ReasonWord = Field(examples=["end_of_service"])


class LeaverView(View):
    """A member of staff who is named in the plan."""

    staff_id: str
    username: str
    role: Annotated[str, OneOf(Post)]
    state: Annotated[str, OneOf(StaffState)]


class DepartureView(View):
    """The departure of an office's staff, and everybody whom it names."""

    departure_id: str
    office_id: str
    state: Annotated[str, OneOf(DepartureState)]
    reason: Annotated[str, OneOf(StaffReason)]
    planned_at: datetime
    staff: list[LeaverView]

    @classmethod
    def from_seen(cls, seen: DepartureSeen) -> DepartureView:
        """Return the view of a departure."""
        departure = seen.departure
        return cls(
            departure_id=seen.departure_id,
            office_id=departure.office_id,
            state=departure.state.value,
            reason=departure.reason,
            planned_at=departure.planned_at,
            staff=[
                LeaverView(
                    staff_id=member.id,
                    username=member.state.username,
                    role=member.state.role,
                    state=member.state.state.value,
                )
                for member in seen.staff
            ],
        )
