"""Import of arrivals that an office wrote down while the service was away: a file, each line exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.scheduling.booking.appointments import visit_transitions
from services.scheduling.booking.appointments.appointment import Appointment, Command, Status, can
from services.scheduling.booking.appointments.queue_codes import QueueCodeInvalid, QueueCodes
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.office import Office
from services.scheduling.offices.offline_quota import OfflineQuota, used_up
from services.scheduling.offices.repository import OfflineQuotaRepository
from services.scheduling.terms import local_date
from services.scheduling.visit.day_sheets.errors import OfflineDayAhead
from services.scheduling.visit.evidence import OFFLINE_EVIDENCE, EvidenceVault, line_owner
from services.scheduling.visit.offline import offline_day as offline
from services.scheduling.visit.offline.offline_day import (
    LineKind,
    LineOutcome,
    OfflineDay,
    OfflineLine,
    RecordedLine,
    TriedLine,
)
from services.scheduling.visit.offline.repository import OfflineDayRepository
from shared.audit import Audit
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists

_UNPAID: Final = (Status.HELD, Status.AWAITING_PAYMENT, Status.OFFERED)


@dataclass(frozen=True)
class OfflineFile:
    """The file that an office sends after a day without the service."""

    office_id: str
    day: date
    lines: Sequence[OfflineLine]
    actor: Actor
    command_id: str


@dataclass(frozen=True)
class ImportResult:
    """The outcome of each line, in the order of the file, and how much of the offline quota is used."""

    outcomes: tuple[tuple[str, LineOutcome], ...]
    seats: int
    used: int


class OfflineVisits:
    """Imports offline days."""

    def __init__(
        self,
        context: UseCaseContext,
        offline_quotas: OfflineQuotaRepository,
        appointments: AppointmentRepository,
        offline_days: OfflineDayRepository,
        codes: QueueCodes,
        audit: Audit,
    ) -> None:
        self._context = context
        self._codes = codes
        self._offline_quotas = offline_quotas
        self._appointments = appointments
        self._evidence = EvidenceVault(context.person_keys)
        self._offline_days = offline_days
        self._audit = audit

    async def import_file(self, file: OfflineFile) -> ImportResult:
        """Record the arrivals of a file. The same file, or a part of it, may be sent again: each line counts once.

        Lines without a booking count only within the offline quota that was opened for the day. Refuses with
        ``OfficeNotFound``, ``NotYourOffice`` and ``OfflineDayAhead``; a wrong line has its outcome and no others fail.
        """
        office = self._context.own_office(file.office_id, file.actor)
        if file.day > local_date(self._context.now(), office.timezone):
            raise OfflineDayAhead(field="/date")
        await self._audit.note(
            file.actor,
            "offline_day.imported",
            subject=f"{office.office_id}:{file.day.isoformat()}",
            reason="offline_day",
            command_id=file.command_id,
        )
        tried = [await self._try(office, file, line) for line in file.lines]
        return await self._write(file, tried)

    async def _write(self, file: OfflineFile, tried: Sequence[TriedLine]) -> ImportResult:
        office_id, day, clock = file.office_id, file.day, self._context.clock
        quota = await self._offline_quotas.offline_quota(office_id, day)
        seats = quota.state.seats if quota is not None else 0
        outcomes: tuple[tuple[str, LineOutcome], ...] = ()

        def import_lines(known: OfflineDay) -> Decision[OfflineDay]:
            nonlocal outcomes
            state, outcomes = offline.imported(known, tried, seats)
            return Decision(state)

        used = (await self._offline_days.change_offline_day(office_id, day, import_lines, clock)).state.used

        def show_used(known: OfflineQuota) -> Decision[OfflineQuota]:
            return Decision(used_up(known, used))

        # the lines decide; the quota only shows how much of it they use
        await self._offline_quotas.change_offline_quota(office_id, day, show_used, clock)
        return ImportResult(outcomes, seats, used)

    async def _try(self, office: Office, file: OfflineFile, line: OfflineLine) -> TriedLine:
        now, by = self._context.now(), file.actor.account_id
        if line.kind is LineKind.COUNTER:
            sealed, owner = None, line_owner(office.office_id, file.day, line.line_id)
            if line.evidence:
                sealed = await self._evidence.seal(
                    line.evidence, subject_id=owner, owner_id=owner, field=OFFLINE_EVIDENCE
                )
            return TriedLine(
                line.line_id,
                RecordedLine(line.kind, line.arrived_at, by, now, reason=line.reason, evidence=sealed),
            )
        found = await self._find(file, line)
        if isinstance(found, LineOutcome):
            return TriedLine(line.line_id, None, found)
        refused = await self._arrive(office, file, line, found.id)
        if refused is not None:
            return TriedLine(line.line_id, None, refused)
        return TriedLine(line.line_id, RecordedLine(line.kind, line.arrived_at, by, now, appointment_id=found.id))

    async def _find(self, file: OfflineFile, line: OfflineLine) -> Record[Appointment] | LineOutcome:
        if line.number is not None:
            visits = await self._appointments.visits_of_day(file.office_id, file.day)
            here = [visit for visit in visits if visit.state.seat.queue_number == line.number]
            return next((visit for visit in here if _may_have_come(visit.state)), LineOutcome.UNKNOWN_VISIT)
        appointment_id = line.appointment_id or ""
        version = None
        if line.queue_code is not None:
            try:
                ticket = self._codes.verify(line.queue_code)
            except QueueCodeInvalid:
                return LineOutcome.CODE_NOT_VALID
            appointment_id, version = ticket.appointment_id, ticket.version
        record = await self._appointments.appointment(appointment_id)
        if record is None or record.state.slot is None:
            return LineOutcome.UNKNOWN_VISIT
        if version is not None and version != record.state.code_version:
            return LineOutcome.CODE_REPLACED
        return record

    async def _arrive(
        self, office: Office, file: OfflineFile, line: OfflineLine, appointment_id: str
    ) -> LineOutcome | None:
        command_id = derived_id("offline", office.office_id, file.day.isoformat(), line.line_id)

        def arrive(state: Appointment) -> Decision[Appointment] | None:
            if state.checked_in_at is not None or _refusal(state, office.office_id, file.day) is not None:
                return None
            return visit_transitions.record_arrival(appointment_id, state, line.arrived_at)

        try:
            record = await self._appointments.change(appointment_id, arrive, self._context.clock, received=command_id)
        except AlreadyExists:
            # the person was taken for missed and has another visit by now
            return LineOutcome.NOT_POSSIBLE
        if record.has_received(command_id) or record.state.checked_in_at is not None:
            return None
        return _refusal(record.state, office.office_id, file.day)


def _refusal(state: Appointment, office_id: str, day: date) -> LineOutcome | None:
    """Return why the arrival at this office on this day cannot be recorded, or None."""
    if state.seat.office_id != office_id:
        return LineOutcome.OTHER_OFFICE
    if state.seat.date != day:
        return LineOutcome.OTHER_DAY
    if state.status in _UNPAID:
        return LineOutcome.NOT_PAID
    return None if can(state, Command.RECORD_ARRIVAL) else LineOutcome.NOT_POSSIBLE


def _may_have_come(state: Appointment) -> bool:
    return state.checked_in_at is not None or can(state, Command.RECORD_ARRIVAL)
