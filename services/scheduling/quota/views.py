"""From what is known of offices and quota to what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Final

from services.scheduling.booking.appointments.views import local, office_view, session_view
from services.scheduling.office import Office
from services.scheduling.offices.calendar import OpenSession
from services.scheduling.offices.facts import WEEKDAYS, Place, limits_on, offers, place_of, plan_capacity
from services.scheduling.offices.release_rule import Opening, OpeningRule, RuleKind
from services.scheduling.offices.session import local_date, plan_of
from services.scheduling.offices.weekly_template import OfficeTemplate
from services.scheduling.quota import schemas as shown
from services.scheduling.quota.change import ChangeState, OfflineQuota, QuotaChange
from services.scheduling.quota.public_board import FirstFree, Listed, SessionQuota
from services.scheduling.use_cases import Scheduling
from shared.store.kinds import Record

NOT_OFFERED: Final = "product_not_offered_here"
_NOT_OFFERED_TEXT: Final = "This kind of passport is not given out at this office."
_NOT_OFFERED_TEXT_ID: Final = "Jenis paspor ini tidak dilayani di kantor ini."

_NEXT: Final = {
    ChangeState.PROPOSED: (
        "Another administrator of the office approves or rejects it.",
        "Admin lain di kantor ini menyetujui atau menolaknya.",
    ),
    ChangeState.APPROVED: ("Nothing: it is taking effect.", "Tidak ada: perubahan sedang diterapkan."),
    ChangeState.APPLIED: ("Nothing: it took effect.", "Tidak ada: perubahan sudah berlaku."),
    ChangeState.REJECTED: ("Make a new change if it is still needed.", "Ajukan perubahan baru bila masih diperlukan."),
    ChangeState.FAILED: (
        "Read what it was about again and make a new change.",
        "Muat ulang datanya dan ajukan perubahan baru.",
    ),
}


def opening_rule_view(rule: OpeningRule, office: Office) -> shown.OpeningRuleView:
    """When seats are given out."""
    return shown.OpeningRuleView(
        kind=rule.kind.value,
        at=f"{rule.at:%H:%M}",
        days_before=rule.days_before if rule.kind is RuleKind.ROLLING else None,
        weekday=WEEKDAYS[rule.weekday] if rule.kind is RuleKind.WEEKLY else None,
        month_days=list(rule.month_days),
        announced_days=rule.announced_days,
        timezone=rule.zone or office.timezone,
    )


def next_opening_view(opening: Opening | None, office: Office) -> shown.NextOpeningView | None:
    """The next opening, also on the office's clock."""
    if opening is None:
        return None
    return shown.NextOpeningView(
        opens_at=opening.at,
        local_opens_at=local(opening.at, office.timezone),
        first=opening.first,
        last=opening.last,
    )


def office_detail_view(office: Office, service: Scheduling) -> shown.OfficeDetailView:
    """An office with its facts."""
    record, now = service.book.facts(office.office_id), service.desk.now()
    facts, place = record.state, place_of(record.state)
    today = local_date(now, office.timezone)
    limits = limits_on(service.book.table.priority, today)
    return shown.OfficeDetailView(
        **office_view(office).model_dump(),
        kind=facts.kind.value,
        parent_id=facts.parent_id,
        booths=facts.booths,
        staff=facts.staff,
        hours=[
            shown.HoursView(weekday=WEEKDAYS[each.weekday], opens=f"{each.opens:%H:%M}", closes=f"{each.closes:%H:%M}")
            for each in facts.hours
        ],
        holidays=list(facts.holidays),
        own_dates=list(facts.own_dates),
        products=[
            shown.OfferView(
                product=each.product.value,
                since=each.since,
                until=each.until,
                offered_today=offers(facts, each.product, today),
            )
            for each in facts.products
        ],
        position=_position_view(place),
        opening=opening_rule_view(service.book.rule(office.office_id), office),
        next_opening=next_opening_view(service.quota_board.next_opening(office), office),
        priority=shown.PriorityView(
            since=limits.since,
            child_below_years=limits.child_below_years,
            elderly_above_years=limits.elderly_above_years,
        )
        if limits
        else None,
        facts_version=record.version,
    )


def _position_view(place: Place | None) -> shown.PositionView | None:
    return shown.PositionView(latitude=place.latitude, longitude=place.longitude) if place else None


def listed_office_view(each: Listed) -> shown.ListedOfficeView:
    """An office in a list."""
    missing = each.offers_product is False
    return shown.ListedOfficeView(
        **office_view(each.office).model_dump(),
        kind=each.facts.kind.value,
        distance_km=round(each.distance_km, 1) if each.distance_km is not None else None,
        offered=each.offers_product,
        reason=NOT_OFFERED if missing else None,
        reason_text=_NOT_OFFERED_TEXT if missing else None,
        reason_text_id=_NOT_OFFERED_TEXT_ID if missing else None,
    )


def office_quota_view(office: Office, sessions: Sequence[SessionQuota], service: Scheduling) -> shown.OfficeQuotaView:
    """The days of an office."""
    return shown.OfficeQuotaView(
        office_id=office.office_id,
        office_name=office.name,
        timezone=office.timezone,
        opening=opening_rule_view(service.book.rule(office.office_id), office),
        next_opening=next_opening_view(service.quota_board.next_opening(office), office),
        days=[
            _day_view([_session_quota_view(each, office) for each in of_day], day)
            for day, of_day in groupby(sessions, key=lambda each: each.session.date)
        ],
    )


def _day_view(sessions: list[shown.SessionQuotaView], day: date) -> shown.DayQuotaView:
    pools = [pool for each in sessions for pool in each.pools.values()]
    return shown.DayQuotaView(
        date=day,
        capacity=sum(pool.capacity for pool in pools),
        free=sum(pool.free for pool in pools),
        taken=sum(pool.taken for pool in pools),
        sessions=sessions,
    )


def _session_quota_view(each: SessionQuota, office: Office) -> shown.SessionQuotaView:
    session = each.session
    return shown.SessionQuotaView(
        session_id=each.session_id,
        starts_at=session.starts_at,
        local_start=local(session.starts_at, office.timezone),
        local_end=local(session.ends_at, office.timezone),
        opens_at=session.opens_at,
        pools={
            pool.value: shown.PoolQuotaView(
                capacity=size, free=each.free.get(pool, 0), taken=max(0, size - each.free.get(pool, 0))
            )
            for pool, size in session.pools.items()
        },
    )


def first_free_view(each: Listed, free: FirstFree | None, opening: Opening | None) -> shown.OfficeFirstFreeView:
    """An office with its first free seat."""
    zone = each.office.timezone
    return shown.OfficeFirstFreeView(
        **listed_office_view(each).model_dump(),
        first_free=shown.FirstFreeView(
            session_id=free.session_id,
            date=local_date(free.starts_at, zone),
            starts_at=free.starts_at,
            local_start=local(free.starts_at, zone),
            free=free.free,
        )
        if free
        else None,
        next_opening=next_opening_view(opening, each.office),
    )


def change_view(record: Record[QuotaChange]) -> shown.ChangeView:
    """A change."""
    change = record.state
    next_action, next_action_id = _NEXT[change.state]
    return shown.ChangeView(
        change_id=record.id,
        state=change.state.value,
        subject=change.subject.value,
        subject_id=change.subject_id,
        office_id=change.office_id,
        author=change.author,
        reason=change.reason,
        made_at=change.made_at,
        expected_version=change.expected_version,
        raised=change.raised,
        cut=change.cut,
        bulk_move=change.bulk_move,
        override=change.override,
        before=dict(change.before),
        after=dict(change.after),
        decided_by=change.decided_by,
        decided_at=change.decided_at,
        decision_reason=change.decision_reason,
        failure=change.failure,
        next_action=next_action,
        next_action_id=next_action_id,
    )


def template_view(template: OfficeTemplate, version: int, service: Scheduling) -> shown.TemplateView:
    """A week, with what each session could serve."""
    facts = service.book.facts(template.office_id).state
    return shown.TemplateView(
        office_id=template.office_id,
        version=version,
        sessions=[
            shown.TemplateSessionView(
                weekdays=[WEEKDAYS[weekday] for weekday in each.weekdays],
                start=f"{each.start:%H:%M}",
                end=f"{each.end:%H:%M}",
                booths=each.booths,
                service_minutes=each.service_minutes,
                staff=each.staff,
                capacity=plan_capacity(each.plan, facts),
                pools={pool.value: size for pool, size in each.pools.items()},
            )
            for each in template.sessions
        ],
    )


def versioned_session_view(each: OpenSession, version: int, service: Scheduling) -> shown.VersionedSessionView:
    """A session as its office edits it."""
    session = each.session
    facts = service.book.facts(session.office_id).state
    return shown.VersionedSessionView(
        **session_view(each).model_dump(),
        version=version,
        booths=session.booths,
        service_minutes=session.service_minutes,
        staff=session.staff,
        possible_seats=plan_capacity(plan_of(session), facts),
        being_changed=session.edited_by is not None,
    )


def offline_quota_view(quota: OfflineQuota) -> shown.OfflineQuotaView:
    """Offline seats of a day."""
    return shown.OfflineQuotaView(
        date=quota.date,
        seats=quota.seats,
        used=quota.used,
        left=quota.left,
        grants=[
            shown.OfflineGrantView(seats=each.seats, by=each.by, at=each.at, reason=each.reason)
            for each in quota.grants
        ],
    )
