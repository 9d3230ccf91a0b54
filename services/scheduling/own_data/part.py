"""Scheduling's part of an export: visits and waiting entries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.waiting_list.entry import Waiting
from services.scheduling.booking.waiting_list.repository import WaitingListRepository
from shared.events.identity import DataExportAsked
from shared.own_data.part import Correction, OwnData, own
from shared.own_data.staff_acts import OwnStaffAct, list_staff_acts
from shared.store.kinds import Record
from shared.store.port import Store


class OwnSpecialReschedule(OwnData):
    """A new date after a missed or broken-off visit."""

    state: str = own("Keadaan", "State")
    cause: str = own("Sebab", "Cause")
    asked_at: datetime | None = own("Diminta pada", "Asked for at")
    evidence: str | None = own("Bukti yang disebutkan", "Evidence that was named", Correction.OFFICE)
    decided_at: datetime | None = own("Diputuskan pada", "Decided at")
    reason: str | None = own("Alasan keputusan", "Reason of the decision")


class OwnVisit(OwnData):
    """A visit, from the hold to its end."""

    appointment_id: str = own("Nomor kunjungan", "Appointment number")
    application_id: str = own("Permohonan", "Application")
    state: str = own("Keadaan", "State")
    made_at: datetime = own("Dibuat pada", "Made at")
    office_id: str | None = own("Kantor", "Office", Correction.VISIT)
    starts_at: datetime | None = own("Mulai", "Starts at", Correction.VISIT)
    ends_at: datetime | None = own("Selesai", "Ends at", Correction.VISIT)
    queue_number: str | None = own("Nomor antrean", "Queue number")
    priority: str | None = own("Dasar prioritas", "Ground of priority", Correction.OFFICE)
    checked_in_at: datetime | None = own("Datang pada", "Checked in at")
    released_for: str | None = own("Alasan dilepas", "Reason of its release")
    moves_made: int = own("Berapa kali dipindahkan", "Times it was moved")
    special: OwnSpecialReschedule | None = own("Jadwal ulang khusus", "Special reschedule")


class OwnWaitingEntry(OwnData):
    """A wait for a freed seat."""

    waiting_id: str = own("Nomor tunggu", "Waiting number")
    application_id: str = own("Permohonan", "Application")
    state: str = own("Keadaan", "State")
    office_ids: list[str] = own("Kantor", "Offices")
    first: date = own("Dari tanggal", "From")
    last: date = own("Sampai tanggal", "To")
    made_at: datetime = own("Dibuat pada", "Made at")


class SchedulingPart(OwnData):
    """All that scheduling keeps of a person."""

    visits: list[OwnVisit] = own("Kunjungan", "Visits")
    waiting: list[OwnWaitingEntry] = own("Daftar tunggu", "Waiting list")
    staff_acts: list[OwnStaffAct] = own("Dibaca dan dikerjakan petugas", "Read and done by staff")


OpenEvidence = Callable[[Record[Appointment]], Awaitable[str | None]]
"""Opens the evidence that an applicant named for a special reschedule."""


class SchedulingParts:
    """Collects scheduling's part."""

    def __init__(
        self,
        store: Store,
        appointments: AppointmentRepository,
        waiting_list: WaitingListRepository,
        open_evidence: OpenEvidence,
    ) -> None:
        self._store = store
        self._appointments = appointments
        self._waiting_list = waiting_list
        self._open_evidence = open_evidence

    async def collect(self, asked: DataExportAsked) -> SchedulingPart:
        """Return the visits of these applications and the waiting entries of these accounts."""
        visits = [
            await self._visit(record)
            for application_id in asked.application_ids
            for record in await self._appointments.appointments_of(application_id)
            if record.state.account_id in asked.account_ids
        ]
        entries = await self._waiting_list.waiting_of_accounts(asked.account_ids)
        subjects = (*asked.application_ids, *(visit.appointment_id for visit in visits))
        return SchedulingPart(
            visits=visits,
            waiting=[_entry(record) for record in entries],
            staff_acts=await list_staff_acts(self._store, subjects),
        )

    async def _visit(self, record: Record[Appointment]) -> OwnVisit:
        visit, slot = record.state, record.state.slot
        return OwnVisit(
            appointment_id=record.id,
            application_id=visit.application_id,
            state=visit.status.value,
            made_at=visit.made_at,
            office_id=slot.office_id if slot else None,
            starts_at=slot.starts_at if slot else None,
            ends_at=slot.ends_at if slot else None,
            queue_number=slot.queue_number if slot else None,
            priority=visit.priority.need.value if visit.priority else None,
            checked_in_at=visit.checked_in_at,
            released_for=visit.released_for.value if visit.released_for else None,
            moves_made=visit.moves_made,
            special=await self._special(record),
        )

    async def _special(self, record: Record[Appointment]) -> OwnSpecialReschedule | None:
        special = record.state.special
        if special is None:
            return None
        return OwnSpecialReschedule(
            state=special.state.value,
            cause=special.cause.value,
            asked_at=special.asked_at,
            evidence=await self._open_evidence(record),
            decided_at=special.decided_at,
            reason=special.reason,
        )


def _entry(record: Record[Waiting]) -> OwnWaitingEntry:
    entry = record.state
    return OwnWaitingEntry(
        waiting_id=record.id,
        application_id=entry.application_id,
        state=entry.status.value,
        office_ids=list(entry.office_ids),
        first=entry.first,
        last=entry.last,
        made_at=entry.made_at,
    )
