"""The endpoint of calendar files."""

from __future__ import annotations

from services.application.calendar_file.calendar_file import MEDIA_TYPE
from services.application.context import Actor
from services.application.http import APPLICATION
from shared.errors import NotFound
from shared.http.call import Answer, Call
from shared.http.endpoint import APPLICANT, Endpoints

api = Endpoints("applications")


@api.get(
    "/v1/applications/{application_id}/calendar",
    summary="The dates of visit, collection and expiry as a calendar file (iCalendar)",
    description="Taken in again after a change, the file moves or removes the events that it made before.",
    access=APPLICANT,
    answers={200: MEDIA_TYPE},
    refusals=(NotFound,),
)
async def download_calendar(call: Call) -> Answer:
    """The calendar file."""
    files, application_id = call.app[APPLICATION].calendar_files, call.path["application_id"]
    content = await files.of_application(application_id, Actor.from_caller(call.caller))
    return Answer(200, content, {"Content-Disposition": 'attachment; filename="paspor.ics"'})
