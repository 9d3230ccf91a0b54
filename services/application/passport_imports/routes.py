"""The endpoint of files of passports."""

from __future__ import annotations

from typing import Final

from services.application.http import APPLICATION
from services.application.passport_imports.errors import (
    PassportFileChanged,
    PassportFileNotAsChecked,
    PassportFileNotChecked,
    PassportFileUnknown,
    SecondOfficerNeeded,
)
from services.application.passport_imports.schemas import PassportImportQuery, PassportImportView
from services.application.passport_imports.table import COLUMNS, MOST_ROWS
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints, RateLimit
from shared.tokens import Role

api = Endpoints("passports")

LARGEST_FILE_BYTES: Final = 128 * 1024
"""Five hundred rows of the longest cells that are taken."""


@api.post(
    "/v1/passport-imports",
    summary="Take older passports over from a CSV file, by two operators",
    description=f"The first row names the columns: {', '.join(COLUMNS)}; the last one may be left out. At most "
    f"{MOST_ROWS} rows, in UTF-8, with commas or semicolons. With `dry_run=true` the answer says for each row what "
    "would happen, and every error with row and column. Without errors it has an `import_id`, with which another "
    "operator runs the same file within seven days. A run that was cut off goes on when it is sent again.",
    access=STAFF(Role.OPERATOR),
    raw_body=True,
    body_media_types=("text/csv",),
    max_body_bytes=LARGEST_FILE_BYTES,
    query=PassportImportQuery,
    answers={200: PassportImportView},
    refusals=(
        PassportFileNotChecked,
        PassportFileUnknown,
        SecondOfficerNeeded,
        PassportFileChanged,
        PassportFileNotAsChecked,
        SomeoneElseChangedIt,
    ),
    rate=RateLimit(10, 60.0),
)
async def import_passports(call: Call[None, PassportImportQuery]) -> PassportImportView:
    """The outcome of each row: of the dry run, or of the run."""
    data = b"".join([chunk async for chunk in call.chunks()])
    imports, asked, operator_id = call.app[APPLICATION].passport_imports, call.query, call.caller.account_id
    if asked.dry_run:
        return PassportImportView.from_seen(await imports.check(operator_id, data))
    return PassportImportView.from_seen(await imports.run(operator_id, asked.import_id, data))
