"""The waiting list over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from services.scheduling.booking.waiting_list.entry import WaitingEnd, WaitingStatus
from services.scheduling.booking.waiting_list.rules import MOST_OFFICES_WAITED_FOR
from services.scheduling.field_types import Id
from services.scheduling.offices.schemas import OfficeView
from services.scheduling.terms import Pool, VisitStep
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, IsoDate, LocalMoment, NextCallView, View


class EnterWaitingList(Body):
    """For which application, at which offices, on which days (both inclusive)."""

    application_id: Id
    office_ids: list[Id] = Field(min_length=1, max_length=MOST_OFFICES_WAITED_FOR)
    first: IsoDate = Field(alias="from")
    last: IsoDate = Field(alias="to")
    pool: Pool = Pool.REGULAR


class OfferedSeatView(View):
    """The seat that is kept for an entry."""

    session_id: str
    office: OfficeView
    starts_at: datetime
    local_start: LocalMoment
    offer_until: datetime


class WaitingView(View, in_indonesian=("next_action",)):
    """An entry of the waiting list: where it stands, what comes next, until when."""

    waiting_id: str
    application_id: str
    state: Annotated[str, OneOf(WaitingStatus)]
    office_ids: list[str]
    first_day: date
    last_day: date
    pool: Annotated[str, OneOf(Pool)]
    made_at: datetime
    ahead: dict[str, int] = Field(description="by office, how many stand before this entry; empty if it is not in line")
    offers_left: int
    offer: OfferedSeatView | None
    appointment_id: str | None
    ended_for: Annotated[str, OneOf(WaitingEnd)] | None
    current_step: Annotated[str, OneOf(VisitStep)]
    remaining_steps: list[Annotated[str, OneOf(VisitStep)]]
    next_action: str
    next_action_id: str
    next_call: NextCallView | None
    deadline: datetime | None


class WaitingEntriesView(ListView):
    """One's own entries, the newest first."""

    entries: list[WaitingView]
