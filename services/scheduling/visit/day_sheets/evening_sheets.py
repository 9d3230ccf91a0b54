"""Makes and keeps the signed sheet of tomorrow each evening, as JSON and as PDF."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.office import Office
from services.scheduling.offices.repository import SessionRepository
from services.scheduling.store_part import replacing
from services.scheduling.terms import local_date
from services.scheduling.visit.day_sheets.day_sheet import DaySheet, DaySheets
from services.scheduling.visit.day_sheets.errors import SheetNotKept
from services.scheduling.visit.day_sheets.evening_repository import EveningRepository
from services.scheduling.visit.day_sheets.evening_sheet import (
    EveningSheets,
    StoredSheet,
    next_evening,
    sheet_day,
    with_sheet,
)
from shared.files.port import FileMeta, FileStore, FileUnknown
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record

log = structlog.get_logger()

JSON: Final = "application/json"
PDF: Final = "application/pdf"


class SheetWriters:
    """Functions that write a sheet as JSON and as PDF."""

    def __init__(self, as_json: Callable[[DaySheet], bytes], as_pdf: Callable[[DaySheet], Awaitable[bytes]]) -> None:
        self.as_json = as_json
        self.as_pdf = as_pdf


class SheetsOfEvenings:
    """Makes sheets by a deadline per office and keeps them for `evening_sheet.KEPT_DAYS`."""

    def __init__(
        self,
        context: UseCaseContext,
        sessions: SessionRepository,
        evenings: EveningRepository,
        day_sheets: DaySheets,
        files: FileStore,
        writers: SheetWriters,
        at: time,
    ) -> None:
        self._context = context
        self._sessions = sessions
        self._evenings = evenings
        self._day_sheets = day_sheets
        self._files = files
        self._writers = writers
        self._at = at

    async def plan(self) -> None:
        """Plan the first evening of offices that have none."""
        now = self._context.now()
        wanted = [
            EveningSheets(office.office_id, office.timezone, next_evening(now, office.timezone, self._at))
            for office in self._context.offices.all()
        ]
        await self._evenings.begin_evenings(wanted, now)

    async def make(self, record: Record[EveningSheets]) -> None:
        """Make the sheet of the next day, unless the office has no session on it, and delete the old ones.

        A crash leaves the deadline: the next try writes the same files again.
        """
        evening, now = record.state, self._context.now()
        office = self._context.offices[evening.office_id]
        day = sheet_day(now, office.timezone, self._at)
        sheet = await self._stored(office, day) if await self._receives(office, day) else None
        after, over = with_sheet(
            evening, sheet, local_date(now, office.timezone), next_evening(now, office.timezone, self._at)
        )
        for old in over:
            await self._files.delete(old.json_file)
            await self._files.delete(old.pdf_file)
        decide = replacing(evening, Decision(after))
        await self._evenings.change_evening(record, decide, self._context.clock)
        if sheet is not None:
            log.info("day_sheet_made", office_id=office.office_id, day=day.isoformat(), visits=sheet.visits)

    async def _receives(self, office: Office, day: date) -> bool:
        begins = datetime.combine(day, time(0), ZoneInfo(office.timezone))
        return bool(await self._sessions.sessions([office.office_id], begins, begins + timedelta(days=1)))

    async def _stored(self, office: Office, day: date) -> StoredSheet:
        sheet = await self._day_sheets.make_for(office, day)
        json_file, pdf_file = (derived_id("day_sheet", office.office_id, day.isoformat(), kind) for kind in (JSON, PDF))
        await self._put(json_file, JSON, self._writers.as_json(sheet))
        await self._put(pdf_file, PDF, await self._writers.as_pdf(sheet))
        return StoredSheet(day, sheet.made_at, len(sheet.visits), sheet.offline_seats, json_file, pdf_file)

    async def _put(self, file_id: str, media_type: str, content: bytes) -> None:
        # an earlier try may have left it, whole or in part
        await self._files.delete(file_id)
        await self._files.put(file_id, FileMeta(content_type=media_type, total_bytes=len(content)), content)

    async def kept(self, office_id: str, actor: Actor) -> EveningSheets | None:
        """Return the kept sheets of the actor's own office; None before its first evening.

        Raises:
            OfficeNotFound: no such office.
            NotYourOffice: the actor works at another one.
        """
        office = self._context.own_office(office_id, actor)
        record = await self._evenings.evening(office.office_id)
        return record.state if record is not None else None

    async def file(self, office_id: str, day: date, media_type: str, actor: Actor) -> bytes:
        """Return one kept sheet as it was made. Refuses like :meth:`kept`, and with ``SheetNotKept``."""
        evening = await self.kept(office_id, actor)
        for sheet in evening.sheets if evening is not None else ():
            if sheet.day == day:
                with contextlib.suppress(FileUnknown):
                    file_id = sheet.pdf_file if media_type == PDF else sheet.json_file
                    return b"".join([piece async for piece in self._files.read(file_id)])
        raise SheetNotKept(date=day.isoformat())
