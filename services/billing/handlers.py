"""Incoming events and due deadlines, each to its use case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.billing.bills.service import RENEWAL
from services.billing.use_cases import Billing
from shared.events.application import (
    ApplicationSubmitted,
    ApplicationWithdrawn,
    KindCorrected,
    PassportPrinted,
    PenaltyFound,
)
from shared.events.envelope import Envelope
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

SAME_DAY = "same_day"
"""What a seat was asked for, in :class:`SeatUnavailable`, when a place in the same-day quota is gone."""

SPECIAL = "special"
"""The cause of a move by which a right to a new date was used."""


class Handlers:
    """Functions of (message, envelope); the envelope's version tells old news from new."""

    def __init__(self, billing: Billing) -> None:
        self._billing = billing

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """What billing hears."""
        return {
            ApplicationSubmitted: self._application_submitted,
            ApplicationWithdrawn: self._application_withdrawn,
            SeatHeld: self._seat_held,
            AppointmentConfirmed: self._appointment_confirmed,
            AppointmentReleased: self._appointment_released,
            AppointmentRescheduled: self._appointment_rescheduled,
            KindCorrected: self._kind_corrected,
            PenaltyFound: self._penalty_found,
            PassportPrinted: self._passport_printed,
            SeatOffered: self._seat_offered,
            OfferEnded: self._offer_ended,
            SeatUnavailable: self._seat_unavailable,
            SeatAnswerRepeated: self._seat_answer_repeated,
            SpecialRescheduleOpened: self._special_opened,
            SpecialRescheduleEnded: self._special_ended,
            VisitInterrupted: self._visit_interrupted,
            ReleaseRefused: self._release_refused,
            ArrivedOnProof: self._arrived_on_proof,
            SameDaySeatReserved: self._same_day_reserved,
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """What falls due, by kind and name."""
        bills, money, cases = self._billing.bills, self._billing.money, self._billing.cases
        refunds = self._billing.refund_cases
        return {
            ("bill", "ask"): _named(bills.ask_due),
            ("bill", "delay"): _named(bills.delay_due),
            ("bill", "alert"): _named(bills.alert_due),
            ("bill", "remind"): _named(bills.remind_due),
            ("bill", "poll"): _named(bills.poll_due),
            ("bill", "expire"): _named(bills.expire_due),
            ("bill", "claim"): _named(cases.claim_due),
            ("bill", "case"): _named(cases.unsettled_due),
            ("refund", "step"): _named(refunds.step_due),
            ("refund", "confirm"): _named(refunds.confirm_due),
            ("refund", "book"): _named(refunds.book_due),
            ("refund", "seat"): _named(refunds.seat_due),
            ("refund", "verify"): _named(refunds.verify_due),
            ("refund", "order"): _named(refunds.order_due),
            ("refund", "track"): _named(refunds.track_due),
            ("receipt", "drive"): _named(money.drive_due),
            ("receipt", "outcome"): _named(money.outcome_due),
            ("saga_override", "apply"): _named(self._billing.sagas.apply),
            ("case", "look"): _named(cases.look_due),
            ("case", "escalate"): _named(cases.escalate_due),
            ("settlement", "compare"): _named(self._billing.settling.compare_due),
            ("settlement_day", "fetch"): _named(self._billing.settling.fetch_due),
            ("settlement_day", "missing"): _named(self._billing.settling.missing_due),
        }

    async def _same_day_reserved(self, event: SameDaySeatReserved, envelope: Envelope) -> None:
        await self._billing.desk.hurry(event, envelope.id)

    async def _arrived_on_proof(self, event: ArrivedOnProof, envelope: Envelope) -> None:
        await self._billing.cases.arrived_on_proof(event, envelope.id)

    async def _application_submitted(self, event: ApplicationSubmitted, envelope: Envelope) -> None:
        await self._billing.bills.application_submitted(event, envelope.aggregate_version)

    async def _application_withdrawn(self, event: ApplicationWithdrawn, envelope: Envelope) -> None:
        version, told_at = envelope.aggregate_version, envelope.time
        await self._billing.bills.application_withdrawn(event, version, envelope.id, told_at)

    async def _seat_held(self, event: SeatHeld, envelope: Envelope) -> None:
        await self._billing.bills.seat_held(event, envelope.aggregate_version, envelope.id)

    async def _appointment_confirmed(self, event: AppointmentConfirmed, envelope: Envelope) -> None:
        await self._billing.bills.appointment_confirmed(event, envelope.aggregate_version, envelope.id)

    async def _appointment_released(self, event: AppointmentReleased, envelope: Envelope) -> None:
        await self._billing.bills.appointment_released(event, envelope.aggregate_version, envelope.id)
        await self._billing.refund_cases.appointment_released(event, envelope.id)

    async def _appointment_rescheduled(self, event: AppointmentRescheduled, envelope: Envelope) -> None:
        await self._billing.bills.appointment_rescheduled(event, envelope.aggregate_version, envelope.id)
        if event.cause == SPECIAL:
            await self._billing.specials.used(event, envelope.aggregate_version, envelope.id)

    async def _kind_corrected(self, event: KindCorrected, envelope: Envelope) -> None:
        await self._billing.corrections.kind_corrected(event, envelope.aggregate_version, envelope.id)

    async def _penalty_found(self, event: PenaltyFound, envelope: Envelope) -> None:
        await self._billing.corrections.penalty_found(event, envelope.aggregate_version, envelope.id)

    async def _seat_offered(self, event: SeatOffered, _envelope: Envelope) -> None:
        await self._billing.money.seat_offered(event.bill_id, event.offer_until)

    async def _offer_ended(self, event: OfferEnded, _envelope: Envelope) -> None:
        await self._billing.money.no_seat(event.bill_id)

    async def _seat_unavailable(self, event: SeatUnavailable, envelope: Envelope) -> None:
        if event.asked_for == RENEWAL:
            await self._billing.bills.renewal_refused(event.bill_id, event.reason, envelope.id)
        elif event.asked_for == SAME_DAY:
            await self._billing.surcharges.place_gone(event.bill_id, event.reason, envelope.id)
        else:
            await self._billing.money.no_seat(event.bill_id)

    async def _seat_answer_repeated(self, event: SeatAnswerRepeated, envelope: Envelope) -> None:
        await self._billing.bills.seat_answer_repeated(event, envelope.aggregate_version, envelope.id)

    async def _passport_printed(self, event: PassportPrinted, _envelope: Envelope) -> None:
        await self._billing.agreement.passport_printed(event)

    async def _special_opened(self, event: SpecialRescheduleOpened, envelope: Envelope) -> None:
        await self._billing.specials.opened(event, envelope.aggregate_version, envelope.id)

    async def _special_ended(self, event: SpecialRescheduleEnded, envelope: Envelope) -> None:
        await self._billing.specials.ended(event, envelope.aggregate_version, envelope.id)

    async def _visit_interrupted(self, event: VisitInterrupted, envelope: Envelope) -> None:
        await self._billing.specials.interrupted(event, envelope.aggregate_version, envelope.id)

    async def _release_refused(self, event: ReleaseRefused, envelope: Envelope) -> None:
        await self._billing.refund_cases.release_refused(event, envelope.id)


def _named(handle: Any) -> DeadlineHandler:
    async def run(record: Record[Any], _name: str) -> None:
        await handle(record)

    return run
