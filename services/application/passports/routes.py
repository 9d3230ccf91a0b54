"""The endpoints of passports."""

from __future__ import annotations

from services.application import field_types as schemas
from services.application.applications.errors import ApplicationEnded, StepComesFirst
from services.application.context import Actor
from services.application.errors import NotYourOffice
from services.application.http import APPLICATION, OWNER_OR_COUNTER, who
from services.application.passports.errors import (
    BookFactsMissing,
    CheckDigitWrong,
    ExpiryBeforeIssue,
    PassportHolderDiffers,
    PassportNotInHand,
    PassportNumberDiffers,
    PassportNumberOfAnother,
    PassportOfGrownChild,
    PassportRecordedOtherwise,
    ReplacementUnderWay,
    ValidityTooLong,
    ZoneUnreadable,
)
from services.application.passports.old_books import BookInHand
from services.application.passports.reading import note_passports, note_shown_passport
from services.application.passports.schemas import (
    PassportsView,
    PassportView,
    RecordOldPassport,
    ReportPassport,
    UndoReport,
)
from shared.assistance import ASSISTANCE_REFUSALS
from shared.errors import NotFound
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints, PersonalData, RateLimit
from shared.tokens import Role

api = Endpoints("passports")

_OWN = (NotFound, PassportOfGrownChild, *ASSISTANCE_REFUSALS)


@api.get(
    "/v1/passports",
    summary="The account's own passports and those of its children, the newest first",
    description="A child's passport is shown to the guardian until the holder's 17th birthday, and then to the holder.",
    access=OWNER_OR_COUNTER,
    query=schemas.Looking,
    answers={200: PassportsView},
    pages_by="passport_id",
    refusals=ASSISTANCE_REFUSALS,
    reads=PersonalData.PASSPORT,
)
async def list_passports(call: Call[None, schemas.Looking]) -> PassportsView:
    """Own passports."""
    reader = await who(call)
    found = await call.app[APPLICATION].passports.list_own(reader)
    note_passports(call, reader, found)
    return PassportsView.from_seen(found)


@api.get(
    "/v1/passports/{passport_id}",
    summary="A passport: kind, dates, office, state, and the last signs of its number",
    access=OWNER_OR_COUNTER,
    query=schemas.Looking,
    answers={200: PassportView},
    refusals=_OWN,
    reads=PersonalData.PASSPORT,
)
async def get_passport(call: Call[None, schemas.Looking]) -> PassportView:
    """One passport."""
    reader = await who(call)
    seen = await call.app[APPLICATION].passports.get_passport(call.path["passport_id"], reader)
    note_passports(call, reader, [seen])
    return PassportView.from_seen(seen)


@api.post(
    "/v1/passports/{passport_id}/report",
    summary="Report a passport as lost or damaged: it is blocked at once",
    description="A repeat changes nothing. Only an officer with the book in hand undoes a report.",
    access=OWNER_OR_COUNTER,
    body=ReportPassport,
    query=schemas.Assisting,
    answers={200: PassportView},
    refusals=(*_OWN, PassportNotInHand),
    idempotent=True,
)
async def report_passport(call: Call[ReportPassport, schemas.Assisting]) -> PassportView:
    """Report."""
    actor = await who(call)
    seen = await call.app[APPLICATION].passports.report(
        call.path["passport_id"], call.body.report, actor, call.command_id
    )
    note_shown_passport(call, seen, actor)
    return PassportView.from_seen(seen)


@api.post(
    "/v1/passports/{passport_id}/recovery",
    summary="Undo the report of a loss or damage, with the book in hand",
    description="The officer types the number off the book; its holder is told.",
    access=STAFF(Role.FRONT_OFFICER),
    body=UndoReport,
    answers={200: PassportView},
    refusals=(NotFound, PassportNumberDiffers, PassportNotInHand, ReplacementUnderWay),
    idempotent=True,
    rate=RateLimit(10, 60.0),
)
async def undo_report(call: Call[UndoReport]) -> PassportView:
    """Undo a report."""
    seen = await call.app[APPLICATION].passports.undo_report(
        call.path["passport_id"], call.body.number, call.command_id
    )
    note_shown_passport(call, seen)
    return PassportView.from_seen(seen)


@api.post(
    "/v1/applications/{application_id}/old-passport",
    summary="Record the visitor's earlier passport, the book in hand",
    description="By the zone at the foot of its data page, or by number, check digit and expiry date. Every check "
    "digit must fit, and the birth date in the zone must be the applicant's.",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER),
    body=RecordOldPassport,
    answers={201: PassportView},
    location="/v1/passports/{passport_id}",
    refusals=(
        *(NotFound, NotYourOffice, ApplicationEnded, StepComesFirst),
        *(BookFactsMissing, ZoneUnreadable, CheckDigitWrong, ExpiryBeforeIssue, ValidityTooLong),
        *(PassportHolderDiffers, PassportNumberOfAnother, PassportRecordedOtherwise),
    ),
    idempotent=True,
)
async def record_old_passport(call: Call[RecordOldPassport]) -> PassportView:
    """Record an earlier passport."""
    book = BookInHand(**call.body.model_dump())
    seen = await call.app[APPLICATION].old_books.record(
        call.path["application_id"], book, Actor.from_caller(call.caller)
    )
    note_shown_passport(call, seen)
    return PassportView.from_seen(seen)
