"""The endpoint of payment claims."""

from __future__ import annotations

from services.billing.bills.claim_errors import NoCodeToPay, TooManyClaims
from services.billing.bills.claim_schemas import ClaimView, PaymentClaim
from services.billing.bills.claims import ClaimService, NewClaim
from services.billing.bills.errors import BillUnknown
from services.billing.bills.schemas import BillPath
from services.billing.http import BILLING, SMALL_BODY_BYTES
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints, RateLimit

api = Endpoints("billing")


@api.post(
    "/v1/bills/{bill_id}/payment-claims",
    summary="Prove a payment that does not show yet, by its NTPN or NTB",
    access=APPLICANT,
    path_model=BillPath,
    body=PaymentClaim,
    max_body_bytes=SMALL_BODY_BYTES,
    answers={202: ClaimView},
    idempotent=True,
    rate=RateLimit(10, 60.0),
    refusals=(BillUnknown, NoCodeToPay, TooManyClaims, SomeoneElseChangedIt),
)
async def claim_payment(call: Call[PaymentClaim, None, BillPath]) -> ClaimView:
    """Take a claim; SIMPONI is asked about the code at once, and the bill shows the claim's state."""
    billing = call.app[BILLING]
    claimed = call.body
    bill, claim = await billing.find(ClaimService).claim(
        call.caller,
        call.path.bill_id,
        NewClaim(claimed.ntpn, claimed.ntb, tuple(claimed.evidence_ids)),
        call.command_id,
    )
    return ClaimView.from_claim(bill, claim, billing.wait_seconds)
