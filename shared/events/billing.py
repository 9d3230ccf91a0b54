"""Facts that billing publishes: bills, late money and refund cases."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from shared.events.coded import Coded
from shared.events.codes import (
    BillPurpose,
    LeavingObjection,
    PaymentCaseKind,
    PaymentCaseOutcome,
    RefundNeed,
    RefundStep,
    StayingRecord,
)
from shared.events.data_reads import DataRead
from shared.events.evidence_files import EvidenceNamed
from shared.events.message import Event


class _BillFact(Event):
    bill_id: str
    application_id: str
    account_id: str
    appointment_id: str | None
    purpose: Annotated[str, Coded(BillPurpose)]
    """A :class:`~shared.events.codes.BillPurpose`; only a fee waits on a seat."""
    reservation_id: str | None = None
    """The place in the same-day quota that a surcharge is for
    (:class:`shared.events.scheduling.SameDaySeatReserved`)."""


class BillRequested(_BillFact):
    """The bill is priced and its code is being asked for; from here on only the bill's end frees the seat."""

    TYPE: ClassVar[str] = "paspor.billing.bill.requested.v1"
    amount: int
    """Rupiah."""
    legal_basis: str


class BillIssued(_BillFact):
    """The billing code is there; it can be paid until ``expires_at``, inclusive."""

    TYPE: ClassVar[str] = "paspor.billing.bill.issued.v1"
    billing_code: str
    amount: int
    issued_at: datetime
    expires_at: datetime
    shortened_by_year_end: bool = False


class BillJoined(_BillFact):
    """The bill is paid with the code of a joint bill, together with others; its own code does not count any more."""

    TYPE: ClassVar[str] = "paspor.billing.bill.joined.v1"
    joint_bill_id: str
    billing_code: str
    amount: int
    """Rupiah, of the joint bill."""
    expires_at: datetime


class JointBillIssued(Event):
    """One code for several bills of an account is there; the single codes of these bills cannot be paid any more."""

    TYPE: ClassVar[str] = "paspor.billing.joint_bill.issued.v1"
    joint_bill_id: str
    account_id: str
    application_ids: tuple[str, ...]
    bill_ids: tuple[str, ...]
    billing_code: str
    amount: int
    """Rupiah, of all bills together."""
    bills: int
    """How many it pays."""
    issued_at: datetime
    expires_at: datetime


class BillDelayed(_BillFact):
    """SIMPONI has not given a code for a while; the applicant is told, the seat stays held."""

    TYPE: ClassVar[str] = "paspor.billing.bill.delayed.v1"
    next_check_at: datetime


class BillReminderDue(_BillFact):
    """Half of the code's life is over and it is unpaid."""

    TYPE: ClassVar[str] = "paspor.billing.bill.reminder_due.v1"
    billing_code: str
    amount: int
    expires_at: datetime


class BillFailed(_BillFact):
    """No code could be had, for the coded cause; the seat goes back."""

    TYPE: ClassVar[str] = "paspor.billing.bill.failed.v1"
    cause: str


class BillWaived(_BillFact):
    """Nothing is to pay, by the named zero tariff."""

    TYPE: ClassVar[str] = "paspor.billing.bill.waived.v1"
    legal_basis: str


class BillPaidUnsettled(_BillFact):
    """The bank took the money (NTB) but the treasury's number (NTPN) is missing: the seat stays."""

    TYPE: ClassVar[str] = "paspor.billing.bill.paid_unsettled.v1"


class BillPaid(_BillFact):
    """The money has reached the treasury, in time."""

    TYPE: ClassVar[str] = "paspor.billing.bill.paid.v1"
    amount: int
    paid_at: datetime
    receipt_id: str | None = None
    """The money that pays it (NTPN); :class:`PaymentArrivedLate` asks under the same id where its seat was lost."""
    ntb: str = ""
    """The number that the bank or the post office gave the payment."""
    paid_code: str = ""
    """The billing code that was paid; it pays nothing more."""
    channel: str = ""
    """The way in which it was paid, as SIMPONI names it."""
    legal_basis: str = ""


class BillExpiryUnconfirmed(_BillFact):
    """The deadline is over but SIMPONI cannot say whether it was paid: the seat stays for now."""

    TYPE: ClassVar[str] = "paspor.billing.bill.expiry_unconfirmed.v1"


class BillExpired(_BillFact):
    """The code ended unpaid; the seat goes back."""

    TYPE: ClassVar[str] = "paspor.billing.bill.expired.v1"


class BillSuperseded(_BillFact):
    """Another payment settled the application; this code is not needed any more."""

    TYPE: ClassVar[str] = "paspor.billing.bill.superseded.v1"
    settled_by_bill_id: str


class BillCancelled(_BillFact):
    """The applicant gave the bill up before paying; the seat goes back, the code stays late-payable."""

    TYPE: ClassVar[str] = "paspor.billing.bill.cancelled.v1"


class BillRenewalRequested(_BillFact):
    """The applicant asks for a new code after an expiry, without typing anything again; the same seat is wanted."""

    TYPE: ClassVar[str] = "paspor.billing.bill.renewal_requested.v1"


class PaymentArrivedLate(_BillFact):
    """Money came for a bill that had ended: it needs a seat, an offer or a refund case."""

    TYPE: ClassVar[str] = "paspor.billing.payment.arrived_late.v1"
    receipt_id: str
    amount: int
    paid_at: datetime


class CorrectionPriced(Event):
    """The price of an officer's correction or finding: from now on its bill, if there is one, is known.

    ``difference`` in rupiah: above zero is to pay by the named bills, below zero goes back, zero changes nothing.
    """

    TYPE: ClassVar[str] = "paspor.billing.correction.priced.v1"
    correction_id: str
    application_id: str
    account_id: str
    difference: int
    bill_ids: tuple[str, ...] = ()


class RefundOpened(Event):
    """A refund case exists for money that settles nothing, for the coded reason."""

    TYPE: ClassVar[str] = "paspor.billing.refund.opened.v1"
    refund_id: str
    receipt_id: str
    amount: int
    reason: str
    application_id: str | None = None
    account_id: str | None = None


class RefundMoved(Event):
    """A refund case took a step.

    ``state`` is one of the states of a refund case after ``opened``; ``due_at`` is when its next step must be taken.
    """

    TYPE: ClassVar[str] = "paspor.billing.refund.moved.v1"
    refund_id: str
    receipt_id: str
    amount: int
    reason: str
    state: Annotated[str, Coded(RefundStep)]
    """A :class:`~shared.events.codes.RefundStep`."""
    rule: str | None = None
    """The rule named in a refusal."""
    needs: Annotated[str | None, Coded(RefundNeed)] = None
    """The input that the applicant must give before it can go on: a :class:`~shared.events.codes.RefundNeed`."""
    due_at: datetime | None = None
    application_id: str | None = None
    account_id: str | None = None
    order_number: str | None = None
    """The number of the treasury's payment order; told once the money is paid out."""
    paid_at: datetime | None = None
    """When the treasury's payment was heard of."""


class BillingLeavingAnswered(Event):
    """The answer to :class:`~shared.events.identity.LeavingAsked`: what stands against it, and what stays anyway."""

    TYPE: ClassVar[str] = "paspor.billing.leaving.answered.v1"
    leaving_id: str
    account_id: str
    asking: int
    objections: Annotated[tuple[str, ...], Coded(LeavingObjection)]
    """Each a :class:`~shared.events.codes.LeavingObjection`."""
    stays: Annotated[tuple[str, ...], Coded(StayingRecord)]
    """Each a :class:`~shared.events.codes.StayingRecord`."""


class SeatReleaseRequested(Event):
    """A refund is approved provisionally and its appointment must go back first; scheduling says yes or no."""

    TYPE: ClassVar[str] = "paspor.billing.refund.seat_release_requested.v1"
    refund_id: str
    appointment_id: str
    application_id: str
    bill_id: str | None = None
    """The bill whose money goes back: whatever visit rests on it must go first, also one under another id."""
    receipt_id: str | None = None
    """The money itself; no seat is given for it any more."""


class PaymentCaseOpened(Event):
    """Money or a claim of it does not add up; somebody owns the question until ``due_at``.

    ``kind``: ``claim_unconfirmed``, ``settled_unknown_here``, ``paid_here_unsettled``, ``amount_differs``,
    ``unknown_code``, ``arrived_on_proof`` or ``double_line``.
    """

    TYPE: ClassVar[str] = "paspor.billing.case.opened.v1"
    case_id: str
    kind: Annotated[str, Coded(PaymentCaseKind)]
    """A :class:`~shared.events.codes.PaymentCaseKind`."""
    due_at: datetime
    bill_id: str | None = None
    application_id: str | None = None
    account_id: str | None = None


class PaymentCaseClosed(Event):
    """The question is answered: ``confirmed``, ``not_paid``, ``refunded``, ``corrected`` or ``settled``."""

    TYPE: ClassVar[str] = "paspor.billing.case.closed.v1"
    case_id: str
    kind: Annotated[str, Coded(PaymentCaseKind)]
    """A :class:`~shared.events.codes.PaymentCaseKind`."""
    outcome: Annotated[str, Coded(PaymentCaseOutcome)]
    """A :class:`~shared.events.codes.PaymentCaseOutcome`."""
    appointment_id: str | None = None
    """The visit that the question was about, where it was about one (``arrived_on_proof``)."""
    bill_id: str | None = None
    application_id: str | None = None
    account_id: str | None = None


class BillingEvidenceNamed(EvidenceNamed):
    """A refund case or a payment claim names pictures of evidence."""

    TYPE: ClassVar[str] = "paspor.billing.evidence.named.v1"


class BillingDataRead(DataRead):
    """A member of staff read what billing keeps of a person: of a refund and its bank account."""

    TYPE: ClassVar[str] = "paspor.billing.personal_data.read.v1"


class BillingErasureDone(Event):
    """Billing erased what an order names. ``kept`` are coded reasons of what it still keeps: ``legal_hold``,
    ``in_use`` or the name of a retention rule; told again when they change, and empty once nothing is kept.
    """

    TYPE: ClassVar[str] = "paspor.billing.erasure.done.v1"
    erasure_id: str
    service: str
    kept: tuple[str, ...] = ()
