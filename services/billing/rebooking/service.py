"""Rebooking: rights to a new date without paying again, and the refund or closing when they end unused."""

from __future__ import annotations

from services.billing.bills.model import Bill, Special, SpecialState
from services.billing.bills.repository import BILLS, BillRepository
from services.billing.bills.states import BillState
from services.billing.context import UseCaseContext
from services.billing.rebooking import model as specials
from services.billing.receipts.receipt_processing import ReceiptProcessing
from services.billing.receipts.refund_subject import RefundCause
from shared.events.codes import MoveCause, SpecialCause
from shared.events.envelope import Envelope
from shared.events.scheduling import (
    AppointmentRescheduled,
    SpecialRescheduleEnded,
    SpecialRescheduleOpened,
    VisitInterrupted,
)
from shared.service import NotYet
from shared.store.kinds import Record


class RebookingService:
    """Follows the rights to a new date that scheduling opens and ends."""

    def __init__(
        self,
        context: UseCaseContext,
        bills: BillRepository,
        processing: ReceiptProcessing,
    ) -> None:
        self._aggregates = context.aggregates
        self._bills = bills
        self._processing = processing

    async def opened(self, event: SpecialRescheduleOpened, envelope: Envelope) -> None:
        """Let the paid bill stand on the right to choose a new date until a day."""
        special = Special(event.appointment_id, envelope.aggregate_version, SpecialState.OPEN, event.cause, event.until)
        await self._open(event.application_id, special, envelope.id)

    async def interrupted(self, event: VisitInterrupted, envelope: Envelope) -> None:
        """Let the paid bill stand on the right to a new date after the state's own systems stopped the visit."""
        special = Special(
            event.appointment_id, envelope.aggregate_version, SpecialState.OPEN, SpecialCause.SYSTEM_FAULT, event.until
        )
        await self._open(event.application_id, special, envelope.id)

    async def used(self, event: AppointmentRescheduled, envelope: Envelope) -> None:
        """Let the paid bill stand on the chosen new date; a move for another cause is none."""
        record = await self._paid_fee(event.application_id) if event.cause == MoveCause.SPECIAL else None
        if record is not None:
            await self._aggregates.change(
                BILLS,
                record.id,
                lambda bill: specials.used(bill, event.appointment_id, envelope.aggregate_version),
                first=record,
                received=f"{envelope.id}:special",
            )

    async def ended(self, event: SpecialRescheduleEnded, envelope: Envelope) -> None:
        """End an unused right: refund the money after a failure of the state, else close the bill.

        Raises:
            NotYet: the opening of the right is not known here yet.
        """
        version = envelope.aggregate_version
        record = await self._paid_fee(event.application_id)
        if record is None:
            return
        try:
            if not specials.ends(record.state, event.appointment_id, version):
                return
        except specials.OpeningUnknown:
            raise NotYet(f"the right to a new date of {event.appointment_id} is not known") from None
        if specials.gives_money_back(record.state):
            await self._processing.give_back(record.id, RefundCause.SERVICE_NOT_DELIVERED)
        await self._aggregates.change(
            BILLS, record.id, lambda bill: specials.ended(bill, event.appointment_id, version), received=envelope.id
        )

    async def _open(self, application_id: str, special: Special, received: str) -> None:
        record = await self._paid_fee(application_id)
        if record is not None:
            await self._aggregates.change(
                BILLS, record.id, lambda bill: specials.opened(bill, special), first=record, received=received
            )

    async def _paid_fee(self, application_id: str) -> Record[Bill] | None:
        """Return the bill whose money the visit rests on; a waived one holds no money and stands on nothing."""
        paid = [
            record
            for record in await self._bills.bills_of(application_id)
            if record.state.state == BillState.PAID and record.state.seat is not None
        ]
        return max(paid, key=lambda record: record.state.paid_at or record.state.requested_at, default=None)
