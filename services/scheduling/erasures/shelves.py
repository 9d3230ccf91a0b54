"""The shelves of scheduling, for the retention job and for the orders to erase a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.context import UseCaseContext
from services.scheduling.visit.evidence import evidence_subject
from services.scheduling.visit.offline.offline_day import OfflineDay
from services.scheduling.visit.offline.repository import OFFLINE_DAY
from shared.audit import Audit
from shared.chain import Chains
from shared.events.scheduling import SchedulingErasureDone
from shared.retention.audit_shelf import audit_shelf
from shared.retention.shelf import Item, Order, Shelf, all_of
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Range, Record
from shared.store.port import Store

MOST_OF_ACCOUNT: Final = 5000
"""Appointments of one account: far more than ten people make in a lifetime."""

RULE: Final = "visit_evidence"

GivenAt = Callable[[Appointment], datetime | None]
Without = Callable[[Appointment], Appointment]


class SchedulingShelves:
    """The shelves of scheduling."""

    def __init__(self, context: UseCaseContext, store: Store, audit: Audit) -> None:
        self._context = context
        self._store = store
        self._audit = audit
        self._chains = Chains(store, context.ids)

    def all(self) -> tuple[Shelf, ...]:
        """Return every shelf."""
        return (
            audit_shelf(self._store, self._audit, self.subjects_of),
            self._evidence("special_evidence", "state.special.asked_at", special_given_at, without_special_evidence),
            self._evidence("counter_evidence", "state.walk_in.registered_at", shown_at, without_counter_evidence),
            Shelf("offline_evidence", RULE, between=self._offline_days),
            Shelf("seat_salts", "seat_salts", of=self._salts),
        )

    async def subjects_of(self, order: Order) -> set[str]:
        """Return every id under which staff act on the person here."""
        appointments = await self._appointments_of(order)
        applications = {record.state.application_id for record in appointments}
        return {*order.key_subjects, *order.person_ids, *(record.id for record in appointments), *applications}

    def _evidence(self, name: str, path: str, given_at: GivenAt, without: Without) -> Shelf:
        async def find_ordered(order: Order) -> list[Item]:
            found = await self._appointments_of(order)
            return [self._item(record, given_at, without) for record in found if given_at(record.state) is not None]

        async def between(low: datetime | None, high: datetime, limit: int) -> list[Item]:
            found = await self._store.find(APPOINTMENT, name, within={path: Range(low, high)}, limit=limit)
            return [self._item(record, given_at, without) for record in found]

        return Shelf(name, RULE, of=find_ordered, between=between)

    def _item(self, record: Record[Appointment], given_at: GivenAt, without: Without) -> Item:
        async def erase() -> bool:
            def decide(appointment: Appointment) -> Decision[Appointment]:
                return Decision(without(appointment))

            before = await self._store.get(APPOINTMENT, record.id)
            after = await change(self._store, self._context.clock, APPOINTMENT, record.id, decide, first=before)
            return before is None or after.version != before.version

        at, key_subject = given_at(record.state), evidence_subject(record.id, record.state)
        return Item(record.id, _subjects(record), None if record.state.live else at, erase, key_subject, at=at)

    async def _salts(self, order: Order) -> list[Item]:
        found = await self._appointments_of(order)
        return [self._salt(record) for record in found if await self._chains.salts_of(record.id)]

    def _salt(self, record: Record[Appointment]) -> Item:
        async def erase() -> bool:
            return await self._chains.forget(record.id) > 0

        return Item(record.id, _subjects(record), None if record.state.live else record.state.made_at, erase)

    async def _appointments_of(self, order: Order) -> list[Record[Appointment]]:
        wanted = {"state.account_id": order.account_ids}
        found = await self._store.find(APPOINTMENT, "account", wanted, limit=MOST_OF_ACCOUNT)
        return [record for record in all_of(found, MOST_OF_ACCOUNT) if order.covers_person(record.state.person_id)]

    async def _offline_days(self, low: datetime | None, high: datetime, limit: int) -> list[Item]:
        days = Range(low.date() if low is not None else None, high.date())
        found = await self._store.find(OFFLINE_DAY, "day", within={"state.day": days}, limit=limit)
        return [self._day(record) for record in found]

    def _day(self, record: Record[OfflineDay]) -> Item:
        async def erase() -> bool:
            def decide(day: OfflineDay) -> Decision[OfflineDay]:
                lines = {line_id: replace(line, evidence=None) for line_id, line in day.lines.items()}
                return Decision(replace(day, lines=lines))

            before = await self._store.get(OFFLINE_DAY, record.id)
            after = await change(self._store, self._context.clock, OFFLINE_DAY, record.id, decide, first=before)
            return before is None or after.version != before.version

        at = datetime.combine(record.state.day, time(), UTC)
        lines = record.state.lines.values()
        visits = {line.appointment_id for line in lines if line.appointment_id is not None}
        return Item(record.id, frozenset({record.id, *visits}), at, erase, at=at)


def tell_erasure(*, erasure_id: str, service: str, kept: tuple[str, ...]) -> SchedulingErasureDone:
    """Return the event that an erasure is done, or what is kept."""
    return SchedulingErasureDone(erasure_id=erasure_id, service=service, kept=kept)


def special_given_at(appointment: Appointment) -> datetime | None:
    """Return when evidence for a new date was named, if it is there."""
    special = appointment.special
    return special.asked_at if special is not None and special.evidence is not None else None


def without_special_evidence(appointment: Appointment) -> Appointment:
    """Return the appointment without evidence for a new date; the decision stays."""
    special = appointment.special
    return replace(appointment, special=replace(special, evidence=None)) if special is not None else appointment


def shown_at(appointment: Appointment) -> datetime | None:
    """Return when evidence was shown at the counter, if it is there."""
    walk_in = appointment.walk_in
    return walk_in.registered_at if walk_in is not None and walk_in.evidence is not None else None


def without_counter_evidence(appointment: Appointment) -> Appointment:
    """Return the appointment without evidence that was shown at the counter; the reason stays."""
    walk_in = appointment.walk_in
    return replace(appointment, walk_in=replace(walk_in, evidence=None)) if walk_in is not None else appointment


def _subjects(record: Record[Appointment]) -> frozenset[str]:
    state = record.state
    return frozenset({record.id, state.account_id, state.person_id, state.application_id})
