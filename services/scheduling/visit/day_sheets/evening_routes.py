"""The sheets that are made each evening: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.http import actor_of, use_case
from services.scheduling.visit.day_sheets.errors import SheetNotKept
from services.scheduling.visit.day_sheets.evening_schemas import EveningSheetsView
from services.scheduling.visit.day_sheets.evening_sheets import JSON, PDF, SheetsOfEvenings
from services.scheduling.visit.day_sheets.schemas import DaySheetPath, DaySheetView
from services.scheduling.visit.day_sheets.views import evening_sheets_view
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints
from shared.tokens import Role

endpoints: Final = Endpoints("evening sheets")

_OFFICERS: Final = STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN)
_REFUSALS: Final = (OfficeNotFound, NotYourOffice)


@endpoints.get(
    "/v1/offices/{office_id}/evening-sheets",
    summary="List the sheets that were made in the evenings",
    access=_OFFICERS,
    answers={200: EveningSheetsView},
    pages_by="date",
    refusals=_REFUSALS,
)
async def evening_sheets(call: Call) -> EveningSheetsView:
    """The kept sheets, the newest day first."""
    office_id = call.path["office_id"]
    kept = await use_case(call, SheetsOfEvenings).kept(office_id, actor_of(call.caller))
    return evening_sheets_view(office_id, kept)


@endpoints.get(
    "/v1/offices/{office_id}/evening-sheets/{date}",
    summary="Read a sheet as it was made in the evening",
    access=_OFFICERS,
    path_model=DaySheetPath,
    answers={200: DaySheetView},
    refusals=(*_REFUSALS, SheetNotKept),
)
async def evening_sheet(call: Call[None, None, DaySheetPath]) -> DaySheetView:
    """The sheet of that day, signed, as it stood in the evening before."""
    path = call.path
    content = await use_case(call, SheetsOfEvenings).file(path.office_id, path.date, JSON, actor_of(call.caller))
    return DaySheetView.model_validate_json(content)


@endpoints.get(
    "/v1/offices/{office_id}/evening-sheets/{date}/paper",
    summary="Print a sheet as it was made in the evening",
    access=_OFFICERS,
    path_model=DaySheetPath,
    answers={200: "application/pdf"},
    refusals=(*_REFUSALS, SheetNotKept),
)
async def evening_sheet_paper(call: Call[None, None, DaySheetPath]) -> bytes:
    """The same as PDF."""
    path = call.path
    return await use_case(call, SheetsOfEvenings).file(path.office_id, path.date, PDF, actor_of(call.caller))
