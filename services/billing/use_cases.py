"""The use cases of billing, each made once."""

from __future__ import annotations

from typing import Any, TypeVar

from services.billing.bills.application_repository import ApplicationRepository
from services.billing.bills.claims import ClaimService
from services.billing.bills.code_requests import CodeRequests
from services.billing.bills.lifecycle import BillLifecycle
from services.billing.bills.offices import BillOffices
from services.billing.bills.own_bill import OwnBills
from services.billing.bills.repository import BillRepository
from services.billing.bills.service import BillService
from services.billing.cases.follow_up import CaseFollowUp
from services.billing.cases.payment_confirmation import PaymentConfirmation
from services.billing.cases.repository import CaseRepository
from services.billing.cases.service import CaseService
from services.billing.context import UseCaseContext
from services.billing.credits.repository import CreditRepository
from services.billing.credits.service import CreditService
from services.billing.extra_charges.corrections import Corrections
from services.billing.extra_charges.repository import CorrectionRepository
from services.billing.extra_charges.same_day import SameDayCharges
from services.billing.invariants.agreement_checks import AgreementChecks
from services.billing.invariants.money_checks import MoneyChecks
from services.billing.joint_bills.joint_codes import JointCodes
from services.billing.joint_bills.repository import JointBillRepository
from services.billing.joint_bills.service import JointBillService
from services.billing.leavings.service import Leavings
from services.billing.ledger.book import LedgerBook
from services.billing.metrics import Metrics
from services.billing.own_data.part import BillingParts
from services.billing.payment_channels.model import PaymentChannel
from services.billing.payment_channels.service import PaymentChannels
from services.billing.rebooking.service import RebookingService
from services.billing.receipt_papers.service import ReceiptPapers
from services.billing.receipts.late_payments import LatePayments
from services.billing.receipts.payments import PaymentIntake
from services.billing.receipts.receipt_processing import ReceiptProcessing
from services.billing.receipts.repository import RECEIPTS, ReceiptRepository
from services.billing.receipts.seat_events import SeatEvents
from services.billing.receipts.service import ReceiptService
from services.billing.receipts.settled_lines import SettledLineRepository
from services.billing.receipts.simponi_batching import SimponiBatcher
from services.billing.receipts.simponi_polling import SimponiPolling
from services.billing.refunds.model import RefundReasons
from services.billing.refunds.opening import RefundOpening
from services.billing.refunds.processing import RefundCases
from services.billing.refunds.repository import REFUNDS, RefundRepository
from services.billing.refunds.service import RefundService
from services.billing.refunds.treasury import Treasury
from services.billing.refunds.vault import Vault, is_current
from services.billing.rules import Policies
from services.billing.sagas.explainer import Explainer
from services.billing.sagas.repository import SagaRepository
from services.billing.sagas.service import Sagas
from services.billing.settlement.reconciliation import Reconciliation
from services.billing.settlement.repository import SettlementRepository
from services.billing.settlement.service import SettlementService
from services.billing.simponi import Simponi
from services.billing.store_part import Aggregates
from services.billing.tariffs.book import Tariffs
from services.billing.tariffs.model import TariffBook
from services.billing.tariffs.repository import TariffChangeRepository
from services.billing.tariffs.service import TariffService
from shared.audit import Audit
from shared.audit.chaining import AuditBook
from shared.clock import Clock
from shared.crypto.detached import DetachedVerifier
from shared.http.signatures import Signer
from shared.key_turn.service import KeyTurns
from shared.key_turn.steps import TurnedKind
from shared.own_data.answers import ExportAnswers
from shared.retention.service import Retention
from shared.service import Platform
from shared.store.port import Store
from shared.typesetting.typesetter import Typesetter

T = TypeVar("T")


class _Repositories:
    """One repository of each room, for the making of use cases; a use case is given those that it needs."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.applications = ApplicationRepository(store, clock)
        self.bills = BillRepository(store, clock)
        self.receipts = ReceiptRepository(store, clock)
        self.settled_lines = SettledLineRepository(store, clock)
        self.refunds = RefundRepository(store, clock)
        self.cases = CaseRepository(store, clock)
        self.settlements = SettlementRepository(store, clock)
        self.corrections = CorrectionRepository(store, clock)
        self.tariff_changes = TariffChangeRepository(store, clock)
        self.sagas = SagaRepository(store, clock)
        self.joint_bills = JointBillRepository(store, clock)
        self.credits = CreditRepository(store, clock)


class Billing:
    """Everything that billing does. Each part is the use cases around one noun, made in the order of the rooms.

    ``notices`` verifies SIMPONI's payment notices; ``wait_seconds`` is the wait for a code that people are told of.
    """

    def __init__(
        self,
        platform: Platform,
        policies: Policies,
        tariffs: TariffBook,
        reasons: RefundReasons,
        simponi: Simponi,
        notices: Signer,
        *,
        vault: Vault,
        treasury: Treasury,
        signatures: DetachedVerifier,
        channels: tuple[PaymentChannel, ...],
        typesetter: Typesetter,
        public_url: str,
    ) -> None:
        clock = platform.clock
        self.clock = clock
        self.notices = notices
        self.wait_seconds = policies.bill.expected_wait_seconds
        self.audit = Audit(platform.store, clock, platform.ids)
        self.audit_book = AuditBook(platform.store, clock, platform.ids)
        self.metrics = Metrics()
        context = UseCaseContext(clock, policies, Aggregates(platform.store, clock), platform.person_keys)
        stored = _Repositories(platform.store, clock)
        offices = BillOffices(stored.bills)
        self.ledger = LedgerBook(platform, RECEIPTS)
        self.tariffs = Tariffs(stored.tariff_changes, clock, tariffs)
        self.tariff_changes = TariffService(context, stored.tariff_changes, self.tariffs)
        self._make_bills(context, stored, offices)
        self._make_receipts(context, stored, offices, RefundOpening(context, reasons), simponi)
        self.corrections = Corrections(
            context, stored.bills, stored.applications, stored.corrections, self.tariffs, self.receipts
        )
        self.same_day = SameDayCharges(context, stored.bills, self.tariffs, self.receipts)
        self.rebooking = RebookingService(context, stored.bills, self.receipts)
        self._make_cases(context, stored, offices)
        self._make_refunds(context, stored, offices, reasons, treasury, vault)
        self._make_settlement(context, stored, platform, simponi, signatures)
        own_bills = OwnBills(stored.bills, offices)
        self.payment_channels = PaymentChannels(own_bills, channels)
        self.receipt_papers = ReceiptPapers(
            own_bills, stored.bills, stored.receipts, stored.refunds, vault, typesetter, public_url
        )
        self._make_checks(stored)
        self._make_own_data(context, stored, platform, vault)
        self.explainer = Explainer(stored.bills, stored.receipts, stored.refunds, offices)
        self.sagas = Sagas(
            context,
            stored.bills,
            stored.receipts,
            stored.refunds,
            stored.sagas,
            offices,
            self.explainer,
            self.late_payments,
            self.audit,
        )
        key_ids = (platform.person_keys.master_key_id,)
        turned = (TurnedKind(REFUNDS, is_current, vault.turned),)
        self.key_turns = KeyTurns(platform.store, clock, key_ids, turned, (platform.files, platform.person_keys))
        self._by_class: dict[type[Any], Any] = {type(part): part for part in vars(self).values()}

    def keep_retention(self, retention: Retention) -> None:
        """Take the retention of this service, which the composition root makes: it looks at what all rooms keep."""
        self.retention = retention
        self._by_class[Retention] = retention

    def find(self, wanted: type[T]) -> T:
        """Return the use cases of that class; there is one object of each."""
        found: T = self._by_class[wanted]
        return found

    def _make_bills(self, context: UseCaseContext, stored: _Repositories, offices: BillOffices) -> None:
        own_bills = self.own_bills = OwnBills(stored.bills, offices)
        self.bill_lifecycle = BillLifecycle(context, stored.bills, stored.applications, self.tariffs)
        self.bills = BillService(context, stored.bills, stored.applications, own_bills)
        self.claims = ClaimService(context, own_bills, offices)

    def _make_receipts(
        self,
        context: UseCaseContext,
        stored: _Repositories,
        offices: BillOffices,
        refunds: RefundOpening,
        simponi: Simponi,
    ) -> None:
        bills, receipts, applications = stored.bills, stored.receipts, stored.applications
        self.receipts = ReceiptProcessing(
            context, bills, receipts, applications, offices, refunds, simponi, stored.joint_bills
        )
        self.payments = PaymentIntake(context, bills, receipts, self.receipts, stored.joint_bills)
        self.late_payments = LatePayments(context, bills, refunds, self.receipts)
        self.code_requests = CodeRequests(context, simponi, self.metrics, self.payments.take_all)
        calls = context.rules.calls
        self.questions = SimponiBatcher(
            simponi, self.clock, self.metrics, calls_per_minute=calls.per_minute, codes_per_call=calls.codes_each
        )
        self.polling = SimponiPolling(context, self.questions, self.payments)
        self.joint_codes = JointCodes(context, bills, simponi, self.questions.status, self.payments.take_all)
        self.joint_bills = JointBillService(context, stored.joint_bills, self.own_bills, self.joint_codes)
        self.seat_events = SeatEvents(
            context, bills, applications, self.bill_lifecycle, self.receipts, self.late_payments
        )
        self.receipt_reading = ReceiptService(receipts, offices)
        self.credits = CreditService(context, stored.credits, self.own_bills, self.receipts)

    def _make_cases(self, context: UseCaseContext, stored: _Repositories, offices: BillOffices) -> None:
        self.case_follow_up = CaseFollowUp(
            context,
            stored.bills,
            stored.receipts,
            stored.settled_lines,
            self.bill_lifecycle,
            self.payments,
            self.questions,
        )
        self.receipts.on_unknown_code = self.case_follow_up.unknown_code
        self.confirming = PaymentConfirmation(
            context, stored.settled_lines, self.questions, self.payments, self.case_follow_up
        )
        self.cases = CaseService(context, stored.cases, stored.bills, stored.receipts, offices)

    def _make_refunds(
        self,
        context: UseCaseContext,
        stored: _Repositories,
        offices: BillOffices,
        reasons: RefundReasons,
        treasury: Treasury,
        vault: Vault,
    ) -> None:
        bills, receipts, refunds = stored.bills, stored.receipts, stored.refunds
        self.refund_processing = RefundCases(context, bills, receipts, refunds, treasury, vault, self.confirming)
        self.refunds = RefundService(
            context, bills, receipts, refunds, offices, reasons, vault, self.refund_processing, self.audit
        )

    def _make_settlement(
        self,
        context: UseCaseContext,
        stored: _Repositories,
        platform: Platform,
        simponi: Simponi,
        signatures: DetachedVerifier,
    ) -> None:
        self.reconciliation = Reconciliation(
            context,
            platform.files,
            platform.ids,
            stored.receipts,
            stored.settlements,
            stored.settled_lines,
            simponi,
            signatures,
            self.payments,
            self.case_follow_up,
            self.confirming,
        )
        self.settlements = SettlementService(stored.settlements, self.reconciliation)

    def _make_own_data(self, context: UseCaseContext, stored: _Repositories, platform: Platform, vault: Vault) -> None:
        self.leavings = Leavings(
            context, stored.applications, stored.bills, stored.receipts, stored.refunds, stored.cases, stored.credits
        )
        self.own_parts = BillingParts(
            platform.store, stored.bills, stored.receipts, stored.refunds, vault, stored.credits, stored.joint_bills
        )
        self.export_answers = ExportAnswers(platform.store, self.clock, "billing", self.own_parts.collect)

    def _make_checks(self, stored: _Repositories) -> None:
        bills, receipts, refunds = stored.bills, stored.receipts, stored.refunds
        self.checks = MoneyChecks(
            self.clock, bills, receipts, refunds, self.confirming, stored.joint_bills, stored.credits
        )
        self.agreement = AgreementChecks(bills, receipts, refunds, stored.applications)
        self.checks.more_rules = self.agreement.rules()
