"""Pictures of evidence that refund cases name; application keeps them. Pure."""

from __future__ import annotations

from dataclasses import replace

from services.billing.refunds.model import Refund
from shared.events.billing import BillingEvidenceNamed
from shared.events.codes import EvidencePurpose
from shared.store.decision import Decision


def with_evidence(
    decision: Decision[Refund], evidence_ids: tuple[str, ...], account_ids: tuple[str, ...]
) -> Decision[Refund]:
    """Return the decision with pictures that the case names, and the event about those that it did not name before."""
    refund = decision.state
    new = tuple(name for name in dict.fromkeys(evidence_ids) if name not in refund.evidence_ids)
    if not new:
        return decision
    told = BillingEvidenceNamed(
        purpose=EvidencePurpose.REFUND,
        case_id=refund.refund_id,
        evidence_ids=new,
        account_ids=account_ids,
        office_id=refund.office_id,
    )
    return Decision(replace(refund, evidence_ids=(*refund.evidence_ids, *new)), (*decision.events, told))
