"""The endpoints of earlier books."""

from __future__ import annotations

from services.application import field_types as schemas
from services.application.applications.access import SEEING
from services.application.applications.errors import ApplicationEnded
from services.application.applications.reading import note_reading
from services.application.applications.schemas import ApplicationView, view_application
from services.application.earlier_books.errors import AnswersBind, NothingDiffers, ReasonDoesNotFit
from services.application.earlier_books.schemas import EarlierBookChoice, EarlierBookDecision, EarlierBooksView
from services.application.http import APPLICATION, OWNER_OR_COUNTER, OWNER_OR_OFFICE, who
from services.application.requirements.errors import AnswersContradict
from shared.http.call import Call
from shared.http.endpoint import Endpoints, PersonalData

api = Endpoints("applications")


@api.get(
    "/v1/applications/{application_id}/earlier-books",
    summary="Earlier passports that the issuance system knows, and what follows",
    access=OWNER_OR_OFFICE,
    query=schemas.Looking,
    answers={200: EarlierBooksView},
    refusals=SEEING,
    reads=PersonalData.APPLICATION,
)
async def show_earlier_books(call: Call[None, schemas.Looking]) -> EarlierBooksView:
    """The books, with masked numbers."""
    reader = await who(call)
    found = await call.app[APPLICATION].earlier_books.show(call.path["application_id"], reader)
    note_reading(call, reader, [found.seen.application])
    return EarlierBooksView.from_found(found)


@api.post(
    "/v1/applications/{application_id}/earlier-books/decision",
    summary="Change the answers to fit an earlier passport that was found, or keep them",
    description="Before the fee is paid. Kind, reason, requirements and fee follow; afterwards an officer corrects.",
    access=OWNER_OR_COUNTER,
    body=EarlierBookDecision,
    query=schemas.Assisting,
    answers={200: ApplicationView},
    refusals=(*SEEING, ApplicationEnded, NothingDiffers, AnswersBind, ReasonDoesNotFit, AnswersContradict),
    idempotent=True,
)
async def decide_on_earlier_book(call: Call[EarlierBookDecision, schemas.Assisting]) -> ApplicationView:
    """The application after the decision."""
    application_id, body, actor = call.path["application_id"], call.body, await who(call)
    questions = call.app[APPLICATION].earlier_books
    if body.decision is EarlierBookChoice.KEEP:
        seen = await questions.keep_answers(application_id, actor, call.command_id)
    else:
        seen = await questions.change_answers(application_id, body.reason, actor, call.command_id)
    return view_application(call, seen)
