"""The chains of seats over HTTP: public, with no name in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from services.scheduling.booking.seats.audit_log import SeatChains
from services.scheduling.booking.seats.audit_log_schemas import (
    PublicRecordView,
    RootsQuery,
    SeatChainPath,
    SeatCommitmentView,
)
from services.scheduling.context import UseCaseContext
from services.scheduling.errors import OfficeNotFound
from services.scheduling.http import actor_of, use_case
from shared.audit.chaining import AuditBook
from shared.audit.routes import audit_endpoints
from shared.chain import MEDIA_TYPE, Salt
from shared.chain.lines import RootsLine, SeatChainLine
from shared.errors import NotFound
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, PUBLIC, Endpoints, RateLimit

EXPORTS: Final = RateLimit(60, 60.0, per="address")

PUBLIC_RECORDS_A_MINUTE: Final = RateLimit(count=20, per_seconds=60.0)
"""Reads by one account: a family of five looks once each and again; salts never change."""

endpoints: Final = Endpoints("seat chains")


@endpoints.get(
    "/v1/offices/{office_id}/seat-chains/{date}",
    summary="Export the life of every seat of an office and day",
    access=PUBLIC,
    path_model=SeatChainPath,
    answers={200: MEDIA_TYPE},
    line=SeatChainLine,
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
    line=RootsLine,
    rate=EXPORTS,
    description="JSON lines: where each chain of seats ended when the day did. Keep them; a chain never leaves them.",
)
async def list_seat_chain_roots(call: Call[None, RootsQuery]) -> AsyncIterator[bytes]:
    """A line per chain that had grown."""
    return use_case(call, SeatChains).roots(call.query.date)


@endpoints.get(
    "/v1/appointments/{appointment_id}/public-record",
    summary="Find an own appointment in the public chains",
    access=APPLICANT,
    answers={200: PublicRecordView},
    refusals=(NotFound,),
    rate=PUBLIC_RECORDS_A_MINUTE,
)
async def read_public_record(call: Call) -> PublicRecordView:
    """The salts of the appointment's commitments, for its owner alone."""
    record = await use_case(call, SeatChains).public_record(call.path["appointment_id"], actor_of(call.caller))
    return PublicRecordView(
        appointment_id=record.appointment_id,
        linked_until=record.linked_until,
        seats=[_commitment_view(salt) for salt in record.salts],
    )


def _commitment_view(salt: Salt) -> SeatCommitmentView:
    _, office_id, day = salt.chain.split(":")
    url = f"/v1/offices/{office_id}/seat-chains/{day}"
    return SeatCommitmentView(chain=salt.chain, chain_url=url, salt=salt.salt, commitment=salt.commitment)


audit: Final = audit_endpoints("scheduling", lambda call: use_case(call, AuditBook))
