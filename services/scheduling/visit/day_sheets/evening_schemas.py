"""Kept sheets over HTTP."""

from __future__ import annotations

import datetime as dt

from shared.http.paging import ListView
from shared.http.schema import View


class KeptSheetView(View):
    """One sheet that was made in the evening before its day."""

    date: dt.date
    made_at: dt.datetime
    visits: int
    offline_seats: int


class EveningSheetsView(ListView):
    """The kept sheets of an office, the newest day first, and when the next one is made."""

    office_id: str
    next_at: dt.datetime | None
    sheets: list[KeptSheetView]
