"""Payment claims over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import model_validator

from services.billing.bills.model import Bill, Claim, ClaimState, next_check_at
from shared.evidence_files import EvidenceFileView, EvidenceIds, view_evidence_files
from shared.fields.numbers import Ntb, Ntpn
from shared.http.codes import OneOf
from shared.http.schema import Body, View
from shared.http.validation import wrong_value


class PaymentClaim(Body):
    """A payer's proof: the treasury's number (NTPN), the bank's (NTB), or both."""

    ntpn: Ntpn | None = None
    ntb: Ntb | None = None
    evidence_ids: EvidenceIds

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.ntpn is None and self.ntb is None:
            raise wrong_value(
                "number_needed",
                "Give the NTPN or the NTB from your slip.",
                "Isi nomor NTPN atau NTB dari bukti bayar Anda.",
                example="A1B2C3D4E5F60718",
            )
        return self


class ClaimView(View):
    """A payment claim: ``looking``, ``confirmed`` or ``case_open``."""

    claim_id: str
    state: Annotated[str, OneOf(ClaimState)]
    claimed_at: datetime
    ntpn: str | None
    ntb: str | None
    evidence_files: list[EvidenceFileView]
    expected_wait_seconds: int
    next_check_at: datetime | None

    @classmethod
    def from_claim(cls, bill: Bill, claim: Claim, wait_seconds: int) -> Self:
        """Return the view of a claim, with the time of the next check."""
        more = {
            "evidence_files": view_evidence_files(claim.evidence_ids),
            "expected_wait_seconds": wait_seconds,
            "next_check_at": next_check_at(bill),
        }
        return cls.model_validate({**vars(claim), **more})
