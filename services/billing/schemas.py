"""What goes in and out of billing over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, model_validator

from services.billing.domain.bill import Bill, Claim
from services.billing.domain.receipt import Payment, Receipt
from services.billing.domain.refund import Refund
from services.billing.domain.states import BillState
from services.billing.domain.tariff import Tariff, ZeroTariff
from services.billing.texts import YEAR_END_WARNING, YEAR_END_WARNING_ID, guidance
from shared.http.schema import Body, IsoDate, IsoMoment, Path, Query, View
from shared.http.validation import wrong_value

MAX_RUPIAH = 10**12
JAKARTA_NAME = "Asia/Jakarta"

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Ntpn = Annotated[str, Field(min_length=16, max_length=16, pattern=r"^[A-Z0-9]{16}$", examples=["A1B2C3D4E5F60718"])]
Ntb = Annotated[str, Field(min_length=6, max_length=20, pattern=r"^[A-Za-z0-9]+$", examples=["123456789012"])]
"""Its length is unconfirmed; 12 is usual."""


class TariffQuery(Query):
    """Which day's tariff; today in Jakarta without it."""

    on: IsoDate | None = None


class ApplicationQuery(Query):
    """Which application."""

    application_id: Id


class BillQuery(Query):
    """Which bill."""

    bill_id: Id


class BillPath(Path):
    """The bill in the path."""

    bill_id: Id


class RefundPath(Path):
    """The refund case in the path."""

    refund_id: Id


class PaymentClaim(Body):
    """A payer's proof: the treasury's number (NTPN), the bank's (NTB), or both."""

    ntpn: Ntpn | None = None
    ntb: Ntb | None = None

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


class PaymentNotice(Body):
    """SIMPONI tells of a payment; ``ntpn`` is null while only the bank has a number. Further members are let be."""

    model_config = ConfigDict(extra="ignore")

    notice_id: Id
    billing_code: Annotated[str, Field(min_length=15, max_length=15, pattern=r"^[0-9]{15}$")]
    ntpn: Ntpn | None = None
    ntb: Ntb
    amount: Annotated[int, Field(gt=0, le=MAX_RUPIAH)]
    paid_at: IsoMoment
    channel: Annotated[str, Field(max_length=40)] = ""

    def payment(self) -> Payment:
        """The payment that it tells of."""
        return Payment(self.billing_code, self.ntpn, self.ntb, self.amount, self.paid_at, self.channel)


class NoticeTaken(View):
    """The notice is kept; what becomes of the money is on the bill."""

    accepted: bool = True


class FeeView(View):
    """One fee of a tariff, in rupiah."""

    passport_kind: str
    validity_years: int
    amount: int
    title: str
    title_id: str


class PenaltyView(View):
    """What a lost or damaged book adds, in rupiah."""

    reason: str
    amount: int
    title: str
    title_id: str


class ZeroTariffView(View):
    """A ground on which nothing is asked for, and its proof."""

    code: str
    waives: str
    passport_kinds: tuple[str, ...]
    legal_basis: str
    title: str
    title_id: str
    proof: str
    proof_id: str


class TariffView(View):
    """The tariff of a day."""

    on: date
    tariff_id: str
    legal_basis: str
    effective_from: date
    effective_to: date | None
    fees: tuple[FeeView, ...]
    penalties: tuple[PenaltyView, ...]
    same_day_amount: int
    zero_tariffs: tuple[ZeroTariffView, ...]

    @classmethod
    def of(cls, on: date, tariff: Tariff, zero_tariffs: list[ZeroTariff]) -> Self:
        """The tariff as it is shown."""
        return cls.model_validate(
            {
                **{name: getattr(tariff, name) for name in ("tariff_id", "legal_basis", "same_day_amount")},
                "on": on,
                "effective_from": tariff.effective_from,
                "effective_to": tariff.effective_to,
                "fees": [vars(fee) for fee in tariff.fees],
                "penalties": [vars(penalty) for penalty in tariff.penalties],
                "zero_tariffs": [vars(zero) for zero in zero_tariffs],
            }
        )


class LineView(View):
    """One line of a bill, in rupiah."""

    code: str
    title: str
    title_id: str
    amount: int
    legal_basis: str


class RenewalView(View):
    """The last wish for a new code: ``asked``, ``granted`` (with the new bill) or ``refused`` (with the reason)."""

    state: str
    asked_at: datetime
    bill_id: str | None
    reason: str | None


class ClaimView(View):
    """A payment claim: ``looking``, ``confirmed`` or ``case_open``."""

    claim_id: str
    state: str
    claimed_at: datetime
    ntpn: str | None
    ntb: str | None
    expected_wait_seconds: int
    next_check_at: datetime | None

    @classmethod
    def of(cls, bill: Bill, claim: Claim, wait_seconds: int) -> Self:
        """The claim with when it is looked at next (F36)."""
        return cls(
            claim_id=claim.claim_id,
            state=claim.state.value,
            claimed_at=claim.claimed_at,
            ntpn=claim.ntpn,
            ntb=claim.ntb,
            expected_wait_seconds=wait_seconds,
            next_check_at=next_check_at(bill),
        )


class BillView(View):
    """A bill with its step, what comes next, until when, and when it is looked at again."""

    bill_id: str
    application_id: str
    appointment_id: str | None
    purpose: str
    state: str
    amount: int
    currency: str = "IDR"
    lines: tuple[LineView, ...]
    legal_basis: str
    tariff_id: str
    billing_code: str | None
    requested_at: datetime
    issued_at: datetime | None
    expires_at: datetime | None
    expires_at_local: str | None
    """The end in the office's own zone, with its offset."""
    timezone: str
    shortened_by_year_end: bool
    warning: str | None
    warning_id: str | None
    paid_at: datetime | None
    cause: str | None
    current_step: str
    remaining_steps: tuple[str, ...]
    next_action: str
    next_action_id: str
    deadline: datetime | None
    next_check_at: datetime | None
    expected_wait_seconds: int | None
    replaces_bill_id: str | None
    superseded_by: str | None
    renewal: RenewalView | None
    claims: tuple[ClaimView, ...]

    @classmethod
    def of(cls, bill: Bill, wait_seconds: int) -> Self:
        """The bill as it is shown."""
        told = guidance(bill)
        zone = bill.seat.timezone if bill.seat else JAKARTA_NAME
        short = bill.shortened_by_year_end
        return cls(
            bill_id=bill.bill_id,
            application_id=bill.payer.application_id,
            appointment_id=bill.seat.appointment_id if bill.seat else None,
            purpose=bill.purpose.value,
            state=bill.state.value,
            amount=bill.amount,
            lines=tuple(LineView(**vars(line)) for line in bill.price.lines),
            legal_basis=bill.price.legal_basis,
            tariff_id=bill.price.tariff_id,
            billing_code=bill.billing_code,
            requested_at=bill.requested_at,
            issued_at=bill.issued_at,
            expires_at=bill.expires_at,
            expires_at_local=_local(bill.expires_at, zone),
            timezone=zone,
            shortened_by_year_end=short,
            warning=YEAR_END_WARNING if short else None,
            warning_id=YEAR_END_WARNING_ID if short else None,
            paid_at=bill.paid_at,
            cause=bill.cause,
            current_step=told.current_step,
            remaining_steps=told.remaining_steps,
            next_action=told.next_action,
            next_action_id=told.next_action_id,
            deadline=bill.expires_at if bill.state == BillState.ISSUED else None,
            next_check_at=next_check_at(bill),
            expected_wait_seconds=wait_seconds if bill.live else None,
            replaces_bill_id=bill.replaces_bill_id,
            superseded_by=bill.superseded_by,
            renewal=_renewal(bill),
            claims=tuple(ClaimView.of(bill, claim, wait_seconds) for claim in bill.claims),
        )


class BillList(View):
    """The bills of an application, oldest first."""

    bills: tuple[BillView, ...]


class RefundStepView(View):
    """One thing that happened to a refund case."""

    at: datetime
    state: str
    by: str
    note: str


class RefundView(View):
    """A refund case with its reason, the rule and who decides."""

    refund_id: str
    application_id: str | None
    bill_id: str | None
    amount: int
    currency: str = "IDR"
    state: str
    reason: str
    legal_basis: str
    decided_by: str
    opened_at: datetime
    steps: tuple[RefundStepView, ...]

    @classmethod
    def of(cls, refund: Refund) -> Self:
        """The case as it is shown."""
        steps = tuple(
            RefundStepView(at=step.at, state=step.state.value, by=step.by, note=step.note) for step in refund.steps
        )
        return cls(
            refund_id=refund.refund_id,
            application_id=refund.application_id,
            bill_id=refund.bill_id,
            amount=refund.amount,
            state=refund.state.value,
            reason=refund.reason,
            legal_basis=refund.legal_basis,
            decided_by=refund.decided_by,
            opened_at=refund.opened_at,
            steps=steps,
        )


class RefundList(View):
    """The refund cases of an application, oldest first."""

    refunds: tuple[RefundView, ...]


class PostingView(View):
    """One movement of a receipt's ledger: account to amount, debits positive, summing to zero."""

    at: datetime
    entries: dict[str, int]
    memo: str
    hash: str


class ReceiptView(View):
    """A receipt with its ledger, for the treasurer."""

    ntpn: str
    ntb: str
    billing_code: str
    bill_id: str | None
    settles_bill_id: str | None
    refund_id: str | None
    amount: int
    currency: str = "IDR"
    paid_at: datetime
    learnt_at: datetime
    learnt_by: str
    channel: str
    state: str
    postings: tuple[PostingView, ...]

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """The receipt as it is shown."""
        postings = tuple(
            PostingView(
                at=each.at,
                entries={entry.account.value: entry.amount for entry in each.entries},
                memo=each.memo,
                hash=each.hash,
            )
            for each in receipt.postings
        )
        same = ("ntpn", "ntb", "billing_code", "bill_id", "settles_bill_id", "refund_id", "amount", "paid_at")
        return cls(
            **{name: getattr(receipt, name) for name in (*same, "learnt_at", "learnt_by", "channel")},
            state=receipt.state.value,
            postings=postings,
        )


class ReceiptList(View):
    """The receipts of a bill's codes, oldest first."""

    receipts: tuple[ReceiptView, ...]


def next_check_at(bill: Bill) -> datetime | None:
    """When billing looks at SIMPONI again for this bill by itself (F36)."""
    return min((bill.due[name] for name in ("ask", "poll", "expire") if name in bill.due), default=None)


def _local(moment: datetime | None, zone: str) -> str | None:
    return moment.astimezone(ZoneInfo(zone)).isoformat() if moment else None


def _renewal(bill: Bill) -> RenewalView | None:
    asked = bill.renewal
    if asked is None:
        return None
    return RenewalView(state=asked.state.value, asked_at=asked.asked_at, bill_id=asked.bill_id, reason=asked.reason)
