"""Officers decide on documents: one or many at once, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.application import errors
from services.application.applications import document as papers
from services.application.applications.access import refuse_other_offices
from services.application.applications.application import TAKES_DOCUMENTS, Application
from services.application.applications.document import Document
from services.application.applications.errors import StepIsOver
from services.application.applications.service import Seen
from services.application.applications.timeline import author_of
from services.application.context import Actor
from services.application.documents.changes import DocumentChanges, find_document
from services.application.documents.document_lines import refusal_of, with_decision
from services.application.documents.errors import DecidedTwice, DocumentDecided
from shared.errors import NotFound
from shared.store.decision import Decision
from shared.store.transitions import IllegalTransition

DOCUMENT_ID: Final = "document_id"
REASON_CODE: Final = "reason_code"

FieldOf = Callable[[int, str], str | None]
"""Returns the field that a refusal names, for the number of a verdict and a member of it."""


@dataclass(frozen=True)
class DocumentVerdict:
    """An officer's word on one document."""

    document_id: str
    accept: bool
    reason_code: str | None = None


class OfficerDecisions(DocumentChanges):
    """The use cases of officers who decide on documents."""

    async def decide(self, application_id: str, verdict: DocumentVerdict, who: Actor, command_id: str) -> Seen:
        """Decide on one document, as `decide_many` does."""
        return await self._decide(application_id, [verdict], who, command_id, _field_of_one)

    async def decide_many(
        self, application_id: str, verdicts: Sequence[DocumentVerdict], who: Actor, command_id: str
    ) -> Seen:
        """Decide on documents in one write: each is accepted, or refused with a reason, which is told to the owner.

        The same command again changes nothing.

        Raises:
            NotYourOffice. StepIsOver: the application takes no documents any more.
            NotFound, DocumentDecided: it is none of this application's documents, or its state allows no decision.
            ReasonCodeMissing, DecidedTwice. The field names the verdict; nothing is written for any of them.
        """
        return await self._decide(application_id, verdicts, who, command_id, _field_of_many)

    async def _decide(
        self, application_id: str, verdicts: Sequence[DocumentVerdict], who: Actor, command_id: str, field: FieldOf
    ) -> Seen:
        record = await self._applications.application(application_id)
        refuse_other_offices(record.state, who)
        _refuse_incomplete(verdicts, field)
        for number, verdict in enumerate(verdicts):
            if record.state.document(verdict.document_id) is None:
                raise NotFound(field=field(number, DOCUMENT_ID))
        now = self._context.now()

        def settle(application: Application) -> Decision[Application]:
            if application.status not in TAKES_DOCUMENTS:
                raise StepIsOver(state=application.status.value)
            refused = []
            for number, verdict in enumerate(verdicts):
                known = find_document(application, verdict.document_id)
                decided = decide_document(known, verdict, who, now, field(number, DOCUMENT_ID))
                cause = f"{command_id}:{number}"
                application = with_decision(application, decided)
                application = self._noted(application, decided, author_of(who), now, cause)
                refused += [] if verdict.accept else [decided]
            return Decision(application, tuple(refusal_of(application_id, application, gone) for gone in refused))

        return self._applications.seen(await self._changed(application_id, settle, received=command_id), who)


def _field_of_one(_number: int, member: str) -> str | None:
    """The place of a member in the body; the document's id stands in the address."""
    return None if member == DOCUMENT_ID else f"/{member}"


def _field_of_many(number: int, member: str) -> str:
    return f"/decisions/{number}/{member}"


def _refuse_incomplete(verdicts: Sequence[DocumentVerdict], field: FieldOf) -> None:
    seen: set[str] = set()
    for number, verdict in enumerate(verdicts):
        if verdict.document_id in seen:
            raise DecidedTwice(field=field(number, DOCUMENT_ID))
        if not verdict.accept and verdict.reason_code is None:
            raise errors.ReasonCodeMissing(field=field(number, REASON_CODE))
        seen.add(verdict.document_id)


def decide_document(
    document: Document, verdict: DocumentVerdict, who: Actor, now: datetime, field: str | None = None
) -> Document:
    """Return the document accepted or refused by an officer; refuses with ``DocumentDecided`` at ``field``."""
    role = who.role.value
    try:
        if verdict.accept:
            return papers.accepted(document, role, now)
        return papers.refused(document, verdict.reason_code or "", role, now)
    except IllegalTransition:
        raise DocumentDecided(state=document.state.value, field=field) from None
