"""What scheduling keeps: offices, sessions, seats, appointments and a copy of what it knows of applications."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from services.scheduling.domain.appointments import Applying, Appointment, Decision, deadlines
from services.scheduling.domain.offices import Office
from services.scheduling.domain.seats import Seat, SeatStatus, seat_deadlines
from services.scheduling.domain.sessions import Session, seats_of, session_deadlines
from shared.ids import derived_id
from shared.store.kinds import Index, Kind, Range, Record
from shared.store.port import Store

MOST_OFFICES: Final = 1000
MOST_SESSIONS: Final = 2000
"""Of one answer; an office opens two sessions a day and no question spans more than a month or two."""
MOST_APPOINTMENTS: Final = 50
"""Of one application; a person holds one at a time."""


@dataclass(frozen=True)
class ApplicationCopy:
    """What scheduling must know of an application, from the facts that application publishes."""

    account_id: str
    person_id: str
    submitted: bool
    withdrawn: bool = False
    minor: bool = False

    def applying(self, application_id: str) -> Applying:
        """Whose seat it would be."""
        return Applying(application_id, self.account_id, self.person_id)


OFFICE: Final = Kind(name="office", state=Office, bare=True, indexes=(Index("name", ("state.name",)),))

SESSION: Final = Kind(
    name="session",
    state=Session,
    bare=True,
    deadlines=session_deadlines,
    indexes=(
        Index("office_time", ("state.office_id", "state.starts_at")),
        Index("day", ("state.date", "state.office_id")),
    ),
)

SEAT: Final = Kind(
    name="seat",
    state=Seat,
    bare=True,
    deadlines=seat_deadlines,
    indexes=(
        Index(
            "free",
            ("state.session_id", "state.pool", "state.place", "state.starts_at"),
            where={"state.status": SeatStatus.FREE},
        ),
        Index("session_number", ("state.session_id", "state.number")),
    ),
)

APPOINTMENT: Final = Kind(
    name="appointment",
    state=Appointment,
    deadlines=deadlines,
    indexes=(
        Index("live_person", ("state.person_id",), unique=True, where={"state.live": True}),
        Index("application", ("state.application_id", "state.made_at")),
    ),
)

APPLICATION_COPY: Final = Kind(name="application_copy", state=ApplicationCopy, bare=True)

KINDS: Final = (OFFICE, SESSION, SEAT, APPOINTMENT, APPLICATION_COPY)


def session_id_of(office_id: str, day: date, start: str) -> str:
    """The one id of the session that begins then and there."""
    return derived_id("session", office_id, day.isoformat(), start)


def seat_id_of(session_id: str, seat: Seat) -> str:
    """The one id of a seat."""
    return derived_id("seat", session_id, seat.pool, str(seat.number))


@dataclass(frozen=True)
class Claim:
    """Who reaches for a seat, under which fresh token, and until when the claim counts without an appointment."""

    by: str
    token: str
    until: datetime


class Repository:
    """The only place that names collections, indexes and queries."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def offices(self) -> list[Record[Office]]:
        """Every office, by name."""
        return await self._store.find(OFFICE, "name", limit=MOST_OFFICES)

    async def keep_offices(self, offices: Iterable[Office], now: datetime) -> None:
        """Write the offices that are missing or differ."""
        wanted = {office.office_id: office for office in offices}
        await self._store.insert_missing(OFFICE, list(wanted.items()), now=now)
        for record in await self.offices():
            office = wanted.get(record.id, record.state)
            if office != record.state:
                await self._store.save(OFFICE, record, office, now=now)

    async def session(self, session_id: str) -> Record[Session] | None:
        """The session, or none."""
        return await self._store.get(SESSION, session_id)

    async def sessions_on(self, day: date) -> list[Record[Session]]:
        """The sessions of all offices on a day, also those that are being opened."""
        return await self._store.find(SESSION, "day", {"state.date": day}, limit=MOST_OFFICES * 10)

    async def sessions(self, office_ids: Sequence[str], since: datetime, until: datetime) -> list[Record[Session]]:
        """Sessions of these offices that start in that time, by office, then by time."""
        offices = {"state.office_id": tuple(office_ids)}
        within = {"state.starts_at": Range(since, until)}
        return await self._store.find(SESSION, "office_time", offices, within=within, limit=MOST_SESSIONS)

    async def begin_sessions(self, sessions: Sequence[tuple[str, Session]], now: datetime) -> int:
        """Write those sessions that are not there yet; tells how many. They are not seen before their seats are."""
        return await self._store.insert_missing(SESSION, sessions, now=now)

    async def write_seats(self, sessions: Sequence[Record[Session]], now: datetime) -> None:
        """Write those seats of these sessions that are not there yet."""
        seats = [(record.id, seat) for record in sessions for seat in seats_of(record.id, record.state)]
        await self._store.insert_missing(SEAT, [(seat_id_of(each, seat), seat) for each, seat in seats], now=now)

    async def save_session(self, record: Record[Session], session: Session, now: datetime) -> Record[Session]:
        """Replace a session if nobody else did."""
        return await self._store.save(SESSION, record, session, now=now)

    async def free_seats(self, session_ids: Sequence[str]) -> dict[tuple[str, str], int]:
        """Free seats by session and pool; what has none is absent."""
        by = ("state.session_id", "state.pool")
        counted = await self._store.tally(SEAT, "free", by, {"state.session_id": tuple(session_ids)})
        return {(session_id, pool): free for (session_id, pool), free in counted.items()}

    async def seats_of(self, session_id: str) -> list[Record[Seat]]:
        """Every seat of a session, by number."""
        return await self._store.find(SEAT, "session_number", {"state.session_id": session_id}, limit=MOST_SESSIONS)

    async def seat(self, seat_id: str) -> Record[Seat] | None:
        """The seat, or none."""
        return await self._store.get(SEAT, seat_id)

    async def save_seat(self, record: Record[Seat], seat: Seat, now: datetime) -> Record[Seat]:
        """Replace a seat if nobody else did."""
        return await self._store.save(SEAT, record, seat, now=now)

    async def claim_free_seat(
        self, session_id: str, pool: str, claim: Claim, *, places: Range, starts_from: datetime, now: datetime
    ) -> Record[Seat] | None:
        """Take the first free seat at these places of the pool, in one conditional write; none if there is none.

        It does what :func:`~services.scheduling.domain.seats.claimed` says, on whichever free seat is met.
        """
        change = {
            "state.status": SeatStatus.CLAIMED,
            "state.claimed_by": claim.by,
            "state.token": claim.token,
            "state.claim_until": claim.until,
            "due": {"claim": claim.until},
            "next_due_at": claim.until,
        }
        within = {"state.place": places, "state.starts_at": Range(low=starts_from)}
        equals = {"state.session_id": session_id, "state.pool": pool}
        return await self._store.claim_one(SEAT, "free", equals, change, within=within, now=now)

    async def appointment(self, appointment_id: str) -> Record[Appointment] | None:
        """The appointment, or none."""
        return await self._store.get(APPOINTMENT, appointment_id)

    async def appointments_of(self, application_id: str) -> list[Record[Appointment]]:
        """Every appointment of an application, the newest first."""
        equals = {"state.application_id": application_id}
        return await self._store.find(APPOINTMENT, "application", equals, limit=MOST_APPOINTMENTS, descending=True)

    async def live_appointment_of(self, person_id: str) -> Record[Appointment] | None:
        """The one live appointment of a person, or none."""
        found = await self._store.find(APPOINTMENT, "live_person", {"state.person_id": person_id}, limit=1)
        return found[0] if found else None

    async def begin(
        self, appointment_id: str, decision: Decision, now: datetime, received: str | None = None
    ) -> Record[Appointment]:
        """Write a new appointment and what is said about it."""
        return await self._store.insert(
            APPOINTMENT, appointment_id, decision.state, now=now, events=decision.events, received=received
        )

    async def save(
        self, record: Record[Appointment], decision: Decision, now: datetime, received: str | None = None
    ) -> Record[Appointment]:
        """Replace an appointment if nobody else did, with what is said about it."""
        return await self._store.save(
            APPOINTMENT, record, decision.state, now=now, events=decision.events, received=received
        )

    async def application(self, application_id: str) -> Record[ApplicationCopy] | None:
        """What is known of an application, or none."""
        return await self._store.get(APPLICATION_COPY, application_id)

    async def begin_application(self, application_id: str, copy: ApplicationCopy, now: datetime) -> None:
        """Keep what is known of an application for the first time."""
        await self._store.insert(APPLICATION_COPY, application_id, copy, now=now)

    async def save_application(self, record: Record[ApplicationCopy], copy: ApplicationCopy, now: datetime) -> None:
        """Replace what is known of an application."""
        await self._store.save(APPLICATION_COPY, record, copy, now=now)

    def every_session(self) -> AsyncIterator[Record[Session]]:
        """All sessions, for checks."""
        return self._store.scan(SESSION)

    def every_appointment(self) -> AsyncIterator[Record[Appointment]]:
        """All appointments, for checks."""
        return self._store.scan(APPOINTMENT)

    def every_seat(self) -> AsyncIterator[Record[Seat]]:
        """All seats, for checks."""
        return self._store.scan(SEAT, batch=1000)

    async def seat_counts(self) -> Mapping[str, int]:
        """How many seats each session has."""
        counted = await self._store.tally(SEAT, "session_number", ("state.session_id",))
        return {session_id: count for (session_id,), count in counted.items()}
