"""Quota over HTTP: edits of facts and templates, changes, offline quota, the public board."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from services.scheduling.field_types import OfficeTelephone
from services.scheduling.office import ZONES
from services.scheduling.offices.facts import (
    WEEKDAYS,
    Hours,
    OfferedProduct,
    OfficeFacts,
    OfficeKind,
    Product,
)
from services.scheduling.offices.release_rule import LONGEST_DAYS_BEFORE, FixedOpening, OpeningRule, RuleKind
from services.scheduling.offices.schemas import (
    Around,
    ClockTime,
    ListedOfficeView,
    Near,
    NextOpeningView,
    OpeningRuleView,
    OpenSession,
    Pools,
    SessionView,
    check_near,
)
from services.scheduling.offices.session import MOST_SEATS
from services.scheduling.offices.weekly_template import MOST_TEMPLATE_SESSIONS, TemplateSession
from services.scheduling.quota.change import ChangeState, ChangeSubject
from services.scheduling.terms import Pool
from shared.fields.names import OfficeAddress, PlaceName
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, IsoDate, IsoMoment, LocalMoment, NextCallView, Query, View

MOST_DATES: Final = 400
"""Holidays or own days of an office: more than a year has."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Reason = Annotated[str, Field(min_length=3, max_length=500, description="why; kept with the change")]
Version = Annotated[int, Field(ge=0, le=1_000_000_000, description="the version that was read; 0: there was none")]


class HoursBody(Body):
    """Opening hours of one weekday."""

    weekday: Weekday
    opens: ClockTime
    closes: ClockTime


class OfferBody(Body):
    """A product and the days on which it is given out, both inclusive."""

    product: Product
    since: IsoDate | None = None
    until: IsoDate | None = None


class FixedOpeningBody(Body):
    """One instant and the days that open with it."""

    at: IsoMoment
    first: IsoDate
    last: IsoDate


class OpeningRuleBody(Body):
    """When seats are given out; times are the office's own unless a zone is named."""

    kind: RuleKind
    at: ClockTime = "00:00"
    days_before: int = Field(13, ge=0, le=LONGEST_DAYS_BEFORE, description="rolling: so many days before the day")
    weekday: Weekday = Field("fri", description="weekly: before the Monday of the day's week")
    month_days: list[Annotated[int, Field(ge=0, le=31)]] = Field(
        default_factory=list,
        max_length=2,
        description="0 is the last working day, 31 the last day; monthly: one, in the month before; twice monthly: for "
        "the second half of the month, then for the first half of the next",
    )
    fixed: list[FixedOpeningBody] = Field(default_factory=list, max_length=100)
    announced_days: int = Field(0, ge=0, le=31, description="sessions are shown and announced so long before")
    zone: Literal["WIB", "WITA", "WIT"] | None = None

    def rule(self) -> OpeningRule:
        """Return the opening rule that the body describes."""
        return OpeningRule(
            kind=self.kind,
            at=time.fromisoformat(self.at),
            days_before=self.days_before,
            weekday=WEEKDAYS.index(self.weekday),
            month_days=tuple(self.month_days),
            fixed=tuple(FixedOpening(opening.at, opening.first, opening.last) for opening in self.fixed),
            announced_days=self.announced_days,
            zone=ZONES[self.zone] if self.zone else None,
        )


class FactsBody(Body):
    """The facts of an office."""

    booths: int = Field(ge=1, le=500)
    staff: int = Field(ge=1, le=500)
    hours: list[HoursBody] = Field(max_length=21)
    holidays: list[IsoDate] = Field(default_factory=list, max_length=MOST_DATES)
    products: list[OfferBody] = Field(max_length=20)
    latitude: Annotated[float, Field(strict=False)] | None = Field(None, ge=-90, le=90)
    longitude: Annotated[float, Field(strict=False)] | None = Field(None, ge=-180, le=180)
    address: OfficeAddress | None = Field(None, description="where visitors find it; printed on their letter")
    telephone: OfficeTelephone | None = Field(None, description="of the office itself, never of a person; public")
    own_dates: list[IsoDate] = Field(default_factory=list, max_length=MOST_DATES, description="outreach only")
    opening: OpeningRuleBody | None = Field(None, description="none: each new day as it comes into sight")

    def facts(self, office_id: str) -> OfficeFacts:
        """Return the facts that the body describes."""
        return OfficeFacts(
            office_id=office_id,
            kind=OfficeKind.OFFICE,
            booths=self.booths,
            staff=self.staff,
            hours=tuple(
                Hours(WEEKDAYS.index(hours.weekday), time.fromisoformat(hours.opens), time.fromisoformat(hours.closes))
                for hours in self.hours
            ),
            products=tuple(OfferedProduct(offered.product, offered.since, offered.until) for offered in self.products),
            holidays=tuple(sorted(set(self.holidays))),
            latitude=self.latitude,
            longitude=self.longitude,
            address=self.address,
            telephone=self.telephone,
            own_dates=tuple(sorted(set(self.own_dates))),
            opening=self.opening.rule() if self.opening else None,
        )


class PutFacts(FactsBody):
    """The facts that an office shall have, all of them."""

    expected_version: Version
    reason: Reason


class OpenOutreach(FactsBody):
    """A place where people of the office receive on days of their own."""

    name: str = Field(min_length=3, max_length=60, pattern=r"^[A-Za-z0-9 .'-]*[A-Za-z][A-Za-z0-9 .'-]*$")
    city: PlaceName
    reason: Reason


class TemplateSessionBody(Body):
    """A session of the week."""

    weekdays: list[Weekday] = Field(min_length=1, max_length=7)
    start: ClockTime
    end: ClockTime
    booths: int = Field(ge=1, le=500)
    service_minutes: int = Field(ge=1, le=480)
    staff: int = Field(ge=1, le=500)
    pools: Pools

    def session(self) -> TemplateSession:
        """Return the session that the body describes."""
        return TemplateSession(
            weekdays=tuple(sorted({WEEKDAYS.index(weekday) for weekday in self.weekdays})),
            start=time.fromisoformat(self.start),
            end=time.fromisoformat(self.end),
            booths=self.booths,
            service_minutes=self.service_minutes,
            staff=self.staff,
            pools=self.pools.by_pool(),
        )


class PutTemplate(Body):
    """The week that an office shall have."""

    expected_version: Version
    reason: Reason
    override: bool = Field(False, description="the head signs for more seats than booths and staff can serve")
    sessions: list[TemplateSessionBody] = Field(max_length=MOST_TEMPLATE_SESSIONS)


class PutSession(Body):
    """The pools that a session shall have."""

    expected_version: Version
    reason: Reason
    pools: Pools
    override: bool = Field(False, description="the head signs for more seats than booths and staff can serve")
    bulk_move: bool = Field(False, description="visits that are too many are moved to the nearest later free seats")


class TransferSeats(Body):
    """Free seats that pass from one pool of the session to another."""

    expected_version: Version
    reason: Reason
    source: Pool = Field(alias="from")
    target: Pool = Field(alias="to")
    seats: int = Field(ge=1, le=MOST_SEATS)


class OpenSessionForDay(OpenSession):
    """A session for one date beside the template, out of hours if a reason is given."""

    reason: Reason | None = None
    override: bool = Field(False, description="the head signs for more seats than booths and staff can serve")
    opens_at: IsoMoment | None = Field(None, description="seats are given out from then on; by default at once")


class OpenOfflineQuota(Body):
    """Seats for visits received by hand on a day."""

    date: IsoDate
    seats: int = Field(ge=1, le=MOST_SEATS)
    reason: Reason


class Decide(Body):
    """Why a change is agreed to or not."""

    reason: Reason | None = None


class ChangesQuery(Query):
    """The office whose changes are listed, by default the own one, and which of them."""

    office_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    waiting: Annotated[bool, Field(strict=False)] = Field(False, description="true: only those that wait for a second")


class DaysQuery(Query):
    """Which days, both inclusive."""

    first: IsoDate | None = Field(None, alias="from")
    last: IsoDate | None = Field(None, alias="to")


class QuotaSearch(Query):
    """Which offices, in which order."""

    near: Near | None = None
    around: Around | None = None
    province: str | None = Field(None, min_length=1, max_length=60)
    first_free: Annotated[bool, Field(strict=False)] = Field(False, description="true: the earliest free date first")
    pool: Pool = Field(Pool.REGULAR, strict=False)
    passport_kind: Product | None = Field(None, strict=False)
    limit: Annotated[int, Field(strict=False)] = Field(20, ge=1, le=50)

    @model_validator(mode="after")
    def _on_earth(self) -> Self:
        check_near(self.near)
        return self


class PoolQuotaView(View):
    """One pool: all seats, the free ones, and those that are held, booked or not yet given out again."""

    capacity: int
    free: int
    taken: int


class SessionQuotaView(View):
    """One session, its pools as numbers."""

    session_id: str
    starts_at: datetime
    local_start: LocalMoment
    local_end: LocalMoment
    opens_at: datetime | None
    pools: dict[str, PoolQuotaView]


class DayQuotaView(View):
    """One day of an office."""

    date: date
    capacity: int
    free: int
    taken: int
    sessions: list[SessionQuotaView]


class OfficeQuotaView(View):
    """The quota of an office, day by day, and when more opens."""

    office_id: str
    office_name: str
    timezone: str
    opening: OpeningRuleView
    next_opening: NextOpeningView | None
    days: list[DayQuotaView]


class FirstFreeView(View):
    """The first seat that can be had now."""

    session_id: str
    date: date
    starts_at: datetime
    local_start: LocalMoment
    free: int


class OfficeFirstFreeView(ListedOfficeView):
    """An office with its first free seat and its next opening."""

    first_free: FirstFreeView | None
    next_opening: NextOpeningView | None


class QuotaSearchView(View):
    """Offices, the nearest or the earliest free first."""

    pool: Annotated[str, OneOf(Pool)]
    offices: list[OfficeFirstFreeView]


class ChangeView(View, in_indonesian=("next_action",)):
    """A change of quota or facts: author, reason, before, after, decision and outcome."""

    change_id: str
    state: Annotated[str, OneOf(ChangeState)]
    subject: Annotated[str, OneOf(ChangeSubject)]
    subject_id: str
    office_id: str
    author: str
    reason: str
    made_at: datetime
    expected_version: int
    raised: int
    cut: int
    bulk_move: bool
    override: bool
    before: dict[str, Any]
    after: dict[str, Any]
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    failure: str | None
    next_action: str
    next_action_id: str
    next_call: NextCallView | None


class ChangesView(ListView):
    """Changes, the newest first."""

    changes: list[ChangeView]


class TemplateSessionView(View):
    """A session of the week."""

    weekdays: list[str]
    start: str
    end: str
    booths: int
    service_minutes: int
    staff: int
    capacity: int
    pools: dict[str, int]


class TemplateView(View):
    """The week of an office; version 0 is the delivered one."""

    office_id: str
    version: int
    sessions: list[TemplateSessionView]


class OfflineGrantView(View):
    """Seats that were opened, by whom and why."""

    seats: int
    by: str
    at: datetime
    reason: str


class OfflineQuotaView(View):
    """How many visits may be received by hand on a day, and how many were."""

    date: date
    seats: int
    used: int
    left: int
    grants: list[OfflineGrantView]


class OfflineQuotasView(ListView):
    """Offline quotas, by day."""

    offline_quotas: list[OfflineQuotaView]


class VersionedSessionView(SessionView):
    """A session as its office edits it."""

    version: int
    booths: int
    service_minutes: int
    staff: int
    possible_seats: int
    being_changed: bool
