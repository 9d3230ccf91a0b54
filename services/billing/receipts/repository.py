"""Receipts in the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from services.billing.receipts.model import Receipt
from services.billing.receipts.states import ReceiptState
from services.billing.store_part import StorePart
from shared.store.kinds import Index, Kind, Record

MOST_OF_ONE_BILL: Final = 100

_UNDECIDED: Final = (ReceiptState.AWAITS_OUTCOME.value, ReceiptState.AWAITS_SEAT.value)

RECEIPTS: Final[Kind[Receipt]] = Kind(
    "receipt",
    Receipt,
    indexes=(
        Index("bill", ("state.bill_id", "state.learnt_at")),
        Index("ntpn", ("state.ntpn", "state.amount", "state.billing_code")),
        Index("learnt", ("state.learnt_at", "state.ntpn")),
        Index("posted_order", ("state.posted_at", "_id")),
        Index("undecided", ("state.state", "state.learnt_at"), where={"state.state": _UNDECIDED}),
    ),
    deadlines=lambda receipt: receipt.due,
    batched=True,
)
KINDS: Final[tuple[Kind[Any], ...]] = (RECEIPTS,)


class ReceiptRepository(StorePart):
    """The queries of receipts."""

    async def receipt(self, ntpn: str) -> Record[Receipt] | None:
        """Return the receipt with this NTPN, or None."""
        return await self._store.get(RECEIPTS, ntpn)

    async def receipts_of(self, bill_id: str) -> list[Record[Receipt]]:
        """Return the receipts of a bill's codes, oldest first."""
        return await self._store.find(RECEIPTS, "bill", {"state.bill_id": bill_id}, limit=MOST_OF_ONE_BILL)

    def all_receipts(self) -> AsyncIterator[Record[Receipt]]:
        """Return every receipt, for the checks of running rules."""
        return self._store.scan(RECEIPTS)
