"""Codes that services tell each other in the fields of events and commands. Pure.

Fields stay text on the wire: a receiver may be older than its sender and must live with a code that it does not know.
Senders give a member, receivers compare with one; a value never changes, and new members may be added.
"""

from __future__ import annotations

from enum import StrEnum


class BillPurpose(StrEnum):
    """Purpose of a bill; only a fee waits on a seat."""

    FEE = "fee"
    TOP_UP = "top_up"
    """The higher price of a corrected application."""
    PENALTY = "penalty"
    """For a lost or damaged book."""
    SAME_DAY = "same_day"
    """The surcharge of the same-day service."""


class SeatQuestion(StrEnum):
    """Why billing asked scheduling for a seat."""

    LATE_PAYMENT = "late_payment"
    """Money came for a bill that had ended."""
    RENEWAL = "renewal"
    """A new code is wanted for a bill whose code has expired, with the same seat."""
    SAME_DAY = "same_day"
    """The place in the same-day quota that a surcharge is for."""


class SeatAnswer(StrEnum):
    """How a question for a seat ended, when the answer is repeated."""

    CONFIRMED = "confirmed"
    OFFERED = "offered"
    UNAVAILABLE = "unavailable"
    RELEASED = "released"
    """It had been confirmed and the seat went back since."""


class NoSeatReason(StrEnum):
    """Why there is no seat; of a same-day place also a :class:`MoveCause` or :class:`ReleaseReason`: why it went."""

    NO_SEAT = "no_seat"
    APPLICATION_WITHDRAWN = "application_withdrawn"
    ALREADY_HAS_APPOINTMENT = "already_has_appointment"
    PLACE_GONE = "place_gone"
    """The same-day place went before its surcharge bill was heard of."""
    NOT_HEARD_OF = "not_heard_of"
    """The surcharge bill of a same-day place was never heard of."""


class ConfirmCause(StrEnum):
    """Why an appointment is confirmed."""

    PAID = "paid"
    WAIVED = "waived"
    LATE_SAME_SEAT = "late_same_seat"
    """Late money, and the seat that it was for was still free."""
    LATE_OFFER = "late_offer"
    """Late money, and its payer took the offered seat."""


class MoveCause(StrEnum):
    """Why a visit got another seat."""

    ASKED = "asked"
    """The applicant asked for it."""
    SPECIAL = "special"
    """A right to a new date was used."""
    MOVED_BY_OFFICE = "moved_by_office"
    SAME_DAY_UNPAID = "same_day_unpaid"
    """The cut-off of the same-day service passed and the applicant had chosen a regular seat."""


class ReleaseReason(StrEnum):
    """Why a seat went back."""

    HOLD_LAPSED = "hold_lapsed"
    BILL_EXPIRED = "bill_expired"
    BILL_FAILED = "bill_failed"
    BILL_CANCELLED = "bill_cancelled"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    OFFER_DECLINED = "offer_declined"
    OFFER_LAPSED = "offer_lapsed"
    SAME_DAY_UNPAID = "same_day_unpaid"
    PARTY_BROKEN = "party_broken"
    """A family books together or not at all."""
    REFUND_APPROVED = "refund_approved"
    PROOF_REFUSED = "proof_refused"
    """The proof of payment that the visitor was let in with is not valid."""


class ReturnReason(StrEnum):
    """Why a submission is a draft again."""

    IDENTITY_REFUSED = "identity_refused"
    """The civil registry refused the applicant's data."""
    DOES_NOT_FIT = "does_not_fit"
    """Answers or papers do not fit the confirmed person."""


class ReleaseRefusal(StrEnum):
    """Why a seat cannot go back for a refund."""

    ALREADY_USED = "already_used"
    ALREADY_RELEASED = "already_released"


class OfferEnd(StrEnum):
    """How the offer of a seat ended."""

    TAKEN = "taken"
    """Of the waiting list only: a taken offer for late money is a confirmed appointment."""
    DECLINED = "declined"
    LAPSED = "lapsed"


class IfUnpaid(StrEnum):
    """The applicant's choice for a same-day seat that is not paid by the cut-off."""

    REGULAR = "regular"
    """The nearest regular seat."""
    CANCEL = "cancel"


class SpecialCause(StrEnum):
    """Why a new date without paying again is given."""

    SYSTEM_FAULT = "system_fault"
    ILLNESS = "illness"
    FORCE_MAJEURE = "force_majeure"
    OFFICE_CLOSED = "office_closed"


class BrokerPattern(StrEnum):
    """Pattern of bookings that looks like a broker's."""

    BOOK_CANCEL_BOOK = "book_cancel_book"
    MANY_ACCOUNTS_ONE_DEVICE = "many_accounts_one_device"
    MANY_ACCOUNTS_ONE_ADDRESS = "many_accounts_one_address"
    MANY_HOLDS = "many_holds"
    PROOF_REFUSED = "proof_refused"


class PaymentCaseKind(StrEnum):
    """Kind of a question about money, or about a claim that it was paid."""

    CLAIM_UNCONFIRMED = "claim_unconfirmed"
    SETTLED_UNKNOWN_HERE = "settled_unknown_here"
    PAID_HERE_UNSETTLED = "paid_here_unsettled"
    AMOUNT_DIFFERS = "amount_differs"
    UNKNOWN_CODE = "unknown_code"
    ARRIVED_ON_PROOF = "arrived_on_proof"
    """A visitor was let in with proof of a payment that does not show."""
    DOUBLE_LINE = "double_line"
    CLAIMED_BY_FILE = "claimed_by_file"
    RECEIPT_UNCONFIRMED = "receipt_unconfirmed"


class PaymentCaseOutcome(StrEnum):
    """How a payment case was answered."""

    CONFIRMED = "confirmed"
    NOT_PAID = "not_paid"
    REFUNDED = "refunded"
    CORRECTED = "corrected"
    SETTLED = "settled"


class RefundStep(StrEnum):
    """The state of a refund case, as it is told."""

    OPENED = "opened"
    """By an act of the applicant, a late payment or an office; nothing was done yet."""
    REQUESTED = "requested"
    INCOMPLETE = "incomplete"
    COMPLETE = "complete"
    RESEARCHED = "researched"
    RECOMMENDED = "recommended"
    APPROVED = "approved"
    """Provisionally, until the seat is back."""
    RELEASED = "released"
    ORDERED = "ordered"
    PAID = "paid"
    CREDITED = "credited"
    REFUSED = "refused"
    OBJECTED = "objected"
    WITHDRAWN = "withdrawn"


class RefundNeed(StrEnum):
    """Input that the applicant must give before a refund can go on."""

    PAPERS = "papers"
    BANK_ACCOUNT = "bank_account"
    ANOTHER_BANK_ACCOUNT = "another_bank_account"


class PassportKind(StrEnum):
    """Which book is applied for."""

    ORDINARY = "ordinary"
    ELECTRONIC = "electronic"


class ApplicationReason(StrEnum):
    """Why a passport is applied for."""

    NEW = "new"
    EXPIRED = "expired"
    PAGES_FULL = "pages_full"
    LOST = "lost"
    DAMAGED = "damaged"
    DATA_CHANGE = "data_change"


class PassportReport(StrEnum):
    """Reports of a passport that was handed out."""

    LOST = "lost"
    DAMAGED = "damaged"


class PenaltyGround(StrEnum):
    """Why a penalty is due."""

    LOST = "lost"
    DAMAGED = "damaged"


class CollectedBy(StrEnum):
    """The person who collected a passport."""

    SELF = "self"
    FAMILY = "family"
    """A member of the family, with the family card."""
    PROXY = "proxy"
    """Another person, with a signed letter of authority."""


class InterviewOutcome(StrEnum):
    """Outcome of an interview."""

    APPROVED = "approved"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"


class AssistanceEnd(StrEnum):
    """Why an assistance ended."""

    EXPIRED = "expired"
    ACCOUNT = "account"
    """The person ended it."""
    OFFICER = "officer"
    HEAD = "head"
    """The head of the office ended it."""
    OFFICER_LEFT_POST = "officer_left_post"


class DeliveryChannel(StrEnum):
    """By what a message reaches a person."""

    EMAIL = "email"
    SMS = "sms"


class PersonalData(StrEnum):
    """Personal data that an answer shows to staff."""

    APPLICATION = "application"
    PICTURE = "picture"
    PASSPORT = "passport"
    LETTER = "letter"
    NIK = "nik"
    CONTACT = "contact"
    """An address, telephone number or email address."""
    EVIDENCE = "evidence"
    """Text or papers that support a request for an exception."""
    BANK_ACCOUNT = "bank_account"
    STAFF_NAME = "staff_name"


class EvidencePurpose(StrEnum):
    """Kinds of requests that pictures of evidence are uploaded for."""

    REFUND = "refund"
    SPECIAL_RESCHEDULE = "special_reschedule"
    PAYMENT_CLAIM = "payment_claim"
    """A payer says that they paid, and it does not show."""
    WALK_IN = "walk_in"
    """A visitor is received without a booking."""


class ReadReason(StrEnum):
    """Why a member of staff reads personal data that are not part of the step at hand."""

    PERSON_AT_COUNTER = "person_at_counter"
    """The person came without a visit of today."""
    APPLICANT_ASKED = "applicant_asked"
    DOCUMENT_CHECK = "document_check"
    """Papers are looked at before the visit."""
    CORRECTION = "correction"
    PAYMENT_QUESTION = "payment_question"
    COMPLAINT = "complaint"
    SUPERVISION = "supervision"
    """The work of an office is looked into."""
    FRAUD_REVIEW = "fraud_review"
    SYSTEM_FAULT = "system_fault"
    LEGAL_REQUEST = "legal_request"
    """A court or an authority asked in writing."""
    INVESTIGATION = "investigation"
    """Of an offence; a hold can delay that the person sees it."""


class BreachCause(StrEnum):
    """How personal data got to where they must not be."""

    STOLEN_ACCESS = "stolen_access"
    """A token, a password or a device of a member of staff was used by somebody else."""
    MISUSE_BY_STAFF = "misuse_by_staff"
    SOFTWARE_FAULT = "software_fault"
    WRONG_RECIPIENT = "wrong_recipient"
    LOST_MEDIUM = "lost_medium"
    INTRUSION = "intrusion"
    OTHER = "other"


class BreachMeasure(StrEnum):
    """A thing that is done about a breach."""

    ACCESS_WITHDRAWN = "access_withdrawn"
    KEYS_CHANGED = "keys_changed"
    FAULT_REPAIRED = "fault_repaired"
    DATA_RECOVERED = "data_recovered"
    STAFF_EXAMINED = "staff_examined"
    POLICE_TOLD = "police_told"
    UNDER_EXAMINATION = "under_examination"


class LeavingObjection(StrEnum):
    """Objections to removing an applicant or an address, or closing an account."""

    LIVE_APPLICATION = "live_application"
    PASSPORT_NOT_COLLECTED = "passport_not_collected"
    MONEY_UNDER_WAY = "money_under_way"
    """A paid bill without an end, a refund that is under way, or an open question about a payment."""
    LAST_ADDRESS = "last_address"
    """Without the address nothing would reach the account."""
    GUARDIAN_OF_OTHERS = "guardian_of_others"
    """A child was added whose guardian is to go."""
    GROWN_CHILD = "grown_child"
    """Somebody who was added as a child has come of age in the grace time, and has not agreed."""


class StayingRecord(StrEnum):
    """Records that stay until their retention date, because the law wants it, when a person leaves."""

    ISSUANCE_RECORD = "issuance_record"
    """That a passport was issued."""
    PAYMENT_RECORD = "payment_record"
    """The state's receipts of money."""


class LeavingEnd(StrEnum):
    """How a leaving ended without an erasure."""

    OBJECTED = "objected"
    UNDONE = "undone"


class WebhookEnd(StrEnum):
    """Why nothing is sent to a webhook any more."""

    OPERATOR = "operator"
    FAILING = "failing"
    """No delivery was taken for days."""
    GONE = "gone"
    """The consumer's server answered 410: the address is gone for good."""
