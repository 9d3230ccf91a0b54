"""Where billing's aggregates live: their kinds, their indexes, and every query there is; a module per topic."""

from __future__ import annotations

from typing import Any, Final

from services.billing.bills import applications
from services.billing.bills import repository as bills
from services.billing.bills.applications import (
    APPLICATIONS,
    LOST_SEATS,
    Applications,
    KnownApplication,
    LostSeat,
    OrderedBook,
)
from services.billing.bills.repository import BILLS, Bills
from services.billing.cases import repository as cases
from services.billing.cases.repository import CASES, Cases
from services.billing.extra_charges import repository as corrections
from services.billing.extra_charges.repository import CORRECTIONS, Corrections
from services.billing.receipts import repository as receipts
from services.billing.receipts.repository import RECEIPTS, Receipts
from services.billing.refunds import repository as refunds
from services.billing.refunds.repository import REFUNDS, Refunds
from services.billing.settlement import repository as settlements
from services.billing.settlement.repository import (
    SETTLED_LINES,
    SETTLEMENT_DAYS,
    SETTLEMENTS,
    SettledLine,
    Settlements,
)
from services.billing.store_part import Missing, states
from services.billing.tariffs import repository as tariff_changes
from services.billing.tariffs.repository import TARIFF_CHANGES, TariffChanges
from shared.store.kinds import Kind

__all__ = [
    "APPLICATIONS",
    "BILLS",
    "CASES",
    "CORRECTIONS",
    "KINDS",
    "LOST_SEATS",
    "RECEIPTS",
    "REFUNDS",
    "SETTLED_LINES",
    "SETTLEMENTS",
    "SETTLEMENT_DAYS",
    "TARIFF_CHANGES",
    "KnownApplication",
    "LostSeat",
    "Missing",
    "OrderedBook",
    "Repository",
    "SettledLine",
    "states",
]

KINDS: Final[tuple[Kind[Any], ...]] = (
    *applications.KINDS,
    *bills.KINDS,
    *receipts.KINDS,
    *refunds.KINDS,
    *cases.KINDS,
    *settlements.KINDS,
    *corrections.KINDS,
    *tariff_changes.KINDS,
)


class Repository(Applications, Bills, Receipts, Refunds, Cases, Settlements, Corrections, TariffChanges):
    """Typed access to the store: a method per query, and the one way to change an aggregate."""
