"""The file as the issuance system takes it: everything that its officers would otherwise type again."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from services.application.applications.applicant import IdentityCard
from services.application.applications.application import Application
from services.application.applications.hand_over import Handed
from services.application.applications.visit import BillState, Visits
from services.application.issuance.ports import DpriFile
from shared.events.codes import BillPurpose, SeatQuestion
from shared.ids import derived_id

SAME_DAY: Final = SeatQuestion.SAME_DAY.value
"""The pool of seats whose visitors get their book on the same day."""


def file_for(
    application_id: str,
    application: Application,
    card: IdentityCard,
    guardian: IdentityCard | None,
    documents: tuple[Handed, ...],
) -> DpriFile:
    """Return the file with its delivery id; the same content always has the same one."""
    answers, seat = application.answers, application.visits.last_seat
    content = {
        "kind": answers.passport_kind.value if answers else "",
        "applicant": {
            "full_name": card.full_name,
            "nik": card.nik,
            "birth_place": card.birth_place,
            "birth_date": card.birth_date.isoformat(),
            "sex": card.sex,
            "family_card_number": card.family_card_number,
        },
        "guardian": {"full_name": guardian.full_name, "nik": guardian.nik} if guardian else None,
        "reason": answers.reason.value if answers else "",
        "purpose": answers.purpose.value if answers else "",
        "validity_years": answers.validity_years if answers else 0,
        "minor": application.minor,
        "same_day": is_same_day(application.visits),
        "office_id": application.office_id,
        "visit_at": application.visit_at.isoformat() if application.visit_at else None,
        "appointment_id": seat.appointment_id if seat else None,
        "documents": [_document(application, document) for document in documents],
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return DpriFile(derived_id("delivery", application_id, digest), content)


def is_same_day(visits: Visits) -> bool:
    """Return whether the book is issued on the day of the visit: its seat is of that pool, or its surcharge is paid."""
    seat = visits.seat
    return (seat is not None and seat.pool == SAME_DAY) or any(
        bill.purpose == BillPurpose.SAME_DAY and bill.state in (BillState.PAID, BillState.WAIVED)
        for bill in visits.bills
    )


def _document(application: Application, handed: Handed) -> dict[str, Any]:
    document = next(known for known in application.documents if known.document_id == handed.document_id)
    return {
        "document_id": document.document_id,
        "requirement": document.requirement,
        "paper": document.paper,
        "page": document.page,
        "media_type": document.media_type,
        "size_bytes": document.stored_bytes,
        "sha256": handed.sha256,
    }
