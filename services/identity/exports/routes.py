"""The endpoints of exports."""

from __future__ import annotations

from typing import Final

from services.identity.exports.errors import ExportNotReady, TooManyExports
from services.identity.exports.schemas import ExportAskedView, ExportsView, ExportView
from services.identity.http import FORMS_PER_CALLER, IDENTITY
from services.identity.sign_in.errors import SmsBudgetSpent
from services.identity.sign_in.routes import ASKING
from services.identity.sign_in.schemas import ChallengeView
from services.identity.sign_in.service import ChallengeSeen
from shared.errors import NotFound
from shared.http.call import Answer, Call
from shared.http.endpoint import APPLICANT, Endpoints, RateLimit
from shared.own_data.errors import ExportOfAnotherSession, ExportOver
from shared.sessions import SessionOver

api = Endpoints("privacy")

ZIP: Final = "application/zip"

DOWNLOADS_PER_CALLER: Final = RateLimit(10, 60.0)
"""Archives made for one caller: each is opened and packed at the download."""


@api.post(
    "/v1/account/exports",
    summary="Ask for all data of the account: a code is sent to each of its addresses",
    description="Both codes together, at the challenge's verification, begin the export; the list shows it. While one "
    "is running that one is answered and no code is sent.",
    access=APPLICANT,
    answers={202: ExportAskedView},
    refusals=(TooManyExports, SmsBudgetSpent, *ASKING, SessionOver, NotFound),
    idempotent=True,
    cache_answer=False,
    rate=FORMS_PER_CALLER,
)
async def ask_export(call: Call) -> ExportAskedView:
    """Send the codes, or show the running export."""
    asked = await call.app[IDENTITY].exports.ask(call.caller, call.language, call.command_id)
    if isinstance(asked, ChallengeSeen):
        return ExportAskedView(challenge=ChallengeView.from_seen(asked), export=None)
    return ExportAskedView(challenge=None, export=ExportView.from_record(asked, call.caller.session_id))


@api.get(
    "/v1/account/exports",
    summary="The exports of the account that are not over",
    access=APPLICANT,
    answers={200: ExportsView},
    pages_by="export_id",
)
async def list_exports(call: Call) -> ExportsView:
    """The account's exports, the newest first."""
    found = await call.app[IDENTITY].exports.list_exports(call.caller)
    return ExportsView(exports=[ExportView.from_record(record, call.caller.session_id) for record in found])


@api.get(
    "/v1/account/exports/{export_id}",
    summary="How far an export has come, part by part",
    access=APPLICANT,
    answers={200: ExportView},
    refusals=(ExportOver,),
    watches="data_export",
)
async def show_export(call: Call) -> ExportView:
    """One export."""
    record = await call.app[IDENTITY].exports.get_export(call.caller, call.path["export_id"])
    return ExportView.from_record(record, call.caller.session_id)


@api.get(
    "/v1/account/exports/{export_id}/archive",
    summary="Download the data: data.json with its schema, and a page to read",
    description="Only in the session that proved the addresses. A missing part is named in it.",
    access=APPLICANT,
    answers={200: ZIP},
    refusals=(ExportOver, ExportOfAnotherSession, ExportNotReady, SessionOver, NotFound),
    rate=DOWNLOADS_PER_CALLER,
    sensitive=True,
)
async def download_export(call: Call) -> Answer:
    """The archive."""
    pieces = await call.app[IDENTITY].exports.download(call.caller, call.path["export_id"])
    return Answer(200, pieces, {"Content-Disposition": 'attachment; filename="paspor-data.zip"'}, media_type=ZIP)
