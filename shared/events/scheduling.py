"""Facts that scheduling publishes: holds, appointments, offers and visits."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from shared.events.coded import Coded
from shared.events.codes import (
    BrokerPattern,
    ConfirmCause,
    IfUnpaid,
    MoveCause,
    OfferEnd,
    ReleaseReason,
    ReleaseRefusal,
    SeatAnswer,
    SeatQuestion,
    SpecialCause,
)
from shared.events.data_reads import DataRead
from shared.events.evidence_files import EvidenceNamed
from shared.events.message import Event


class _AppointmentFact(Event):
    appointment_id: str
    application_id: str
    account_id: str
    person_id: str
    office_id: str


class _TimedAppointmentFact(_AppointmentFact):
    session_id: str
    pool: str
    starts_at: datetime
    ends_at: datetime
    office_name: str
    office_timezone: str
    """IANA name, such as ``Asia/Jakarta``."""


class _CertainVisitFact(_TimedAppointmentFact):
    office_address: str | None = None
    """Where visitors find the office. It, telephone and position are not said by earlier versions."""
    office_telephone: str | None = None
    """Of the office itself, as E.164."""
    office_latitude: float | None = None
    office_longitude: float | None = None


class SeatHeld(_TimedAppointmentFact):
    """A seat is held for an application; it lapses at ``hold_until`` unless a bill is requested before."""

    TYPE: ClassVar[str] = "paspor.scheduling.seat.held.v1"
    hold_until: datetime
    replaces_bill_id: str | None = None
    """The expired bill whose renewal won this seat back, if that is how the hold began."""
    pay_until: datetime | None = None
    """The latest moment a bill for this seat may be paid, where the service has a cut-off (same-day: 12:00 WIB)."""
    if_unpaid: Annotated[str | None, Coded(IfUnpaid)] = None
    """The applicant's choice for a same-day seat that is not paid by the cut-off: an
    :class:`~shared.events.codes.IfUnpaid`."""
    party_id: str | None = None
    """The family that books together, all or none."""


class AppointmentConfirmed(_CertainVisitFact):
    """The seat is paid for (or free of charge) and the visit is certain."""

    TYPE: ClassVar[str] = "paspor.scheduling.appointment.confirmed.v1"
    bill_id: str
    queue_number: str
    queue_code: str
    """Signed text that the QR code carries."""
    cause: Annotated[str, Coded(ConfirmCause)]
    """A :class:`~shared.events.codes.ConfirmCause`."""


class AppointmentRescheduled(_CertainVisitFact):
    """The visit moved to another seat in one step; the old queue code is void."""

    TYPE: ClassVar[str] = "paspor.scheduling.appointment.rescheduled.v1"
    queue_number: str
    queue_code: str
    previous_session_id: str
    previous_starts_at: datetime
    previous_office_id: str
    cause: Annotated[str, Coded(MoveCause)] = MoveCause.ASKED.value
    """A :class:`~shared.events.codes.MoveCause`."""


class AppointmentReleased(_AppointmentFact):
    """The seat went back.

    ``reason``: ``hold_lapsed``, ``bill_expired``, ``bill_failed``, ``bill_cancelled``, ``cancelled``, ``withdrawn``,
    ``refund_approved``, ``same_day_unpaid``, ``proof_refused`` (X6) or ``party_broken`` (a family books together or not
    at all).
    """

    TYPE: ClassVar[str] = "paspor.scheduling.appointment.released.v1"
    session_id: str
    reason: Annotated[str, Coded(ReleaseReason)]
    """A :class:`~shared.events.codes.ReleaseReason`."""
    was_confirmed: bool = False
    refund_id: str | None = None
    """The refund that asked for it, where one did."""
    closed_for_person: bool = False
    """Whether an officer closed the application: `ApplicationClosedForPerson` tells its account then."""


class SeatOffered(_TimedAppointmentFact):
    """Late money found its old seat gone and this one is kept for its payer until ``offer_until``."""

    TYPE: ClassVar[str] = "paspor.scheduling.seat.offered.v1"
    bill_id: str
    offer_until: datetime


class OfferEnded(_AppointmentFact):
    """The offered seat was declined or not taken in time (``declined``, ``lapsed``); the money must go back."""

    TYPE: ClassVar[str] = "paspor.scheduling.offer.ended.v1"
    bill_id: str
    reason: Annotated[str, Coded(OfferEnd)]
    """An :class:`~shared.events.codes.OfferEnd`."""
    closed_for_person: bool = False
    """Whether an officer closed the application: `ApplicationClosedForPerson` tells its account then."""


class SeatUnavailable(Event):
    """No seat could be found for late money or for a renewed bill, or the same-day place of a surcharge is gone."""

    TYPE: ClassVar[str] = "paspor.scheduling.seat.unavailable.v1"
    application_id: str
    account_id: str
    bill_id: str
    asked_for: Annotated[str, Coded(SeatQuestion)]
    """A :class:`~shared.events.codes.SeatQuestion`."""
    reason: str
    """A :class:`~shared.events.codes.NoSeatReason`. Of a same-day place also why it went: a
    :class:`~shared.events.codes.MoveCause`, a :class:`~shared.events.codes.SpecialCause` or a
    :class:`~shared.events.codes.ReleaseReason`."""


class SeatAnswerRepeated(Event):
    """The answer that a bill's question for a seat got before, said again because the question was asked again.

    ``outcome``: ``confirmed``, ``offered``, ``unavailable`` or ``released`` (it had been confirmed).
    """

    TYPE: ClassVar[str] = "paspor.scheduling.seat.answer_repeated.v1"
    application_id: str
    account_id: str
    person_id: str
    bill_id: str
    asked_for: Annotated[str, Coded(SeatQuestion)]
    """A :class:`~shared.events.codes.SeatQuestion`, never about a same-day place."""
    outcome: Annotated[str, Coded(SeatAnswer)]
    """A :class:`~shared.events.codes.SeatAnswer`."""
    reason: str | None = None
    """Why there is no seat (:class:`~shared.events.codes.NoSeatReason`) or why it went back
    (:class:`~shared.events.codes.ReleaseReason`)."""
    appointment_id: str | None = None
    office_id: str | None = None
    session_id: str | None = None
    pool: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    office_name: str | None = None
    office_timezone: str | None = None
    offer_until: datetime | None = None


class VisitorCheckedIn(_AppointmentFact):
    """The applicant is at the office."""

    TYPE: ClassVar[str] = "paspor.scheduling.visitor.checked_in.v1"
    checked_in_at: datetime


class VisitorMissed(_AppointmentFact):
    """The session ended and the applicant did not come."""

    TYPE: ClassVar[str] = "paspor.scheduling.visitor.missed.v1"
    session_id: str
    ask_until: datetime | None = None
    """Until when a special reschedule may be asked for (F72)."""
    office_timezone: str | None = None


class ReleaseRefused(_AppointmentFact):
    """A refund asked for the seat to go back and it cannot: ``already_used`` or ``already_released``."""

    TYPE: ClassVar[str] = "paspor.scheduling.release.refused.v1"
    refund_id: str
    reason: Annotated[str, Coded(ReleaseRefusal)]
    """A :class:`~shared.events.codes.ReleaseRefusal`."""


class SpecialRescheduleOpened(_AppointmentFact):
    """A new date without paying again may be chosen until ``until``.

    ``cause``: ``system_fault``, ``illness``, ``force_majeure`` or ``office_closed``.
    """

    TYPE: ClassVar[str] = "paspor.scheduling.special_reschedule.opened.v1"
    cause: Annotated[str, Coded(SpecialCause)]
    """A :class:`~shared.events.codes.SpecialCause`."""
    until: datetime
    office_timezone: str | None = None


class SpecialRescheduleRefused(_AppointmentFact):
    """The office refused a special reschedule, for the coded reason."""

    TYPE: ClassVar[str] = "paspor.scheduling.special_reschedule.refused.v1"
    reason: str


class SpecialRescheduleEnded(_AppointmentFact):
    """The right to a new date was not used in time."""

    TYPE: ClassVar[str] = "paspor.scheduling.special_reschedule.ended.v1"


class VisitInterrupted(_AppointmentFact):
    """The applicant came and the state's own systems stopped the visit (F71); a special reschedule is open."""

    TYPE: ClassVar[str] = "paspor.scheduling.visit.interrupted.v1"
    session_id: str
    until: datetime
    office_timezone: str | None = None


class SameDaySeatLost(_TimedAppointmentFact):
    """A same-day seat was not paid in time and its holder had chosen a regular one: the appointment moved there.

    It is held for a new bill without the surcharge (:class:`SeatHeld` says until when).
    """

    TYPE: ClassVar[str] = "paspor.scheduling.same_day.lost.v1"
    previous_session_id: str
    previous_starts_at: datetime


class SameDaySeatReserved(_AppointmentFact):
    """A visitor who paid the fee takes a place in today's same-day quota at the counter (F74): its surcharge is due.

    The place is kept until the bill of this ``reservation_id`` is paid or ends.
    """

    TYPE: ClassVar[str] = "paspor.scheduling.same_day.reserved.v1"
    reservation_id: str
    session_id: str
    pay_until: datetime
    office_timezone: str


class VisitVoided(_AppointmentFact):
    """The proof of payment that a visitor was let in with is not valid (X6): the visit does not count.

    ``took_place``: the interview was held on it; else the visitor was still at the counter and the seat went back.
    """

    TYPE: ClassVar[str] = "paspor.scheduling.visit.voided.v1"
    reason: str = ReleaseReason.PROOF_REFUSED.value
    took_place: bool = False


class ArrivedOnProof(_AppointmentFact):
    """An applicant whose payment does not show yet was let in on proof of payment (X6): money must be looked for."""

    TYPE: ClassVar[str] = "paspor.scheduling.visitor.arrived_on_proof.v1"
    ntpn: str


class WaitingSeatOffered(Event):
    """A freed seat is kept for the next of the waiting list until ``offer_until``; it is theirs alone to take."""

    TYPE: ClassVar[str] = "paspor.scheduling.waiting_list.offered.v1"
    waiting_id: str
    application_id: str
    account_id: str
    person_id: str
    office_id: str
    office_name: str
    office_timezone: str
    session_id: str
    starts_at: datetime
    offer_until: datetime


class WaitingOfferEnded(Event):
    """An offer of the waiting list was taken, declined or not answered (``taken``, ``declined``, ``lapsed``)."""

    TYPE: ClassVar[str] = "paspor.scheduling.waiting_list.offer_ended.v1"
    waiting_id: str
    application_id: str
    account_id: str
    reason: Annotated[str, Coded(OfferEnd)]
    """An :class:`~shared.events.codes.OfferEnd`."""


class OpeningAnnounced(Event):
    """New seats of an office will be given out at ``opens_at``; one event per account that asked to be told (F66)."""

    TYPE: ClassVar[str] = "paspor.scheduling.opening.announced.v1"
    opening_id: str
    account_id: str
    office_id: str
    office_name: str
    office_timezone: str
    opens_at: datetime


class PatternFlagged(Event):
    """Bookings look like a broker's; the evidence lies with scheduling, for the office (F75).

    ``pattern``: ``book_cancel_book``, ``many_accounts_one_device``, ``many_accounts_one_address``, ``many_holds`` or
    ``proof_refused``.
    """

    TYPE: ClassVar[str] = "paspor.scheduling.pattern.flagged.v1"
    flag_id: str
    office_id: str
    pattern: Annotated[str, Coded(BrokerPattern)]
    """A :class:`~shared.events.codes.BrokerPattern`."""


class LetterShown(Event):
    """A person had the QR code of their letter scanned, so that this officer of the visit's office assists them."""

    TYPE: ClassVar[str] = "paspor.scheduling.letter.shown.v1"
    assistance_id: str
    """The id of the assistance that follows; made here, so that the officer can ask for it at once."""
    appointment_id: str
    application_id: str
    account_id: str
    person_id: str
    office_id: str
    officer_id: str
    shown_at: datetime


class OfficeOpened(Event):
    """An office that was not there before began to receive: an outreach of the office ``parent_id``."""

    TYPE: ClassVar[str] = "paspor.scheduling.office.opened.v1"
    office_id: str
    parent_id: str


class SchedulingEvidenceNamed(EvidenceNamed):
    """A request for a special reschedule, or a registration at the counter, names pictures of evidence."""

    TYPE: ClassVar[str] = "paspor.scheduling.evidence.named.v1"


class SchedulingDataRead(DataRead):
    """A member of staff read what scheduling keeps of a person: of evidence."""

    TYPE: ClassVar[str] = "paspor.scheduling.personal_data.read.v1"


class SchedulingErasureDone(Event):
    """Scheduling erased what an order names. ``kept`` are coded reasons of what it still keeps: ``legal_hold``,
    ``in_use`` or the name of a retention rule; told again when they change, and empty once nothing is kept.
    """

    TYPE: ClassVar[str] = "paspor.scheduling.erasure.done.v1"
    erasure_id: str
    service: str
    kept: tuple[str, ...] = ()
