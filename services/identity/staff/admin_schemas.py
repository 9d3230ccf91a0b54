"""Request and answer bodies of staff administration."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from services.identity.field_types import MAX_PASSWORD_CHARS, DeviceToken
from services.identity.staff.administration import Hiring, StaffPage, StaffSeen
from services.identity.staff.first_operator import Founder
from services.identity.staff.member import Pending, StaffReason
from services.identity.staff.powers import MOST_OFFICES_SERVED, Post
from services.identity.staff.states import StaffCommand, StaffState
from shared.fields.names import PersonName
from shared.http.codes import OneOf
from shared.http.paging import DEPRECATED
from shared.http.schema import Body, Path, Query, View

MOST_ON_A_PAGE = 100
"""Staff in one answer: the largest offices have fewer."""

UserName = Annotated[str, StringConstraints(min_length=3, max_length=64, pattern=r"^[a-z][a-z0-9._-]*$")]
OfficeId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9-]*$")]
OfficesServed = Annotated[
    list[OfficeId],
    Field(
        max_length=MOST_OFFICES_SERVED,
        description="Of a treasurer: the offices whose money they look after, or `all`. Without one they serve none.",
        examples=[["jakarta-selatan"]],
    ),
]
RegionId = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9-]*$"), Field(examples=["jawa-barat"])
]
StaffId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
Password = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD_CHARS)]
PostWord = Annotated[Post, Field(strict=False)]
ReasonWord = Annotated[StaffReason, Field(strict=False)]


class StaffPath(Path):
    """The id of a member of staff."""

    staff_id: StaffId


class FirstOperator(Body):
    """An operator to be made by a secret of the installation."""

    secret: Annotated[str, StringConstraints(min_length=1, max_length=256)] = Field(examples=["(from the settings)"])
    username: UserName = Field(examples=["ratna.contoh"])
    full_name: PersonName
    password: Password = Field(examples=["four words nobody joins"])

    def founder(self) -> Founder:
        """Return the operator to be made."""
        return Founder(self.secret, self.username, self.full_name, self.password)


class OwnPassword(Body):
    """The present password (the one-time one at first), and the own one that is to be."""

    username: UserName = Field(examples=["dewi.contoh"])
    password: Password
    new_password: Password = Field(examples=["four words nobody joins"])
    device_token: DeviceToken | None = Field(None, description="As the last sign-in on this device gave it.")


class Hire(Body):
    """A member of staff to be hired: name, role, office and reason."""

    username: UserName = Field(examples=["dewi.contoh"])
    full_name: PersonName
    role: PostWord = Field(examples=["front_officer"])
    office_id: OfficeId | None = Field(None, examples=["jakarta-selatan"])
    offices: OfficesServed = Field(default_factory=list)
    region_id: RegionId | None = Field(None, description="Of a regional officer: the region whose offices they watch.")
    reason: ReasonWord = Field(examples=["new_post"])

    def hiring(self) -> Hiring:
        """Return the request to hire."""
        offices = tuple(dict.fromkeys(self.offices))
        return Hiring(self.username, self.full_name, self.role, self.office_id, self.reason, offices, self.region_id)


class Reassignment(Body):
    """The role and office that are to be, and the offices that a treasurer is to serve."""

    role: PostWord = Field(examples=["interviewer"])
    office_id: OfficeId | None = Field(None, examples=["jakarta-selatan"])
    offices: OfficesServed = Field(default_factory=list)
    region_id: RegionId | None = Field(None, description="Of a regional officer.")
    reason: ReasonWord = Field(examples=["transfer"])

    def served(self) -> tuple[str, ...]:
        """Return the offices served, each once."""
        return tuple(dict.fromkeys(self.offices))


class WithReason(Body):
    """The reason of an act."""

    reason: ReasonWord = Field(examples=["suspected_misuse"])


class StaffQuery(Query):
    """The office of the staff to list, the user name to begin with, and how many."""

    office_id: OfficeId | None = None
    after: Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9._-]*$")] | None = Field(
        None, description="`next` of the page before"
    )
    first: Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9._-]*$")] = Field(
        "", alias="from", description="the old name of `after`", json_schema_extra=DEPRECATED
    )
    limit: int = Field(50, ge=1, le=MOST_ON_A_PAGE, strict=False)


class PendingView(View):
    """A request that waits for a second operator."""

    act: Annotated[str, OneOf(StaffCommand)]
    role: Annotated[str, OneOf(Post)]
    office_id: str | None
    offices: tuple[str, ...] = ()
    asked_by: str
    asked_at: datetime
    reason: Annotated[str, OneOf(StaffReason)]

    @classmethod
    def from_pending(cls, pending: Pending) -> PendingView:
        """Return the view of a request."""
        return cls(
            act=pending.command.value,
            role=pending.role,
            office_id=pending.office_id,
            offices=pending.offices,
            asked_by=pending.asked_by,
            asked_at=pending.asked_at,
            reason=pending.reason.value,
        )


class StaffView(View):
    """A member of staff."""

    staff_id: str
    username: str
    full_name: str | None = Field(description="None for demo staff.")
    role: Annotated[str, OneOf(Post)]
    office_id: str | None
    offices: tuple[str, ...] = Field((), description="That a treasurer serves; `all` is every one.")
    region_id: str | None = Field(None, description="Of a regional officer: the region whose offices they watch.")
    state: StaffState
    hired_by: str | None
    hired_at: datetime | None
    signed_in_at: datetime | None = Field(description="The last time.")
    locked_until: datetime | None = Field(description="After too many wrong passwords; lifts by itself.")
    one_time_password_expires_at: datetime | None
    pending: PendingView | None = Field(description="A request that waits for a second operator.")
    one_time_password: str | None = Field(description="Shown once, in the answer that made it.")

    @classmethod
    def from_seen(cls, seen: StaffSeen) -> StaffView:
        """Return the view of a member of staff."""
        staff = seen.staff
        return cls(
            staff_id=seen.staff_id,
            username=staff.username,
            full_name=seen.full_name,
            role=staff.role,
            office_id=staff.office_id,
            offices=staff.offices,
            region_id=staff.region_id,
            state=staff.state,
            hired_by=staff.hired_by,
            hired_at=staff.hired_at,
            signed_in_at=staff.signed_in_at,
            locked_until=staff.locked_until,
            one_time_password_expires_at=staff.one_time.expires_at if staff.one_time else None,
            pending=PendingView.from_pending(staff.pending) if staff.pending else None,
            one_time_password=seen.one_time_password,
        )


class StaffListView(View):
    """Staff by user name; ``next`` is the ``from`` of the next page."""

    staff: list[StaffView]
    next: str | None

    @classmethod
    def from_page(cls, page: StaffPage) -> StaffListView:
        """Return the view of a page."""
        return cls(staff=[StaffView.from_seen(member) for member in page.staff], next=page.next)
