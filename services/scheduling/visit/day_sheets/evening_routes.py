"""The sheets that are made each evening: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling import errors
from services.scheduling.http import scheduling_of, who_of
from services.scheduling.visit.day_sheets.evening_schemas import EveningSheetsView
from services.scheduling.visit.day_sheets.evening_sheets import JSON, PDF
from services.scheduling.visit.day_sheets.schemas import DaySheetPath, DaySheetView
from services.scheduling.visit.day_sheets.views import evening_sheets_view
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints
from shared.tokens import Role

endpoints: Final = Endpoints("evening")

_OFFICERS: Final = STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN)
_REFUSALS: Final = (errors.OfficeNotFound, errors.NotYourOffice)


@endpoints.get(
    "/v1/offices/{office_id}/evening-sheets",
    summary="List the sheets that were made in the evenings",
    access=_OFFICERS,
    answers={200: EveningSheetsView},
    refusals=_REFUSALS,
)
async def evening_sheets(call: Call) -> EveningSheetsView:
    """The kept sheets, the newest day first."""
    office_id = call.path["office_id"]
    kept = await scheduling_of(call).evenings.kept(office_id, who_of(call.caller))
    return evening_sheets_view(office_id, kept)


@endpoints.get(
    "/v1/offices/{office_id}/evening-sheets/{date}",
    summary="Read a sheet as it was made in the evening",
    access=_OFFICERS,
    path_model=DaySheetPath,
    answers={200: DaySheetView},
    refusals=(*_REFUSALS, errors.SheetNotKept),
)
async def evening_sheet(call: Call[None, None, DaySheetPath]) -> DaySheetView:
    """The sheet of that day, signed, as it stood in the evening before."""
    path = call.path
    content = await scheduling_of(call).evenings.file(path.office_id, path.date, JSON, who_of(call.caller))
    return DaySheetView.model_validate_json(content)


@endpoints.get(
    "/v1/offices/{office_id}/evening-sheets/{date}/paper",
    summary="Print a sheet as it was made in the evening",
    access=_OFFICERS,
    path_model=DaySheetPath,
    answers={200: "application/pdf"},
    refusals=(*_REFUSALS, errors.SheetNotKept),
)
async def evening_sheet_paper(call: Call[None, None, DaySheetPath]) -> bytes:
    """The same as PDF."""
    path = call.path
    return await scheduling_of(call).evenings.file(path.office_id, path.date, PDF, who_of(call.caller))
