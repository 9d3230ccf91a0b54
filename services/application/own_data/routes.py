"""The endpoint of one's own documents."""

from __future__ import annotations

from typing import Final

from services.application.http import APPLICATION
from shared.http.call import Answer, Call
from shared.http.endpoint import APPLICANT, Endpoints, RateLimit
from shared.own_data.errors import ExportOfAnotherSession, ExportOver
from shared.sessions import SessionOver

api = Endpoints("questionnaires")

ZIP: Final = "application/zip"

DOWNLOADS_PER_CALLER: Final = RateLimit(10, 60.0)
"""Archives read for one caller: each opens every document of the account."""


@api.get(
    "/v1/exported-files/{export_id}",
    summary="Download the documents of an export",
    description="Only in the session that proved the addresses for it, and only while the export is kept.",
    access=APPLICANT,
    answers={200: ZIP},
    refusals=(ExportOver, ExportOfAnotherSession, SessionOver),
    rate=DOWNLOADS_PER_CALLER,
    sensitive=True,
)
async def download_own_files(call: Call) -> Answer:
    """The archive of documents."""
    pieces = await call.app[APPLICATION].own_files.download(call.caller, call.path["export_id"])
    return Answer(200, pieces, {"Content-Disposition": 'attachment; filename="paspor-files.zip"'}, media_type=ZIP)
