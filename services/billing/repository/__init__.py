"""Where billing's aggregates live: their kinds, their indexes, and every query there is; a module per topic."""

from __future__ import annotations

from typing import Any, Final

from services.billing.repository import (
    applications,
    bills,
    cases,
    corrections,
    receipts,
    refunds,
    settlements,
    tariff_changes,
)
from services.billing.repository.applications import (
    APPLICATIONS,
    LOST_SEATS,
    Applications,
    KnownApplication,
    LostSeat,
    OrderedBook,
)
from services.billing.repository.base import Missing, states
from services.billing.repository.bills import BILLS, Bills
from services.billing.repository.cases import CASES, Cases
from services.billing.repository.corrections import CORRECTIONS, Corrections
from services.billing.repository.receipts import RECEIPTS, Receipts
from services.billing.repository.refunds import REFUNDS, Refunds
from services.billing.repository.settlements import (
    SETTLED_LINES,
    SETTLEMENT_DAYS,
    SETTLEMENTS,
    SettledLine,
    Settlements,
)
from services.billing.repository.tariff_changes import TARIFF_CHANGES, TariffChanges
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
