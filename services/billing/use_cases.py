"""The use cases of billing: load, decide, save; and the port to SIMPONI that they need."""

from __future__ import annotations

from services.billing.bills.service import Bills
from services.billing.cases.follow_up import Cases
from services.billing.cases.payment_confirmation import Confirming
from services.billing.cases.service import CaseDesk
from services.billing.desk import Desk
from services.billing.extra_charges.corrections import Corrections
from services.billing.extra_charges.lost_places import Surcharges
from services.billing.invariants.agreement_checks import Agreement
from services.billing.invariants.money_checks import Checks
from services.billing.ledger.book import LedgerBook
from services.billing.metrics import Figures
from services.billing.rebooking.service import Specials
from services.billing.receipts.receipt_processing import Money
from services.billing.receipts.simponi_batching import Asker
from services.billing.refunds.model import RefundReasons
from services.billing.refunds.processing import RefundCases
from services.billing.refunds.service import RefundDesk
from services.billing.refunds.treasury import Treasury
from services.billing.refunds.vault import Vault
from services.billing.repositories import Repository
from services.billing.rules import Policies
from services.billing.sagas.service import Sagas
from services.billing.settlement.reconciliation import Settling
from services.billing.simponi import Simponi, SimponiBilling, SimponiRefused
from services.billing.tariffs.book import Tariffs
from services.billing.tariffs.model import TariffBook
from shared.audit import Audit
from shared.audit.chaining import AuditBook
from shared.crypto.detached import DetachedVerifier
from shared.http.signatures import Signer
from shared.service import Platform

__all__ = ["Billing", "Simponi", "SimponiBilling", "SimponiRefused"]


class Billing:
    """Everything that billing does, by who starts it.

    ``bills`` answers messages and deadlines of bills, ``money`` those of receipts, ``desk`` people, ``checks`` the
    running rules. ``notices`` knows whether a payment notice is SIMPONI's; ``wait_seconds`` is what people are told to
    expect (F36).
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
        wait_seconds: int,
        vault: Vault,
        treasury: Treasury,
        signatures: DetachedVerifier,
    ) -> None:
        repository = Repository(platform.store, platform.clock)
        clock = platform.clock
        self.clock = clock
        self.audit = Audit(platform.store, clock, platform.ids)
        self.audit_book = AuditBook(platform.store, clock, platform.ids)
        self.ledger = LedgerBook(platform)
        self.notices = notices
        self.wait_seconds = wait_seconds
        self.money = Money(repository, simponi, clock, policies, reasons)
        self.figures = Figures()
        self.asker = Asker(
            simponi,
            clock,
            self.figures,
            calls_per_minute=policies.calls.per_minute,
            codes_per_call=policies.calls.codes_each,
        )
        self.tariffs = Tariffs(repository, clock, tariffs)
        self.bills = Bills(repository, self.money, simponi, self.asker, self.figures, clock, policies, self.tariffs)
        self.corrections = Corrections(repository, self.money, clock, policies, self.tariffs)
        self.specials = Specials(repository, self.money)
        self.surcharges = Surcharges(repository, self.money, clock, policies)
        self.desk = Desk(repository, clock, policies, self.tariffs)
        self.cases = Cases(repository, self.bills, self.money, self.asker, clock, policies)
        self.money.on_unknown_code = self.cases.unknown_code
        self.confirming = Confirming(repository, self.asker, self.money, self.cases, clock)
        self.refund_cases = RefundCases(repository, clock, policies, treasury, vault, self.confirming)
        self.refunds = RefundDesk(repository, clock, policies, reasons, vault, self.refund_cases, self.audit)
        self.checks = Checks(repository, clock, self.confirming)
        self.agreement = Agreement(repository)
        self.checks.more_rules = self.agreement.rules()
        self.sagas = Sagas(platform.store, repository, self.money, clock, policies, self.audit)
        self.settling = Settling(
            repository,
            platform.files,
            self.money,
            self.cases,
            simponi,
            clock,
            platform.ids,
            policies,
            signatures,
            self.confirming,
        )
        self.case_desk = CaseDesk(repository, self.settling, clock)
