"""Surcharges whose place in the same-day quota is gone: an unpaid bill of one ends, paid money goes back (F74)."""

from __future__ import annotations

from typing import Final

from services.billing.bills import model as bills
from services.billing.bills.model import Bill
from services.billing.receipts.receipt_processing import Money
from services.billing.refunds.model import RefundCause
from services.billing.repositories import BILLS, Repository
from services.billing.rules import Policies
from services.billing.states import BillState, Decision
from shared.clock import Clock
from shared.service import NotYet

GIVEN_UP_BY_HOLDER: Final = frozenset({"cancelled", "withdrawn"})
"""Why a place went with its visit by its holder's own act: like the fee, the surcharge is not paid back for that."""


class Surcharges:
    """The use case of a surcharge that has no place any more."""

    def __init__(self, repository: Repository, money: Money, clock: Clock, policies: Policies) -> None:
        self._repository = repository
        self._money = money
        self._clock = clock
        self._policy = policies.bill

    async def place_gone(self, bill_id: str, reason: str, received: str) -> None:
        """Scheduling gave the place up, for the coded reason: no rupiah stays without what it was paid for.

        What the bank has taken and the treasury does not show yet is answered again once it is paid.

        Raises:
            NotYet: the bill is not here.
        """
        record = await self._repository.bill(bill_id)
        if record is None:
            raise NotYet(f"bill {bill_id} is not known")
        written = await self._repository.change(
            BILLS, bill_id, lambda bill: self._without_place(bill, reason), first=record, received=received
        )
        bill = written.state
        if bill.state == BillState.PAID and bill.settled_by is not None and reason not in GIVEN_UP_BY_HOLDER:
            await self._money.give_back(bill_id, RefundCause.SERVICE_NOT_DELIVERED)

    def _without_place(self, bill: Bill, reason: str) -> Decision[Bill]:
        if bill.live:
            return bills.drop(bill, f"place_{reason}", self._clock.now(), self._policy)
        return bills.close(bill, reason) if bills.bought(bill) else Decision(bill)
