"""The endpoints of evidence."""

from __future__ import annotations

from typing import Final

from services.application import field_types as schemas
from services.application.documents.errors import FileTooLarge, FileTypeNotTaken, PicturesWait, UploadOffsetWrong
from services.application.documents.routes import (
    LENGTH,
    LENGTH_HEADER,
    OFFSET_HEADER,
    OFFSET_NEXT,
    OFFSET_SENT,
    OFFSET_STREAM,
    PIECES_PER_CALLER,
    read_offset,
)
from services.application.evidence.access import DECIDERS, SEEING, UPLOADERS, is_owner
from services.application.evidence.errors import EvidenceOfOthers, EvidenceUnderWay, TooManyEvidenceFiles
from services.application.evidence.evidence import Evidence
from services.application.evidence.schemas import BeginEvidence, EvidenceUploadView
from services.application.evidence.service import NewEvidence
from services.application.http import APPLICATION
from services.application.malware.errors import ScannerDown
from shared.audit.reads import ReasonQuery
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.bodies import BodyCut, TooSlow
from shared.http.body_budget import NoRoomForBody
from shared.http.call import Answer, Call
from shared.http.endpoint import ROLES, Endpoints, PersonalData
from shared.http.reading import Reading, ReadSubject
from shared.tokens import Caller

api = Endpoints("evidence")

OWN_UPLOAD: Final = "step_own_upload"
"""The officer who uploads a visitor's paper looks at what they have uploaded."""

OWNERS: Final = ROLES(*sorted(UPLOADERS))
OWNERS_AND_DECIDERS: Final = ROLES(*sorted(OWNERS.roles.union(*DECIDERS.values())))


@api.post(
    "/v1/evidence",
    summary="Announce the upload of a picture that supports a request",
    description="One picture or page each. Name its id in the request within 7 days, else it is removed: a refund, a "
    "special reschedule, a payment claim; officers at the counter for a walk-in. Only then those who decide see it.",
    access=OWNERS,
    body=BeginEvidence,
    answers={201: EvidenceUploadView},
    location="/v1/evidence/{evidence_id}",
    refusals=(EvidenceOfOthers, FileTypeNotTaken, FileTooLarge, TooManyEvidenceFiles, SomeoneElseChangedIt),
    idempotent=True,
)
async def begin_evidence(call: Call[BeginEvidence]) -> EvidenceUploadView:
    """Announce an upload."""
    new = NewEvidence(call.body.purpose, call.body.media_type, call.body.size_bytes)
    return EvidenceUploadView.from_evidence(
        await call.app[APPLICATION].evidence.begin(call.caller, new, call.command_id)
    )


@api.patch(
    "/v1/evidence/{evidence_id}/content",
    summary="Send bytes of a picture of evidence from an offset on",
    description=f"Header {OFFSET_HEADER}: where these bytes begin. With the last one the picture is looked at. After a "
    "broken line ask with HEAD where to go on.",
    access=OWNERS,
    answers={200: EvidenceUploadView},
    refusals=(
        NotFound,
        UploadOffsetWrong,
        EvidenceUnderWay,
        PicturesWait,
        ScannerDown,
        BodyCut,
        TooSlow,
        NoRoomForBody,
        SomeoneElseChangedIt,
    ),
    request_headers=(OFFSET_SENT,),
    answer_headers=(OFFSET_NEXT,),
    raw_body=True,
    body_media_types=(OFFSET_STREAM,),
    max_body_bytes=schemas.LARGEST_UPLOAD_BYTES,
    rate=PIECES_PER_CALLER,
)
async def send_evidence(call: Call) -> Answer:
    """Take bytes."""
    offset = read_offset(call)
    seen = await call.app[APPLICATION].evidence.receive(
        call.caller, call.path["evidence_id"], offset, call.chunks(), call.body_share
    )
    return Answer(200, EvidenceUploadView.from_evidence(seen), {OFFSET_HEADER: str(seen.upload_offset)})


@api.head(
    "/v1/evidence/{evidence_id}/content",
    summary="Where the upload of a picture of evidence stands",
    answer_headers=(OFFSET_NEXT, LENGTH),
    access=OWNERS,
    answers={200: None},
    refusals=SEEING,
)
async def ask_evidence_offset(call: Call) -> Answer:
    """The offset to go on at."""
    seen = await call.app[APPLICATION].evidence.show(call.caller, call.path["evidence_id"])
    return Answer(200, None, {OFFSET_HEADER: str(seen.upload_offset), LENGTH_HEADER: str(seen.evidence.size_bytes)})


@api.get(
    "/v1/evidence/{evidence_id}",
    summary="Where evidence stands: being uploaded, kept, named by a request",
    access=OWNERS_AND_DECIDERS,
    answers={200: EvidenceUploadView},
    refusals=SEEING,
)
async def show_evidence(call: Call) -> EvidenceUploadView:
    """Show evidence, without its picture."""
    return EvidenceUploadView.from_evidence(
        await call.app[APPLICATION].evidence.show(call.caller, call.path["evidence_id"])
    )


@api.get(
    "/v1/evidence/{evidence_id}/content",
    summary="The picture of evidence as it is kept",
    description="For its owner and, once a request names it, for those who decide on that request. Staff state why.",
    access=OWNERS_AND_DECIDERS,
    query=ReasonQuery,
    answers={200: "image/jpeg"},
    refusals=SEEING,
    reads=PersonalData.EVIDENCE,
)
async def download_evidence(call: Call[None, ReasonQuery]) -> Answer:
    """The picture."""
    evidence, pieces = await call.app[APPLICATION].evidence.read(call.caller, call.path["evidence_id"])
    call.reading = _reading(evidence, call.caller)
    return Answer(200, pieces, media_type=evidence.media_type)


def _reading(evidence: Evidence, reader: Caller) -> Reading:
    """Return the read of evidence: of its account, if it has one; part of the upload for the officer who uploads it."""
    office_id = evidence.case.office_id if evidence.case is not None else None
    subjects = (ReadSubject(evidence.account_id, office_id),) if evidence.account_id is not None else ()
    return Reading(subjects, OWN_UPLOAD if is_owner(evidence, reader) else None)
