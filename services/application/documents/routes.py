"""The endpoints of documents."""

from __future__ import annotations

from typing import Final

from services.application import errors
from services.application import field_types as schemas
from services.application.applications.access import LATE, SEEING
from services.application.applications.errors import StepComesFirst, StepIsOver
from services.application.applications.reading import note_reading
from services.application.applications.schemas import ApplicationView, view_application
from services.application.context import Actor
from services.application.documents.errors import (
    DecidedTwice,
    DocumentDecided,
    DocumentNotThere,
    DocumentReplaced,
    DocumentsClosed,
    FileTooLarge,
    FileTypeNotTaken,
    PageBeyondLimit,
    PageNeeded,
    PaperNotShared,
    PicturesWait,
    TooManyDocuments,
    UploadOffsetWrong,
    UploadUnderWay,
)
from services.application.documents.schemas import (
    BeginUpload,
    DocumentDecision,
    DocumentDecisions,
    PapersView,
    UploadView,
)
from services.application.http import APPLICATION, OWNER_OR_COUNTER, OWNER_OR_OFFICE, who
from services.application.malware.errors import ScannerDown
from services.application.requirements.errors import DocumentNotAsked
from shared.errors import FieldError, Malformed
from shared.http.bodies import BodyCut, TooSlow
from shared.http.body_budget import NoRoomForBody
from shared.http.call import Answer, AnyCall, Call
from shared.http.conditions import ETAG, etag_of
from shared.http.endpoint import STAFF, Endpoints, Header, PersonalData, RateLimit
from shared.tokens import Role

api = Endpoints("documents")


OFFSET_HEADER: Final = "Upload-Offset"


LENGTH_HEADER: Final = "Upload-Length"


OFFSET_STREAM: Final = "application/offset+octet-stream"


MOST_OFFSET_DIGITS: Final = 9


_OFFSET: Final = {"type": "integer", "minimum": 0, "maximum": 10**MOST_OFFSET_DIGITS - 1}
OFFSET_SENT: Final = Header(OFFSET_HEADER, "Where the bytes of this request begin.", _OFFSET, required=True)
OFFSET_NEXT: Final = Header(OFFSET_HEADER, "How many bytes have arrived: the next request begins here.", _OFFSET)
LENGTH: Final = Header(LENGTH_HEADER, "How many bytes the picture has.", _OFFSET)


PIECES_PER_CALLER: Final = RateLimit(1200, 60.0)
"""Twenty pieces a second: a picture of 10 MiB in pieces of 64 KiB takes 160."""


@api.post(
    "/v1/applications/{application_id}/documents",
    summary="Announce the upload of a picture or scan, or use that of a family member",
    description="Each document is one page of an item, which has up to ten: send each with its number in `page`. A "
    "newer one stands in for the same page only, once it is there; a file of several pages fills those that follow. "
    "With same_as no bytes follow: the picture of another person of the account is copied for this one.",
    access=OWNER_OR_COUNTER,
    body=BeginUpload,
    query=schemas.Assisting,
    answers={201: UploadView},
    location="/v1/applications/{application_id}/documents/{document_id}",
    refusals=(
        *SEEING,
        *LATE,
        StepComesFirst,
        DocumentNotAsked,
        FileTypeNotTaken,
        FileTooLarge,
        TooManyDocuments,
        DocumentsClosed,
        PageBeyondLimit,
        PaperNotShared,
        DocumentReplaced,
        DocumentNotThere,
    ),
    idempotent=True,
)
async def begin_upload(call: Call[BeginUpload, schemas.Assisting]) -> UploadView:
    """Announce an upload, or copy a family member's page."""
    service, wanted, actor = call.app[APPLICATION], call.body, await who(call)
    application_id, same = call.path["application_id"], call.body.same_as
    if same is not None:
        source = (same.application_id, same.document_id)
        copied = await service.document_reuse.reuse(
            application_id, wanted.requirement, wanted.page, source, actor, call.command_id
        )
        return UploadView.from_upload(copied)
    assert wanted.media_type is not None and wanted.size_bytes is not None  # noqa: S101 - the body says so
    seen = await service.uploads.begin(
        application_id,
        wanted.requirement,
        wanted.media_type,
        wanted.size_bytes,
        actor,
        call.command_id,
        wanted.page,
    )
    return UploadView.from_upload(seen)


@api.get(
    "/v1/applications/{application_id}/documents",
    summary="All papers of an application, page by page, with what was found about them",
    access=OWNER_OR_OFFICE,
    query=schemas.Looking,
    answers={200: PapersView},
    refusals=SEEING,
    reads=PersonalData.APPLICATION,
    pages_by="requirement",
)
async def list_papers(call: Call[None, schemas.Looking]) -> PapersView:
    """Show the papers to compare them."""
    reader = await who(call)
    seen = await call.app[APPLICATION].drafting.get_application(call.path["application_id"], reader)
    if reader.is_staff:
        note_reading(call, reader, [seen.application])
    return PapersView.from_seen(seen)


@api.patch(
    "/v1/applications/{application_id}/documents/{document_id}/content",
    summary="Send bytes of a picture from an offset on; with the last one it is looked at",
    description=f"Header {OFFSET_HEADER}: where these bytes begin. After a broken line ask with HEAD where to go on.",
    access=OWNER_OR_COUNTER,
    query=schemas.Assisting,
    answers={200: UploadView},
    refusals=(
        *SEEING,
        UploadOffsetWrong,
        UploadUnderWay,
        PicturesWait,
        ScannerDown,
        BodyCut,
        TooSlow,
        NoRoomForBody,
    ),
    request_headers=(OFFSET_SENT,),
    answer_headers=(OFFSET_NEXT,),
    raw_body=True,
    body_media_types=(OFFSET_STREAM,),
    max_body_bytes=schemas.LARGEST_UPLOAD_BYTES,
    rate=PIECES_PER_CALLER,
)
async def send_bytes(call: Call[None, schemas.Assisting]) -> Answer:
    """Take bytes."""
    offset = read_offset(call)
    seen = await call.app[APPLICATION].uploads.receive(
        call.path["application_id"], call.path["document_id"], offset, call.chunks(), await who(call), call.body_share
    )
    return Answer(200, UploadView.from_upload(seen), {OFFSET_HEADER: str(seen.upload_offset)})


@api.head(
    "/v1/applications/{application_id}/documents/{document_id}/content",
    summary="Where an upload stands",
    answer_headers=(OFFSET_NEXT, LENGTH),
    access=OWNER_OR_OFFICE,
    query=schemas.Assisting,
    answers={200: None},
    refusals=SEEING,
)
async def ask_offset(call: Call[None, schemas.Assisting]) -> Answer:
    """The offset to go on at."""
    seen = await call.app[APPLICATION].uploads.offset(
        call.path["application_id"], call.path["document_id"], await who(call)
    )
    return Answer(200, None, {OFFSET_HEADER: str(seen.upload_offset), LENGTH_HEADER: str(seen.document.size_bytes)})


@api.get(
    "/v1/applications/{application_id}/documents/{document_id}",
    summary="Where a document stands: being uploaded, looked at, decided",
    access=OWNER_OR_OFFICE,
    query=schemas.Assisting,
    answers={200: UploadView},
    refusals=SEEING,
    watches="application",
)
async def show_document(call: Call[None, schemas.Assisting]) -> UploadView:
    """Show one document, without its picture."""
    seen = await call.app[APPLICATION].uploads.offset(
        call.path["application_id"], call.path["document_id"], await who(call)
    )
    return UploadView.from_upload(seen)


@api.get(
    "/v1/applications/{application_id}/documents/{document_id}/content",
    summary="The picture as it is kept",
    access=OWNER_OR_OFFICE,
    query=schemas.Looking,
    answers={200: "image/jpeg"},
    refusals=SEEING,
    reads=PersonalData.PICTURE,
    watches="application",
)
async def download_document(call: Call[None, schemas.Looking]) -> Answer:
    """The picture."""
    service, reader = call.app[APPLICATION], await who(call)
    application_id, document_id = call.path["application_id"], call.path["document_id"]
    if reader.is_staff:
        seen = await service.drafting.get_application(application_id, reader)
        note_reading(call, reader, [seen.application])
    document, pieces = await service.uploads.read(application_id, document_id, reader)
    return Answer(200, pieces, {ETAG: etag_of(str(document.file_id).encode())}, media_type=document.media_type)


@api.post(
    "/v1/applications/{application_id}/documents/{document_id}/decision",
    summary="An officer accepts a document, or refuses it with a reason",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
    body=DocumentDecision,
    answers={200: ApplicationView},
    refusals=(*SEEING, DocumentDecided, errors.ReasonCodeMissing, StepIsOver),
    idempotent=True,
)
async def decide_document(call: Call[DocumentDecision]) -> ApplicationView:
    """Decide on a document."""
    seen = await call.app[APPLICATION].officer_decisions.decide(
        call.path["application_id"],
        call.body.to_verdict(call.path["document_id"]),
        Actor.from_caller(call.caller),
        call.command_id,
    )
    return view_application(call, seen)


@api.post(
    "/v1/applications/{application_id}/document-decisions",
    summary="An officer decides on several documents at once: on all of them, or on none",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
    body=DocumentDecisions,
    answers={200: ApplicationView},
    refusals=(*SEEING, DocumentDecided, DecidedTwice, errors.ReasonCodeMissing, StepIsOver),
    idempotent=True,
)
async def decide_documents(call: Call[DocumentDecisions]) -> ApplicationView:
    """Decide on documents."""
    seen = await call.app[APPLICATION].officer_decisions.decide_many(
        call.path["application_id"],
        [decision.to_verdict(decision.document_id) for decision in call.body.decisions],
        Actor.from_caller(call.caller),
        call.command_id,
    )
    return view_application(call, seen)


@api.delete(
    "/v1/applications/{application_id}/documents/{document_id}",
    summary="Take a page away: of a draft any, later one that its item can do without",
    access=OWNER_OR_COUNTER,
    query=schemas.Assisting,
    answers={200: ApplicationView},
    refusals=(*SEEING, *LATE, DocumentReplaced, PageNeeded, DocumentsClosed),
)
async def remove_document(call: Call[None, schemas.Assisting]) -> ApplicationView:
    """Take a page away."""
    seen = await call.app[APPLICATION].document_removals.remove(
        call.path["application_id"], call.path["document_id"], await who(call)
    )
    return view_application(call, seen)


def read_offset(call: AnyCall) -> int:
    """Return the offset that a request names in its header; refuses with ``Malformed``."""
    header = call.request.headers.get(OFFSET_HEADER)
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
