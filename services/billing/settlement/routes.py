"""The endpoints of settlement files, for the treasurer."""

from __future__ import annotations

from typing import Final

from services.billing.errors import NotYourOffice
from services.billing.http import BILLING, TREASURY
from services.billing.settlement.errors import (
    SettlementFileBrokeOff,
    SettlementFileDoesNotAddUp,
    SettlementFileHasWrongLine,
    SettlementSignatureWrong,
    SettlementUnknown,
)
from services.billing.settlement.schemas import SettlementList, SettlementPath, SettlementQuery, SettlementView
from services.billing.settlement.service import SettlementService
from shared.crypto.detached import LONGEST_SIGNATURE_CHARS
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints, Header, RateLimit
from shared.tokens import Role

LARGEST_FILE_BYTES: Final = 64 * 1024 * 1024
"""About 450,000 lines, five times the busiest day that is reckoned with."""

SIGNATURE_HEADER: Final = "X-Simponi-File-Signature"
"""Where SIMPONI's detached signature of a file comes along, if it does."""

FILE_SIGNATURE: Final = Header(
    SIGNATURE_HEADER,
    "SIMPONI's detached JWS of the file (RFC 7515, appendix F; ES256): `header..signature` over the bytes of the body.",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_SIGNATURE_CHARS},
)

api = Endpoints("billing")


@api.post(
    "/v1/settlement-files",
    summary="Bring a day's settlement file by hand",
    access=STAFF(Role.TREASURER),
    request_headers=(FILE_SIGNATURE,),
    raw_body=True,
    body_media_types=("text/csv",),
    max_body_bytes=LARGEST_FILE_BYTES,
    answers={202: SettlementView},
    rate=RateLimit(10, 60.0),
    refusals=(
        NotYourOffice,
        SettlementFileBrokeOff,
        SettlementFileDoesNotAddUp,
        SettlementFileHasWrongLine,
        SettlementSignatureWrong,
    ),
    description="Streamed; the format is in docs/money.md. The same content again meets the first file. With SIMPONI's "
    "detached JWS in X-Simponi-File-Signature it is SIMPONI's word; without one it is a claim, and SIMPONI is asked "
    "about every payment that is new here before anything is booked.",
)
async def upload_settlement(call: Call) -> SettlementView:
    """Take a file, whole or not at all; its lines are compared next, and the file's address shows how far."""
    signature = call.request.headers.get(SIGNATURE_HEADER)
    return SettlementView.from_settlement(
        await call.app[BILLING].find(SettlementService).upload(call.caller, call.chunks(), signature)
    )


@api.get(
    "/v1/settlement-files",
    summary="The settlement files of some days, newest first",
    access=TREASURY,
    query=SettlementQuery,
    answers={200: SettlementList},
    pages_by="settlement_id",
    refusals=(NotYourOffice,),
)
async def list_settlements(call: Call[None, SettlementQuery]) -> SettlementList:
    """List a hundred files at most."""
    found = await call.app[BILLING].find(SettlementService).settlements(call.caller, call.query.since, call.query.until)
    return SettlementList(settlements=tuple(SettlementView.from_settlement(settlement) for settlement in found))


@api.get(
    "/v1/settlement-files/{settlement_id}",
    summary="A settlement file and how far its lines were compared",
    access=TREASURY,
    path_model=SettlementPath,
    answers={200: SettlementView},
    refusals=(SettlementUnknown, NotYourOffice),
)
async def show_settlement(call: Call[None, None, SettlementPath]) -> SettlementView:
    """Show one file."""
    return SettlementView.from_settlement(
        await call.app[BILLING].find(SettlementService).settlement(call.caller, call.path.settlement_id)
    )
