"""Bills: from a held seat to a code, and from the code to money or an end. SIMPONI is asked from deadlines only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.billing.alerts import (
    CLAIM_CASE_OPEN,
    CODE_OVERDUE,
    CODE_UNKNOWN_TO_SIMPONI,
    UNSETTLED_CASE_OPEN,
    alert,
)
from services.billing.bills import model as bills
from services.billing.bills.model import Bill, Code, Payer, Purpose, Seat, VisitState
from services.billing.metrics import Figures
from services.billing.receipts.receipt_processing import Money
from services.billing.receipts.simponi_batching import Asker, Urgency
from services.billing.refunds.model import RefundCause
from services.billing.repositories import BILLS, KnownApplication, LostSeat, OrderedBook, Repository
from services.billing.rules import JAKARTA, Policies, YearClosed, validity, whole_seconds
from services.billing.simponi import Simponi, SimponiBilling, SimponiRefused
from services.billing.states import BillState, Decision, IllegalTransition
from services.billing.tariffs.book import Tariffs
from services.billing.tariffs.model import SAME_DAY_POOL, Order, price
from shared.clock import Clock
from shared.errors import UpstreamDown
from shared.events.application import ApplicationSubmitted, ApplicationWithdrawn
from shared.events.scheduling import (
    AppointmentConfirmed,
    AppointmentReleased,
    AppointmentRescheduled,
    SeatAnswerRepeated,
    SeatHeld,
)
from shared.ids import derived_id
from shared.logs import get_logger
from shared.service import NotYet
from shared.store.kinds import Record

log = get_logger(__name__)

LOST: Final = frozenset({"hold_lapsed", "cancelled", "withdrawn", "proof_refused"})
"""Reasons of a release that did not begin with a bill's own end."""

WITHDRAWN: Final = "withdrawn"
RENEWAL: Final = "renewal"
"""What a seat was asked for when a new code was wanted; else late money asked."""

WAITING_FOR_END: Final = frozenset({BillState.ISSUED, BillState.EXPIRY_UNCONFIRMED})


class Bills:
    """The use cases of bills that messages and deadlines start."""

    def __init__(
        self,
        repository: Repository,
        money: Money,
        simponi: Simponi,
        asker: Asker,
        figures: Figures,
        clock: Clock,
        policies: Policies,
        tariffs: Tariffs,
    ) -> None:
        self._repository = repository
        self._money = money
        self._simponi = simponi
        self._asker = asker
        self._figures = figures
        self._clock = clock
        self._policy = policies.bill
        self._tariffs = tariffs

    # what other services tell

    async def application_submitted(self, event: ApplicationSubmitted, version: int) -> None:
        """Know what an application asks for; a later submission replaces an earlier one."""
        order = OrderedBook(event.passport_kind, event.validity_years, event.reason, event.zero_tariff)

        def merge(known: KnownApplication | None) -> KnownApplication:
            if known is None:
                return KnownApplication(event.application_id, event.account_id, event.person_id, order, version)
            if known.order is not None and version <= known.version:
                return known
            newest = max(version, known.version)
            return replace(known, order=order, version=newest, account_id=event.account_id, person_id=event.person_id)

        await self._repository.keep_application(event.application_id, merge)

    async def application_withdrawn(
        self, event: ApplicationWithdrawn, version: int, received: str, told_at: datetime
    ) -> None:
        """The application ends: what is not paid is not wanted any more, what was paid after it goes back."""
        withdrawn_at = event.withdrawn_at or told_at

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

        await self._repository.keep_application(event.application_id, merge)
        for record in await self._repository.bills_of(event.application_id):
            await self._give_up(record, WITHDRAWN, received)
            await self._money.give_back_if_withdrawn_before(record.id)

    async def seat_held(self, event: SeatHeld, version: int, received: str) -> None:
        """Price the application and ask for a code; a repeat meets the same bill.

        Raises:
            NotYet: the application has not been heard of here.
        """
        application = await self._repository.application(event.application_id)
        if application is None or (application.order is None and not application.withdrawn):
            raise NotYet(f"application {event.application_id} is not known")
        if application.withdrawn or application.order is None:
            return
        bill_id = derived_id("bill", event.appointment_id, Purpose.FEE.value, event.replaces_bill_id or "")
        seat = _seat_of(event, version)
        decision = await self._priced(bill_id, application, application.order, seat, event.replaces_bill_id)
        await self._repository.insert(BILLS, bill_id, decision, received=received)
        await self._give_up_if_too_late(bill_id, event, version, received)
        if event.replaces_bill_id is not None:
            now = self._clock.now()
            await self._repository.change(
                BILLS, event.replaces_bill_id, lambda bill: bills.renewal_granted(bill, bill_id, now), received=received
            )

    async def _priced(
        self, bill_id: str, application: KnownApplication, order: OrderedBook, seat: Seat, replaces: str | None
    ) -> Decision[Bill]:
        now = self._clock.now()
        wanted = Order(
            order.passport_kind,
            order.validity_years,
            order.reason,
            order.zero_tariff,
            same_day=seat.pool == SAME_DAY_POOL,
        )
        frozen = price(await self._tariffs.book(), wanted, now.astimezone(JAKARTA).date())
        payer = Payer(application.application_id, application.account_id, application.person_id)
        return bills.request(bill_id, payer, Purpose.FEE, frozen, seat, now, self._policy, replaces_bill_id=replaces)

    async def _give_up_if_too_late(self, bill_id: str, event: SeatHeld, version: int, received: str) -> None:
        """The seat may have gone, or the application been withdrawn, before its hold was heard of here.

        Both sides write first and look after, so that whichever comes second sees the other.
        """
        lost = await self._repository.lost_seat(event.appointment_id)
        application = await self._repository.application(event.application_id)
        reason = lost.reason if lost and lost.version > version else None
        if application is not None and application.withdrawn:
            reason = WITHDRAWN
        record = await self._repository.bill(bill_id) if reason is not None else None
        if record is not None and reason is not None:
            await self._give_up(record, reason, f"{received}:too_late")

    async def _give_up(self, record: Record[Bill], reason: str, received: str, lost: LostSeat | None = None) -> None:
        def decide(bill: Bill) -> Decision[Bill]:
            if lost is not None and bills.knows_of(bill, lost.appointment_id, lost.version):
                return Decision(bill)  # the end of an earlier hold of that appointment
            own = lost.appointment_id if lost is not None else None
            return bills.give_up(bill, own, reason, self._clock.now(), self._policy)

        await self._repository.change(BILLS, record.id, decide, first=record, received=received)

    async def appointment_confirmed(self, event: AppointmentConfirmed, version: int, received: str) -> None:
        """A visit is certain; where late money sought it, the bill is paid by this.

        Raises:
            NotYet: the bill is not here.
        """
        await self._visit_confirmed(event.bill_id, _seat_of(event, version), received)

    async def _visit_confirmed(self, bill_id: str, visit: Seat, received: str) -> None:
        """Which of the two ways it is, is decided in the bill's own write; its end may have been heard of before."""
        record = await self._repository.bill(bill_id)
        if record is None:
            raise NotYet(f"bill {bill_id} is not known")
        try:
            await self._repository.change(
                BILLS, bill_id, lambda bill: bills.visit_confirmed(bill, visit), first=record, received=received
            )
        except bills.SeatIsSought:
            await self._money.seat_found(bill_id, visit)
            await self._money.give_back_if_withdrawn_before(bill_id)
        lost = await self._repository.lost_seat(visit.appointment_id)
        if lost is not None and lost.version > visit.version:
            await self._released(bill_id, lost, f"{received}:released")

    async def seat_answer_repeated(self, event: SeatAnswerRepeated, version: int, received: str) -> None:
        """Scheduling says again what became of a question for a seat: what was not understood then is now.

        The answer counts as the oldest news of its appointment, so that whatever else was told of it stays.

        Raises:
            NotYet: the bill is not here.
        """
        if event.outcome == "unavailable":
            await self._no_seat(event, received)
        elif event.asked_for == RENEWAL:
            return
        elif event.outcome == "offered" and event.offer_until is not None:
            await self._money.seat_offered(event.bill_id, event.offer_until)
        elif event.appointment_id is not None:
            await self._visit_confirmed(event.bill_id, _seat_answered(event), received)
            if event.outcome == "released":
                lost = LostSeat(event.appointment_id, version, event.reason or "", was_confirmed=True)
                await self._released(event.bill_id, lost, f"{received}:released")

    async def _no_seat(self, event: SeatAnswerRepeated, received: str) -> None:
        if event.asked_for == RENEWAL:
            await self.renewal_refused(event.bill_id, event.reason or "", received)
        else:
            await self._money.no_seat(event.bill_id)

    async def appointment_rescheduled(self, event: AppointmentRescheduled, version: int, received: str) -> None:
        """A visit is at another time or place."""
        moved = _seat_of(event, version)
        for record in await self._repository.bills_at(event.appointment_id):
            await self._repository.change(
                BILLS, record.id, lambda bill: bills.seat_moved(bill, moved), first=record, received=received
            )

    async def appointment_released(self, event: AppointmentReleased, version: int, received: str) -> None:
        """A seat went back: an unpaid bill is given up, money that came at the same moment seeks another seat."""
        lost = LostSeat(event.appointment_id, version, event.reason, event.was_confirmed)
        if event.was_confirmed or event.reason in LOST:
            await self._repository.keep_lost_seat(lost)
        for record in await self._repository.bills_at(event.appointment_id):
            # also where the bill knows it: the receipt is written after the bill, and a crash may lie between
            if event.reason == WITHDRAWN:
                await self._money.give_back_if_withdrawn_before(record.id)
            await self._released(record.id, lost, received)

    async def _released(self, bill_id: str, lost: LostSeat, received: str) -> None:
        """What the end of an appointment means for a bill; each part is decided in the write that it changes."""
        record = await self._repository.bill(bill_id)
        if record is None:
            return
        if lost.was_confirmed or record.state.state == BillState.WAIVED:
            await self._repository.change(
                BILLS,
                bill_id,
                lambda bill: bills.visit_released(bill, lost.appointment_id, lost.version, lost.reason),
                received=received,
            )
        elif lost.reason in LOST:
            await self._give_up(record, lost.reason, received, lost)
            await self._seek_seat_if_paid(bill_id, lost, received)

    async def _seek_seat_if_paid(self, bill_id: str, lost: LostSeat, received: str) -> None:
        """The money may have been faster than the giving up."""
        record = await self._repository.bill(bill_id)
        if record is None or record.state.state != BillState.PAID:
            return
        is_lost = await self._money.seat_lost(bill_id, lost.appointment_id, lost.version, f"{received}:lost")
        if is_lost and lost.reason == WITHDRAWN:
            await self._money.give_back(bill_id, RefundCause.SERVICE_NOT_DELIVERED)

    async def renewal_refused(self, bill_id: str, reason: str, received: str) -> None:
        """The seat of a renewed bill is gone.

        Raises:
            NotYet: the bill is not here.
        """
        if await self._repository.bill(bill_id) is None:
            raise NotYet(f"bill {bill_id} is not known")
        await self._repository.change(
            BILLS, bill_id, lambda bill: bills.renewal_refused(bill, reason, self._clock.now()), received=received
        )

    # what falls due

    async def ask_due(self, record: Record[Bill]) -> None:
        """Ask SIMPONI for the code; the answer, a wait or a failure with its cause is written."""
        bill, now = record.state, self._clock.now()
        last_moment = bill.last_moment
        if last_moment is not None and now >= last_moment:
            cause = "session_started" if bill.pay_until is None else "cut_off_passed"
            await self._change(record, lambda state: bills.fail(state, cause, now, self._policy))
            return
        span = validity(now, last_moment, self._policy)
        if isinstance(span, YearClosed):
            await self._change(record, lambda state: bills.wait_for_year(state, span.opens_at, now, self._policy))
            return
        try:
            billing = await self._simponi.issue(bill.reference, bill.amount, span.expires_at, _description(bill))
        except UpstreamDown as down:
            log.warning("billing.code_not_issued", bill_id=record.id, reason=down.reason)
            await self._change(record, lambda state: bills.no_answer(state, self._clock.now(), self._policy))
            return
        except SimponiRefused as no:
            code = no.code
            await self._change(record, lambda state: bills.refused(state, code, self._clock.now(), self._policy))
            return
        await self._answered(record, billing, span.shortened_by_year_end)

    async def _answered(self, record: Record[Bill], billing: SimponiBilling, shortened: bool) -> None:
        now = self._clock.now()
        code = billing.billing_code
        if billing.amount != record.state.amount:
            await self._change(record, lambda state: bills.refused(state, "amount_differs", now, self._policy))
        elif billing.expires_at < whole_seconds(now) and not billing.payments:
            await self._change(record, lambda state: bills.renew_reference(state, code, now, self._policy))
        else:
            fresh = Code(code, billing.expires_at)
            await self._change(record, lambda state: bills.issue(state, fresh, shortened, now, self._policy))
            waited = (now - record.state.requested_at).total_seconds()
            self._figures.code_wait.observe(max(0.0, waited))
            log.info("billing.code_issued", bill_id=record.id, waited_seconds=round(waited, 3))
            await self._money.take_all(billing.payments, "issue")

    async def delay_due(self, record: Record[Bill]) -> None:
        """Tell the applicant that the code takes longer (F54)."""
        await self._change(record, bills.tell_delay)

    async def alert_due(self, record: Record[Bill]) -> None:
        """Tell the operators that a code takes far too long (F54)."""
        alert(CODE_OVERDUE, bill_id=record.id)
        await self._change(record, lambda state: bills.without_due(state, "alert"))

    async def remind_due(self, record: Record[Bill]) -> None:
        """Half of the code's life is over."""
        await self._change(record, bills.remind)

    async def poll_due(self, record: Record[Bill]) -> None:
        """Look at the code: a lost notice costs at most one poll (F56)."""
        answered, not_before = True, self._clock.now()
        try:
            billing = await self._asker.status(record.state.billing_code or "", _urgency(record.state))
        except UpstreamDown as down:
            log.info("billing.poll_unanswered", bill_id=record.id, reason=down.reason)
            billing, answered = None, False
            not_before += timedelta(seconds=down.retry_after_seconds or 0)
        if billing is not None:
            await self._money.take_all(billing.payments, "poll")
            await self._confirm_claims(record, billing)
        await self._change(
            record,
            lambda state: bills.polled(
                state, self._clock.now(), self._policy, answered=answered, not_before=not_before
            ),
        )

    async def _confirm_claims(self, record: Record[Bill], billing: SimponiBilling) -> None:
        if not record.state.claims:
            return
        numbers = frozenset(
            number for payment in billing.payments for number in (payment.ntpn, payment.ntb) if number is not None
        )
        await self._repository.change(BILLS, record.id, lambda state: bills.confirm_claims(state, numbers))

    async def expire_due(self, record: Record[Bill]) -> None:
        """The last question before the end (F58): unpaid ends the bill, silence leaves the seat for now."""
        try:
            billing = await self._asker.status(record.state.billing_code or "", Urgency.LAST_QUESTION)
        except UpstreamDown:
            await self._change(record, lambda state: self._end(state, bills.doubt))
            return
        if billing is None:
            alert(CODE_UNKNOWN_TO_SIMPONI, bill_id=record.id)
            await self._change(record, lambda state: self._end(state, bills.doubt))
            return
        await self._money.take_all(billing.payments, "poll")
        await self._change(record, lambda state: self._end(state, bills.expire))

    def _end(self, bill: Bill, end: Callable[..., Decision[Bill]]) -> Decision[Bill]:
        """End only what still waits: money that came meanwhile has changed the bill, and its version."""
        return end(bill, self._clock.now(), self._policy) if bill.state in WAITING_FOR_END else Decision(bill)

    async def claim_due(self, record: Record[Bill]) -> None:
        """A claim that nothing confirmed in time becomes a case (F57)."""
        changed = await self._change(record, bills.claims_overdue)
        if changed is not None and any(claim.state == bills.ClaimState.CASE_OPEN for claim in changed.state.claims):
            alert(CLAIM_CASE_OPEN, bill_id=record.id)

    async def case_due(self, record: Record[Bill]) -> None:
        """A bank's receipt whose treasury number is missing for long becomes a case (X4, F57)."""
        alert(UNSETTLED_CASE_OPEN, bill_id=record.id)
        await self._change(record, lambda state: bills.without_due(state, "case"))

    async def _change(self, record: Record[Bill], decide: Callable[[Bill], Decision[Bill]]) -> Record[Bill] | None:
        """Decide on the leased state first; where the bill has moved on meanwhile, there is nothing to decide."""
        try:
            return await self._repository.change(BILLS, record.id, decide, first=record)
        except IllegalTransition as moved:
            log.info("billing.overtaken", bill_id=record.id, state=moved.state.value, command=moved.command.value)
            return None


def _seat_answered(event: SeatAnswerRepeated) -> Seat:
    if event.starts_at is None:
        raise ValueError("a seat that was found has a time")
    return Seat(
        appointment_id=event.appointment_id or "",
        version=0,
        office_id=event.office_id or "",
        session_id=event.session_id or "",
        pool=event.pool or "",
        starts_at=event.starts_at,
        office_name=event.office_name or "",
        timezone=event.office_timezone or "",
        ends_at=event.ends_at,
        person_id=event.person_id,
    )


def _seat_of(event: SeatHeld | AppointmentRescheduled | AppointmentConfirmed, version: int) -> Seat:
    return Seat(
        appointment_id=event.appointment_id,
        version=version,
        office_id=event.office_id,
        session_id=event.session_id,
        pool=event.pool,
        starts_at=event.starts_at,
        office_name=event.office_name,
        timezone=event.office_timezone,
        ends_at=event.ends_at,
        pay_until=event.pay_until if isinstance(event, SeatHeld) else None,
        visit=VisitState.HELD if isinstance(event, SeatHeld) else VisitState.CONFIRMED,
        person_id=event.person_id,
    )


def _urgency(bill: Bill) -> Urgency:
    return Urgency.CLAIMED if bill.state == BillState.PAID_UNSETTLED or "claim" in bill.due else Urgency.ROUTINE


def _description(bill: Bill) -> str:
    return "; ".join(line.title_id for line in bill.price.lines)
