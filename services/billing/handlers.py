"""Incoming events and due deadlines of billing, each bound to its use case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from services.billing.use_cases import Billing
from shared.events.application import (
    ApplicationSubmitted,
    ApplicationWithdrawn,
    KindCorrected,
    PassportPrinted,
    PenaltyFound,
)
from shared.events.codes import SeatQuestion
from shared.events.envelope import Envelope
from shared.events.identity import DataExportAsked, LeavingAsked
from shared.events.message import Event
from shared.events.scheduling import (
    AppointmentConfirmed,
    AppointmentReleased,
    AppointmentRescheduled,
    ArrivedOnProof,
    OfferEnded,
    ReleaseRefused,
    SameDaySeatReserved,
    SeatAnswerRepeated,
    SeatHeld,
    SeatOffered,
    SeatUnavailable,
    SpecialRescheduleEnded,
    SpecialRescheduleOpened,
    VisitInterrupted,
)
from shared.service import DeadlineHandler, MessageHandler
from shared.store.kinds import Record


class Handlers:
    """Handlers bound to the use cases. Where two rooms receive the same event, bills and receipts come first."""

    def __init__(self, billing: Billing) -> None:
        self._billing = billing

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return the handler of every event that billing receives."""
        billing = self._billing
        bills, seats, rebooking = billing.bill_lifecycle, billing.seat_events, billing.rebooking
        return {
            ApplicationSubmitted: bills.application_submitted,
            ApplicationWithdrawn: seats.application_withdrawn,
            KindCorrected: billing.corrections.kind_corrected,
            PenaltyFound: billing.corrections.penalty_found,
            PassportPrinted: billing.agreement.passport_printed,
            SeatHeld: bills.seat_held,
            AppointmentConfirmed: seats.appointment_confirmed,
            AppointmentRescheduled: _one_by_one(bills.appointment_rescheduled, rebooking.used),
            AppointmentReleased: _one_by_one(
                seats.appointment_released, billing.refund_processing.appointment_released
            ),
            ReleaseRefused: billing.refund_processing.release_refused,
            SeatOffered: self._seat_offered,
            OfferEnded: self._offer_ended,
            SeatUnavailable: self._seat_unavailable,
            SeatAnswerRepeated: seats.seat_answer_repeated,
            SameDaySeatReserved: billing.same_day.place_reserved,
            SpecialRescheduleOpened: rebooking.opened,
            SpecialRescheduleEnded: rebooking.ended,
            VisitInterrupted: rebooking.interrupted,
            ArrivedOnProof: billing.case_follow_up.arrived_on_proof,
            LeavingAsked: billing.leavings.answer,
            DataExportAsked: billing.export_answers.answer,
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return the handler of every deadline, by kind and name."""
        billing = self._billing
        use_cases: Mapping[tuple[str, str], Callable[[Record[Any]], Awaitable[Any]]] = {
            ("bill", "ask"): billing.code_requests.ask_due,
            ("bill", "delay"): billing.bill_lifecycle.delay_due,
            ("bill", "alert"): billing.bill_lifecycle.alert_due,
            ("bill", "remind"): billing.bill_lifecycle.remind_due,
            ("bill", "poll"): billing.polling.poll_due,
            ("bill", "expire"): billing.polling.expire_due,
            ("bill", "claim"): billing.case_follow_up.claim_due,
            ("bill", "case"): billing.case_follow_up.unsettled_due,
            ("joint_bill", "ask"): billing.joint_codes.ask_due,
            ("joint_bill", "poll"): billing.joint_codes.poll_due,
            ("joint_bill", "expire"): billing.joint_codes.expire_due,
            ("joint_bill", "end"): billing.joint_codes.end_due,
            ("credit", "book"): billing.credits.book_due,
            ("receipt", "drive"): billing.receipts.drive_due,
            ("receipt", "outcome"): billing.late_payments.outcome_due,
            ("case", "look"): billing.case_follow_up.check_due,
            ("case", "escalate"): billing.case_follow_up.escalate_due,
            ("refund", "step"): billing.refund_processing.step_due,
            ("refund", "confirm"): billing.refund_processing.confirm_due,
            ("refund", "book"): billing.refund_processing.book_due,
            ("refund", "seat"): billing.refund_processing.seat_due,
            ("refund", "verify"): billing.refund_processing.verify_due,
            ("refund", "order"): billing.refund_processing.order_due,
            ("refund", "track"): billing.refund_processing.track_due,
            ("settlement", "compare"): billing.reconciliation.compare_due,
            ("settlement_day", "fetch"): billing.reconciliation.fetch_due,
            ("settlement_day", "missing"): billing.reconciliation.missing_due,
            ("saga_override", "apply"): billing.sagas.apply,
        }
        return {name: _with_record(use_case) for name, use_case in use_cases.items()}

    async def _seat_offered(self, event: SeatOffered, _envelope: Envelope) -> None:
        await self._billing.late_payments.seat_offered(event.bill_id, event.offer_until)

    async def _offer_ended(self, event: OfferEnded, _envelope: Envelope) -> None:
        await self._billing.late_payments.no_seat(event.bill_id)

    async def _seat_unavailable(self, event: SeatUnavailable, envelope: Envelope) -> None:
        """Give the refusal to the room whose question it answers; an unknown question counts as late money's."""
        if event.asked_for == SeatQuestion.RENEWAL:
            await self._billing.bill_lifecycle.renewal_refused(event.bill_id, event.reason, envelope.id)
        elif event.asked_for == SeatQuestion.SAME_DAY:
            await self._billing.same_day.place_gone(event.bill_id, event.reason, envelope.id)
        else:
            await self._billing.late_payments.no_seat(event.bill_id)


def _with_record(use_case: Callable[[Record[Any]], Awaitable[Any]]) -> DeadlineHandler:
    """Return the handler that gives the record to the use case, under whichever name it fell due."""

    async def handle(record: Record[Any], _name: str) -> None:
        await use_case(record)

    return handle


def _one_by_one(*handlers: MessageHandler) -> MessageHandler:
    """Return a handler that calls all of these, one after the other."""

    async def handle(message: Any, envelope: Envelope) -> None:
        for handler in handlers:
            await handler(message, envelope)

    return handle
