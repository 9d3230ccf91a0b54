"""The signed sheet of a day: what an office expects, for a day without network.

Here as signed text; `views.py` shows it as JSON, `pdf.py` with `data/day_sheet.typ` as paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.office import Office
from services.scheduling.offices.repository import OfflineQuotaRepository
from services.scheduling.visit.offline.verifier import SHEET_MARK
from shared.store.kinds import Record

PAID: Final = (Status.CONFIRMED, Status.CHECKED_IN, Status.ON_PROOF, Status.USED, Status.USED_ON_PROOF)
"""States of a visit that is paid, or let in on a proof."""

WITH_CODE: Final = (*PAID, Status.MOVING)
"""States of a visit whose queue code is good."""

_EXPECTED: Final = (*WITH_CODE, Status.HELD, Status.AWAITING_PAYMENT)


@dataclass(frozen=True)
class DaySheet:
    """The visits of an office's day, and the same as a signed text."""

    office: Office
    day: date
    made_at: datetime
    offline_seats: int
    visits: tuple[Record[Appointment], ...]
    signed: str


class DaySheets:
    """Makes day sheets; reads only."""

    def __init__(
        self,
        context: UseCaseContext,
        offline_quotas: OfflineQuotaRepository,
        appointments: AppointmentRepository,
        codes: QueueCodes,
    ) -> None:
        self._context = context
        self._offline_quotas = offline_quotas
        self._appointments = appointments
        self._codes = codes

    async def make(self, office_id: str, day: date, actor: Actor) -> DaySheet:
        """Return the signed sheet of the actor's own office.

        Raises:
            OfficeNotFound: no such office.
            NotYourOffice: the actor works at another one.
        """
        return await self.make_for(self._context.own_office(office_id, actor), day)

    async def make_for(self, office: Office, day: date) -> DaySheet:
        """Return the signed sheet of an office, for a caller whose right to it is known."""
        office_id, now = office.office_id, self._context.now()
        visits = await self._appointments.visits_of_day(office_id, day)
        expected = tuple(by_number([visit for visit in visits if visit.state.status in _EXPECTED]))
        quota = await self._offline_quotas.offline_quota(office_id, day)
        seats = quota.state.seats if quota is not None else 0
        content = {
            "office_id": office_id,
            "date": day.isoformat(),
            "made_at": now.isoformat(),
            "offline_seats": seats,
            "visits": [_line(visit) for visit in expected],
        }
        return DaySheet(office, day, now, seats, expected, self._codes.sign_content(SHEET_MARK, content))


def by_number(visits: list[Record[Appointment]]) -> list[Record[Appointment]]:
    """Return the visits by time, then by number in their session."""
    return sorted(visits, key=lambda visit: (visit.state.seat.starts_at, visit.state.seat.number))


def _line(record: Record[Appointment]) -> dict[str, Any]:
    slot = record.state.seat
    return {
        "queue_number": slot.queue_number,
        "appointment_id": record.id,
        "code_version": record.state.code_version,
        "starts_at": slot.starts_at.isoformat(),
        "pool": slot.pool,
        "paid": record.state.status in WITH_CODE,
    }
