"""Lists, sheets and offline days: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.context import UseCaseContext
from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.http import actor_of, use_case
from services.scheduling.offices.views import local
from services.scheduling.visit.day_sheets.day_sheet import DaySheets
from services.scheduling.visit.day_sheets.errors import OfflineDayAhead, SameDayListNotReady
from services.scheduling.visit.day_sheets.pdf import write_sheet
from services.scheduling.visit.day_sheets.revocation_list import RevocationLists
from services.scheduling.visit.day_sheets.same_day_list import SameDayLists
from services.scheduling.visit.day_sheets.schemas import (
    FILE_BYTES,
    DaySheetPath,
    DaySheetView,
    LineOutcomeView,
    OfflineFileBody,
    OfflineImportView,
    RevocationsView,
    SameDayListView,
    SameDayQuery,
    SameDayVisitView,
)
from services.scheduling.visit.day_sheets.views import day_sheet_view
from services.scheduling.visit.offline.import_service import OfflineFile, OfflineVisits
from services.scheduling.visit.offline.offline_day import OfflineLine
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import PUBLIC, STAFF, Endpoints, RateLimit
from shared.tokens import Role

endpoints: Final = Endpoints("day sheets")

_OFFICERS: Final = STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN)
_REFUSALS: Final = (OfficeNotFound, NotYourOffice)
SHEETS_A_MINUTE: Final = RateLimit(count=20, per_seconds=60.0)
"""Typesetting takes a thread for some hundredths of a second: an office needs one in the evening."""


@endpoints.get(
    "/v1/offices/{office_id}/same-day",
    summary="List the same-day visits",
    access=_OFFICERS,
    query=SameDayQuery,
    answers={200: SameDayListView},
    pages_by="appointment_id",
    refusals=(*_REFUSALS, SameDayListNotReady),
)
async def same_day_list(call: Call[None, SameDayQuery]) -> SameDayListView:
    """The paid same-day visits by queue number, ready at 12:00 WIB."""
    office_id = call.path["office_id"]
    day, found = await use_case(call, SameDayLists).make(office_id, call.query.date, actor_of(call.caller))
    timezone = use_case(call, UseCaseContext).offices[office_id].timezone
    visits = [
        SameDayVisitView(
            appointment_id=record.id,
            application_id=record.state.application_id,
            queue_number=record.state.seat.queue_number,
            state=record.state.status.value,
            starts_at=record.state.seat.starts_at,
            local_start=local(record.state.seat.starts_at, timezone),
        )
        for record in found
    ]
    return SameDayListView(office_id=office_id, date=day, visits=visits)


@endpoints.get(
    "/v1/offices/{office_id}/day-sheets/{date}",
    summary="Export the signed sheet of a day",
    access=_OFFICERS,
    path_model=DaySheetPath,
    answers={200: DaySheetView},
    refusals=_REFUSALS,
)
async def day_sheet(call: Call[None, None, DaySheetPath]) -> DaySheetView:
    """Every visit that is expected, without names, and the same as a signed text."""
    path = call.path
    sheet = await use_case(call, DaySheets).make(path.office_id, path.date, actor_of(call.caller))
    return day_sheet_view(sheet)


@endpoints.get(
    "/v1/offices/{office_id}/day-sheets/{date}/paper",
    summary="Print the sheet of a day",
    access=_OFFICERS,
    path_model=DaySheetPath,
    answers={200: "application/pdf"},
    refusals=_REFUSALS,
    rate=SHEETS_A_MINUTE,
)
async def day_sheet_paper(call: Call[None, None, DaySheetPath]) -> bytes:
    """The sheet as PDF."""
    path = call.path
    sheet = await use_case(call, DaySheets).make(path.office_id, path.date, actor_of(call.caller))
    return await write_sheet(sheet)


@endpoints.post(
    "/v1/offices/{office_id}/offline-visits",
    summary="Import arrivals that were written down offline",
    access=STAFF(Role.FRONT_OFFICER, Role.OFFICE_ADMIN),
    body=OfflineFileBody,
    idempotent=True,
    max_body_bytes=FILE_BYTES,
    answers={200: OfflineImportView},
    refusals=(*_REFUSALS, OfflineDayAhead, SomeoneElseChangedIt),
)
async def import_offline_visits(call: Call[OfflineFileBody]) -> OfflineImportView:
    """The outcome of each line. The file may be sent again: a line counts once."""
    asked, office_id = call.body, call.path["office_id"]
    lines = [OfflineLine(**line.model_dump()) for line in asked.lines]
    file = OfflineFile(office_id, asked.date, lines, actor_of(call.caller), call.command_id)
    done = await use_case(call, OfflineVisits).import_file(file)
    return OfflineImportView(
        office_id=office_id,
        date=asked.date,
        lines=[LineOutcomeView(line_id=line_id, outcome=outcome.value) for line_id, outcome in done.outcomes],
        offline_seats=done.seats,
        offline_used=done.used,
    )


@endpoints.get(
    "/v1/queue-code-revocations",
    summary="Queue codes that are void",
    access=PUBLIC,
    answers={200: RevocationsView},
)
async def queue_code_revocations(call: Call) -> RevocationsView:
    """The signed list of codes of moved and released visits, until their day is over; at most a minute old."""
    return RevocationsView.model_validate(await use_case(call, RevocationLists).current(), from_attributes=True)
