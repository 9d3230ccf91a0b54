"""Composition root of billing: joins settings, platform, use cases and adapters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from services.billing.bills import application_repository as applications
from services.billing.bills import repository as bills
from services.billing.cases import repository as cases
from services.billing.clients.simponi import HttpSimponi
from services.billing.clients.treasury import HttpTreasury
from services.billing.config import Settings
from services.billing.credits import repository as credit_repository
from services.billing.data.reference import payment_channels, refund_reasons, tariff_book
from services.billing.endpoints import ENDPOINTS
from services.billing.erasures.shelves import BillingShelves, tell_erasure
from services.billing.extra_charges import repository as extra_charges
from services.billing.handlers import Handlers
from services.billing.http import BILLING
from services.billing.joint_bills import repository as joint_bills
from services.billing.leavings import repository as leavings
from services.billing.receipts import repository as receipts
from services.billing.receipts import settled_lines
from services.billing.receipts.routes import NOTICE_PREFIX
from services.billing.refunds import repository as refunds
from services.billing.refunds.treasury import NoTreasury, Treasury
from services.billing.refunds.vault import Vault
from services.billing.sagas import repository as sagas
from services.billing.settlement import repository as settlement
from services.billing.simponi import Simponi
from services.billing.tariffs import repository as tariffs
from services.billing.use_cases import Billing
from shared.audit import AUDIT_KINDS
from shared.calendar.decree_check import decree_chore
from shared.chain import CHAIN_KINDS
from shared.events.identity import SessionEnded
from shared.http.signatures import Signer
from shared.key_turn.service import KEY_TURN
from shared.own_data.answers import EXPORT_ANSWER
from shared.retention.service import RETENTION_KINDS, Retention
from shared.service import Chore, Parts, Platform
from shared.sessions import ENDED_SESSION, EndedSessions
from shared.store.kinds import Kind
from shared.typesetting.typesetter import Typesetter, typesetting_pool
from shared.workers.pool import WorkerFigures

KINDS: Final[tuple[Kind[Any], ...]] = (
    *applications.KINDS,
    *bills.KINDS,
    *joint_bills.KINDS,
    *credit_repository.KINDS,
    *receipts.KINDS,
    *refunds.KINDS,
    *cases.KINDS,
    *settlement.KINDS,
    *settled_lines.KINDS,
    *extra_charges.KINDS,
    *tariffs.KINDS,
    *sagas.KINDS,
    *leavings.KINDS,
)
"""The kinds of documents that billing keeps: every aggregate and projection."""

RECEIPTS_AT_ONCE: Final = 2
"""Workers that typeset receipts as they are fetched, begun when needed: payers ask right after they have paid."""

OWED_EVERY_SECONDS = 1800.0
"""Interval of checking whether a day has ended that owes a settlement file."""

CHECKED_EVERY_SECONDS = 3600.0
"""Interval of checking whether it is night; the invariants are then checked once."""


def build(
    settings: Settings,
    platform: Platform,
    *,
    simponi: Simponi,
    treasury: Treasury | None = None,
    typesetter: Typesetter | None = None,
) -> Parts:
    """Return billing on this platform, with this SIMPONI and this treasury; without one, refunds wait for it.

    Without a typesetter receipts are typeset in a thread.
    """
    treasury = treasury or NoTreasury()
    billing = Billing(
        platform,
        settings.policies(),
        tariff_book(),
        refund_reasons(),
        simponi,
        Signer(NOTICE_PREFIX, settings.callback_secrets()),
        vault=Vault(platform.person_keys),
        treasury=treasury,
        signatures=settings.settlement_signatures(),
        channels=payment_channels(),
        typesetter=typesetter or Typesetter(),
        public_url=settings.public_url,
    )

    async def close() -> None:
        await simponi.close()
        await treasury.close()

    retention = Retention(
        "billing",
        platform,
        BillingShelves(platform.store, platform.clock, billing.audit).all(),
        told=tell_erasure,
        rules=settings.retention_rules(),
        per_second=settings.retention_per_second,
        look_again_after=settings.erasure_look_again_after(),
    )
    billing.keep_retention(retention)
    handlers = Handlers(billing)
    ended_sessions = EndedSessions(platform.store, platform.clock)
    checks = billing.checks
    return Parts(
        name="billing",
        service=billing,
        key=BILLING,
        kinds=(*KINDS, EXPORT_ANSWER, *AUDIT_KINDS, *CHAIN_KINDS, ENDED_SESSION, KEY_TURN, *RETENTION_KINDS),
        endpoints=ENDPOINTS,
        events={**handlers.events(), SessionEnded: ended_sessions.note, **retention.events()},
        sessions=ended_sessions,
        deadlines={**handlers.deadlines(), **retention.deadlines(), **billing.key_turns.deadlines()},
        invariants={
            "I3": checks.every_rupiah_is_in_one_place,
            "I4": checks.every_paid_bill_leads_somewhere,
            "I5": checks.no_refund_exceeds_its_receipt,
            **billing.agreement.rules(),
            "I13": checks.every_receipt_has_simponis_word,
            "I10_ledger": billing.ledger.kept.checks.only_grow_and_miss_nothing,
            "I10_billing_audit": billing.audit_book.kept.checks.only_grow_and_miss_nothing,
        },
        chores=(
            Chore("settlement_days", OWED_EVERY_SECONDS, billing.reconciliation.owe_days),
            Chore("nightly_checks", CHECKED_EVERY_SECONDS, checks.nightly),
            decree_chore(platform.clock),
            *billing.ledger.kept.chores(),
            *billing.audit_book.kept.chores(),
            *retention.chores(),
        ),
        figures=billing.metrics.all(),
        close=close,
    )


def assemble(settings: Settings, platform: Platform) -> Parts:
    """Return billing with SIMPONI and the treasury over HTTP, as its process runs it."""
    simponi = HttpSimponi(
        settings.simponi_url,
        settings.simponi_client_id,
        settings.simponi_client_secret.get_secret_value(),
        platform.clock,
        platform.randomness,
    )
    treasury = HttpTreasury(
        settings.simponi_url,
        settings.simponi_client_id,
        settings.simponi_client_secret.get_secret_value(),
        platform.clock,
        platform.randomness,
    )
    figures = WorkerFigures()
    workers = typesetting_pool("receipts", figures, most=RECEIPTS_AT_ONCE)
    parts = build(settings, platform, simponi=simponi, treasury=treasury, typesetter=Typesetter(workers))

    async def close() -> None:
        await workers.close()
        await simponi.close()
        await treasury.close()

    return replace(parts, figures=(*parts.figures, *figures.collectors), close=close)
