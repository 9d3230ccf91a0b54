"""Views of offices, their facts and their sessions."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from services.scheduling.office import Office
from services.scheduling.offices.bookable_sessions import BookableSession
from services.scheduling.offices.facts import WEEKDAYS, limits_on, offers, place_of
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.offices.release_rule import OpeningRule, ReleaseInstant, RuleKind
from services.scheduling.offices.schemas import (
    HoursView,
    NextOpeningView,
    OfferView,
    OfficeDetailView,
    OfficePositionView,
    OfficeView,
    OpeningRuleView,
    PoolView,
    PriorityAgesView,
    SessionView,
)
from services.scheduling.terms import local_date


def local(moment: datetime, timezone: str) -> str:
    """Return the moment as the office's clock shows it, with its offset."""
    return moment.astimezone(ZoneInfo(timezone)).isoformat()


def office_view(office: Office) -> OfficeView:
    """Return the view of an office."""
    return OfficeView.model_validate(office, from_attributes=True)


def session_view(bookable: BookableSession) -> SessionView:
    """Return the view of a session with its free seats."""
    session, office = bookable.session, bookable.office
    return SessionView(
        session_id=bookable.session_id,
        office_id=office.office_id,
        office_name=office.name,
        timezone=office.timezone,
        date=session.date,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        local_start=local(session.starts_at, office.timezone),
        local_end=local(session.ends_at, office.timezone),
        opens_at=session.opens_at,
        capacity=session.capacity,
        pools={
            pool.value: PoolView(capacity=size, free=bookable.free.get(pool, 0)) for pool, size in session.pools.items()
        },
    )


def opening_rule_view(rule: OpeningRule, office: Office) -> OpeningRuleView:
    """Return the view of an opening rule."""
    return OpeningRuleView(
        kind=rule.kind.value,
        at=f"{rule.at:%H:%M}",
        days_before=rule.days_before if rule.kind is RuleKind.ROLLING else None,
        weekday=WEEKDAYS[rule.weekday] if rule.kind is RuleKind.WEEKLY else None,
        month_days=list(rule.month_days),
        announced_days=rule.announced_days,
        timezone=rule.zone or office.timezone,
    )


def next_opening_view(opening: ReleaseInstant | None, office: Office) -> NextOpeningView | None:
    """Return the view of the next opening, also on the office's clock; None if none is known."""
    if opening is None:
        return None
    return NextOpeningView(
        opens_at=opening.at,
        local_opens_at=local(opening.at, office.timezone),
        first=opening.first,
        last=opening.last,
    )


def office_detail_view(
    office: Office, facts_cache: OfficeFactsCache, next_opening: ReleaseInstant | None, now: datetime
) -> OfficeDetailView:
    """Return the view of an office with its facts."""
    record = facts_cache.facts(office.office_id)
    facts, place = record.state, place_of(record.state)
    today = local_date(now, office.timezone)
    limits = limits_on(facts_cache.table.priority, today)
    return OfficeDetailView(
        **office_view(office).model_dump(),
        kind=facts.kind.value,
        parent_id=facts.parent_id,
        booths=facts.booths,
        staff=facts.staff,
        hours=[
            HoursView(weekday=WEEKDAYS[hours.weekday], opens=f"{hours.opens:%H:%M}", closes=f"{hours.closes:%H:%M}")
            for hours in facts.hours
        ],
        holidays=list(facts.holidays),
        own_dates=list(facts.own_dates),
        products=[
            OfferView(
                product=offered.product.value,
                since=offered.since,
                until=offered.until,
                offered_today=offers(facts, offered.product, today),
            )
            for offered in facts.products
        ],
        address=facts.address,
        telephone=facts.telephone,
        position=OfficePositionView.model_validate(place, from_attributes=True) if place else None,
        opening=opening_rule_view(facts_cache.rule(office.office_id), office),
        next_opening=next_opening_view(next_opening, office),
        priority=PriorityAgesView.model_validate(limits, from_attributes=True) if limits else None,
        working_area=list(office.working_area),
        facts_version=record.version,
    )
