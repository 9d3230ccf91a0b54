"""Offices and their sessions over HTTP."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

from pydantic import Field

from services.scheduling.offices.session import MOST_SEATS, Pool
from shared.http.schema import Body, IsoDate, Query, View

ClockTime = Annotated[
    str, Field(min_length=5, max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["08:00"])
]

MOST_OFFICES_A_PAGE = 200
USUAL_OFFICES_A_PAGE = 50


class OfficeSearch(Query):
    """Which offices; every part is optional."""

    province: str | None = Field(None, min_length=1, max_length=60, description="as in the list, any case")
    timezone: str | None = Field(None, min_length=3, max_length=20, description="WIB, WITA, WIT or an IANA name")
    q: str | None = Field(None, min_length=1, max_length=60, description="part of the office's or the town's name")
    limit: Annotated[int, Field(strict=False)] = Field(USUAL_OFFICES_A_PAGE, ge=1, le=MOST_OFFICES_A_PAGE)
    after: str | None = Field(None, min_length=1, max_length=100, description="`next` of the page before")


class OfficeView(View):
    """An office."""

    office_id: str
    name: str
    office_class: str
    checkpoint: bool
    city: str
    province: str
    zone: str
    timezone: str


class SessionSearch(Query):
    """Which days of the office, both inclusive; by default from today over the opened horizon."""

    first: IsoDate | None = Field(None, alias="from")
    last: IsoDate | None = Field(None, alias="to")


class PoolView(View):
    """One pool of a session."""

    capacity: int
    free: int


class SessionView(View):
    """A session with what is free in it; times in UTC and as the office's clock shows them."""

    session_id: str
    office_id: str
    office_name: str
    timezone: str
    date: date
    starts_at: datetime
    ends_at: datetime
    local_start: str
    local_end: str
    opens_at: datetime | None
    """Seats are given out from then on; none: from the start."""
    capacity: int
    pools: dict[str, PoolView]


class SessionsView(View):
    """Sessions that can be booked, the earliest first."""

    sessions: list[SessionView]


class Pools(Body):
    """Seats of each pool."""

    regular: int = Field(0, ge=0, le=MOST_SEATS)
    priority: int = Field(0, ge=0, le=MOST_SEATS)
    walk_in: int = Field(0, ge=0, le=MOST_SEATS)
    same_day: int = Field(0, ge=0, le=MOST_SEATS)

    def by_pool(self) -> dict[Pool, int]:
        """The pools that have seats."""
        sizes = {pool: int(getattr(self, pool.value)) for pool in Pool}
        return {pool: size for pool, size in sizes.items() if size}


class OpenSession(Body):
    """A session to open; times are the office's own, the start on a full or half hour."""

    date: IsoDate
    start: ClockTime
    end: ClockTime
    booths: int = Field(ge=1, le=500)
    service_minutes: int = Field(ge=1, le=480)
    staff: int = Field(ge=1, le=500)
    pools: Pools

    @property
    def start_time(self) -> time:
        """The start as a time."""
        return time.fromisoformat(self.start)

    @property
    def end_time(self) -> time:
        """The end as a time."""
        return time.fromisoformat(self.end)
