"""Openings and tickets over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.scheduling.field_types import Id
from services.scheduling.offices.schemas import (
    NextOpeningView,
)
from services.scheduling.openings.opening import OpeningStatus, TicketStanding
from services.scheduling.terms import VisitStep
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, IsoMoment, NextCallView, Query, View

MOST_SESSIONS = 500
"""Of one opening; a month of an office with several sessions a day is below 200."""


class AnnounceOpening(Body):
    """An opening to announce. Tickets taken from `doors_at` until `tickets_close_at` are drawn; seats are held from
    `opens_at` on."""

    session_ids: list[Id] = Field(min_length=1, max_length=MOST_SESSIONS)
    doors_at: IsoMoment
    tickets_close_at: IsoMoment
    opens_at: IsoMoment


class OpeningSearch(Query):
    """The office whose openings are listed."""

    office_id: Id


class OpeningView(View):
    """The public view of an opening."""

    opening_id: str
    state: Annotated[str, OneOf(OpeningStatus)]
    office_id: str
    session_ids: list[str]
    doors_at: datetime
    tickets_close_at: datetime
    opens_at: datetime
    ends_at: datetime
    seed_commitment: str
    """SHA-256 of the seed; write it down while the doors are open."""
    root: str | None
    """SHA-256 of the fixed list, from the closing on; write it down before the seed is shown."""
    seed: str | None
    drawn: int
    in_line: int
    """Numbers given out, those that were let in already too."""
    admitted: int
    admitted_a_second: float
    record_url: str


class OpeningsView(ListView):
    """The openings of an office, the newest first."""

    openings: list[OpeningView]


class OpeningRecordView(View):
    """Everything needed to repeat the draw, without names. `docs/opening.md` says how."""

    format: str
    opening_id: str
    state: Annotated[str, OneOf(OpeningStatus)]
    office_id: str
    session_ids: list[str]
    announced_at: datetime
    doors_at: datetime
    tickets_close_at: datetime
    opens_at: datetime
    seed_commitment: str
    root: str | None
    tickets: list[str]
    """Commitments of the drawn tickets, sorted."""
    seed: str | None
    order: list[str]
    """The same commitments in the drawn order."""
    late: list[str]
    """Commitments of late tickets, in the order of their numbers."""


class TakeTicket(Body):
    """The application for which a seat is wanted."""

    application_id: Id


class TicketEventView(View):
    """The parts of a ticket that change while its holder waits."""

    ticket_id: str
    opening_id: str
    opening_state: Annotated[str, OneOf(OpeningStatus)]
    standing: Annotated[str, OneOf(TicketStanding)]
    """`in_draw`, `waiting`, `admitted`, `served`, `missed` or `outside`."""
    number: int | None
    """The number in line, from 1; none before the draw."""
    people_ahead: int | None
    expected_at: datetime | None
    """When it will be this ticket's turn if it goes on as now; before the opening, at the earliest."""
    admitted_until: datetime | None


class TicketView(TicketEventView, in_indonesian=("next_action",)):
    """A ticket, for its holder alone."""

    session_ids: list[str]
    opens_at: datetime
    late: bool
    salt: str
    """With it the ticket is found in the public list: SHA-256 of `TICKET_ID:SALT`."""
    commitment: str
    next_look_at: datetime
    """Ask again then; the times of all holders are spread at random."""
    events_url: str
    current_step: Annotated[str, OneOf(VisitStep)]
    remaining_steps: list[Annotated[str, OneOf(VisitStep)]]
    next_action: str
    next_action_id: str
    next_call: NextCallView | None
    deadline: datetime | None


class OpeningNoticeView(View):
    """A notice of an office's openings, and when the next one is."""

    office_id: str
    asked_at: datetime
    next_opening: NextOpeningView | None
