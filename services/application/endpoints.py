"""HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from services.application import errors
from services.application import field_types as schemas
from services.application.applications.correction import Corrected
from services.application.context import day_at_capital
from services.application.corrections.service import Why
from services.application.documents.uploads import MEDIA_TYPES
from services.application.letters.service import PDF
from services.application.requirements.requirement import checklist
from services.application.use_cases import Application, Seen, Who
from shared.assistance import ASSISTANCE_REFUSALS
from shared.audit.acting import audited
from shared.audit.routes import audit_endpoints
from shared.errors import FieldError, Malformed, NotFound
from shared.http.bodies import BodyCut, TooSlow
from shared.http.body_budget import NoRoomForBody
from shared.http.call import Answer, AnyCall, Call
from shared.http.endpoint import PUBLIC, ROLES, STAFF, Endpoints, PersonalData, RateLimit, with_session_check
from shared.tokens import Role

APPLICATION: Final[web.AppKey[Application]] = web.AppKey("application", Application)

rules = Endpoints("rules")
applications = Endpoints("applications")
documents = Endpoints("documents")
office = Endpoints("office")

OWNER_OR_COUNTER: Final = ROLES(Role.APPLICANT, Role.FRONT_OFFICER)
OWNER_OR_OFFICE: Final = ROLES(Role.APPLICANT, Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN)
OFFSET_HEADER: Final = "Upload-Offset"
LENGTH_HEADER: Final = "Upload-Length"
OFFSET_STREAM: Final = "application/offset+octet-stream"
MOST_OFFSET_DIGITS: Final = 9
PIECES_PER_CALLER: Final = RateLimit(1200, 60.0)
"""Twenty pieces a second: a picture of 10 MiB in pieces of 64 KiB takes 160."""

FORMS_PER_ADDRESS: Final = RateLimit(30, 60.0, "address")
"""A form is typeset when it is asked for."""

_SEEING = (NotFound, errors.NotYourOffice, *ASSISTANCE_REFUSALS)
_LATE = (errors.ApplicationEnded, errors.StepIsOver)


async def who(call: AnyCall) -> Who:
    """The caller, and for a front officer who names an account the live assistance for it.

    From anybody else ``on_behalf_of`` is not heard. Refuses as :meth:`Assistances.require` does.
    """
    account_id, caller = call.query.on_behalf_of, call.caller
    if account_id is None or caller.role is not Role.FRONT_OFFICER:
        return Who.of(caller)
    assistances = call.app[APPLICATION].desk.assistances
    return Who.of(caller, await assistances.require(caller, account_id, call.query.assistance))


def read_because(call: AnyCall, reader: Who, step: str) -> None:
    """Tell the audit why staff read: by which assistance, for which reason they gave, or at which step."""
    if reader.assistance is not None:
        call.read_for = f"assistance:{reader.assistance.assistance_id}"
    else:
        call.read_for = call.query.reason or f"step_{step}"


def view(call: AnyCall, seen: Seen) -> schemas.ApplicationView:
    """The application as it is shown."""
    return schemas.ApplicationView.of(seen, call.app[APPLICATION].desk.rules)


@rules.get(
    "/v1/questionnaire",
    summary="The questions, and what is confirmed before paying",
    access=PUBLIC,
    answers={200: schemas.QuestionnaireView},
)
async def show_questionnaire(call: Call) -> schemas.QuestionnaireView:
    """All questions."""
    return schemas.QuestionnaireView.of(call.app[APPLICATION].desk.rules)


@rules.get(
    "/v1/requirements",
    summary="What is asked for in a case, on a day, and by which law",
    access=PUBLIC,
    query=schemas.RequirementsQuery,
    answers={200: schemas.RequirementsView},
)
async def list_requirements(call: Call[None, schemas.RequirementsQuery]) -> schemas.RequirementsView:
    """The list of a case: the same function that a submission is checked with."""
    desk, case = call.app[APPLICATION].desk, call.query
    on = case.on or day_at_capital(desk.now())
    held = case.has_held_passport if case.has_held_passport is not None else case.reason != "new"
    facts = {
        "minor": case.minor,
        "reason": case.reason,
        "purpose": case.purpose.value,
        "has_held_passport": held,
        "old_passport_since_2009": case.old_passport_since_2009,
        "parent_has_passport": case.parent_has_passport,
    }
    return schemas.RequirementsView(
        on=on,
        version=desk.rules.version,
        requirements=[schemas.RequirementView.of(item) for item in checklist(desk.rules, facts, on)],
        media_types=list(MEDIA_TYPES),
        largest_upload_bytes=desk.settings.largest_upload_bytes,
    )


@rules.get(
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


@applications.post(
    "/v1/applications",
    summary="Open a draft for a confirmed applicant",
    access=OWNER_OR_COUNTER,
    body=schemas.BeginApplication,
    query=schemas.Assisting,
    answers={201: schemas.ApplicationView},
    refusals=(NotFound, errors.ApplicationAlreadyOpen, errors.AccountNotNamed, *ASSISTANCE_REFUSALS),
    idempotent=True,
)
async def begin(call: Call[schemas.BeginApplication, schemas.Assisting]) -> schemas.ApplicationView:
    """Open a draft."""
    drafting = call.app[APPLICATION].drafting
    return view(call, await drafting.begin(call.body.applicant_id, await who(call), call.command_id))


@applications.get(
    "/v1/applications",
    summary="The applications of the caller's account",
    access=OWNER_OR_COUNTER,
    query=schemas.Looking,
    answers={200: schemas.ApplicationsView},
    refusals=ASSISTANCE_REFUSALS,
    reads=PersonalData.APPLICATION,
)
async def list_own(call: Call[None, schemas.Looking]) -> schemas.ApplicationsView:
    """Own applications, the newest first."""
    service, reader = call.app[APPLICATION], await who(call)
    read_because(call, reader, "none")
    return schemas.ApplicationsView.of(await service.drafting.list_own(reader), service.desk.rules)


@applications.get(
    "/v1/applications/{application_id}",
    summary="Where an application stands: step, what remains, next action, deadline, timeline",
    access=OWNER_OR_OFFICE,
    query=schemas.Looking,
    answers={200: schemas.ApplicationView},
    refusals=_SEEING,
    reads=PersonalData.APPLICATION,
)
async def look(call: Call[None, schemas.Looking]) -> schemas.ApplicationView:
    """One application."""
    reader = await who(call)
    seen = await call.app[APPLICATION].drafting.look(call.path["application_id"], reader)
    read_because(call, reader, seen.standing.current_step)
    return view(call, seen)


@applications.put(
    "/v1/applications/{application_id}/questionnaire",
    summary="Answer the questionnaire: it picks kind, reason and requirements",
    access=OWNER_OR_COUNTER,
    body=schemas.Questionnaire,
    query=schemas.Assisting,
    answers={200: schemas.ApplicationView},
    refusals=(*_SEEING, *_LATE, errors.AnswersContradict),
)
async def answer(call: Call[schemas.Questionnaire, schemas.Assisting]) -> schemas.ApplicationView:
    """Keep the answers."""
    drafting = call.app[APPLICATION].drafting
    return view(call, await drafting.answer(call.path["application_id"], call.body.answers(), await who(call)))


@applications.post(
    "/v1/applications/{application_id}/submission",
    summary="Submit, knowing what is not paid back",
    access=OWNER_OR_COUNTER,
    body=schemas.Submission,
    query=schemas.Assisting,
    answers={200: schemas.ApplicationView},
    refusals=(
        *_SEEING,
        *_LATE,
        errors.ConfirmationMissing,
        errors.StepComesFirst,
        errors.ItemsMissing,
        errors.AnswersContradict,
    ),
    idempotent=True,
)
async def submit(call: Call[schemas.Submission, schemas.Assisting]) -> schemas.ApplicationView:
    """Submit."""
    application_id, confirmed = call.path["application_id"], call.body.confirmed_not_refundable
    seen = await call.app[APPLICATION].drafting.submit(application_id, confirmed, await who(call), call.command_id)
    return view(call, seen)


@applications.post(
    "/v1/applications/{application_id}/withdrawal",
    summary="Give the application up before the visit",
    access=OWNER_OR_COUNTER,
    query=schemas.Assisting,
    answers={200: schemas.ApplicationView},
    refusals=(*_SEEING, errors.TooLateToWithdraw, errors.ApplicationEnded),
    idempotent=True,
)
async def withdraw(call: Call[None, schemas.Assisting]) -> schemas.ApplicationView:
    """Withdraw."""
    drafting = call.app[APPLICATION].drafting
    return view(call, await drafting.withdraw(call.path["application_id"], await who(call), call.command_id))


@applications.get(
    "/v1/applications/{application_id}/letter",
    summary="Download the cover letter with the QR code (PDF), as often as wanted",
    access=OWNER_OR_COUNTER,
    query=schemas.Looking,
    answers={200: PDF},
    refusals=(*_SEEING, errors.StepComesFirst, errors.LetterNotMade),
    reads=PersonalData.LETTER,
)
async def download_letter(call: Call[None, schemas.Looking]) -> Answer:
    """The letter."""
    reader = await who(call)
    name, pieces = await call.app[APPLICATION].letters.read(call.path["application_id"], reader)
    read_because(call, reader, "come")
    content = b"".join([piece async for piece in pieces])
    return Answer(200, content, {"Content-Disposition": f'attachment; filename="{name}"'})


@documents.post(
    "/v1/applications/{application_id}/documents",
    summary="Announce the upload of a picture (JPEG or PNG)",
    access=OWNER_OR_COUNTER,
    body=schemas.BeginUpload,
    query=schemas.Assisting,
    answers={201: schemas.UploadView},
    refusals=(
        *_SEEING,
        *_LATE,
        errors.StepComesFirst,
        errors.DocumentNotAsked,
        errors.FileTypeNotTaken,
        errors.FileTooLarge,
        errors.TooManyDocuments,
        errors.DocumentsClosed,
    ),
    idempotent=True,
)
async def begin_upload(call: Call[schemas.BeginUpload, schemas.Assisting]) -> schemas.UploadView:
    """Announce an upload."""
    wanted = call.body
    seen = await call.app[APPLICATION].uploads.begin(
        call.path["application_id"],
        wanted.requirement,
        wanted.media_type,
        wanted.size_bytes,
        await who(call),
        call.command_id,
    )
    return schemas.UploadView.at(seen)


@documents.patch(
    "/v1/applications/{application_id}/documents/{document_id}/content",
    summary="Send bytes of a picture from an offset on; with the last one it is looked at",
    description=f"Header {OFFSET_HEADER}: where these bytes begin. After a broken line ask with HEAD where to go on.",
    access=OWNER_OR_COUNTER,
    query=schemas.Assisting,
    answers={200: schemas.UploadView},
    refusals=(
        *_SEEING,
        errors.UploadOffsetWrong,
        errors.UploadUnderWay,
        errors.PicturesWait,
        BodyCut,
        TooSlow,
        NoRoomForBody,
    ),
    raw_body=True,
    body_media_types=(OFFSET_STREAM,),
    max_body_bytes=schemas.LARGEST_UPLOAD_BYTES,
    rate=PIECES_PER_CALLER,
)
async def send_bytes(call: Call[None, schemas.Assisting]) -> Answer:
    """Take bytes."""
    offset = _offset(call.request.headers.get(OFFSET_HEADER))
    seen = await call.app[APPLICATION].uploads.receive(
        call.path["application_id"], call.path["document_id"], offset, call.chunks(), await who(call), call.body_share
    )
    return Answer(200, schemas.UploadView.at(seen), {OFFSET_HEADER: str(seen.upload_offset)})


@documents.head(
    "/v1/applications/{application_id}/documents/{document_id}/content",
    summary="Where an upload stands",
    access=OWNER_OR_OFFICE,
    query=schemas.Assisting,
    answers={200: None},
    refusals=_SEEING,
)
async def ask_offset(call: Call[None, schemas.Assisting]) -> Answer:
    """The offset to go on at."""
    seen = await call.app[APPLICATION].uploads.offset(
        call.path["application_id"], call.path["document_id"], await who(call)
    )
    return Answer(200, None, {OFFSET_HEADER: str(seen.upload_offset), LENGTH_HEADER: str(seen.document.size_bytes)})


@documents.get(
    "/v1/applications/{application_id}/documents/{document_id}/content",
    summary="The picture as it is kept",
    access=OWNER_OR_OFFICE,
    query=schemas.Looking,
    answers={200: "image/jpeg"},
    refusals=_SEEING,
    reads=PersonalData.PICTURE,
)
async def download_document(call: Call[None, schemas.Looking]) -> Answer:
    """The picture."""
    service, reader = call.app[APPLICATION], await who(call)
    application_id, document_id = call.path["application_id"], call.path["document_id"]
    if reader.is_staff:
        seen = await service.drafting.look(application_id, reader)
        read_because(call, reader, seen.standing.current_step)
    document, pieces = await service.uploads.read(application_id, document_id, reader)
    return Answer(200, pieces, media_type=document.media_type)


@documents.post(
    "/v1/applications/{application_id}/documents/{document_id}/decision",
    summary="An officer accepts a document, or refuses it with a reason",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
    body=schemas.DocumentDecision,
    answers={200: schemas.ApplicationView},
    refusals=(*_SEEING, errors.DocumentDecided, errors.ReasonCodeMissing, errors.StepIsOver),
    idempotent=True,
)
async def decide_document(call: Call[schemas.DocumentDecision]) -> schemas.ApplicationView:
    """Decide on a document."""
    seen = await call.app[APPLICATION].uploads.decide(
        call.path["application_id"],
        call.path["document_id"],
        call.body.decision == "accepted",
        call.body.reason_code,
        Who.of(call.caller),
        call.command_id,
    )
    return view(call, seen)


@office.post(
    "/v1/applications/{application_id}/originals",
    summary="Record which originals were seen",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER),
    body=schemas.Originals,
    answers={200: schemas.ApplicationView},
    refusals=(*_SEEING, *_LATE, errors.StepComesFirst, errors.DocumentNotAsked),
    idempotent=True,
)
async def see_originals(call: Call[schemas.Originals]) -> schemas.ApplicationView:
    """Record originals."""
    seen = await call.app[APPLICATION].counter.see_originals(
        call.path["application_id"], tuple(call.body.requirements), Who.of(call.caller), call.command_id
    )
    return view(call, seen)


@office.post(
    "/v1/applications/{application_id}/interview",
    summary="Record the outcome of the interview",
    access=STAFF(Role.INTERVIEWER),
    body=schemas.InterviewOutcome,
    answers={200: schemas.ApplicationView},
    refusals=(
        *_SEEING,
        *_LATE,
        errors.StepComesFirst,
        errors.OriginalsNotSeen,
        errors.DocumentsUndecided,
        errors.ReasonCodeMissing,
        errors.PriceNotKnownYet,
        errors.PaymentOwed,
    ),
    idempotent=True,
)
async def record_interview(call: Call[schemas.InterviewOutcome]) -> schemas.ApplicationView:
    """Record the outcome."""
    said = call.body
    seen = await call.app[APPLICATION].counter.record_interview(
        call.path["application_id"], said.outcome, said.reason_code, said.note, Who.of(call.caller), call.command_id
    )
    return view(call, seen)


@office.post(
    "/v1/applications/{application_id}/kind-correction",
    summary="Correct what was applied for; the seat and what was paid stay",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER),
    body=schemas.KindCorrection,
    answers={200: schemas.ApplicationView},
    refusals=(*_SEEING, *_LATE, errors.StepComesFirst, errors.AnswersContradict, errors.NothingCorrected),
    idempotent=True,
)
async def correct_kind(call: Call[schemas.KindCorrection]) -> schemas.ApplicationView:
    """The corrected application: a difference is asked for, goes back, or is nothing."""
    said = call.body
    wanted = Corrected(said.passport_kind.value, said.validity_years, said.reason, said.zero_tariff)
    why = Why(Who.of(call.caller), said.reason_code, said.note, call.command_id)
    return view(call, await call.app[APPLICATION].corrections.correct_kind(call.path["application_id"], wanted, why))


@office.post(
    "/v1/applications/{application_id}/penalty",
    summary="Record a lost or damaged book that the interview found",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER),
    body=schemas.PenaltyFinding,
    answers={200: schemas.ApplicationView},
    refusals=(*_SEEING, *_LATE, errors.StepComesFirst, errors.ProofNotSeen),
    idempotent=True,
)
async def find_penalty(call: Call[schemas.PenaltyFinding]) -> schemas.ApplicationView:
    """The application: the penalty is asked for, or none under force majeure."""
    said = call.body
    seen = await call.app[APPLICATION].corrections.find_penalty(
        call.path["application_id"],
        said.ground,
        Why(Who.of(call.caller), said.reason_code, said.note, call.command_id),
        force_majeure=said.force_majeure,
        proof_seen=said.proof_seen,
    )
    return view(call, seen)


@office.post(
    "/v1/applications/{application_id}/hand-over",
    summary="Have the file handed over to the issuance system now",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
    answers={202: schemas.ApplicationView},
    refusals=(*_SEEING, *_LATE, errors.StepComesFirst),
    idempotent=True,
)
async def resend_file(call: Call) -> schemas.ApplicationView:
    """Hand over again."""
    issuance = call.app[APPLICATION].issuance
    return view(call, await issuance.resend(call.path["application_id"], Who.of(call.caller), call.command_id))


@office.post(
    "/v1/applications/{application_id}/letter",
    summary="Have a cover letter made again that could not be made",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
    answers={202: schemas.ApplicationView},
    refusals=(*_SEEING, *_LATE, errors.StepComesFirst),
    idempotent=True,
)
async def make_letter_again(call: Call) -> schemas.ApplicationView:
    """Make the letter again."""
    letters = call.app[APPLICATION].letters
    return view(call, await letters.make_again(call.path["application_id"], Who.of(call.caller), call.command_id))


@office.post(
    "/v1/applications/{application_id}/collection",
    summary="Record that the passport was collected",
    access=STAFF(Role.FRONT_OFFICER),
    body=schemas.Collection,
    answers={200: schemas.ApplicationView},
    refusals=(*_SEEING, errors.ApplicationEnded, errors.StepComesFirst, errors.FeeNotPaid),
    idempotent=True,
)
async def hand_out(call: Call[schemas.Collection]) -> schemas.ApplicationView:
    """Record the collection."""
    seen = await call.app[APPLICATION].counter.hand_out(
        call.path["application_id"], call.body.collected_by, Who.of(call.caller), call.command_id
    )
    return view(call, seen)


@office.get(
    "/v1/offices/{office_id}/applications",
    summary="The office's visits of a day, and whose file is overdue",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
    query=schemas.DayQuery,
    answers={200: schemas.OfficeDayView},
    refusals=(errors.NotYourOffice,),
)
async def list_day(call: Call[None, schemas.DayQuery]) -> schemas.OfficeDayView:
    """The office's day, or the one application of a number that a visitor without papers tells."""
    counter, office_id, officer = call.app[APPLICATION].counter, call.path["office_id"], Who.of(call.caller)
    if call.query.number is not None:
        return schemas.OfficeDayView.of(await counter.by_number(office_id, call.query.number, officer))
    return schemas.OfficeDayView.of(await counter.day(office_id, call.query.date, officer))


audit = audit_endpoints("application", lambda call: call.app[APPLICATION].audit_book)

_DRAFT: Final = "a draft binds nobody: what is sent is checked again at the submission, which asks for a live session"

WITHOUT_SESSION_CHECK: Final = {
    "begin": _DRAFT,
    "answer": _DRAFT,
    "begin_upload": _DRAFT,
    "send_bytes": _DRAFT,
}
"""What a token may still do in its last minutes when its session has ended."""

ENDPOINTS: Final = with_session_check(
    audited(
        (*rules.all, *applications.all, *documents.all, *office.all, *audit.all),
        lambda call: call.app[APPLICATION].audit,
    ),
    WITHOUT_SESSION_CHECK,
)


def _offset(header: str | None) -> int:
    if header is not None and header.isascii() and header.isdigit() and len(header) <= MOST_OFFSET_DIGITS:
        return int(header)
    raise Malformed(
        errors=(
            FieldError(
                f"/{OFFSET_HEADER}",
                "missing" if header is None else "int_parsing",
                "Say where these bytes begin, as a whole number.",
                "Sebutkan posisi awal data sebagai bilangan bulat.",
                example="0",
                source="header",
            ),
        )
    )
