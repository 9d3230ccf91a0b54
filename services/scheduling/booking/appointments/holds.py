"""Holds after they were won: read, given up, lapsed, released when their application is withdrawn."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import structlog

from services.scheduling.applications import ApplicationCopy, ApplicationRepository, fresher
from services.scheduling.booking.abuse.activity_counters import NOWHERE, ActivityCounters, Origin
from services.scheduling.booking.abuse.limits import Act
from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments.access import find_visible, refuse_impossible
from services.scheduling.booking.appointments.appointment import Appointment, Command, Status, can
from services.scheduling.booking.appointments.errors import FeeWouldBeLost
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.context import Actor, UseCaseContext
from shared.errors import NotFound
from shared.events.application import ApplicationSubmitted, ApplicationWithdrawn, KindCorrected
from shared.events.codes import ReleaseReason
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists

log = structlog.get_logger()


class Holds:
    """Reads holds and ends them."""

    def __init__(
        self,
        context: UseCaseContext,
        applications: ApplicationRepository,
        appointments: AppointmentRepository,
        activity: ActivityCounters,
        inventory: SeatInventory,
    ) -> None:
        self._context = context
        self._applications = applications
        self._appointments = appointments
        self._activity = activity
        self._inventory = inventory

    async def cancel(
        self, appointment_id: str, actor: Actor, command_id: str, *, fee_is_lost: bool, origin: Origin = NOWHERE
    ) -> Record[Appointment]:
        """Give a seat up. An offer is declined by it; a paid visit only with ``fee_is_lost``.

        Refuses with ``NotFound``, ``FeeWouldBeLost``, ``BeingMoved`` or ``NotPossibleNow``.
        """

        def decide(state: Appointment) -> Decision[Appointment]:
            if state.status in (Status.CONFIRMED, Status.ON_PROOF) and not fee_is_lost:
                raise FeeWouldBeLost
            return self._cancellation(appointment_id, state)

        record = await find_visible(self._appointments, appointment_id, actor)
        if not record.has_received(command_id):
            record = await self._appointments.change(
                record.id, decide, self._context.clock, received=command_id, first=record
            )
            self._activity.note(Act.RELEASE, record.state, origin)
        return await self._inventory.give_back_left_now(record)

    def _cancellation(self, appointment_id: str, state: Appointment) -> Decision[Appointment]:
        now, rules = self._context.now(), self._context.rules
        if state.status is Status.OFFERED:
            return appointments.end_offer(appointment_id, state, Command.DECLINE_OFFER, now=now, rules=rules)
        refuse_impossible(state, Command.CANCEL)
        reason = ReleaseReason.CANCELLED
        return appointments.release(appointment_id, state, Command.CANCEL, reason, now=now, rules=rules)

    async def get(self, appointment_id: str, actor: Actor) -> Record[Appointment]:
        """Return the appointment for its owner or its office; refuses as `find_visible` does."""
        return await find_visible(self._appointments, appointment_id, actor)

    async def find_by_application(self, application_id: str, actor: Actor) -> list[Record[Appointment]]:
        """Return the appointments of an application that the actor may see, the newest first."""
        found = await self._appointments.appointments_of(application_id)
        return [record for record in found if record.state.slot is not None and _may_see(record.state, actor)]

    async def lapse(self, record: Record[Appointment]) -> None:
        """Release a hold that ran out before a bill was requested."""
        due = record.state.hold_until

        def decide(state: Appointment) -> Decision[Appointment] | None:
            if not can(state, Command.LAPSE) or state.hold_until != due:
                return None
            now, rules, reason = self._context.now(), self._context.rules, ReleaseReason.HOLD_LAPSED
            return appointments.release(record.id, state, Command.LAPSE, reason, now=now, rules=rules)

        released = await self._appointments.change(record.id, decide, self._context.clock, first=record)
        await self._inventory.give_back_left_now(released)

    async def alert_long_stop(self, record: Record[Appointment]) -> None:
        """Tell the operators of a seat that waits far too long for its bill; only billing may free it."""
        log.error("seat_waits_too_long", appointment_id=record.id, bill_id=record.state.bill_id)

        def decide(state: Appointment) -> Decision[Appointment] | None:
            if state.long_stop_at != record.state.long_stop_at:
                return None
            return appointments.alerted(state, now=self._context.now(), rules=self._context.rules)

        await self._appointments.change(record.id, decide, self._context.clock, first=record)

    async def application_submitted(self, event: ApplicationSubmitted) -> None:
        """Keep what a hold must know of the application; repeats and older events change nothing."""
        copy = ApplicationCopy(
            event.account_id,
            event.person_id,
            submitted=True,
            minor=event.minor,
            age_band=event.age_band,
            product=event.passport_kind,
            product_as_of=event.submitted_at,
            number=event.application_number,
        )
        await self._keep(event.application_id, copy)

    async def kind_corrected(self, event: KindCorrected) -> None:
        """Keep the corrected product: offices that lack it are refused from now on.

        Raises:
            NotYet: the application is not known here.
        """

        def correct(known: ApplicationCopy) -> Decision[ApplicationCopy]:
            corrected = replace(known, product=event.passport_kind, product_as_of=event.corrected_at)
            return Decision(fresher(known, corrected))

        try:
            await self._applications.change_application(event.application_id, correct, self._context.clock)
        except NotFound:
            raise NotYet(f"application {event.application_id} is not known") from None

    async def application_withdrawn(self, event: ApplicationWithdrawn, message_id: str) -> None:
        """Release the application's live seat and give it no more; a visitor who is at the office stays."""
        ended = ApplicationCopy(
            event.account_id,
            event.person_id,
            submitted=True,
            withdrawn=True,
            closed_for_person=event.closed_for_person,
        )
        await self._keep(event.application_id, ended)
        for record in await self._appointments.appointments_of(event.application_id):
            decide = partial(self._withdraw, record.id, closed_for_person=event.closed_for_person)
            withdrawn = await self._appointments.change(
                record.id, decide, self._context.clock, received=message_id, first=record
            )
            await self._inventory.give_back_left_now(withdrawn)

    def _withdraw(
        self, appointment_id: str, state: Appointment, *, closed_for_person: bool
    ) -> Decision[Appointment] | None:
        if state.status in (Status.MOVING, Status.SPECIAL_MOVING, Status.GATHERING):
            raise NotYet(f"appointment {appointment_id} is {state.status.value}")
        now, rules = self._context.now(), self._context.rules
        return appointments.withdraw(appointment_id, state, now=now, rules=rules, closed_for_person=closed_for_person)

    async def _keep(self, application_id: str, copy: ApplicationCopy) -> None:
        def freshen(known: ApplicationCopy) -> Decision[ApplicationCopy] | None:
            return None if known.withdrawn else Decision(fresher(known, copy))

        try:
            await self._applications.begin_application(application_id, copy, self._context.now())
        except AlreadyExists:
            await self._applications.change_application(application_id, freshen, self._context.clock)


def _may_see(state: Appointment, actor: Actor) -> bool:
    if actor.is_staff:
        return state.seat.office_id == actor.office_id
    return state.account_id in actor.account_ids
