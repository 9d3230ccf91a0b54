"""Bills in the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from services.billing.bills.model import Bill
from services.billing.bills.states import LIVE_BILLS
from services.billing.store_part import MOST_OF_ONE_APPLICATION, StorePart
from shared.store.kinds import Index, Kind, Record

_LIVE: Final = tuple(sorted(state.value for state in LIVE_BILLS))

AT_ONCE: Final = 256
"""Bills that fall due together wait for one call to SIMPONI that asks about all of them."""

BILLS: Final[Kind[Bill]] = Kind(
    "bill",
    Bill,
    indexes=(
        Index("application", ("state.payer.application_id", "state.requested_at")),
        Index("code", ("state.codes",)),
        Index("appointment", ("state.seat.appointment_id",)),
        Index("live_requested", ("state.state", "state.requested_at"), where={"state.state": _LIVE}),
        Index("live_expiring", ("state.state", "state.expires_at"), where={"state.state": _LIVE}),
    ),
    deadlines=lambda bill: bill.due,
    at_once=AT_ONCE,
    batched=True,
)
KINDS: Final[tuple[Kind[Any], ...]] = (BILLS,)


class BillRepository(StorePart):
    """The queries of bills."""

    async def bill(self, bill_id: str) -> Record[Bill] | None:
        """Return the bill with this id, or None."""
        return await self._store.get(BILLS, bill_id)

    async def bill_of_code(self, billing_code: str) -> Record[Bill] | None:
        """Return the bill that a code belongs to."""
        found = await self._store.find(BILLS, "code", {"state.codes": billing_code}, limit=1)
        return found[0] if found else None

    async def bills_of(self, application_id: str) -> list[Record[Bill]]:
        """Return the bills of an application, oldest first."""
        wanted = {"state.payer.application_id": application_id}
        return await self._store.find(BILLS, "application", wanted, limit=MOST_OF_ONE_APPLICATION)

    async def bills_at(self, appointment_id: str) -> list[Record[Bill]]:
        """Return the bills that wait on an appointment, or have won it."""
        wanted = {"state.seat.appointment_id": appointment_id}
        return await self._store.find(BILLS, "appointment", wanted, limit=MOST_OF_ONE_APPLICATION)

    def all_bills(self) -> AsyncIterator[Record[Bill]]:
        """Return every bill, for the checks of running rules."""
        return self._store.scan(BILLS)
