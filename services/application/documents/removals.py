"""Pages that their sender takes away again."""

from __future__ import annotations

from services.application.applications import application as rules
from services.application.applications import document as papers
from services.application.applications.application import Application, Status
from services.application.applications.document import DocumentState
from services.application.applications.pages import breaks_item
from services.application.applications.service import Seen
from services.application.applications.timeline import author_of
from services.application.context import Actor
from services.application.documents.changes import DocumentChanges, find_document
from services.application.documents.errors import DocumentReplaced, PageNeeded
from shared.store.decision import Decision


class DocumentRemovals(DocumentChanges):
    """The use case of taking a page away."""

    async def remove(self, application_id: str, document_id: str, who: Actor) -> Seen:
        """Take a page away and remove its picture; again is no error. Of a draft any page may go.

        Raises:
            NotFound: no such document. DocumentReplaced: a newer one has taken its place.
            PageNeeded: after the submission a compulsory item would be gone, or an item would have a gap.
            DocumentsClosed, StepIsOver: documents stand. AssistanceNeeded: as in an upload.
        """
        await self._writable(application_id, who)
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            document = find_document(application, document_id)
            if document.state is DocumentState.REMOVED:
                return None
            self._refuse_closed(application, who, now)
            if document.state is DocumentState.REPLACED:
                raise DocumentReplaced
            gone = papers.removed(document)
            after = rules.with_document(application, gone)
            compulsory = {item.code for item in self._applications.items(application) if item.compulsory}
            is_compulsory = document.requirement in compulsory
            if application.status is not Status.DRAFT and breaks_item(
                application.documents, after.documents, document.requirement, compulsory=is_compulsory
            ):
                raise PageNeeded
            return Decision(self._noted(after, gone, author_of(who), now, document_id))

        return self._applications.seen(await self._changed(application_id, decide), who)
