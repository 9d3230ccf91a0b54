"""The office's day and what officers record, over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from services.application.applications.appeal_texts import ground_codes
from services.application.applications.application import Status
from services.application.applications.document import DocumentState
from services.application.applications.next_step import NoStep, Step
from services.application.applications.schemas import (
    ApplicationVisitView,
    HandOverView,
    LetterState,
    PrintingView,
    hand_over_view,
    letter_state,
    printing_view,
)
from services.application.applications.service import Seen
from services.application.collection.proxies import CollectorsPaper
from services.application.field_types import Code
from shared.fields.names import PersonName
from shared.fields.numbers import ApplicationNumber, Nik
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, IsoDate, Query, View

MOST_ITEMS = 50


class DayQuery(Query):
    """Which day of an office."""

    date: IsoDate | None = Field(None, description="the day on the office's own clock; today if absent")
    number: ApplicationNumber | None = Field(
        None,
        description="an application number: only that application, whatever its day, if its visit is at this office",
    )


class Originals(Body):
    """Which originals were seen."""

    requirements: list[Code] = Field(min_length=1, max_length=MOST_ITEMS, examples=[["ktp"]])


class InterviewResult(Body):
    """How the interview ended."""

    outcome: Literal["approved", "incomplete", "refused"]
    reason_code: Code | None = Field(
        None, description=f"of a refusal one of {', '.join(ground_codes())}", examples=["papers_missing"]
    )
    missing: list[Code] = Field(
        default_factory=list,
        max_length=MOST_ITEMS,
        examples=[["family_card"]],
        description="with the outcome incomplete: the items of the list whose papers are missing, at least one",
    )
    note: str | None = Field(None, max_length=2000, description="kept encrypted, for the office alone")


class CollectorOfPassport(Body):
    """The person who collects a passport for its holder, as on their identity card, and the papers that were seen."""

    full_name: PersonName
    nik: Nik
    papers_seen: list[CollectorsPaper] = Field(
        max_length=MOST_ITEMS, examples=[["identity_card", "letter_of_authority"]]
    )


class Collection(Body):
    """The collection of a passport at the counter. ``collector`` goes with ``family`` and ``proxy``: a member of the
    family shows the family card, anybody else a letter of authority that the holder signed, both their identity card.
    """

    collected_by: Literal["self", "family", "proxy"]
    collector: CollectorOfPassport | None = None


class VisitView(View):
    """One visit in an office's list of a day."""

    application_id: str
    number: str
    state: Annotated[str, OneOf(Status)]
    current_step: Annotated[str, OneOf(Step, NoStep)]
    appointment: ApplicationVisitView | None
    documents_flagged: int
    hand_over: HandOverView | None
    printing: PrintingView | None
    letter_state: LetterState | None


class OfficeDayView(ListView):
    """An office's visits of a day, and how many of their files are overdue at the issuance system."""

    visits: list[VisitView]
    hand_overs_overdue: int
    prints_overdue: int
    """Books that are not printed within four working days of the interview."""
    letters_not_made: int
    """Letters that could not be typeset: made again with POST to the letter once operators have mended the fault."""

    @classmethod
    def from_visits(cls, seen: list[Seen]) -> Self:
        """Return the view of an office's visits."""
        visits = [_visit(application) for application in seen]
        overdue = sum(visit.hand_over is not None and visit.hand_over.overdue for visit in visits)
        prints = sum(visit.printing is not None and visit.printing.overdue for visit in visits)
        not_made = sum(visit.letter_state == "not_made" for visit in visits)
        return cls(visits=visits, hand_overs_overdue=overdue, prints_overdue=prints, letters_not_made=not_made)


def _visit(seen: Seen) -> VisitView:
    state, seat = seen.application, seen.application.visits.last_seat
    return VisitView(
        application_id=seen.application_id,
        number=state.number,
        state=state.status.value,
        current_step=seen.progress.current_step,
        appointment=ApplicationVisitView.from_seat(seat, for_staff=True) if seat else None,
        documents_flagged=sum(document.state is DocumentState.FLAGGED for document in state.documents),
        hand_over=hand_over_view(state),
        printing=printing_view(state),
        letter_state=letter_state(state),
    )
