"""How appointments are kept, and how the visits of an office's day are found."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, datetime
from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment, deadlines
from services.scheduling.booking.appointments.special_reschedule_right import SpecialState
from services.scheduling.booking.appointments.walk_in import WalkInReason
from services.scheduling.store_part import OnStore
from shared.clock import Clock
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Record

MOST_APPOINTMENTS: Final = 50
"""Of one application; a person holds one at a time."""

MOST_ASKED: Final = 200
"""Requests for a special reschedule that one listing shows; the oldest first, so that none starves."""

MOST_OF_DAY: Final = 5000
"""Appointments of one office and day that an answer looks at: ten times the largest published daily quota."""

COUNTED_AS: Final = "counted_as"
"""The unique index by which no number of a limit on holds is given twice."""

APPOINTMENT: Final = Kind(
    name="appointment",
    state=Appointment,
    deadlines=deadlines,
    batched=True,
    indexes=(
        Index("live_person", ("state.person_id",), unique=True, where={"state.live": True}),
        Index("application", ("state.application_id", "state.made_at")),
        Index("office_day", ("state.slot.office_id", "state.slot.date", "state.slot.starts_at")),
        Index(
            "special_asked",
            ("state.slot.office_id", "state.special.asked_at"),
            where={"state.special.state": SpecialState.ASKED},
        ),
        Index("void", ("state.void_until",)),
        Index("account", ("state.account_id",)),
        Index(
            "special_evidence",
            ("state.special.asked_at",),
            where={"state.special.state": tuple(map(str, SpecialState))},
        ),
        Index(
            "counter_evidence",
            ("state.walk_in.registered_at",),
            where={"state.walk_in.reason": tuple(map(str, WalkInReason))},
        ),
        Index(COUNTED_AS, ("state.counted_as",), unique=True, where={"state.counted": True}),
    ),
)


class AppointmentRepository(OnStore):
    """Appointments, each saved with its events."""

    async def appointment(self, appointment_id: str) -> Record[Appointment] | None:
        """Return the appointment, or None."""
        return await self._store.get(APPOINTMENT, appointment_id)

    async def appointments_of(self, application_id: str) -> list[Record[Appointment]]:
        """Return every appointment of an application, the newest first."""
        equals = {"state.application_id": application_id}
        return await self._store.find(APPOINTMENT, "application", equals, limit=MOST_APPOINTMENTS, descending=True)

    async def specials_asked(self, office_id: str) -> list[Record[Appointment]]:
        """Return the visits of an office whose special reschedule waits for its decision, the oldest first."""
        equals = {"state.slot.office_id": office_id, "state.special.state": SpecialState.ASKED}
        return await self._store.find(APPOINTMENT, "special_asked", equals, limit=MOST_ASKED)

    async def live_appointment_of(self, person_id: str) -> Record[Appointment] | None:
        """Return the one live appointment of a person, or None."""
        found = await self._store.find(APPOINTMENT, "live_person", {"state.person_id": person_id}, limit=1)
        return found[0] if found else None

    async def allowances_taken(self, keys: Sequence[str]) -> set[str]:
        """Return which of these numbers of limits on holds are taken."""
        equals = {"state.counted_as": tuple(keys)}
        found = await self._store.find(APPOINTMENT, COUNTED_AS, equals, limit=len(keys))
        return {key for record in found for key in record.state.counted_as}.intersection(keys)

    async def begin(
        self, appointment_id: str, decision: Decision[Appointment], now: datetime, received: str | None = None
    ) -> Record[Appointment]:
        """Insert a new appointment with its events."""
        return await self._store.insert(
            APPOINTMENT, appointment_id, decision.state, now=now, events=decision.events, received=received
        )

    async def save(
        self, record: Record[Appointment], decision: Decision[Appointment], now: datetime, received: str | None = None
    ) -> Record[Appointment]:
        """Save the appointment with its events. Raises VersionConflict if it was changed since it was read."""
        return await self._store.save(
            APPOINTMENT, record, decision.state, now=now, events=decision.events, received=received
        )

    async def change(
        self,
        appointment_id: str,
        decide: Callable[[Appointment], Decision[Appointment] | None],
        clock: Clock,
        *,
        received: str | None = None,
        first: Record[Appointment] | None = None,
    ) -> Record[Appointment]:
        """Load, decide and save an appointment, as `shared.store.change` does."""
        return await change(self._store, clock, APPOINTMENT, appointment_id, decide, received=received, first=first)

    def every_appointment(self) -> AsyncIterator[Record[Appointment]]:
        """Yield all appointments, for checks."""
        return self._store.scan(APPOINTMENT)

    async def visits_of_day(self, office_id: str, day: date) -> list[Record[Appointment]]:
        """Return every appointment, whatever its state, whose last seat lies on that day of the office."""
        equals = {"state.slot.office_id": office_id, "state.slot.date": day}
        return await self._store.find(APPOINTMENT, "office_day", equals, limit=MOST_OF_DAY)
