"""The signed list of queue codes that are void although they are well signed: visits moved, cancelled or refunded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.context import UseCaseContext
from services.scheduling.visit.day_sheets.day_sheet import WITH_CODE
from services.scheduling.visit.offline.repository import OfflineDayRepository
from services.scheduling.visit.offline.verifier import REVOCATIONS_MARK
from shared.http.events_stream import Watching

REVOCATIONS_KEPT_SECONDS: Final = 60.0
"""A public list that costs a query: all calls within a minute get the same one."""

REVOCATIONS_VALID: Final = timedelta(hours=24)
"""How long an office may rely on a list that it fetched; it fetches one each evening."""


class RevocationList(BaseModel):
    """The list, signed, and what can be read without checking it."""

    version: int
    issued_at: datetime
    valid_until: datetime
    entries: int
    signed: str


class RevocationLists:
    """Makes the list of void codes, at most once a minute; reads only."""

    def __init__(self, context: UseCaseContext, offline_days: OfflineDayRepository, codes: QueueCodes) -> None:
        self._context = context
        self._offline_days = offline_days
        self._codes = codes
        self._kept = Watching(context.clock, REVOCATIONS_KEPT_SECONDS)

    async def current(self) -> RevocationList:
        """Return the list of now or of at most a minute ago; a code stays on it until its day is over."""
        seen = await self._kept.seen("revocations", self._make)
        if not isinstance(seen.data, RevocationList):
            raise TypeError("only the list is kept under its key")
        return seen.data

    async def _make(self) -> RevocationList:
        now = self._context.now()
        found = await self._offline_days.visits_with_void_codes(now)
        entries = sorted((record.id, _first_valid(record.state)) for record in found)
        version = int(now.timestamp() * 1000)
        valid_until = now + REVOCATIONS_VALID
        content = {
            "version": version,
            "issued_at": now.isoformat(),
            "valid_until": valid_until.isoformat(),
            "entries": [{"appointment_id": visit_id, "below": below} for visit_id, below in entries],
        }
        signed = self._codes.sign_content(REVOCATIONS_MARK, content)
        return RevocationList(
            version=version, issued_at=now, valid_until=valid_until, entries=len(entries), signed=signed
        )


def _first_valid(state: Appointment) -> int:
    """Return the lowest version of this visit's codes that still counts."""
    return state.code_version if state.status in WITH_CODE else state.code_version + 1
