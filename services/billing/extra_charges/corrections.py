"""Corrections by an officer: a bill for a missing amount, a refund of an excess."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from services.billing.bills import model as bills
from services.billing.bills.application_facts import Finding, KnownApplication, OrderedBook
from services.billing.bills.application_repository import ApplicationRepository
from services.billing.bills.model import Payer, paid_fee
from services.billing.bills.repository import BILLS, BillRepository
from services.billing.context import UseCaseContext
from services.billing.extra_charges import correction as corrections
from services.billing.extra_charges.correction import CorrectedOrder, Correction, CorrectionState, Excess, NewBill
from services.billing.extra_charges.repository import CORRECTIONS, CorrectionRepository
from services.billing.receipts.receipt_processing import ReceiptProcessing
from services.billing.store_part import states
from services.billing.tariffs.book import Tariffs
from services.billing.tariffs.model import Order
from shared.events.application import KindCorrected, PenaltyFound
from shared.events.envelope import Envelope
from shared.ids import derived_id
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Record

NOT_OWED: Final = "not_owed"
MOST_LOOKS: Final = 5
"""Rounds of dropping bills and calculating the rest; money that comes meanwhile needs another round."""


class Corrections:
    """Applies corrections and penalties to the bills of an application."""

    def __init__(
        self,
        context: UseCaseContext,
        bills: BillRepository,
        applications: ApplicationRepository,
        corrections: CorrectionRepository,
        tariffs: Tariffs,
        processing: ReceiptProcessing,
    ) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.bill
        self._bills = bills
        self._applications = applications
        self._corrections = corrections
        self._tariffs = tariffs
        self._processing = processing

    async def kind_corrected(self, event: KindCorrected, envelope: Envelope) -> None:
        """Bill or refund the price difference after an officer corrected the application.

        Raises:
            NotYet: the application is not known, another correction of it is being worked out, or its fee bill of
                another price is out: the correction waits for the payment or the end of that bill.
        """
        version = envelope.aggregate_version
        order = OrderedBook(event.passport_kind, event.validity_years, event.reason, event.zero_tariff)

        def merge(known: KnownApplication) -> KnownApplication:
            return replace(known, order=order, version=version) if version > known.version else known

        await self._keep(event.application_id, merge)
        await self._settle(event.correction_id or envelope.id, event.application_id)

    async def penalty_found(self, event: PenaltyFound, envelope: Envelope) -> None:
        """Bill the penalty for a lost or damaged passport; it is zero under force majeure.

        Raises:
            NotYet: the application is not known, or another correction of it is being worked out.
        """
        finding, version = Finding(event.ground, event.force_majeure), envelope.aggregate_version

        def merge(known: KnownApplication) -> KnownApplication:
            newer = replace(known, finding=finding, finding_version=version)
            return newer if version > known.finding_version else known

        await self._keep(event.application_id, merge)
        await self._settle(event.correction_id or envelope.id, event.application_id)

    async def _keep(self, application_id: str, merge: Callable[[KnownApplication], KnownApplication]) -> None:
        def known_only(known: KnownApplication | None) -> KnownApplication:
            if known is None or known.order is None:
                raise NotYet(f"application {application_id} is not known")
            return merge(known)

        await self._applications.keep_application(application_id, known_only)

    async def _settle(self, correction_id: str, application_id: str) -> None:
        await self._refuse_unpaid_bill(application_id)
        record = await self._find_or_begin(correction_id, application_id)
        if record.state.state == CorrectionState.OPEN:
            record = await self._plan(record)
        if record.state.state == CorrectionState.PLANNED:
            await self._carry_out(record.state)
            await self._aggregates.save(CORRECTIONS, record, corrections.finished(record.state))

    async def _refuse_unpaid_bill(self, application_id: str) -> None:
        known = await self._applications.application(application_id)
        if known is None or known.order is None or known.withdrawn:
            return
        all_bills = states(await self._bills.bills_of(application_id))
        wanted = _order_of(known.order, known.finding)
        if corrections.awaits_payment(wanted, all_bills, await self._tariffs.book()):
            raise NotYet(f"the fee bill of application {application_id} is neither paid nor ended")

    async def _find_or_begin(self, correction_id: str, application_id: str) -> Record[Correction]:
        """Return the stored correction, or begin it; only one per application is in progress at a time."""
        known = await self._corrections.correction(correction_id)
        if known is not None:
            return known
        about = await self._applications.application(application_id)
        if about is None:
            raise NotYet(f"application {application_id} is not known")
        now = self._clock.now()
        fresh = Correction(correction_id, application_id, about.account_id, about.person_id, now)
        record = await self._aggregates.insert(CORRECTIONS, correction_id, Decision(fresh))
        if record is None:
            raise NotYet(f"another correction of application {application_id} is being worked out")
        return record

    async def _plan(self, record: Record[Correction]) -> Record[Correction]:
        for _ in range(MOST_LOOKS):
            effects = await self._calculate_effects(record.state)
            if not effects.drop:
                ids = [derived_id("bill", record.id, purpose.value) for purpose, _ in effects.ask]
                return await self._aggregates.save(CORRECTIONS, record, corrections.planned(record.state, effects, ids))
            for bill in effects.drop:
                await self._drop(bill.bill_id)
        raise NotYet(f"the bills of application {record.state.application_id} change all the time")

    async def _calculate_effects(self, correction: Correction) -> corrections.CorrectionEffects:
        application_id = correction.application_id
        known = await self._applications.application(application_id)
        if known is None or known.order is None or known.withdrawn:
            return corrections.CorrectionEffects()
        wanted = _order_of(known.order, known.finding)
        all_bills = states(await self._bills.bills_of(application_id))
        earlier = states(await self._corrections.corrections_of(application_id))
        return corrections.effects_of(wanted, all_bills, earlier, await self._tariffs.book())

    async def _drop(self, bill_id: str) -> None:
        """End a bill that is not owed any more; money that came meanwhile stays, and the next round sees it."""
        now = self._clock.now()
        await self._aggregates.change(BILLS, bill_id, lambda bill: bills.drop(bill, NOT_OWED, now, self._policy))

    async def _carry_out(self, correction: Correction) -> None:
        fee = paid_fee(states(await self._bills.bills_of(correction.application_id)))
        timezone = fee.seat.timezone if fee is not None and fee.seat is not None else None
        for new in correction.bills:
            await self._ask(correction, new, timezone)
        for excess in correction.given_back:
            await self._give_back(correction, excess)

    async def _ask(self, correction: Correction, new: NewBill, timezone: str | None) -> None:
        payer = Payer(correction.application_id, correction.account_id, correction.person_id)
        now = self._clock.now()
        decision = bills.request(new.bill_id, payer, new.purpose, new.price, None, now, self._policy, timezone=timezone)
        await self._aggregates.insert(BILLS, new.bill_id, decision)

    async def _give_back(self, correction: Correction, excess: Excess) -> None:
        await self._processing.give_back_part(excess.bill_id, excess.amount, correction.correction_id)


def _order_of(order: OrderedBook, finding: Finding | None) -> CorrectedOrder:
    return CorrectedOrder(Order(order.passport_kind, order.validity_years, order.reason, order.zero_tariff), finding)
