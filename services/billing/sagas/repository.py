"""Queries of sagas: overdue money, by declared indexes; and overrides."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from services.billing.bills.model import Bill
from services.billing.bills.repository import BILLS
from services.billing.bills.states import LIVE_BILLS, BillState
from services.billing.receipts.model import Receipt
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.model import Refund
from services.billing.refunds.repository import REFUNDS
from services.billing.refunds.states import OPEN_REFUNDS
from services.billing.sagas.model import Override, override_deadlines
from services.billing.store_part import StorePart
from shared.store.kinds import Index, Kind, Range, Record

MOST_STUCK: Final = 200
"""Of each kind in one report: more than this and the report is not what helps."""

MOST_OVERRIDES: Final = 100

OVERRIDES: Final[Kind[Override]] = Kind(
    "saga_override",
    Override,
    indexes=(Index("application", ("state.application_id", "state.proposed_at")),),
    deadlines=override_deadlines,
)
KINDS: Final[tuple[Kind[Any], ...]] = (OVERRIDES,)

_WITH_CODE: Final = tuple(sorted(state.value for state in LIVE_BILLS - {BillState.REQUESTED}))
_OPEN: Final = tuple(sorted(state.value for state in OPEN_REFUNDS))


class SagaRepository(StorePart):
    """Queries of sagas."""

    async def bills_standing_still(self, before: datetime) -> list[Record[Bill]]:
        """Live bills without a code since before then, or whose code ended before then."""
        asked = {"state.state": BillState.REQUESTED.value}
        within = {"state.requested_at": Range(None, before)}
        codeless = await self._store.find(BILLS, "live_requested", asked, within=within, limit=MOST_STUCK)
        within = {"state.expires_at": Range(None, before)}
        wanted = {"state.state": _WITH_CODE}
        return codeless + await self._store.find(BILLS, "live_expiring", wanted, within=within, limit=MOST_STUCK)

    async def receipts_standing_still(self, before: datetime) -> list[Record[Receipt]]:
        """Money that arrived before then and has no outcome."""
        wanted = {"state.state": (ReceiptState.AWAITS_OUTCOME.value, ReceiptState.AWAITS_SEAT.value)}
        within = {"state.learnt_at": Range(None, before)}
        return await self._store.find(RECEIPTS, "undecided", wanted, within=within, limit=MOST_STUCK)

    async def refunds_standing_still(self, before: datetime) -> list[Record[Refund]]:
        """Open refund cases whose step was due before then."""
        within = {"state.step_due_at": Range(None, before)}
        return await self._store.find(REFUNDS, "step", {"state.state": _OPEN}, within=within, limit=MOST_STUCK)

    async def override(self, override_id: str) -> Record[Override] | None:
        """Return the override with this id, or None."""
        return await self._store.get(OVERRIDES, override_id)

    async def overrides_of(self, application_id: str) -> list[Record[Override]]:
        """Return the overrides of an application, oldest first."""
        wanted = {"state.application_id": application_id}
        return await self._store.find(OVERRIDES, "application", wanted, limit=MOST_OVERRIDES)
