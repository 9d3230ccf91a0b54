"""Answers to an export: a service collects what it has of the accounts and sends it sealed, once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.clock import Clock
from shared.events.envelope import Envelope
from shared.events.identity import DataExportAsked
from shared.own_data.part import OwnData
from shared.own_data.pieces import seal_part
from shared.store.kinds import Kind, Record
from shared.store.port import AlreadyExists, Store

Collect = Callable[[DataExportAsked], Awaitable[OwnData]]
"""Returns what a service has of the accounts, applicants and applications that the event names."""


@dataclass(frozen=True)
class ExportAnswer:
    """An export that was answered: whose, by which session, and until when it can be downloaded."""

    account_ids: tuple[str, ...]
    session_id: str
    ends_at: datetime


EXPORT_ANSWER: Final[Kind[ExportAnswer]] = Kind("export_answer", ExportAnswer, kept_until="state.ends_at")
"""One per export in each service; its id is the export's. It goes by itself when the export is over."""


class ExportAnswers:
    """The use case of each service that has data of a person."""

    def __init__(self, store: Store, clock: Clock, service: str, collect: Collect) -> None:
        self._store = store
        self._clock = clock
        self._service = service
        self._collect = collect

    async def answer(self, event: DataExportAsked, envelope: Envelope) -> None:
        """Collect and send this service's part. A repeat, and an export that is over, change nothing.

        Raises:
            PartTooLarge: the part is larger than an export takes.
        """
        now = self._clock.now()
        if event.ends_at <= now or await self.answered(event.export_id) is not None:
            return
        part = await self._collect(event)
        commands = seal_part(event.export_id, self._service, event.public_key, part)
        answer = ExportAnswer(event.account_ids, event.session_id, event.ends_at)
        try:
            await self._store.insert(
                EXPORT_ANSWER, event.export_id, answer, now=now, events=commands, received=envelope.id
            )
        except AlreadyExists:
            return

    async def answered(self, export_id: str) -> Record[ExportAnswer] | None:
        """Return an export that was answered and is not over, or None."""
        record = await self._store.get(EXPORT_ANSWER, export_id)
        return record if record is not None and record.state.ends_at > self._clock.now() else None
