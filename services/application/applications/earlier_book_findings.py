"""The meaning of an answer about earlier books for an application, and how long it can be followed. Pure."""

from __future__ import annotations

from typing import Final

from services.application.applications.application import Application, Status
from services.application.applications.earlier_books import QuestionState, find_difference
from services.application.applications.visit import BillState, SeatState
from shared.events.codes import BillPurpose, EarlierBookFinding

PAID_BILLS: Final = frozenset({BillState.PAID_UNSETTLED, BillState.PAID, BillState.PAID_LATE, BillState.WAIVED})


def answers_bind(application: Application) -> bool:
    """Return whether the applicant cannot change the answers any more: the fee is paid or waived, or the submission
    waits or is over. An officer corrects them from then on.
    """
    if application.status not in {Status.DRAFT, Status.SUBMITTED}:
        return True
    visits = application.visits
    is_paid = any(bill.purpose == BillPurpose.FEE and bill.state in PAID_BILLS for bill in visits.bills)
    return is_paid or (visits.seat is not None and visits.seat.state is not SeatState.HELD)


def find_open_difference(application: Application) -> EarlierBookFinding | None:
    """Return the finding that the applicant has still to answer or an officer to look at; None where there is none.

    One that the applicant was told of and keeps their answers against is not open, and officers see it all the same.
    """
    question = application.earlier_books
    found = find_difference(question, application.answers)
    if found is None or found is EarlierBookFinding.UNCLEAR or question is None or question.kept is found:
        return None
    return found


def is_unknown(application: Application) -> bool:
    """Return whether nothing is known of earlier books: the system could not be asked, or contradicts itself."""
    question = application.earlier_books
    if question is None:
        return False
    return question.unclear or question.state is QuestionState.COULD_NOT_BE_ASKED


def is_holder_seen(application: Application) -> bool:
    """Return whether an officer has seen the person's originals.

    Before that an account shows no date and no number of a book: knowing a stranger's NIK and birth date is enough to
    begin a draft for them.
    """
    return bool(application.originals)
