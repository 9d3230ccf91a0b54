"""The endpoints of objections and of the interviewer's note."""

from __future__ import annotations

from services.application.appeals.errors import (
    AppealComesFirst,
    AppealLodgedAlready,
    AppealTooLate,
    NoNoteWritten,
    NoteWithheld,
)
from services.application.appeals.schemas import InterviewNoteView, LodgeAppeal, WithholdNote
from services.application.applications.access import SEEING
from services.application.applications.errors import ApplicationNotRefused
from services.application.applications.schemas import ApplicationView, view_application
from services.application.context import Actor
from services.application.field_types import Assisting
from services.application.http import APPLICATION, OWNER_OR_COUNTER, who
from shared.audit.reads import ReasonQuery
from shared.http.call import Call
from shared.http.endpoint import ROLES, STAFF, Endpoints, PersonalData
from shared.http.reading import Reading, ReadSubject
from shared.tokens import Role

api = Endpoints("appeals")


@api.post(
    "/v1/applications/{application_id}/appeal",
    summary="Object to a refusal",
    description="Within 21 working days; the head of the office answers within 10 (UU 30/2014 art. 77).",
    access=OWNER_OR_COUNTER,
    query=Assisting,
    body=LodgeAppeal,
    answers={200: ApplicationView},
    refusals=(*SEEING, ApplicationNotRefused, AppealTooLate, AppealLodgedAlready),
    idempotent=True,
)
async def lodge_appeal(call: Call[LodgeAppeal, Assisting]) -> ApplicationView:
    """Lodge an objection."""
    appeals = call.app[APPLICATION].appeals
    seen = await appeals.lodge(call.path["application_id"], call.body.text, await who(call), call.command_id)
    return view_application(call, seen)


@api.get(
    "/v1/applications/{application_id}/interview-note",
    summary="Read the interviewer's note",
    description="The head of the office reads it with a stated reason. Once an objection was lodged the office above "
    "does too, and the applicant is given it, or is told on which ground it is kept from them.",
    access=ROLES(Role.APPLICANT, Role.OFFICE_ADMIN, Role.REGIONAL_OFFICER),
    query=ReasonQuery,
    answers={200: InterviewNoteView},
    refusals=(*SEEING, AppealComesFirst, NoteWithheld, NoNoteWritten),
    reads=PersonalData.APPLICATION,
)
async def read_interview_note(call: Call[None, ReasonQuery]) -> InterviewNoteView:
    """The note."""
    caller, appeals = call.caller, call.app[APPLICATION].appeals
    opened = await appeals.open_note(call.path["application_id"], Actor.from_caller(caller), caller.offices)
    if caller.role is not Role.APPLICANT:  # no step at hand stands for the reason
        call.reading = Reading((ReadSubject(opened.application.account_id, opened.application.office_id),))
    interview = opened.interview
    return InterviewNoteView(
        interview_note=opened.note,
        written_at=interview.at,
        outcome=interview.outcome,
        reason_code=interview.reason_code,
        withheld=interview.note_withheld,
        appeal_text=opened.appeal_text,
    )


@api.post(
    "/v1/applications/{application_id}/interview-note/withholding",
    summary="Keep the interviewer's note from the applicant, or open it",
    access=STAFF(Role.OFFICE_ADMIN),
    body=WithholdNote,
    answers={200: ApplicationView},
    refusals=(*SEEING, NoNoteWritten),
    idempotent=True,
)
async def withhold_note(call: Call[WithholdNote]) -> ApplicationView:
    """Keep it on a ground of the law."""
    officer, appeals = Actor.from_caller(call.caller), call.app[APPLICATION].appeals
    seen = await appeals.withhold_note(call.path["application_id"], call.body.ground, officer, call.command_id)
    return view_application(call, seen)
