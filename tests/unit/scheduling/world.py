"""A small world for scheduling's tests: two offices, one session each, invented people, a clock that obeys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from services.scheduling.app import build
from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.booking_path import HoldWish
from services.scheduling.booking.appointments.move import Target
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.booking.appointments.reschedule import MoveWish
from services.scheduling.booking.seats.seat import Seat
from services.scheduling.config import Settings
from services.scheduling.context import Actor
from services.scheduling.office import Office
from services.scheduling.offices.repository import session_id_of
from services.scheduling.offices.session import SessionPlan, WeeklyTemplate, WeeklyTemplates
from services.scheduling.repositories import KINDS
from services.scheduling.terms import Pool
from services.scheduling.use_cases import Scheduling
from services.scheduling.visit.day_sheets.day_sheet import DaySheet
from services.scheduling.visit.day_sheets.evening_sheets import SheetWriters
from services.scheduling.visit.day_sheets.views import sheet_json
from shared.clock import ManualClock
from shared.crypto.keyring import Keyring
from shared.deadlines import LEASE_SECONDS, DeadlineWorker
from shared.events import application, billing
from shared.events.codes import MoveCause
from shared.events.message import Event
from shared.service import Parts
from shared.store import Record, Store
from shared.store.memory import MemoryStore
from tests.unit.world import NOWHERE, assert_rules_hold, envelope_of, key, seeded_platform

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""A Monday, 09:00 in Jakarta."""
TUESDAY = date(2026, 11, 24)
SOUTH = Office(
    "jakarta-selatan",
    "Jakarta Selatan",
    "I Khusus",
    False,
    "Kota",
    "3174",
    "DKI",
    "WIB",
    "Asia/Jakarta",
    working_area=("Kota Administrasi Jakarta Selatan",),
)
NORTH = Office("jakarta-utara", "Jakarta Utara", "I", True, "Kota", "3172", "DKI", "WIB", "Asia/Jakarta")
EAST = Office(
    "merauke",
    "Merauke",
    "II",
    True,
    "Merauke",
    "9301",
    "Papua Selatan",
    "WIT",
    "Asia/Jayapura",
    working_area=("Kabupaten Merauke", "Kabupaten Boven Digoel"),
)
KEYS = key("k1", ord("1"))
BOSS = Actor("admin-account", SOUTH.office_id, is_staff=True)
FRONT = Actor("front-account", SOUTH.office_id, is_staff=True)


def plan(seats: int = 2, start: time = time(8), **pools: int) -> SessionPlan:
    """A session of two hours with that many regular seats."""
    wanted = {Pool.REGULAR: seats} | {Pool(name): size for name, size in pools.items()}
    end = time(start.hour + 2, start.minute)
    return SessionPlan(start, end, booths=100, service_minutes=30, staff=100, pools=wanted)


async def plain_paper(sheet: DaySheet) -> bytes:
    """A sheet that costs no typesetting."""
    return f"%PDF {sheet.office.name} {sheet.day}: {len(sheet.visits)}".encode()


def weekly(*plans: SessionPlan) -> WeeklyTemplates:
    """Every day the same sessions, in every office."""
    return WeeklyTemplates(WeeklyTemplate(frozenset(range(7)), plans))


def settings(**changes: Any) -> Settings:
    """Settings of a test process; the clock is a test's own, so real durations do not hurt."""
    given: dict[str, Any] = {
        **NOWHERE,
        "master_keys": KEYS,
        "fingerprint_keys": KEYS,
        "queue_code_signing_keys": KEYS,
        "horizon_days": 5,
    }
    return Settings.load(**(given | changes))


def number_of(person: str) -> str:
    """The number on the letter of a person's application."""
    return f"2026{int.from_bytes(person.encode()[:5]) % 10**12:012d}"


@dataclass
class World:
    """The service on a store in memory."""

    store: Store
    clock: ManualClock
    parts: Parts
    base: MemoryStore
    worker: DeadlineWorker
    heard: list[Event] = field(default_factory=list)
    messages: int = 0

    @property
    def service(self) -> Scheduling:
        service: Scheduling = self.parts.service
        return service

    def session_id(self, office: Office = SOUTH, day: date = TUESDAY, start: str = "08:00") -> str:
        return session_id_of(office.office_id, day, start)

    async def hear(self, said: Event, message_id: str | None = None, *, version: int = 1) -> None:
        """Deliver one event, as the dispatcher would."""
        self.messages += 1
        envelope = envelope_of(
            said, self.clock.now(), version=version, message_id=message_id or f"message-{self.messages}"
        )
        await self.parts.events[type(said)](said, envelope)

    async def submitted(
        self, person: str = "ani", *, account: str | None = None, application_id: str = "", age: str | None = None
    ) -> str:
        """A person's application is known; gives its id."""
        application_id = application_id or f"application-{person}"
        said = application.ApplicationSubmitted(
            application_id=application_id,
            account_id=account or f"account-{person}",
            applicant_id=f"applicant-{person}",
            person_id=f"person-{person}",
            passport_kind="electronic",
            validity_years=10,
            reason="new",
            age_band=age,
            application_number=number_of(person),
            submitted_at=self.clock.now(),
        )
        await self.hear(said)
        return application_id

    def wish(self, person: str = "ani", key: str = "", **changes: Any) -> HoldWish:
        given: dict[str, Any] = {
            "application_id": f"application-{person}",
            "session_id": self.session_id(),
            "pool": Pool.REGULAR,
            "actor": Actor(f"account-{person}"),
            "command_id": f"hold-{person}{key}",
        }
        return HoldWish(**(given | changes))

    async def hold(self, person: str = "ani", key: str = "", **changes: Any) -> Record[Appointment]:
        """Submit and hold."""
        await self.submitted(person)
        return await self.service.booking.hold(self.wish(person, key, **changes))

    async def paid(self, person: str = "ani", **changes: Any) -> Record[Appointment]:
        """Submit, hold and pay."""
        held = await self.hold(person, **changes)
        await self.hear(self.bill(billing.BillPaid, held, amount=350_000, paid_at=self.clock.now()))
        return await self.appointment(held.id)

    def bill(self, fact: type[Any], held: Record[Appointment], bill_id: str = "", **rest: Any) -> Any:
        """A fact about the bill of an appointment."""
        return fact(
            bill_id=bill_id or f"bill-{held.id}",
            application_id=held.state.application_id,
            account_id=held.state.account_id,
            appointment_id=held.id,
            purpose="fee",
            **rest,
        )

    def requested(self, held: Record[Appointment]) -> billing.BillRequested:
        said: billing.BillRequested = self.bill(billing.BillRequested, held, amount=350_000, legal_basis="PP 45/2024")
        return said

    def paid_fact(self, held: Record[Appointment], receipt_id: str | None = None) -> billing.BillPaid:
        """That the bill of an appointment is paid, with which money."""
        said: billing.BillPaid = self.bill(
            billing.BillPaid, held, amount=350_000, paid_at=self.clock.now(), receipt_id=receipt_id
        )
        return said

    def late(self, held: Record[Appointment], receipt_id: str = "receipt") -> billing.PaymentArrivedLate:
        said: billing.PaymentArrivedLate = self.bill(
            billing.PaymentArrivedLate, held, receipt_id=receipt_id, amount=350_000, paid_at=self.clock.now()
        )
        return said

    def move(self, record: Record[Appointment], session_id: str, key: str = "move") -> MoveWish:
        return MoveWish(record.id, session_id, Actor(record.state.account_id), key)

    async def begin_move(
        self, record: Record[Appointment], session_id: str, cause: MoveCause = MoveCause.ASKED, command_id: str = "move"
    ) -> Record[Appointment]:
        """The first of a move's three writes, and then a crash."""
        target = Target(session_id, record.state.seat.pool, self.parts.service.context.ids.new())
        begun = self.service.relocation.begun(record.state, target, cause, command_id)
        return await self.service.repositories.appointments.save(record, begun, self.clock.now())

    async def appointment(self, appointment_id: str) -> Record[Appointment]:
        record = await self.service.repositories.appointments.appointment(appointment_id)
        assert record is not None
        return record

    async def of(self, application_id: str) -> list[Record[Appointment]]:
        return await self.service.repositories.appointments.appointments_of(application_id)

    async def seats(self, session_id: str | None = None) -> list[Seat]:
        found = await self.service.repositories.seats.seats_of(session_id or self.session_id())
        return [record.state for record in found]

    async def seat_of(self, record: Record[Appointment]) -> Seat:
        seat = await self.service.repositories.seats.seat(record.state.seat.seat_id)
        assert seat is not None
        return seat.state

    async def buckets(self, session_id: str | None = None) -> dict[str, int]:
        return dict(await self.service.checks.buckets(session_id or self.session_id()))

    async def said(self, *kinds: type[Event]) -> list[Event]:
        """What was said so far, in the order of its writing; only these kinds, if any are named."""
        later = self.clock.now() + timedelta(days=1)
        waiting = await self.base.outbox_waiting(APPOINTMENT, before=later, limit=10_000)
        return [envelope.data for envelope in waiting if not kinds or isinstance(envelope.data, kinds)]  # type: ignore[misc]

    async def pass_time(self, seconds: float) -> None:
        """Let time go by and whatever falls due be done."""
        self.clock.advance(seconds)
        await self.worker.run_due()

    async def recover(self) -> None:
        """What a restart after a crash brings: time enough for every lease, claim, move and cooling, all done."""
        for _ in range(8):
            await self.pass_time(LEASE_SECONDS + 70)

    async def rules_hold(self) -> None:
        """I1 and I2."""
        await assert_rules_hold(self.parts.invariants)


def make_world(
    *,
    wrap: Any = None,
    offices: Sequence[Office] = (SOUTH, NORTH, EAST),
    templates: WeeklyTemplates | None = None,
    seed: int = 1,
    **changes: Any,
) -> World:
    """A world on a fresh store, which ``wrap`` may put something around. Call ``parts.start()`` before use."""
    base = MemoryStore("scheduling")
    store = wrap(base) if wrap else base
    clock = ManualClock(START)
    platform = seeded_platform(store, clock, Keyring.parse(KEYS), seed=seed)
    parts = build(
        settings(**changes),
        platform,
        offices=list(offices),
        templates=templates or weekly(plan()),
        writers=SheetWriters(sheet_json, plain_paper),
    )
    worker = DeadlineWorker(base, KINDS, parts.deadlines, clock, "test")
    return World(store, clock, parts, base, worker)
