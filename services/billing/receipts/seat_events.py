"""Events about a bill whose money may be here: application withdrawn, appointment confirmed or released."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.billing.bills import model as bills
from services.billing.bills.application_facts import KnownApplication, LostSeat
from services.billing.bills.application_repository import ApplicationRepository
from services.billing.bills.lifecycle import BillLifecycle
from services.billing.bills.model import Seat
from services.billing.bills.repository import BILLS, BillRepository
from services.billing.bills.seat_from_event import seat_from_answer, seat_from_event
from services.billing.bills.states import BillState
from services.billing.context import UseCaseContext
from services.billing.receipts.late_payments import LatePayments
from services.billing.receipts.receipt_processing import ReceiptProcessing
from services.billing.receipts.refund_subject import RefundCause
from shared.events.application import ApplicationWithdrawn
from shared.events.codes import ReleaseReason, SeatAnswer, SeatQuestion
from shared.events.envelope import Envelope
from shared.events.scheduling import (
    AppointmentConfirmed,
    AppointmentReleased,
    SeatAnswerRepeated,
)
from shared.service import NotYet

LOST: Final = frozenset(
    {ReleaseReason.HOLD_LAPSED, ReleaseReason.CANCELLED, ReleaseReason.WITHDRAWN, ReleaseReason.PROOF_REFUSED}
)
"""Release reasons other than the end of the bill itself."""


class SeatEvents:
    """Handles events about a bill's seat, and the withdrawal of its application."""

    def __init__(
        self,
        context: UseCaseContext,
        bills: BillRepository,
        applications: ApplicationRepository,
        lifecycle: BillLifecycle,
        processing: ReceiptProcessing,
        late_payments: LatePayments,
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._bills = bills
        self._applications = applications
        self._lifecycle = lifecycle
        self._processing = processing
        self._late_payments = late_payments

    async def application_withdrawn(self, event: ApplicationWithdrawn, envelope: Envelope) -> None:
        """Give up the unpaid bills of a withdrawn application, and refund money that was paid after the withdrawal."""
        version, withdrawn_at = envelope.aggregate_version, event.withdrawn_at or envelope.time

        def merge(known: KnownApplication | None) -> KnownApplication:
            if known is not None:
                newest = max(version, known.version)
                return replace(known, version=newest, withdrawn=True, withdrawn_at=known.withdrawn_at or withdrawn_at)
            return KnownApplication(
                event.application_id,
                event.account_id,
                event.person_id,
                None,
                version,
                withdrawn=True,
                withdrawn_at=withdrawn_at,
            )

        await self._applications.keep_application(event.application_id, merge)
        for record in await self._bills.bills_of(event.application_id):
            await self._lifecycle.give_up(record, ReleaseReason.WITHDRAWN, envelope.id)
            await self._processing.give_back_if_withdrawn_before(record.id)

    async def appointment_confirmed(self, event: AppointmentConfirmed, envelope: Envelope) -> None:
        """Confirm the visit of a bill; if late money sought its seat, this pays the bill.

        Raises:
            NotYet: the bill is not here.
        """
        seat = seat_from_event(event, envelope.aggregate_version)
        await self._visit_confirmed(event.bill_id, seat, envelope.id)

    async def _visit_confirmed(self, bill_id: str, visit: Seat, received: str) -> None:
        """Confirm the visit, or give its seat to late money: the write of the bill decides which."""
        record = await self._bills.bill(bill_id)
        if record is None:
            raise NotYet(f"bill {bill_id} is not known")
        try:
            await self._aggregates.change(
                BILLS, bill_id, lambda bill: bills.visit_confirmed(bill, visit), first=record, received=received
            )
        except bills.SeatIsSought:
            await self._late_payments.seat_found(bill_id, visit)
            await self._processing.give_back_if_withdrawn_before(bill_id)
        lost = await self._applications.lost_seat(visit.appointment_id)
        if lost is not None and lost.version > visit.version:
            await self._released(bill_id, lost, f"{received}:released")

    async def seat_answer_repeated(self, event: SeatAnswerRepeated, envelope: Envelope) -> None:
        """Handle the repeated outcome of a question for a seat, for answers that an older build did not understand.

        The answer counts as the oldest event of its appointment, so every other event of it wins.

        Raises:
            NotYet: the bill is not here.
        """
        if event.outcome == SeatAnswer.UNAVAILABLE:
            await self._no_seat(event, envelope.id)
        elif event.asked_for == SeatQuestion.RENEWAL:
            return
        elif event.outcome == SeatAnswer.OFFERED and event.offer_until is not None:
            await self._late_payments.seat_offered(event.bill_id, event.offer_until)
        elif event.appointment_id is not None:
            await self._visit_confirmed(event.bill_id, seat_from_answer(event), envelope.id)
            if event.outcome == SeatAnswer.RELEASED:
                lost = LostSeat(
                    event.appointment_id, envelope.aggregate_version, event.reason or "", was_confirmed=True
                )
                await self._released(event.bill_id, lost, f"{envelope.id}:released")

    async def _no_seat(self, event: SeatAnswerRepeated, received: str) -> None:
        if event.asked_for == SeatQuestion.RENEWAL:
            await self._lifecycle.renewal_refused(event.bill_id, event.reason or "", received)
        else:
            await self._late_payments.no_seat(event.bill_id)

    async def appointment_released(self, event: AppointmentReleased, envelope: Envelope) -> None:
        """Give up the unpaid bill of a released seat; money that came at the same moment seeks another seat."""
        lost = LostSeat(event.appointment_id, envelope.aggregate_version, event.reason, event.was_confirmed)
        if event.was_confirmed or event.reason in LOST:
            await self._applications.keep_lost_seat(lost)
        for record in await self._bills.bills_at(event.appointment_id):
            # also where the bill knows it: the receipt is written after the bill, and a crash may lie between
            if event.reason == ReleaseReason.WITHDRAWN:
                await self._processing.give_back_if_withdrawn_before(record.id)
            await self._released(record.id, lost, envelope.id)

    async def _released(self, bill_id: str, lost: LostSeat, received: str) -> None:
        """Apply the end of an appointment to a bill; each part is decided in the write that it changes."""
        record = await self._bills.bill(bill_id)
        if record is None:
            return
        if lost.was_confirmed or record.state.state == BillState.WAIVED:
            await self._aggregates.change(
                BILLS,
                bill_id,
                lambda bill: bills.visit_released(bill, lost.appointment_id, lost.version, lost.reason),
                received=received,
            )
        elif lost.reason in LOST:
            await self._lifecycle.give_up(record, lost.reason, received, lost)
            await self._seek_seat_if_paid(bill_id, lost, received)

    async def _seek_seat_if_paid(self, bill_id: str, lost: LostSeat, received: str) -> None:
        """Seek another seat if the bill was paid before it was given up."""
        record = await self._bills.bill(bill_id)
        if record is None or record.state.state != BillState.PAID:
            return
        is_lost = await self._late_payments.seat_lost(bill_id, lost.appointment_id, lost.version, f"{received}:lost")
        if is_lost and lost.reason == ReleaseReason.WITHDRAWN:
            await self._processing.give_back(bill_id, RefundCause.SERVICE_NOT_DELIVERED)
