"""The chains of seats over HTTP: public, with no name in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from services.scheduling.booking.seats.audit_log import SeatChains
from services.scheduling.booking.seats.audit_log_schemas import RootsQuery, SeatChainPath
from services.scheduling.context import UseCaseContext
from services.scheduling.errors import OfficeNotFound
from services.scheduling.http import use_case
from shared.audit.chaining import AuditBook
from shared.audit.routes import audit_endpoints
from shared.chain import MEDIA_TYPE
from shared.http.call import Call
from shared.http.endpoint import PUBLIC, Endpoints, RateLimit

EXPORTS: Final = RateLimit(60, 60.0, per="address")

endpoints: Final = Endpoints("seat chains")


@endpoints.get(
    "/v1/offices/{office_id}/seat-chains/{date}",
    summary="Export the life of every seat of an office and day",
    access=PUBLIC,
    path_model=SeatChainPath,
    answers={200: MEDIA_TYPE},
    refusals=(OfficeNotFound,),
    rate=EXPORTS,
    description="JSON lines, each with the hash of the one before; `paspor ledger verify` re-computes and recounts "
    "them. Holders are salted commitments. A step is on the chain some seconds after it happened.",
)
async def export_seat_chain(call: Call[None, None, SeatChainPath]) -> AsyncIterator[bytes]:
    """The chain as it ends now."""
    office = use_case(call, UseCaseContext).offices[call.path.office_id]
    return use_case(call, SeatChains).export(office.office_id, call.path.date)


@endpoints.get(
    "/v1/seat-chain-roots",
    summary="The roots that were published on a day",
    access=PUBLIC,
    query=RootsQuery,
    answers={200: MEDIA_TYPE},
    rate=EXPORTS,
    description="JSON lines: where each chain of seats ended when the day did. Keep them; a chain never leaves them.",
)
async def list_seat_chain_roots(call: Call[None, RootsQuery]) -> AsyncIterator[bytes]:
    """A line per chain that had grown."""
    return use_case(call, SeatChains).roots(call.query.date)


audit: Final = audit_endpoints("scheduling", lambda call: use_case(call, AuditBook))
