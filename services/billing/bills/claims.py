"""Claims: a payer says that they have paid."""

from __future__ import annotations

from typing import Final

from services.billing.bills import model as bills
from services.billing.bills.claim_errors import NoCodeToPay, TooManyClaims
from services.billing.bills.model import Bill, Claim
from services.billing.bills.own_bill import OwnBills
from services.billing.bills.repository import BILLS
from services.billing.context import UseCaseContext
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.tokens import Caller

MOST_CLAIMS: Final = 5
"""Claims looked into per bill."""


class ClaimService:
    """The use case of a claim."""

    def __init__(self, context: UseCaseContext, own_bills: OwnBills) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.bill
        self._own_bills = own_bills

    async def claim(
        self, caller: Caller, bill_id: str, ntpn: str | None, ntb: str | None, command_id: str
    ) -> tuple[Bill, Claim]:
        """Take a payer's word that they have paid: the code is looked at at once.

        Raises:
            NoCodeToPay, TooManyClaims.
        """
        record = await self._own_bills.find(caller, bill_id)
        claim_id = derived_id("claim", command_id)

        def decide(bill: Bill) -> Decision[Bill]:
            if _same_claim(bill, claim_id, ntpn, ntb) is not None:
                return Decision(bill)
            if bill.billing_code is None:
                raise NoCodeToPay
            if len(bill.claims) >= MOST_CLAIMS:
                raise TooManyClaims(limit=MOST_CLAIMS)
            now = self._clock.now()
            return bills.claim(bill, Claim(claim_id, now, ntpn, ntb), now, self._policy)

        changed = await self._aggregates.change(BILLS, bill_id, decide, first=record, received=command_id)
        kept = _same_claim(changed.state, claim_id, ntpn, ntb)
        if kept is None:
            raise NoCodeToPay
        return changed.state, kept


def _same_claim(bill: Bill, claim_id: str, ntpn: str | None, ntb: str | None) -> Claim | None:
    return next(
        (known for known in bill.claims if known.claim_id == claim_id or (known.ntpn, known.ntb) == (ntpn, ntb)), None
    )
