"""What every use case stands on: the platform, the rules, the repository, the offices, the signer; and who asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.scheduling import errors
from services.scheduling.booking.abuse.activity_counters import ConductBook
from services.scheduling.booking.abuse.hold_allowances import HoldAllowances
from services.scheduling.booking.appointments.appointment import Appointment, Status, can, ticket_of
from services.scheduling.booking.appointments.appointment import Command as AppointmentCommand
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.booking.seats.seat import Slot
from services.scheduling.office import Office
from services.scheduling.repository import ApplicationCopy, Repository
from services.scheduling.rules import Rules
from shared.clock import Clock
from shared.errors import NotFound, NotKnownYet
from shared.facts import once_known
from shared.ids import Ids
from shared.randomness import Randomness
from shared.store.kinds import Record


@dataclass(frozen=True)
class Who:
    """Who asks: an applicant by account, or staff by office."""

    account_id: str
    office_id: str | None = None
    is_staff: bool = False
    role: str = "applicant"


class OfficeDirectory:
    """Every office, in memory: reference data that changes with a release."""

    def __init__(self) -> None:
        self._offices: dict[str, Office] = {}

    def fill(self, offices: Iterable[Office]) -> None:
        """Replace what is known."""
        self._offices = {office.office_id: office for office in offices}

    def __getitem__(self, office_id: str) -> Office:
        """The office; refuses with ``OfficeNotFound``."""
        office = self._offices.get(office_id)
        if office is None:
            raise errors.OfficeNotFound(office_id=office_id)
        return office

    def all(self) -> list[Office]:
        """Every office, by name."""
        return sorted(self._offices.values(), key=lambda office: office.name)


@dataclass(frozen=True)
class Desk:
    """The parts that use cases share."""

    repository: Repository
    clock: Clock
    ids: Ids
    randomness: Randomness
    rules: Rules
    offices: OfficeDirectory
    codes: QueueCodes
    conduct: ConductBook
    allowances: HoldAllowances

    def now(self) -> datetime:
        """The time."""
        return self.clock.now()

    def queue_code(self, appointment_id: str, slot: Slot, version: int) -> str:
        """The signed queue code of a visit."""
        return self.codes.sign(ticket_of(appointment_id, slot, version))

    async def known_application(self, application_id: str) -> ApplicationCopy:
        """What is known of a submitted application; waits a moment for it to arrive, then ``NotKnownYet``."""

        async def look() -> ApplicationCopy | None:
            record = await self.repository.application(application_id)
            return record.state if record is not None and record.state.submitted else None

        known = await once_known(look, self.clock)
        if known is not None:
            return known
        raise NotKnownYet(
            "The submitted application is not known here yet.",
            detail_id="Permohonan yang diajukan belum diketahui di sini.",
        )

    async def visible(self, appointment_id: str, who: Who) -> Record[Appointment]:
        """The appointment, for its owner or its office. ``NotFound`` for other applicants, ``NotYourOffice`` for
        other staff."""
        record = await self.repository.appointment(appointment_id)
        if record is None or record.state.slot is None:
            raise NotFound
        refuse_strangers(record.state, who)
        return record


def refuse_strangers(appointment: Appointment, who: Who) -> None:
    """Nothing, for the owner and for staff of the office; refuses others."""
    if who.is_staff:
        if appointment.slot is not None and appointment.slot.office_id != who.office_id:
            raise errors.NotYourOffice
    elif appointment.account_id != who.account_id:
        raise NotFound


def refuse_impossible(appointment: Appointment, command: AppointmentCommand) -> None:
    """Nothing, if the command is possible; else the refusal that fits where the appointment stands."""
    if can(appointment, command):
        return
    if appointment.status is Status.MOVING:
        raise errors.BeingMoved
    raise errors.NotPossibleNow(state=appointment.status.value)
