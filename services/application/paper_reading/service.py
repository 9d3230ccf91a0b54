"""Pages that are being read: the verdict ends it, or else the time that a reading has."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from services.application.applications.application import TAKES_DOCUMENTS, Application, Status
from services.application.applications.document import Document, DocumentState, not_read
from services.application.applications.service import Applications
from services.application.context import UseCaseContext
from services.application.documents.changes import MACHINE
from services.application.documents.document_lines import note_document, refusal_of, with_decision
from services.application.paper_reading.transitions import is_being_read, judged, overdue
from services.application.paper_reading.verdict import Verdict
from shared.events.application import DocumentChecked
from shared.events.message import Event
from shared.service import InvariantReport
from shared.store.decision import Decision
from shared.store.kinds import Record

PATIENCE_SECONDS: Final = 120
"""A page whose time is over is flagged within a second, and within this time where a replica dies in the middle."""

MOST_BROKEN: Final = 100


class PaperReadings:
    """The use cases of pages that are being read, without the reader itself."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications

    async def settle(self, application_id: str, document_id: str, verdict: Verdict | None) -> None:
        """Decide on a page by its verdict, or flag it where there is none; does nothing unless it is being read."""
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            document = application.document(document_id)
            if document is None or not is_being_read(document):
                return None
            decided = not_read(document, now) if verdict is None else judged(document, verdict, now)
            return self._decision(application_id, application, (decided,))

        await self._applications.change_documents(application_id, decide)

    async def flag_overdue(self, record: Record[Application], _name: str) -> None:
        """Flag the pages that were not read in time: an officer looks at them."""
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            late = tuple(flagged for document in application.documents if (flagged := overdue(document, now)))
            return self._decision(record.id, application, late) if late else None

        await self._applications.change_documents(record.id, decide)

    def _decision(
        self, application_id: str, application: Application, decided: tuple[Document, ...]
    ) -> Decision[Application]:
        """Return the application with the decided pages, and what is told of them.

        Before the submission the applicant is at the pages; afterwards a refusal is told as an officer's is.
        """
        state = application
        events: list[Event] = []
        for document in decided:
            known = state.document(document.document_id)
            if known is None or not is_being_read(known):  # a later upload that was decided with it has its place
                continue
            state = with_decision(state, document)
            now = document.decided_at or self._context.now()
            state = note_document(state, document, self._context.settings.pace, MACHINE, now, document.document_id)
            events.append(_checked(application_id, application, document))
            is_submitted = application.status in TAKES_DOCUMENTS and application.status is not Status.DRAFT
            if document.state is DocumentState.REFUSED and is_submitted:
                events.append(refusal_of(application_id, application, document))
        return Decision(state, tuple(events))

    async def no_page_is_read_past_its_time(self) -> InvariantReport:
        """I21: every page that is being read has time left, or is about to be flagged."""
        checked = 0
        broken: list[str] = []
        least = self._context.now() - timedelta(seconds=PATIENCE_SECONDS)
        async for record in self._applications.repository.all_applications():
            reading = [document for document in record.state.documents if document.state is DocumentState.CHECKING]
            checked += len(reading)
            if any(_is_forgotten(document, least) for document in reading) and len(broken) < MOST_BROKEN:
                broken.append(record.id)
        return InvariantReport(checked, tuple(broken))


def _checked(application_id: str, application: Application, document: Document) -> DocumentChecked:
    return DocumentChecked(
        application_id=application_id,
        account_id=application.account_id,
        document_id=document.document_id,
        requirement=document.requirement,
        page=document.page,
    )


def _is_forgotten(document: Document, least: datetime) -> bool:
    return document.check_until is None or document.check_until < least
