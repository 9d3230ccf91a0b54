"""Billing's HTTP endpoints: to the use case and back, no decisions; a module per topic."""

from __future__ import annotations

from typing import Final

from services.billing.bills import routes as bills
from services.billing.cases import routes as cases
from services.billing.extra_charges import routes as aside
from services.billing.http import BILLING
from services.billing.ledger import routes as ledger
from services.billing.receipts import routes as payments
from services.billing.refunds import routes as refunds
from services.billing.sagas import routes as sagas
from services.billing.settlement import routes as settlements
from services.billing.tariffs import routes as tariffs
from shared.audit.acting import audited
from shared.http.endpoint import Endpoint, with_session_check

__all__ = ["BILLING", "ENDPOINTS"]

_AUDIT_BY_THEMSELVES: Final = frozenset({"retry_saga", "propose_override", "decide_override"})
"""Their use cases write the audit, with what only they know."""

ENDPOINTS: Final[tuple[Endpoint, ...]] = with_session_check(
    audited(
        (
            *tariffs.api.all,
            *bills.api.all,
            *aside.api.all,
            *payments.api.all,
            *refunds.api.all,
            *cases.api.all,
            *settlements.api.all,
            *ledger.api.all,
            *ledger.audit.all,
            *sagas.api.all,
        ),
        lambda call: call.app[BILLING].audit,
        by_themselves=_AUDIT_BY_THEMSELVES,
    ),
    without={},
)
