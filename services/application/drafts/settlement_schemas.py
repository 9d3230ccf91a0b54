"""Search by person and closing for a person, over HTTP."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from services.application.applications.application import Application, Status
from services.application.context import Actor
from services.application.drafts.settlement import may_close
from services.application.field_types import Code, Id
from shared.audit.reads import StatedReason
from shared.http.schema import Body, View
from shared.store.kinds import Record


class PersonSearch(Body):
    """The person at the counter, and why their applications are looked for."""

    person_id: Id = Field(description="as POST /v1/persons/lookup of identity tells it for the NIK on the card")
    reason: StatedReason | None = Field(
        None, description="why, unless one of them is at the counter of the caller's office today; the person sees it"
    )


class ClosingForPerson(Body):
    """The decision that an application does not count, since its person applies with another account."""

    person_id: Id = Field(description="the person whose identity card was seen")
    reason_code: Code = Field(examples=["not_known_to_person"])


class FoundApplication(View):
    """A live application for the person: ids and states, no particulars."""

    application_id: str
    account_id: str
    state: Status
    started_at: datetime
    submitted_at: datetime | None
    office_id: str | None = Field(description="of the visit; only this office closes it")
    visit_at: datetime | None
    can_close: bool = Field(description="Whether the caller may close it now.")


class FoundApplications(View):
    """The live applications for a person, in whichever account."""

    applications: list[FoundApplication]

    @classmethod
    def from_records(cls, found: list[Record[Application]], who: Actor) -> FoundApplications:
        """Return the view of these applications for this officer."""
        return cls(applications=[_found(record, who) for record in found])


def _found(record: Record[Application], who: Actor) -> FoundApplication:
    state = record.state
    return FoundApplication(
        application_id=record.id,
        account_id=state.account_id,
        state=state.status,
        started_at=state.started_at,
        submitted_at=state.submitted_at,
        office_id=state.office_id,
        visit_at=state.visit_at,
        can_close=may_close(state, who),
    )
