"""Small makers of states and facts for the tests of application."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.application.applications.application import Application
from services.application.applications.document import Document, DocumentState
from services.application.applications.visit import Visits, with_bill_fact, with_seat_fact
from services.application.requirements.answers import Answers, Purpose
from services.application.rules import Pace
from shared.events import billing, scheduling
from shared.events.codes import ApplicationReason, PassportKind

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""A Monday, 09:00 in Jakarta."""

VISIT = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
"""A week later, 08:00 in Jakarta."""

PACE = Pace(first_retry_seconds=10, longest_retry_seconds=900, print_poll_seconds=60, alert_grace_seconds=600)
ADULT = Answers(
    has_held_passport=False,
    reason=ApplicationReason.NEW,
    passport_kind=PassportKind.ELECTRONIC,
    validity_years=10,
    purpose=Purpose.TOURISM,
)
APPLICATION = "a0000000-0000-4000-8000-000000000001"
APPOINTMENT = "b0000000-0000-4000-8000-000000000001"
BILL = "c0000000-0000-4000-8000-000000000001"
OFFICE = "jakarta-selatan"


def draft(**changes: Any) -> Application:
    """A draft without answers."""
    return replace(Application("2026000000000001", "acc", "appl", "person", NOW), **changes)


def document(requirement: str = "ktp", state: DocumentState = DocumentState.ACCEPTED, **changes: Any) -> Document:
    """A document in a state."""
    base = Document(
        document_id=f"d-{requirement}",
        requirement=requirement,
        paper=requirement,
        media_type="image/jpeg",
        size_bytes=1000,
        created_at=NOW,
        upload_until=NOW + timedelta(hours=24),
        file_id=f"f-{requirement}",
        state=state,
        sha256="0" * 64,
        accepted_at=NOW if state is DocumentState.ACCEPTED else None,
    )
    return replace(base, **changes)


def place(**changes: Any) -> dict[str, Any]:
    """What every timed fact about the appointment carries."""
    return {
        "appointment_id": APPOINTMENT,
        "application_id": APPLICATION,
        "account_id": "acc",
        "person_id": "person",
        "office_id": OFFICE,
        "session_id": "s1",
        "pool": "regular",
        "starts_at": VISIT,
        "ends_at": VISIT + timedelta(hours=1),
        "office_name": "Kantor Imigrasi Jakarta Selatan",
        "office_timezone": "Asia/Jakarta",
    } | changes


def untimed(**changes: Any) -> dict[str, Any]:
    """What a fact about the appointment carries that tells no time."""
    timed = {"session_id", "pool", "starts_at", "ends_at", "office_name", "office_timezone"}
    return {name: value for name, value in place().items() if name not in timed} | changes


def held(**changes: Any) -> scheduling.SeatHeld:
    return scheduling.SeatHeld(**(place(hold_until=NOW + timedelta(minutes=10)) | changes))


def confirmed(**changes: Any) -> scheduling.AppointmentConfirmed:
    ours = {"bill_id": BILL, "queue_number": "R-001", "queue_code": "PSP1.signed", "cause": "paid"}
    return scheduling.AppointmentConfirmed(**(place() | ours | changes))


def rescheduled(**changes: Any) -> scheduling.AppointmentRescheduled:
    ours = {
        "session_id": "s2",
        "starts_at": VISIT + timedelta(days=1),
        "queue_number": "R-007",
        "queue_code": "PSP1.other",
        "previous_session_id": "s1",
        "previous_starts_at": VISIT,
        "previous_office_id": OFFICE,
    }
    return scheduling.AppointmentRescheduled(**(place() | ours | changes))


def released(**changes: Any) -> scheduling.AppointmentReleased:
    return scheduling.AppointmentReleased(**(untimed(session_id="s1", reason="bill_expired") | changes))


def checked_in(**changes: Any) -> scheduling.VisitorCheckedIn:
    return scheduling.VisitorCheckedIn(**(untimed(checked_in_at=VISIT) | changes))


def missed(**changes: Any) -> scheduling.VisitorMissed:
    return scheduling.VisitorMissed(**(untimed(session_id="s1") | changes))


def offered(**changes: Any) -> scheduling.SeatOffered:
    ours = {"bill_id": BILL, "offer_until": NOW + timedelta(hours=24)}
    return scheduling.SeatOffered(**(place(session_id="s3") | ours | changes))


def bill_fields(**changes: Any) -> dict[str, Any]:
    return {
        "bill_id": BILL,
        "application_id": APPLICATION,
        "account_id": "acc",
        "appointment_id": APPOINTMENT,
        "purpose": "fee",
    } | changes


def bill_requested(**changes: Any) -> billing.BillRequested:
    return billing.BillRequested(**(bill_fields(amount=950_000, legal_basis="PP 45/2024") | changes))


def bill_issued(**changes: Any) -> billing.BillIssued:
    ours = {
        "billing_code": "820261123000001",
        "amount": 950_000,
        "issued_at": NOW,
        "expires_at": NOW + timedelta(hours=2),
    }
    return billing.BillIssued(**(bill_fields() | ours | changes))


def bill_paid(**changes: Any) -> billing.BillPaid:
    return billing.BillPaid(**(bill_fields(amount=950_000, paid_at=NOW) | changes))


def with_seats(application: Application, *facts: Any, start: datetime = NOW) -> Application:
    """The application after facts about its seats and bills, in this order, versions counting up."""
    visits: Visits = application.visits
    for number, fact in enumerate(facts, 1):
        apply = with_bill_fact if isinstance(fact, billing._BillFact) else with_seat_fact
        visits = apply(visits, fact, version=number, at=start + timedelta(seconds=number))
    return replace(application, visits=visits)
