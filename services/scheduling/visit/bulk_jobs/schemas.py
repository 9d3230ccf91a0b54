"""Jobs over many visits, over HTTP."""

from __future__ import annotations

import datetime as dt

from shared.http.schema import View


class BulkJobView(View):
    """A job over many visits, and how far it is."""

    job_id: str
    kind: str
    office_id: str
    date: dt.date
    session_id: str | None
    reason: str
    state: str
    begun_at: dt.datetime
    found: int
    """Visits known to be concerned so far."""
    finished: int
    moved: int
    special_opened: int
    interrupted: int
    left_alone: int


class BulkJobsView(View):
    """The newest jobs of an office."""

    jobs: list[BulkJobView]
