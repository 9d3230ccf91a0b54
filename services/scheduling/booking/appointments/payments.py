"""Bills and seats: payments confirm, the end of a bill releases, late payments and renewals ask for a seat again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from services.scheduling.applications import ApplicationRepository
from services.scheduling.booking.abuse.activity_counters import ActivityCounters
from services.scheduling.booking.abuse.limits import Act
from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments.access import change_visible, refuse_impossible
from services.scheduling.booking.appointments.appointment import (
    Appointment,
    Command,
    Status,
    can,
)
from services.scheduling.booking.appointments.booking_path import BookingPath
from services.scheduling.booking.appointments.errors import OfferOver
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.same_day import downgrade_transitions
from services.scheduling.booking.same_day.downgrade import SameDayDowngrade
from services.scheduling.booking.same_day.rules import still_payable
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.seat import Seat, Slot
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.terms import Applying, Pool
from shared.events import billing
from shared.events.codes import BillPurpose, ConfirmCause, NoSeatReason, ReleaseReason, SeatQuestion
from shared.ids import derived_id
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists


def answer_id(key: tuple[str, ...], attempt: int) -> str:
    """Return the id of the appointment that answers a bill's question for a seat.

    ``key``: the question, the bill and the money; ``attempt`` counts the ids that were abandoned before.
    """
    return derived_id("appointment", *key, str(attempt))


BillEnd = billing.BillExpired | billing.BillFailed | billing.BillCancelled
BillFact = (
    BillEnd
    | billing.BillRequested
    | billing.BillPaid
    | billing.BillWaived
    | billing.BillRenewalRequested
    | billing.PaymentArrivedLate
)

TRIES: Final = 10
"""Ids and seats tried for one answer."""

SESSIONS_TRIED: Final = 10
"""Sessions tried for a seat for a late payment."""

ANOTHER_IS_LIVE: Final = "another_appointment_is_live"
"""The answer where the person won another seat while this one was sought."""

_REASONS: Final = {
    billing.BillExpired: ReleaseReason.BILL_EXPIRED,
    billing.BillFailed: ReleaseReason.BILL_FAILED,
    billing.BillCancelled: ReleaseReason.BILL_CANCELLED,
}


@dataclass(frozen=True)
class Question:
    """A bill asks for a seat again. The same question has one answer, found under ids made of its ``key``."""

    key: tuple[str, ...]
    bill_id: str
    asked_for: str
    applying: Applying
    lost: Appointment
    message_id: str


Found = tuple[Record[Seat], Callable[[Slot], Decision[Appointment]]]
"""A claimed seat, and the decision that begins the appointment on it."""

Seek = Callable[[Question, str], Awaitable[Found | None]]


class Payments:
    """Applies billing's events to appointments."""

    def __init__(
        self,
        context: UseCaseContext,
        applications: ApplicationRepository,
        appointments: AppointmentRepository,
        codes: QueueCodes,
        activity: ActivityCounters,
        inventory: SeatInventory,
        bookable_sessions: BookableSessions,
        availability: ProductAvailability,
        same_day_downgrade: SameDayDowngrade,
        path: BookingPath,
    ) -> None:
        self._path = path
        self._same_day_downgrade = same_day_downgrade
        self._availability = availability
        self._context = context
        self._codes = codes
        self._activity = activity
        self._applications = applications
        self._appointments = appointments
        self._inventory = inventory
        self._bookable_sessions = bookable_sessions

    async def bill_requested(self, event: billing.BillRequested, message_id: str) -> None:
        """Await the payment of this bill: from now on only the bill's end releases the seat."""

        def decide(state: Appointment) -> Decision[Appointment] | None:
            if not can(state, Command.AWAIT_PAYMENT) or downgrade_transitions.is_replaced(state, event.bill_id):
                return None
            return appointments.await_payment(state, event.bill_id, now=self._context.now(), rules=self._context.rules)

        record = await self._waiting_for(event)
        if record is not None:
            await self._change(record, decide, message_id)

    async def bill_ended(self, event: BillEnd, message_id: str) -> None:
        """Release the seat, unless it was paid for meanwhile or waits for another bill.

        If its holder chose so, a same-day seat becomes a hold of the nearest regular one; a repeat finishes that.
        """
        record = await self._waiting_for(event)
        if record is None or record.has_received(message_id) or not _ends_with(record.state, event.bill_id):
            return
        if downgrade_transitions.wants_regular(record.state) and not isinstance(event, billing.BillCancelled):
            self._note_unpaid(record, event)
            await self._same_day_downgrade.to_regular(record, event.bill_id, message_id)
            return
        released = await self._change(record, partial(self._end, record.id, event), message_id)
        if released.state.status is Status.RELEASED:
            self._note_unpaid(released, event)
        await self._inventory.give_back_left_now(released)

    def _note_unpaid(self, record: Record[Appointment], event: BillEnd) -> None:
        if isinstance(event, billing.BillExpired):
            # a seat that is never paid for is kept from others like one that is given up
            self._activity.note(Act.RELEASE, record.state)

    def _end(self, appointment_id: str, event: BillEnd, state: Appointment) -> Decision[Appointment] | None:
        if not _ends_with(state, event.bill_id):
            return None
        given_up = isinstance(event, billing.BillCancelled) or state.if_unpaid is None
        reason = _REASONS[type(event)] if given_up else ReleaseReason.SAME_DAY_UNPAID
        now, rules = self._context.now(), self._context.rules
        return appointments.release(appointment_id, state, Command.END_BILL, reason, now=now, rules=rules)

    async def bill_paid(self, event: billing.BillPaid | billing.BillWaived, message_id: str) -> None:
        """Confirm the visit. If the hold lapsed before billing's first event arrived, treat it as a late payment."""
        record = await self._waiting_for(event)
        if record is None:
            return
        cause = ConfirmCause.WAIVED if isinstance(event, billing.BillWaived) else ConfirmCause.PAID
        confirm = partial(self._confirm_unless_replaced, record.id, event.bill_id, cause)
        record = await self._change(record, confirm, message_id)
        if record.has_received(message_id) or downgrade_transitions.is_replaced(record.state, event.bill_id):
            return
        if record.state.status is Status.RELEASED and not await self._answered(record, event.bill_id):
            # the same key as the question that billing repeats when no answer comes: one answer for one payment
            key = getattr(event, "receipt_id", None) or "paid"
            question = self._question(event, record, SeatQuestion.LATE_PAYMENT, key, message_id)
            await self._answer(question, self._seek_for_money)

    async def payment_arrived_late(self, event: billing.PaymentArrivedLate, message_id: str) -> None:
        """Answer a late payment with its own seat, another one as an offer, or that there is none."""

        def decide(state: Appointment) -> Decision[Appointment] | None:
            if state.receipt_id == event.receipt_id or state.bill_id not in (None, event.bill_id):
                return None
            cause = ConfirmCause.LATE_SAME_SEAT
            return self._confirm_unless_replaced(appointment_id, event.bill_id, cause, state, event.receipt_id)

        record = await self._waiting_for(event)
        if record is None:
            return
        appointment_id = record.id
        record = await self._change(record, decide, message_id)
        if record.has_received(message_id):
            return
        if record.state.receipt_id == event.receipt_id:
            await self._repeat(record, event.bill_id, SeatQuestion.LATE_PAYMENT, message_id)
            return
        question = self._question(event, record, SeatQuestion.LATE_PAYMENT, event.receipt_id, message_id)
        await self._answer(question, self._seek_for_money)

    async def renewal_requested(self, event: billing.BillRenewalRequested, message_id: str) -> None:
        """Hold the same seat again for a renewed bill, or answer that it is gone."""
        record = await self._waiting_for(event)
        if record is None:
            return
        if can(record.state, Command.END_BILL) and not downgrade_transitions.is_replaced(record.state, event.bill_id):
            raise NotYet(f"the end of bill {event.bill_id} has not arrived")
        question = self._question(event, record, SeatQuestion.RENEWAL, "renewal", message_id)
        await self._answer(question, self._seek_for_renewal)

    async def accept_offer(self, appointment_id: str, actor: Actor, command_id: str) -> Record[Appointment]:
        """Take the offered seat. Refuses with ``NotFound``, ``OfferOver`` or ``NotPossibleNow``."""

        def decide(state: Appointment) -> Decision[Appointment]:
            refuse_impossible(state, Command.ACCEPT_OFFER)
            if state.offer_until is not None and self._context.now() > state.offer_until:
                raise OfferOver(offer_until=state.offer_until)
            return self._confirmation(appointment_id, state, state.bill_id or "", ConfirmCause.LATE_OFFER)

        return await change_visible(
            self._appointments, appointment_id, actor, decide, self._context.clock, received=command_id
        )

    async def decline_offer(self, appointment_id: str, actor: Actor, command_id: str) -> Record[Appointment]:
        """Leave the offered seat; the money goes back. Refuses with ``NotFound`` or ``NotPossibleNow``."""

        def decide(state: Appointment) -> Decision[Appointment]:
            refuse_impossible(state, Command.DECLINE_OFFER)
            return self._offer_ended(appointment_id, state, Command.DECLINE_OFFER)

        declined = await change_visible(
            self._appointments, appointment_id, actor, decide, self._context.clock, received=command_id
        )
        return await self._inventory.give_back_left_now(declined)

    async def lapse_offer(self, record: Record[Appointment]) -> None:
        """Release an offered seat that was not accepted in time."""

        def decide(state: Appointment) -> Decision[Appointment] | None:
            return self._offer_ended(record.id, state, Command.LAPSE_OFFER) if can(state, Command.LAPSE_OFFER) else None

        await self._inventory.give_back_left_now(await self._change(record, decide))

    def _offer_ended(self, appointment_id: str, state: Appointment, command: Command) -> Decision[Appointment]:
        now, rules = self._context.now(), self._context.rules
        return appointments.end_offer(appointment_id, state, command, now=now, rules=rules)

    async def _waiting_for(self, event: BillFact) -> Record[Appointment] | None:
        """Return the appointment that a bill is about; None if the bill is not about a seat.

        Raises:
            NotYet: it is not known here.
        """
        if event.purpose != BillPurpose.FEE or event.appointment_id is None:
            return None
        record = await self._appointments.appointment(event.appointment_id)
        if record is None:
            raise NotYet(f"appointment {event.appointment_id} is not known")
        return record if record.state.slot is not None else None

    async def _change(
        self,
        record: Record[Appointment],
        decide: Callable[[Appointment], Decision[Appointment] | None],
        received: str | None = None,
    ) -> Record[Appointment]:
        return await self._appointments.change(record.id, decide, self._context.clock, received=received, first=record)

    def _confirm_unless_replaced(
        self,
        appointment_id: str,
        bill_id: str,
        cause: ConfirmCause,
        state: Appointment,
        receipt_id: str | None = None,
    ) -> Decision[Appointment] | None:
        if not can(state, Command.PAY) or downgrade_transitions.is_replaced(state, bill_id):
            return None
        return self._confirmation(appointment_id, state, bill_id, cause, receipt_id)

    def _confirmation(
        self,
        appointment_id: str,
        state: Appointment,
        bill_id: str,
        cause: ConfirmCause,
        receipt_id: str | None = None,
    ) -> Decision[Appointment]:
        return appointments.confirm(
            appointment_id,
            state,
            bill_id=bill_id,
            cause=cause,
            queue_code=self._codes.sign_visit(appointment_id, state.seat, state.code_version + 1),
            office=self._context.offices[state.seat.office_id],
            receipt_id=receipt_id,
        )

    async def _answered(self, record: Record[Appointment], bill_id: str) -> bool:
        """Return whether this bill's payment was answered before, so that ``BillPaid`` is a repeat of it."""
        if record.state.cause is not None:
            return True
        known = await self._appointments.appointments_of(record.state.application_id)
        return any(other.id != record.id and other.state.bill_id == bill_id for other in known)

    def _question(
        self, event: BillFact, record: Record[Appointment], asked_for: str, key: str, message_id: str
    ) -> Question:
        state = record.state
        applying = Applying(state.application_id, state.account_id, state.person_id)
        return Question((asked_for, event.bill_id, key), event.bill_id, asked_for, applying, state, message_id)

    async def _answer(self, question: Question, seek: Seek) -> None:
        """Answer the question once; a repeat finds the answer and sends it again."""
        refusal = await self._refusal(question)
        for attempt in range(TRIES):
            appointment_id = answer_id(question.key, attempt)
            known = await self._appointments.appointment(appointment_id)
            if known is not None and known.state.status is Status.ABANDONED:
                continue
            if known is not None:
                await self._repeat(known, question.bill_id, question.asked_for, question.message_id)
                return
            found = None if refusal else await seek(question, appointment_id)
            reason: str = refusal or NoSeatReason.NO_SEAT
            if found is not None:
                begun = await self._path.begin(appointment_id, *found, partial(self._write, question.message_id))
                if begun is not None and begun.state.status is not Status.ABANDONED:
                    await self._release_if_withdrawn(appointment_id, question)
                    return
                reason = ANOTHER_IS_LIVE
            if await self._say_unavailable(appointment_id, question, reason):
                return
        raise NotYet(f"no answer for bill {question.bill_id} could be written")

    async def _write(
        self, message_id: str, appointment_id: str, decision: Decision[Appointment]
    ) -> Record[Appointment]:
        return await self._appointments.begin(appointment_id, decision, self._context.now(), message_id)

    async def _repeat(self, known: Record[Appointment], bill_id: str, asked_for: str, message_id: str) -> None:
        """Answer a question that was asked again: billing may not have understood the answer when it came.

        The message that was answered first is no new question.
        """

        def decide(state: Appointment) -> Decision[Appointment]:
            office = self._context.offices[state.slot.office_id] if state.slot is not None else None
            return appointments.repeat_answer(known.id, state, bill_id, asked_for, office)

        await self._change(known, decide, message_id)

    async def _release_if_withdrawn(self, appointment_id: str, question: Question) -> None:
        """Release the seat if the application was withdrawn while it was sought: the second writer sees the other."""
        copy = await self._applications.application(question.applying.application_id)
        if copy is None or not copy.state.withdrawn:
            return
        closed_for_person = copy.state.closed_for_person

        def decide(state: Appointment) -> Decision[Appointment] | None:
            now, rules = self._context.now(), self._context.rules
            return appointments.withdraw(
                appointment_id, state, now=now, rules=rules, closed_for_person=closed_for_person
            )

        withdrawn = await self._appointments.change(appointment_id, decide, self._context.clock)
        await self._inventory.give_back_left_now(withdrawn)

    async def _refusal(self, question: Question) -> NoSeatReason | None:
        copy = await self._applications.application(question.applying.application_id)
        if copy is not None and copy.state.withdrawn:
            return NoSeatReason.APPLICATION_WITHDRAWN
        return None if question.lost.status is Status.RELEASED else NoSeatReason.ALREADY_HAS_APPOINTMENT

    async def _say_unavailable(self, appointment_id: str, question: Question, reason: str) -> bool:
        decision = appointments.unavailable(
            question.applying, question.bill_id, asked_for=question.asked_for, reason=reason, now=self._context.now()
        )
        try:
            await self._appointments.begin(appointment_id, decision, self._context.now(), question.message_id)
        except AlreadyExists:
            # a twin answered, or a tombstone came: the next look tells which
            known = await self._appointments.appointment(appointment_id)
            return known is not None and known.state.status is not Status.ABANDONED
        return True

    async def _seek_for_money(self, question: Question, appointment_id: str) -> Found | None:
        same = await self._inventory.claim_this(question.lost.seat.seat_id, appointment_id)
        if same is not None:
            return same, partial(self._same_again, question, appointment_id)
        slot = question.lost.seat
        sessions = await self._bookable_sessions.soonest(
            [slot.office_id], Pool(slot.pool), self._context.rules.late_offer_days, SESSIONS_TRIED
        )
        for session in await self._availability.that_fit(question.applying.application_id, sessions):
            seat = await self._inventory.claim_any(session.session_id, slot.pool, appointment_id)
            if seat is not None:
                return seat, partial(self._offer, question, appointment_id)
        return None

    async def _seek_for_renewal(self, question: Question, appointment_id: str) -> Found | None:
        lost = question.lost
        if not still_payable(lost, self._context.now()):
            return None
        near = lost.seat.starts_at if lost.pay_until else None
        same = await self._inventory.claim_this(lost.seat.seat_id, appointment_id, starts_from=near)
        return None if same is None else (same, partial(self._hold_again, question, appointment_id))

    def _same_again(self, question: Question, appointment_id: str, slot: Slot) -> Decision[Appointment]:
        return appointments.same_seat_again(
            appointment_id,
            question.applying,
            slot,
            question.bill_id,
            queue_code=self._codes.sign_visit(appointment_id, slot, 1),
            office=self._context.offices[slot.office_id],
            now=self._context.now(),
            rules=self._context.rules,
        )

    def _offer(self, question: Question, appointment_id: str, slot: Slot) -> Decision[Appointment]:
        return appointments.offer(
            appointment_id,
            question.applying,
            slot,
            question.bill_id,
            office=self._context.offices[slot.office_id],
            now=self._context.now(),
            rules=self._context.rules,
        )

    def _hold_again(self, question: Question, appointment_id: str, slot: Slot) -> Decision[Appointment]:
        return appointments.hold(
            appointment_id,
            question.applying,
            slot,
            office=self._context.offices[slot.office_id],
            now=self._context.now(),
            rules=self._context.rules,
            replaces_bill_id=question.bill_id,
            pay_until=question.lost.pay_until,
            if_unpaid=question.lost.if_unpaid,
        )


def _ends_with(state: Appointment, bill_id: str) -> bool:
    """Return whether the end of this bill releases the appointment's seat."""
    return (
        state.bill_id in (None, bill_id)
        and not downgrade_transitions.is_replaced(state, bill_id)
        and can(state, Command.END_BILL)
    )
