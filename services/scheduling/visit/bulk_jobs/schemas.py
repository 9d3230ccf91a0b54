"""Jobs over many visits, over HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from services.scheduling.visit.bulk_jobs.job import BulkKind, BulkState
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import View


class BulkJobView(View):
    """A job over many visits, and how far it is."""

    job_id: str
    kind: Annotated[str, OneOf(BulkKind)]
    office_id: str
    date: dt.date
    session_id: str | None
    reason: str
    state: Annotated[str, OneOf(BulkState)]
    begun_at: dt.datetime
    found: int
    """Visits known to be concerned so far."""
    finished: int
    moved: int
    special_opened: int
    interrupted: int
    left_alone: int


class BulkJobsView(ListView):
    """The newest jobs of an office."""

    jobs: list[BulkJobView]
