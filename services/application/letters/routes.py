"""The endpoints of letters and forms."""

from __future__ import annotations

from typing import Final

from services.application import field_types as schemas
from services.application.applications.access import LATE, SEEING
from services.application.applications.errors import ApplicationNotRefused, StepComesFirst
from services.application.applications.reading import note_reading
from services.application.applications.schemas import ApplicationView, view_application
from services.application.context import Actor
from services.application.http import APPLICATION, OWNER_OR_COUNTER, who
from services.application.letters.errors import LetterNotMade
from services.application.letters.refusal_letters import refusal_file_name
from services.application.letters.service import PDF
from shared.errors import NotFound
from shared.http.call import Answer, Call
from shared.http.endpoint import PUBLIC, ROLES, STAFF, Endpoints, PersonalData, RateLimit
from shared.tokens import Role

forms = Endpoints("rules")


letter = Endpoints("applications")


office_letter = Endpoints("office")


FORMS_PER_ADDRESS: Final = RateLimit(30, 60.0, "address")
"""A form is typeset when it is asked for."""


@forms.get(
    "/v1/forms/{requirement}",
    summary="An empty form to fill in and sign (PDF)",
    access=PUBLIC,
    answers={200: PDF},
    refusals=(NotFound,),
    rate=FORMS_PER_ADDRESS,
)
async def download_form(call: Call) -> bytes:
    """The form of an item."""
    return await call.app[APPLICATION].letters.form(call.path["requirement"])


@letter.get(
    "/v1/applications/{application_id}/letter",
    summary="Download the cover letter with the QR code (PDF), as often as wanted",
    access=OWNER_OR_COUNTER,
    query=schemas.Looking,
    answers={200: PDF},
    refusals=(*SEEING, StepComesFirst, LetterNotMade),
    reads=PersonalData.LETTER,
)
async def download_letter(call: Call[None, schemas.Looking]) -> Answer:
    """The letter."""
    reader, service, application_id = await who(call), call.app[APPLICATION], call.path["application_id"]
    name, pieces = await service.letters.read(application_id, reader)
    if reader.is_staff:
        note_reading(call, reader, [(await service.drafting.get_application(application_id, reader)).application])
    content = b"".join([piece async for piece in pieces])
    return Answer(200, content, {"Content-Disposition": f'attachment; filename="{name}"'})


@letter.get(
    "/v1/applications/{application_id}/refusal-letter",
    summary="Download the letter of refusal (PDF): reason, rule and ways of redress",
    access=ROLES(Role.APPLICANT, Role.FRONT_OFFICER, Role.OFFICE_ADMIN),
    query=schemas.Looking,
    answers={200: PDF},
    refusals=(*SEEING, ApplicationNotRefused),
    reads=PersonalData.LETTER,
)
async def download_refusal_letter(call: Call[None, schemas.Looking]) -> Answer:
    """The letter of refusal."""
    reader, service, application_id = await who(call), call.app[APPLICATION], call.path["application_id"]
    application, pieces = await service.refusal_letters.read(application_id, reader)
    if reader.is_staff:
        note_reading(call, reader, [application])
    content = b"".join([piece async for piece in pieces])
    name = refusal_file_name(application)
    return Answer(200, content, {"Content-Disposition": f'attachment; filename="{name}"'})


@office_letter.post(
    "/v1/applications/{application_id}/letter",
    summary="Have a cover letter made again that could not be made",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
    answers={202: ApplicationView},
    refusals=(*SEEING, *LATE, StepComesFirst),
    idempotent=True,
)
async def make_letter_again(call: Call) -> ApplicationView:
    """Make the letter again."""
    letters = call.app[APPLICATION].letters
    return view_application(
        call, await letters.make_again(call.path["application_id"], Actor.from_caller(call.caller), call.command_id)
    )
