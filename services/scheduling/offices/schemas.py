"""Offices, their facts and their sessions over HTTP."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.scheduling.offices.facts import GeoPoint, OfficeKind, Product
from services.scheduling.offices.release_rule import RuleKind
from services.scheduling.offices.session import MOST_SEATS
from services.scheduling.terms import Pool
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, IsoDate, LocalMoment, Query, View
from shared.http.validation import wrong_value

ClockTime = Annotated[
    str, Field(min_length=5, max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["08:00"])
]

MOST_OFFICES_A_PAGE = 200
USUAL_OFFICES_A_PAGE = 50


class OfficeSearch(Query):
    """Which offices; every part is optional."""

    province: str | None = Field(None, min_length=1, max_length=60, description="as in the list, any case")
    timezone: str | None = Field(None, min_length=3, max_length=20, description="WIB, WITA, WIT or an IANA name")
    q: str | None = Field(
        None, min_length=1, max_length=60, description="part of the name of an office, its town or a regency served"
    )
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
    local_start: LocalMoment
    local_end: LocalMoment
    opens_at: datetime | None
    """Seats are given out from then on; none: from the start."""
    capacity: int
    pools: dict[str, PoolView]


class SessionsView(ListView):
    """Sessions that can be booked, the earliest first."""

    sessions: list[SessionView]


class Pools(Body):
    """Seats of each pool."""

    regular: int = Field(0, ge=0, le=MOST_SEATS)
    priority: int = Field(0, ge=0, le=MOST_SEATS)
    walk_in: int = Field(0, ge=0, le=MOST_SEATS)
    same_day: int = Field(0, ge=0, le=MOST_SEATS)

    def by_pool(self) -> dict[Pool, int]:
        """Return the pools that have seats."""
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
        """Return the start as a time."""
        return time.fromisoformat(self.start)

    @property
    def end_time(self) -> time:
        """Return the end as a time."""
        return time.fromisoformat(self.end)


_NEAR = re.compile(r"(-?\d{1,2}(?:\.\d{1,6})?),(-?\d{1,3}(?:\.\d{1,6})?)\Z")


Near = Annotated[
    str, Field(min_length=3, max_length=24, description="latitude,longitude in degrees", examples=["-6.26,106.81"])
]


Around = Annotated[
    str,
    Field(
        min_length=1,
        max_length=60,
        description="a town or regency: the offices that serve it, then their neighbours, the nearest first",
        examples=["Way Kanan"],
    ),
]


def place_from(near: str | None) -> GeoPoint | None:
    """Return the place that a query names; it was checked before."""
    found = _NEAR.match(near) if near is not None else None
    return GeoPoint(float(found[1]), float(found[2])) if found else None


def check_near(near: str | None) -> None:
    """Refuse a place that is not on the earth."""
    place = place_from(near)
    if near is None or (place is not None and abs(place.latitude) <= 90 and abs(place.longitude) <= 180):
        return
    raise wrong_value(
        "place",
        "near is latitude,longitude in degrees, such as -6.26,106.81.",
        "near berisi lintang,bujur dalam derajat, misalnya -6.26,106.81.",
    )


class OfficesQuery(OfficeSearch):
    """Which offices, in which order; every part is optional."""

    near: Near | None = None
    passport_kind: Product | None = Field(None, strict=False, description="who does not offer it says so")
    on: IsoDate | None = Field(None, description="the day that counts for passport_kind; by default today")
    around: Around | None = None
    kind: OfficeKind | None = Field(None, strict=False, description="outreach: only places with days of their own")

    @model_validator(mode="after")
    def _on_earth(self) -> Self:
        check_near(self.near)
        return self


class HoursView(View):
    """Opening hours of one weekday, on the office's clock."""

    weekday: str
    opens: str
    closes: str


class OfferView(View):
    """A product and the days on which it is given out."""

    product: Annotated[str, OneOf(Product)]
    since: date | None
    until: date | None
    offered_today: bool


class OfficePositionView(View):
    """Where the office's town lies."""

    latitude: float
    longitude: float
    precision: str = "city centre, approximate"


class OpeningRuleView(View):
    """When seats are given out."""

    kind: Annotated[str, OneOf(RuleKind)]
    at: str
    days_before: int | None
    weekday: str | None
    month_days: list[int]
    announced_days: int
    timezone: str


class NextOpeningView(View):
    """The next instant at which days open, and which."""

    opens_at: datetime
    local_opens_at: LocalMoment
    first: date
    last: date


class PriorityAgesView(View):
    """Ages in whole years that entitle to a priority seat today; people with a disability have one at any age."""

    since: date
    child_below_years: int
    elderly_above_years: int


class OfficeDetailView(OfficeView):
    """An office with what it is and offers."""

    kind: Annotated[str, OneOf(OfficeKind)]
    parent_id: str | None
    booths: int
    staff: int
    hours: list[HoursView]
    holidays: list[date]
    own_dates: list[date]
    products: list[OfferView]
    address: str | None
    telephone: str | None
    """Of the office itself, as E.164."""
    position: OfficePositionView | None
    opening: OpeningRuleView
    next_opening: NextOpeningView | None
    priority: PriorityAgesView | None
    working_area: list[str]
    """Regencies and towns that it serves; any office may be chosen all the same."""
    facts_version: int


class ListedOfficeView(OfficeView, in_indonesian=("reason_text",)):
    """An office in a list; one that does not offer the product is listed with the reason."""

    kind: Annotated[str, OneOf(OfficeKind)]
    parent_id: str | None
    position: OfficePositionView | None
    distance_km: float | None
    serves: bool | None
    """Whether the town or regency of `around` lies in its working area; none where nothing was asked."""
    offered: bool | None
    reason: str | None
    reason_text: str | None
    reason_text_id: str | None


class ListedOfficesView(View):
    """One page of offices: by name, or the nearest first."""

    offices: list[ListedOfficeView]
    next: str | None
