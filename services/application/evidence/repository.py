"""Where evidence lives: the kind, its indexes, and every query there is."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.application.evidence.evidence import MOST_FILES_A_DAY, Evidence, deadlines
from shared.errors import NotFound
from shared.events.codes import EvidencePurpose
from shared.store.kinds import Index, Kind, Range, Record
from shared.store.newest import newest_of
from shared.store.port import Store

MOST_OF_ACCOUNT: Final = 1000
"""Evidence of one account that is looked at together: its requests of years, five pictures each."""

DAY_NUMBER: Final = "day_number"
"""The index by which a caller's uploads of a day are counted exactly, whichever process they come to."""

EVIDENCE: Final[Kind[Evidence]] = Kind(
    "evidence",
    Evidence,
    indexes=(
        Index(DAY_NUMBER, ("state.uploaded_by", "state.purpose", "state.day", "state.number"), unique=True),
        Index("account", ("state.account_id", "-state.created_at")),
        Index("file", ("state.file_id",)),
        Index("counted", ("state.counts_from",)),
    ),
    deadlines=deadlines,
)


class EvidenceRepository:
    """The only place that names the collection, its indexes and its queries."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def evidence(self, evidence_id: str) -> Record[Evidence] | None:
        """Return the evidence of that id, or None."""
        return await self._store.get(EVIDENCE, evidence_id)

    async def existing(self, evidence_id: str) -> Record[Evidence]:
        """Return the evidence of that id; refuses with ``NotFound``."""
        record = await self.evidence(evidence_id)
        if record is None:
            raise NotFound
        return record

    async def insert(self, evidence_id: str, state: Evidence, now: datetime) -> Record[Evidence]:
        """Write new evidence; refuses with ``AlreadyExists`` where its id or its number of the day is taken."""
        return await self._store.insert(EVIDENCE, evidence_id, state, now=now)

    async def numbers_of_day(self, uploaded_by: str, purpose: EvidencePurpose, day: str) -> set[int]:
        """Return the numbers that the caller's uploads of this purpose and day have."""
        wanted = {"state.uploaded_by": uploaded_by, "state.purpose": purpose.value, "state.day": day}
        found = await self._store.find(EVIDENCE, DAY_NUMBER, wanted, limit=MOST_FILES_A_DAY)
        return {record.state.number for record in found}

    async def evidence_of(self, account_ids: tuple[str, ...], limit: int = MOST_OF_ACCOUNT) -> list[Record[Evidence]]:
        """Return the evidence of one account or of several that were joined, the newest first."""

        async def find(account_id: str) -> list[Record[Evidence]]:
            return await self._store.find(EVIDENCE, "account", {"state.account_id": account_id}, limit=limit)

        return await newest_of(account_ids, find, lambda state: state.created_at, limit)

    async def counted_between(self, low: datetime | None, high: datetime, limit: int) -> list[Record[Evidence]]:
        """Return evidence whose retention clock started in this span, the oldest first."""
        return await self._store.find(EVIDENCE, "counted", within={"state.counts_from": Range(low, high)}, limit=limit)

    async def refers_to(self, file_id: str) -> bool:
        """Return whether evidence refers to the file."""
        return await self._store.count(EVIDENCE, "file", {"state.file_id": file_id}) > 0

    async def remove(self, record: Record[Evidence]) -> bool:
        """Remove the document if it is unchanged; return whether it is gone."""
        return await self._store.remove(EVIDENCE, record)
