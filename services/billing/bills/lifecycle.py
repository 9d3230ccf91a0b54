"""Bills from a held seat until their code is issued: events, and the deadlines until then."""

from __future__ import annotations

from dataclasses import replace

from services.billing.alerts import CLAIM_CASE_OPEN, CODE_OVERDUE, UNSETTLED_CASE_OPEN, alert
from services.billing.bills import model as bills
from services.billing.bills.application_facts import KnownApplication, LostSeat, OrderedBook
from services.billing.bills.application_repository import ApplicationRepository
from services.billing.bills.model import Bill, Payer, Seat
from services.billing.bills.repository import BILLS, BillRepository
from services.billing.bills.seat_from_event import seat_from_event
from services.billing.bills.writes import change_unless_moved_on
from services.billing.context import UseCaseContext
from services.billing.tariffs.book import Tariffs
from services.billing.tariffs.model import SAME_DAY_POOL, Order, price
from shared.calendar.working_days import day_in_jakarta
from shared.events.application import ApplicationSubmitted
from shared.events.codes import BillPurpose, ReleaseReason
from shared.events.envelope import Envelope
from shared.events.scheduling import AppointmentRescheduled, SeatHeld
from shared.ids import derived_id
from shared.logs import get_logger
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Record

log = get_logger(__name__)


class BillLifecycle:
    """Use cases of bills that events and deadlines start, as far as no money moves."""

    def __init__(
        self,
        context: UseCaseContext,
        bills: BillRepository,
        applications: ApplicationRepository,
        tariffs: Tariffs,
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.bill
        self._bills = bills
        self._applications = applications
        self._tariffs = tariffs

    # events of other services

    async def application_submitted(self, event: ApplicationSubmitted, envelope: Envelope) -> None:
        """Store the order of an application; a later submission replaces an earlier one."""
        order = OrderedBook(event.passport_kind, event.validity_years, event.reason, event.zero_tariff)
        version = envelope.aggregate_version

        def merge(known: KnownApplication | None) -> KnownApplication:
            if known is None:
                return KnownApplication(event.application_id, event.account_id, event.person_id, order, version)
            if known.order is not None and version <= known.version:
                return known
            newest = max(version, known.version)
            return replace(known, order=order, version=newest, account_id=event.account_id, person_id=event.person_id)

        await self._applications.keep_application(event.application_id, merge)

    async def seat_held(self, event: SeatHeld, envelope: Envelope) -> None:
        """Price the application and request a code; a repeated event finds the same bill.

        Raises:
            NotYet: the application is not known here yet.
        """
        version, received = envelope.aggregate_version, envelope.id
        application = await self._applications.application(event.application_id)
        if application is None or (application.order is None and not application.withdrawn):
            raise NotYet(f"application {event.application_id} is not known")
        if application.withdrawn or application.order is None:
            return
        bill_id = derived_id("bill", event.appointment_id, BillPurpose.FEE.value, event.replaces_bill_id or "")
        seat = seat_from_event(event, version)
        decision = await self._priced(bill_id, application, application.order, seat, event.replaces_bill_id)
        await self._aggregates.insert(BILLS, bill_id, decision, received=received)
        await self._give_up_if_too_late(bill_id, event, version, received)
        if event.replaces_bill_id is not None:
            now = self._clock.now()
            await self._aggregates.change(
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
        frozen = price(await self._tariffs.book(), wanted, day_in_jakarta(now))
        payer = Payer(application.application_id, application.account_id, application.person_id)
        return bills.request(
            bill_id, payer, BillPurpose.FEE, frozen, seat, now, self._policy, replaces_bill_id=replaces
        )

    async def _give_up_if_too_late(self, bill_id: str, event: SeatHeld, version: int, received: str) -> None:
        """Give the bill up if its seat was released or its application withdrawn before the hold was known here.

        Both sides write first and read afterwards, so the second of them sees the first.
        """
        lost = await self._applications.lost_seat(event.appointment_id)
        application = await self._applications.application(event.application_id)
        reason = lost.reason if lost and lost.version > version else None
        if application is not None and application.withdrawn:
            reason = ReleaseReason.WITHDRAWN
        record = await self._bills.bill(bill_id) if reason is not None else None
        if record is not None and reason is not None:
            await self.give_up(record, reason, f"{received}:too_late")

    async def give_up(self, record: Record[Bill], reason: str, received: str, lost: LostSeat | None = None) -> None:
        """Cancel an unpaid bill; with ``lost`` only if it waits on that appointment."""

        def decide(bill: Bill) -> Decision[Bill]:
            if lost is not None and bills.knows_of(bill, lost.appointment_id, lost.version):
                return Decision(bill)  # the end of an earlier hold of that appointment
            own = lost.appointment_id if lost is not None else None
            return bills.give_up(bill, own, reason, self._clock.now(), self._policy)

        await self._aggregates.change(BILLS, record.id, decide, first=record, received=received)

    async def appointment_rescheduled(self, event: AppointmentRescheduled, envelope: Envelope) -> None:
        """Move the bills of an appointment to its new time or place."""
        moved = seat_from_event(event, envelope.aggregate_version)
        for record in await self._bills.bills_at(event.appointment_id):
            await self._aggregates.change(
                BILLS, record.id, lambda bill: bills.seat_moved(bill, moved), first=record, received=envelope.id
            )

    async def renewal_refused(self, bill_id: str, reason: str, received: str) -> None:
        """Refuse the renewal of a bill whose seat is gone.

        Raises:
            NotYet: the bill is not here.
        """
        if await self._bills.bill(bill_id) is None:
            raise NotYet(f"bill {bill_id} is not known")
        await self._aggregates.change(
            BILLS, bill_id, lambda bill: bills.renewal_refused(bill, reason, self._clock.now()), received=received
        )

    # deadlines

    async def delay_due(self, record: Record[Bill]) -> None:
        """Tell the applicant that the code takes longer."""
        await change_unless_moved_on(self._aggregates, record, bills.tell_delay)

    async def alert_due(self, record: Record[Bill]) -> None:
        """Alert the operators that a code takes far too long."""
        alert(CODE_OVERDUE, bill_id=record.id)
        await change_unless_moved_on(self._aggregates, record, lambda state: bills.without_due(state, "alert"))

    async def remind_due(self, record: Record[Bill]) -> None:
        """Remind the payer when half of the code's validity is over."""
        await change_unless_moved_on(self._aggregates, record, bills.remind)

    async def claim_due(self, record: Record[Bill]) -> None:
        """Mark claims that were not confirmed in time: each becomes a case."""
        changed = await change_unless_moved_on(self._aggregates, record, bills.claims_overdue)
        if changed is not None and any(claim.state == bills.ClaimState.CASE_OPEN for claim in changed.state.claims):
            alert(CLAIM_CASE_OPEN, bill_id=record.id)

    async def case_due(self, record: Record[Bill]) -> None:
        """Alert the operators about a bank receipt whose treasury number is missing for long."""
        alert(UNSETTLED_CASE_OPEN, bill_id=record.id)
        await change_unless_moved_on(self._aggregates, record, lambda state: bills.without_due(state, "case"))
