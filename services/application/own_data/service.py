"""The archive of an account's own documents, downloaded from the service that keeps them.

No copy is made: what an export names is read from where it lies, by the session that proved both addresses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import chain

from services.application.applications.application import Application
from services.application.applications.service import Applications
from services.application.context import UseCaseContext
from services.application.evidence.evidence import Evidence
from services.application.evidence.repository import EvidenceRepository
from services.application.own_data.part import evidence_file_name, file_name
from shared.own_data.answers import ExportAnswers
from shared.own_data.errors import ExportOfAnotherSession, ExportOver
from shared.own_data.zip_stream import ZipEntry, zip_stream
from shared.store.kinds import Record
from shared.tokens import Caller


class OwnFiles:
    """The use case of downloading one's own documents."""

    def __init__(
        self,
        context: UseCaseContext,
        applications: Applications,
        evidence: EvidenceRepository,
        answers: ExportAnswers,
    ) -> None:
        self._context = context
        self._applications = applications
        self._evidence = evidence
        self._answers = answers

    async def download(self, caller: Caller, export_id: str) -> AsyncIterator[bytes]:
        """Return the archive of the documents that count in the account's applications, and of its evidence.

        Raises:
            ExportOver: there is no such export of this account, or its days are over.
            ExportOfAnotherSession: another session proved the addresses.
        """
        record = await self._answers.answered(export_id)
        if record is None or caller.account_id not in record.state.account_ids:
            raise ExportOver()
        if record.state.session_id != caller.session_id:
            raise ExportOfAnotherSession()
        found = await self._applications.repository.applications_of(*record.state.account_ids)
        evidence = await self._evidence.evidence_of(record.state.account_ids)
        return zip_stream(self._entries(found, evidence), self._context.now())

    async def _entries(
        self, found: Sequence[Record[Application]], evidence: Sequence[Record[Evidence]]
    ) -> AsyncIterator[ZipEntry]:
        for record in found:
            for document in chain.from_iterable(record.state.pages().values()):
                if document.file_id is not None:
                    pieces = self._applications.read_file(document.file_id)
                    yield ZipEntry(file_name(record.state, document), pieces, packed=True)
        for item in evidence:
            name = evidence_file_name(item)
            if name is not None and item.state.file_id is not None:
                yield ZipEntry(name, self._applications.read_file(item.state.file_id), packed=True)
