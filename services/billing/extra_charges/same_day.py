"""The same-day surcharge: its request, its bill, and its end when the reserved place is released."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from services.billing.bills import model as bills
from services.billing.bills.model import Bill, BillOutcome, Seat, paid_fee
from services.billing.bills.repository import BILLS, BillRepository
from services.billing.bills.states import BillState
from services.billing.context import UseCaseContext
from services.billing.errors import NotYourOffice
from services.billing.extra_charges.errors import CutOffPassed, NotTheDayOfTheVisit, NoVisitToHurry, SameDayPlaceNeeded
from services.billing.receipts.receipt_processing import ReceiptProcessing
from services.billing.receipts.refund_subject import RefundCause
from services.billing.rules import cut_off
from services.billing.store_part import states
from services.billing.tariffs.book import Tariffs
from services.billing.tariffs.model import LineCode, same_day_price
from shared.calendar.working_days import day_in_jakarta
from shared.errors import NotFound
from shared.events.codes import BillPurpose, ReleaseReason
from shared.events.envelope import Envelope
from shared.events.scheduling import SameDaySeatReserved
from shared.ids import derived_id
from shared.logs import get_logger
from shared.service import NotYet
from shared.store.decision import Decision
from shared.tokens import Caller

log = get_logger(__name__)


_OVER: Final = frozenset({BillState.EXPIRED, BillState.FAILED, BillState.CANCELLED, BillState.SUPERSEDED})


GIVEN_UP_BY_HOLDER: Final = frozenset({ReleaseReason.CANCELLED, ReleaseReason.WITHDRAWN})
"""Reasons of a release by the holder's own act: like the fee, the surcharge is not refunded then."""


def _current_surcharge(known: Sequence[Bill]) -> Bill | None:
    """Return the surcharge bill that is paid or payable for a reserved place, or None."""
    surcharges = [bill for bill in known if bill.purpose == BillPurpose.SAME_DAY and bill.state not in _OVER]
    return next((bill for bill in surcharges if bill.live or bills.bought(bill)), None)


class SameDayCharges:
    """Request, bill and refund the same-day surcharge."""

    def __init__(
        self, context: UseCaseContext, bills: BillRepository, tariffs: Tariffs, processing: ReceiptProcessing
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.bill
        self._bills = bills
        self._tariffs = tariffs
        self._processing = processing

    async def ask_same_day(self, caller: Caller, application_id: str) -> Bill:
        """Return the surcharge of a visitor who is at the office and has paid the fee; unpaid, the visit stays regular.

        Its bill is made when scheduling has taken a place in the day's quota (:meth:`place_reserved`); asking meets it.

        Raises:
            NotFound, NotYourOffice, NoVisitToHurry, NotTheDayOfTheVisit, CutOffPassed, SameDayPlaceNeeded.
        """
        known = states(await self._bills.bills_of(application_id))
        if not known:
            raise NotFound
        fee = paid_fee(known)
        if fee is None or fee.seat is None or fee.standing != BillOutcome.APPOINTMENT:
            raise NoVisitToHurry
        if fee.seat.office_id != caller.office_id:
            raise NotYourOffice
        if any(line.code == LineCode.SAME_DAY.value for line in fee.price.lines):
            raise NoVisitToHurry
        current = _current_surcharge(known)
        if current is not None:
            return current
        self._refuse_unless_in_time(fee.seat)
        raise SameDayPlaceNeeded(appointment_id=fee.seat.appointment_id)

    def _refuse_unless_in_time(self, seat: Seat) -> None:
        now, zone = self._clock.now(), ZoneInfo(seat.timezone)
        day = seat.starts_at.astimezone(zone).date()
        until = cut_off(day, self._policy.same_day_pay_until)
        if now.astimezone(zone).date() != day:
            raise NotTheDayOfTheVisit(date=day.isoformat())
        if now >= until:
            raise CutOffPassed(cut_off=until.astimezone(zone).isoformat())

    async def place_reserved(self, event: SameDaySeatReserved, envelope: Envelope) -> None:
        """Bill the surcharge of a place in today's same-day quota, once. Unpaid in time, the place is released.

        Raises:
            NotYet: the payment of the fee, or the confirmation of its visit, is not known here yet.
        """
        known = states(await self._bills.bills_of(event.application_id))
        fee = paid_fee(known)
        if fee is None or fee.standing is None:
            raise NotYet(f"no paid visit of application {event.application_id} is known")
        if fee.standing != BillOutcome.APPOINTMENT or _current_surcharge(known) is not None:
            log.info("billing.surcharge_not_needed", application_id=event.application_id)
            return
        now = self._clock.now()
        decision = bills.request(
            derived_id("bill", BillPurpose.SAME_DAY.value, event.reservation_id),
            fee.payer,
            BillPurpose.SAME_DAY,
            same_day_price(await self._tariffs.book(), day_in_jakarta(now)),
            None,
            now,
            self._policy,
            pay_until=event.pay_until,
            timezone=event.office_timezone,
            reservation_id=event.reservation_id,
        )
        await self._aggregates.insert(BILLS, decision.state.bill_id, decision, received=envelope.id)

    async def place_gone(self, bill_id: str, reason: str, received: str) -> None:
        """Drop or refund the surcharge of a place that scheduling released, for the coded reason.

        Money that the bank has and the treasury does not show yet is handled once it is paid.

        Raises:
            NotYet: the bill is not here.
        """
        record = await self._bills.bill(bill_id)
        if record is None:
            raise NotYet(f"bill {bill_id} is not known")
        written = await self._aggregates.change(
            BILLS, bill_id, lambda bill: self._without_place(bill, reason), first=record, received=received
        )
        bill = written.state
        if bill.state == BillState.PAID and bill.settled_by is not None and reason not in GIVEN_UP_BY_HOLDER:
            await self._processing.give_back(bill_id, RefundCause.SERVICE_NOT_DELIVERED)

    def _without_place(self, bill: Bill, reason: str) -> Decision[Bill]:
        if bill.live:
            return bills.drop(bill, f"place_{reason}", self._clock.now(), self._policy)
        return bills.close(bill, reason) if bills.bought(bill) else Decision(bill)
