"""Claims: a payer says that they have paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.billing.bills import model as bills
from services.billing.bills.claim_errors import NoCodeToPay, TooManyClaims
from services.billing.bills.claim_evidence import with_claim_evidence
from services.billing.bills.model import Bill, Claim
from services.billing.bills.offices import BillOffices
from services.billing.bills.own_bill import OwnBills
from services.billing.bills.repository import BILLS
from services.billing.context import UseCaseContext
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.tokens import Caller

MOST_CLAIMS: Final = 5
"""Claims looked into per bill."""


@dataclass(frozen=True)
class NewClaim:
    """A payer's word that they have paid: the numbers on the slip, and pictures of it."""

    ntpn: str | None = None
    ntb: str | None = None
    evidence_ids: tuple[str, ...] = ()


class ClaimService:
    """The use case of a claim."""

    def __init__(self, context: UseCaseContext, own_bills: OwnBills, offices: BillOffices) -> None:
        self._aggregates = context.aggregates
        self._clock = context.clock
        self._policy = context.rules.bill
        self._own_bills = own_bills
        self._offices = offices

    async def claim(self, caller: Caller, bill_id: str, new: NewClaim, command_id: str) -> tuple[Bill, Claim]:
        """Take a payer's word that they have paid: the code is looked at at once. A number that was claimed before is
        the same claim, which may name further pictures.

        Raises:
            NoCodeToPay, TooManyClaims.
        """
        record = await self._own_bills.find(caller, bill_id)
        claim_id, office_id = derived_id("claim", command_id), await self._offices.of_bill(record.state)

        def decide(bill: Bill) -> Decision[Bill]:
            known = _same_claim(bill, claim_id, new)
            decision = Decision(bill) if known is not None else self._claimed(bill, claim_id, new)
            named_by = known.claim_id if known is not None else claim_id
            return with_claim_evidence(decision, named_by, new.evidence_ids, caller.account_ids, office_id)

        changed = await self._aggregates.change(BILLS, bill_id, decide, first=record, received=command_id)
        kept = _same_claim(changed.state, claim_id, new)
        if kept is None:
            raise NoCodeToPay
        return changed.state, kept

    def _claimed(self, bill: Bill, claim_id: str, new: NewClaim) -> Decision[Bill]:
        if bill.billing_code is None:
            raise NoCodeToPay
        if len(bill.claims) >= MOST_CLAIMS:
            raise TooManyClaims(limit=MOST_CLAIMS)
        now = self._clock.now()
        return bills.claim(bill, Claim(claim_id, now, new.ntpn, new.ntb), now, self._policy)


def _same_claim(bill: Bill, claim_id: str, new: NewClaim) -> Claim | None:
    numbers = (new.ntpn, new.ntb)
    return next(
        (known for known in bill.claims if known.claim_id == claim_id or (known.ntpn, known.ntb) == numbers), None
    )
