"""Writing a bill from a deadline, where another writer may have been faster."""

from __future__ import annotations

from collections.abc import Callable

from services.billing.bills.model import Bill
from services.billing.bills.repository import BILLS
from services.billing.store_part import Aggregates
from shared.logs import get_logger
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.transitions import IllegalTransition

log = get_logger(__name__)


async def change_unless_moved_on(
    aggregates: Aggregates, record: Record[Bill], decide: Callable[[Bill], Decision[Bill]]
) -> Record[Bill] | None:
    """Decide on the leased state first; None where the bill has moved on meanwhile and there is nothing to decide."""
    try:
        return await aggregates.change(BILLS, record.id, decide, first=record)
    except IllegalTransition as moved:
        log.info("billing.overtaken", bill_id=record.id, state=moved.state.value, command=moved.command.value)
        return None
