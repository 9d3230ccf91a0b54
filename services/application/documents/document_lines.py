"""A decision on a document as its application notes it: a line, the file that is due again, the event of a refusal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from services.application.applications import application as rules
from services.application.applications.application import BEFORE_INTERVIEW, Application, Author
from services.application.applications.document import Document, DocumentState, replaced_by_newer
from services.application.applications.hand_over import replacing_ends
from services.application.applications.timeline import add_to_timeline
from services.application.rules import Pace
from shared.events.application import DocumentReceived, DocumentRefused


def note_document(
    application: Application, document: Document, pace: Pace, actor: Author, now: datetime, cause: str
) -> Application:
    """Return the application with a line about the document; a file that waits for its documents is due again.

    While a page is being read nothing is due: what is there counts until it stands.
    """
    is_decided = document.state is not DocumentState.CHECKING
    if is_decided and application.status in BEFORE_INTERVIEW and application.hand_over is not None:
        application = rules.hand_over_again(application, pace, now)
    what = f"document_{document.state.value}"
    return add_to_timeline(application, f"{what}:{cause}", now, what, actor, document.requirement)


def with_decision(application: Application, decided: Document) -> Application:
    """Return the application with the document as it was decided; one that stands now replaces earlier ones."""
    documents = rules.with_document(application, decided).documents
    return rules.with_documents(application, replaced_by_newer(documents, decided))


def refusal_of(application_id: str, application: Application, document: Document) -> DocumentRefused:
    """Return the event that tells the owner which document was refused, why, and until when it can be replaced."""
    seat = application.visits.seat
    until = None
    if application.status in BEFORE_INTERVIEW and seat is not None and seat.certain:
        assert seat.starts_at is not None and seat.office_timezone is not None  # noqa: S101 - `certain` says so
        until = replacing_ends(seat.starts_at, seat.office_timezone)
    return DocumentRefused(
        application_id=application_id,
        account_id=application.account_id,
        document_id=document.document_id,
        requirement=document.requirement,
        page=document.page,
        reason_code=document.reason or "",
        replace_until=until,
    )


def tell_received(application_id: str, pages: Iterable[Document]) -> tuple[DocumentReceived, ...]:
    """Return the events that have pages read, of those that wait for it."""
    return tuple(
        DocumentReceived(
            application_id=application_id,
            document_id=page.document_id,
            requirement=page.requirement,
            page=page.page,
        )
        for page in pages
        if page.state is DocumentState.CHECKING
    )
