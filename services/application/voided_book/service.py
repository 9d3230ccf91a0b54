"""A book whose visit does not count: told on the timeline, to the operators, and at the counter."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.application.alerts import BOOK_WITHOUT_PAYMENT, alert
from services.application.applications.application import Application, Author
from services.application.applications.timeline import add_to_timeline
from services.application.voided_book.errors import FeeNotPaid
from services.application.voided_book.voided_book import BOOK_GONE, BOOK_KEPT, consequence, settle_order
from shared.store.kinds import Record

SYSTEM: Final = Author("application")


def note_voided_book(application: Application, at: datetime) -> Application:
    """The application with what its visit, that does not count, means for the book on its timeline, once each, and
    with the recall or the new order that follows from it.
    """
    what = consequence(application)
    application = settle_order(application, at)
    return add_to_timeline(application, what, at, what, SYSTEM) if what is not None else application


def alert_of_book(record: Record[Application]) -> None:
    """Alert the operators to a printed book whose visit does not count."""
    what = consequence(record.state)
    if what in (BOOK_KEPT, BOOK_GONE):
        alert(BOOK_WITHOUT_PAYMENT, application_id=record.id, office_id=record.state.office_id, detail=what)


def refuse_unpaid_book(application: Application) -> None:
    """Nothing if the book may leave the office.

    Raises:
        FeeNotPaid: its visit was let in on a proof of payment that is not valid.
    """
    if application.visits.unpaid:
        raise FeeNotPaid
