"""Identity asks what stands against a leaving; billing answers with money that is under way."""

from __future__ import annotations

from services.billing.bills.application_facts import KnownApplication
from services.billing.bills.application_repository import ApplicationRepository
from services.billing.bills.repository import BillRepository
from services.billing.cases.repository import CaseRepository
from services.billing.context import UseCaseContext
from services.billing.credits.repository import CreditRepository
from services.billing.leavings.money_under_way import is_money_under_way
from services.billing.leavings.repository import ANSWERED_LEAVINGS, AnsweredLeaving
from services.billing.receipts.repository import ReceiptRepository
from services.billing.refunds.repository import RefundRepository
from services.billing.store_part import MOST_OF_ONE_APPLICATION, states
from shared.events.billing import BillingLeavingAnswered
from shared.events.codes import LeavingObjection, StayingRecord
from shared.events.envelope import Envelope
from shared.events.identity import LeavingAsked
from shared.ids import derived_id
from shared.store.decision import Decision


class Leavings:
    """The use case of leavings."""

    def __init__(
        self,
        context: UseCaseContext,
        applications: ApplicationRepository,
        bills: BillRepository,
        receipts: ReceiptRepository,
        refunds: RefundRepository,
        cases: CaseRepository,
        stored_credits: CreditRepository,
    ) -> None:
        self._context = context
        self._applications = applications
        self._bills = bills
        self._receipts = receipts
        self._refunds = refunds
        self._cases = cases
        self._credits = stored_credits

    async def answer(self, event: LeavingAsked, envelope: Envelope) -> None:
        """Say whether money is under way. A repeat of the same asking changes nothing."""
        is_under_way, has_receipts = False, False
        for application in await self._find_applications(event):
            money, paid = await self._look_at(application)
            is_under_way, has_receipts = is_under_way or money, has_receipts or paid
        objections = (LeavingObjection.MONEY_UNDER_WAY.value,) if is_under_way else ()
        answered = BillingLeavingAnswered(
            leaving_id=event.leaving_id,
            account_id=event.account_id,
            asking=event.asking,
            objections=objections,
            stays=(StayingRecord.PAYMENT_RECORD.value,) if has_receipts else (),
        )
        state = AnsweredLeaving(event.leaving_id, event.asking, objections)
        answer_id = derived_id("answered leaving", event.leaving_id, str(event.asking))
        decision = Decision(state, (answered,))
        await self._context.aggregates.insert(ANSWERED_LEAVINGS, answer_id, decision, received=envelope.id)

    async def _find_applications(self, event: LeavingAsked) -> list[KnownApplication]:
        found: list[KnownApplication] = []
        for account_id in (event.account_id, *event.joined_account_ids):
            found += await self._applications.applications_of(account_id)
        if event.whole_account:
            return found
        return [application for application in found if application.person_id in event.person_ids]

    async def _look_at(self, application: KnownApplication) -> tuple[bool, bool]:
        """Return whether money of the application is under way, and whether there ever was any."""
        application_id = application.application_id
        bills = await self._bills.bills_of(application_id)
        receipts = [receipt for bill in bills for receipt in await self._receipts.receipts_of(bill.id)]
        refunds = await self._refunds.refunds_of(application_id)
        cases = await self._cases.cases_of(application_id, MOST_OF_ONE_APPLICATION)
        of_account = states(await self._credits.credits_of((application.account_id,)))
        kept = [credit for credit in of_account if credit.application_id == application_id]
        money = is_money_under_way(states(bills), states(receipts), states(refunds), states(cases), kept)
        return money, bool(receipts)
