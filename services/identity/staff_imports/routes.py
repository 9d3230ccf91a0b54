"""The endpoint of files of staff."""

from __future__ import annotations

from typing import Final

from services.identity.http import IDENTITY
from services.identity.staff.admin_routes import ADMINS
from services.identity.staff.errors import StaffNotInService
from services.identity.staff_imports.errors import (
    ImportFileChanged,
    ImportNotAsChecked,
    ImportNotChecked,
    ImportUnknown,
)
from services.identity.staff_imports.schemas import ImportQuery, ImportView
from services.identity.staff_imports.table import COLUMNS, MOST_ROWS
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import Endpoints, RateLimit

api = Endpoints("staff administration")

LARGEST_FILE_BYTES: Final = 256 * 1024
"""Five hundred rows of the longest cells that are taken."""


@api.post(
    "/v1/staff/imports",
    summary="Hire staff from a CSV file: first checked, then run as it was checked",
    description=f"The first row names the columns: {', '.join(COLUMNS)}; the first three are needed, `offices` is a "
    f"list with spaces. At most {MOST_ROWS} rows, in UTF-8, with commas or semicolons. With `dry_run=true` the answer "
    "says for each row what would happen, and every error with row and column. Without errors it has an `import_id`, "
    "with which the same file is run within 24 hours. A run that was cut off goes on when it is sent again; one-time "
    "passwords are in the one answer that ends the run.",
    access=ADMINS,
    raw_body=True,
    body_media_types=("text/csv",),
    max_body_bytes=LARGEST_FILE_BYTES,
    query=ImportQuery,
    answers={200: ImportView},
    refusals=(
        StaffNotInService,
        ImportNotChecked,
        ImportUnknown,
        ImportFileChanged,
        ImportNotAsChecked,
        SomeoneElseChangedIt,
    ),
    rate=RateLimit(10, 60.0),
)
async def import_staff(call: Call[None, ImportQuery]) -> ImportView:
    """The outcome of each row: of the dry run, or of the run."""
    data = b"".join([chunk async for chunk in call.chunks()])
    imports, asked = call.app[IDENTITY].staff_imports, call.query
    if asked.dry_run:
        return ImportView.from_seen(await imports.check(call.caller, data))
    return ImportView.from_seen(await imports.run(call.caller, asked.import_id, data))
