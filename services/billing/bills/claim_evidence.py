"""Pictures of evidence that payment claims name; application keeps them. Pure."""

from __future__ import annotations

from dataclasses import replace

from services.billing.bills.model import Bill
from shared.events.billing import BillingEvidenceNamed
from shared.events.codes import EvidencePurpose
from shared.store.decision import Decision


def with_claim_evidence(
    decision: Decision[Bill],
    claim_id: str,
    evidence_ids: tuple[str, ...],
    account_ids: tuple[str, ...],
    office_id: str | None,
) -> Decision[Bill]:
    """Return the decision with pictures that the claim names, and the event about those that it did not name before."""
    bill = decision.state
    known = next(claim for claim in bill.claims if claim.claim_id == claim_id)
    new = tuple(name for name in dict.fromkeys(evidence_ids) if name not in known.evidence_ids)
    if not new:
        return decision
    named = replace(known, evidence_ids=(*known.evidence_ids, *new))
    told = BillingEvidenceNamed(
        purpose=EvidencePurpose.PAYMENT_CLAIM,
        case_id=bill.bill_id,
        evidence_ids=new,
        account_ids=account_ids,
        office_id=office_id,
    )
    claims = tuple(named if claim.claim_id == claim_id else claim for claim in bill.claims)
    return Decision(replace(bill, claims=claims), (*decision.events, told))


def evidence_of_claims(bill: Bill) -> tuple[str, ...]:
    """Return the pictures that the claims of the bill name, in the order of their naming."""
    return tuple(dict.fromkeys(name for claim in bill.claims for name in claim.evidence_ids))
