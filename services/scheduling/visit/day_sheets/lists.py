"""What offices take with them: the same-day list at noon, the signed sheet of a day, the list of void queue codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel

from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.appointments.same_day_place import SameDayPlaceState
from services.scheduling.booking.same_day.rules import cut_off
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.office import Office
from services.scheduling.offices.repository import OfflineQuotaRepository
from services.scheduling.terms import Pool, local_date
from services.scheduling.visit.day_sheets.errors import SameDayListNotReady
from services.scheduling.visit.offline.repository import OfflineDayRepository
from services.scheduling.visit.offline.verifier import REVOCATIONS_MARK, SHEET_MARK
from shared.http.events_stream import Watching
from shared.store.kinds import Record

LIST_READY_WIB: Final = "12:00"
"""Complete once nothing of it can be paid any more (F74); by the treasury's clock, not the office's."""

REVOCATIONS_KEPT_SECONDS: Final = 60.0
"""A public list that costs a query: everybody who asks within a minute gets the same one."""

REVOCATIONS_VALID: Final = timedelta(hours=24)
"""How long an office may rely on a list that it fetched; it fetches one each evening."""

_ON_THE_LIST: Final = (Status.CONFIRMED, Status.CHECKED_IN, Status.ON_PROOF, Status.USED, Status.USED_ON_PROOF)
_EXPECTED: Final = (*_ON_THE_LIST, Status.MOVING, Status.HELD, Status.AWAITING_PAYMENT)


class RevocationList(BaseModel):
    """The list, signed, and what can be read without checking it."""

    version: int
    issued_at: datetime
    valid_until: datetime
    entries: int
    signed: str


@dataclass(frozen=True)
class DaySheet:
    """The visits of an office's day, and the same as a signed text."""

    office: Office
    day: date
    made_at: datetime
    offline_seats: int
    visits: tuple[Record[Appointment], ...]
    signed: str


class Papers:
    """Lists and sheets; reads only."""

    def __init__(
        self,
        context: UseCaseContext,
        offline_quotas: OfflineQuotaRepository,
        appointments: AppointmentRepository,
        offline_days: OfflineDayRepository,
        codes: QueueCodes,
    ) -> None:
        self._context = context
        self._codes = codes
        self._offline_quotas = offline_quotas
        self._appointments = appointments
        self._offline_days = offline_days
        self._kept = Watching(context.clock, REVOCATIONS_KEPT_SECONDS)

    async def same_day(self, office_id: str, day: date | None, actor: Actor) -> tuple[date, list[Record[Appointment]]]:
        """Who comes today with the same-day service, paid for, by queue number; ready at 12:00 WIB of that day.

        Refuses with ``OfficeNotFound``, ``NotYourOffice`` and, before noon in Jakarta, ``SameDayListNotReady``.
        """
        office, now = self._context.own_office(office_id, actor), self._context.now()
        asked = day or local_date(now, office.timezone)
        ready_at = cut_off(asked, LIST_READY_WIB)
        if now < ready_at:
            raise SameDayListNotReady(ready_at=ready_at.isoformat())
        visits = await self._appointments.visits_of_day(office_id, asked)
        paid = [each for each in visits if each.state.status in _ON_THE_LIST]
        return asked, _by_number([each for each in paid if _is_same_day(each.state)])

    async def day_sheet(self, office_id: str, day: date, actor: Actor) -> DaySheet:
        """The visits that an office expects on a day, signed, for a day without network.

        Refuses with ``OfficeNotFound`` and ``NotYourOffice``.
        """
        return await self.sheet_of(self._context.own_office(office_id, actor), day)

    async def sheet_of(self, office: Office, day: date) -> DaySheet:
        """The same for whoever may ask for it anyway."""
        office_id, now = office.office_id, self._context.now()
        visits = await self._appointments.visits_of_day(office_id, day)
        expected = tuple(_by_number([each for each in visits if each.state.status in _EXPECTED]))
        quota = await self._offline_quotas.offline_quota(office_id, day)
        seats = quota.state.seats if quota is not None else 0
        content = {
            "office_id": office_id,
            "date": day.isoformat(),
            "made_at": now.isoformat(),
            "offline_seats": seats,
            "visits": [_line(each) for each in expected],
        }
        return DaySheet(office, day, now, seats, expected, self._codes.sign_content(SHEET_MARK, content))

    async def revocations(self) -> RevocationList:
        """The signed list of codes that are void although they are well signed, until their day is over."""
        seen = await self._kept.seen("revocations", self._revocations_now)
        if not isinstance(seen.data, RevocationList):
            raise TypeError("only the list is kept under its key")
        return seen.data

    async def _revocations_now(self) -> RevocationList:
        now = self._context.now()
        found = await self._offline_days.visits_with_void_codes(now)
        entries = sorted((record.id, _first_valid(record.state)) for record in found)
        version = int(now.timestamp() * 1000)
        valid_until = now + REVOCATIONS_VALID
        content = {
            "version": version,
            "issued_at": now.isoformat(),
            "valid_until": valid_until.isoformat(),
            "entries": [{"appointment_id": each, "below": below} for each, below in entries],
        }
        signed = self._codes.sign_content(REVOCATIONS_MARK, content)
        return RevocationList(
            version=version, issued_at=now, valid_until=valid_until, entries=len(entries), signed=signed
        )


_HAS_CODE: Final = (*_ON_THE_LIST, Status.MOVING)


def _first_valid(state: Appointment) -> int:
    """The lowest version of this visit's codes that still counts."""
    return state.code_version if state.status in _HAS_CODE else state.code_version + 1


def _is_same_day(visit: Appointment) -> bool:
    """Whether the office makes the book today: booked so, or the surcharge was paid at the counter."""
    hurried = visit.hurry is not None and visit.hurry.state is SameDayPlaceState.PAID
    return hurried or visit.seat.pool == Pool.SAME_DAY


def _by_number(visits: list[Record[Appointment]]) -> list[Record[Appointment]]:
    return sorted(visits, key=lambda each: (each.state.seat.starts_at, each.state.seat.number))


def _line(record: Record[Appointment]) -> dict[str, Any]:
    slot = record.state.seat
    return {
        "queue_number": slot.queue_number,
        "appointment_id": record.id,
        "code_version": record.state.code_version,
        "starts_at": slot.starts_at.isoformat(),
        "pool": slot.pool,
        "paid": record.state.status in _HAS_CODE,
    }
