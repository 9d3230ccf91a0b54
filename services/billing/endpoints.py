"""Billing's HTTP endpoints, those of every room joined."""

from __future__ import annotations

from typing import Final

from services.billing.bills import claim_routes as claims
from services.billing.bills import routes as bills
from services.billing.cases import routes as cases
from services.billing.credits import routes as credit_routes
from services.billing.extra_charges import routes as extra_charges
from services.billing.http import BILLING
from services.billing.joint_bills import routes as joint_bills
from services.billing.ledger import routes as ledger
from services.billing.payment_channels import routes as payment_channels
from services.billing.receipt_papers import routes as receipt_papers
from services.billing.receipts import routes as receipts
from services.billing.refunds import routes as refunds
from services.billing.sagas import explanation_routes as explanations
from services.billing.sagas import routes as sagas
from services.billing.settlement import routes as settlement
from services.billing.tariffs import routes as tariffs
from shared.audit.acting import audited
from shared.audit.routes import audit_endpoints
from shared.events.billing import BillingDataRead
from shared.http.endpoint import Endpoint, with_session_check
from shared.key_turn.routes import key_turn_endpoints
from shared.retention.routes import retention_endpoints
from shared.retention.service import Retention

_AUDIT_BY_THEMSELVES: Final = frozenset({"retry_saga", "propose_override", "decide_override"})
"""Their use cases write the audit, with what only they know."""

_AUDIT: Final = audit_endpoints("billing", lambda call: call.app[BILLING].audit_book)
_KEY_TURNS: Final = key_turn_endpoints("billing", lambda call: call.app[BILLING].key_turns)

_RETENTION: Final = retention_endpoints("billing", lambda call: call.app[BILLING].find(Retention))

ENDPOINTS: Final[tuple[Endpoint, ...]] = with_session_check(
    audited(
        (
            *tariffs.api.all,
            *bills.api.all,
            *extra_charges.api.all,
            *claims.api.all,
            *joint_bills.api.all,
            *receipts.api.all,
            *receipt_papers.api.all,
            *payment_channels.api.all,
            *refunds.api.all,
            *credit_routes.api.all,
            *cases.api.all,
            *settlement.api.all,
            *ledger.api.all,
            *explanations.api.all,
            *_AUDIT.all,
            *_RETENTION.all,
            *sagas.api.all,
            *_KEY_TURNS.all,
        ),
        lambda call: call.app[BILLING].audit,
        BillingDataRead,
        by_themselves=_AUDIT_BY_THEMSELVES,
    ),
    without={},
)
