"""Views of quota and its changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Final

from services.scheduling.office import Office
from services.scheduling.offices.bookable_sessions import BookableSession
from services.scheduling.offices.facts import WEEKDAYS, place_of, plan_capacity
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.offices.offline_quota import OfflineQuota
from services.scheduling.offices.release_rule import OpeningRule, ReleaseInstant
from services.scheduling.offices.schemas import ListedOfficeView, OfficePositionView
from services.scheduling.offices.session import plan_of
from services.scheduling.offices.views import local, next_opening_view, office_view, opening_rule_view, session_view
from services.scheduling.offices.weekly_template import OfficeTemplate
from services.scheduling.quota import schemas as shown
from services.scheduling.quota.change import ChangeState, QuotaChange
from services.scheduling.quota.public_board import FirstFree, ListedOffice, SessionQuota
from services.scheduling.terms import local_date
from shared.http.schema import view_next_call
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


def listed_office_view(listing: ListedOffice) -> ListedOfficeView:
    """Return the view of an office in a list."""
    missing, place = listing.offers_product is False, place_of(listing.facts)
    return ListedOfficeView(
        **office_view(listing.office).model_dump(),
        kind=listing.facts.kind.value,
        parent_id=listing.facts.parent_id,
        position=OfficePositionView.model_validate(place, from_attributes=True) if place else None,
        distance_km=round(listing.distance_km, 1) if listing.distance_km is not None else None,
        serves=listing.serves,
        offered=listing.offers_product,
        reason=NOT_OFFERED if missing else None,
        reason_text=_NOT_OFFERED_TEXT if missing else None,
        reason_text_id=_NOT_OFFERED_TEXT_ID if missing else None,
    )


def office_quota_view(
    office: Office, sessions: Sequence[SessionQuota], rule: OpeningRule, next_opening: ReleaseInstant | None
) -> shown.OfficeQuotaView:
    """Return the view of an office's quota, day by day."""
    return shown.OfficeQuotaView(
        office_id=office.office_id,
        office_name=office.name,
        timezone=office.timezone,
        opening=opening_rule_view(rule, office),
        next_opening=next_opening_view(next_opening, office),
        days=[
            _day_view([_session_quota_view(quota, office) for quota in of_day], day)
            for day, of_day in groupby(sessions, key=lambda quota: quota.session.date)
        ],
    )


def _day_view(sessions: list[shown.SessionQuotaView], day: date) -> shown.DayQuotaView:
    pools = [pool for session in sessions for pool in session.pools.values()]
    return shown.DayQuotaView(
        date=day,
        capacity=sum(pool.capacity for pool in pools),
        free=sum(pool.free for pool in pools),
        taken=sum(pool.taken for pool in pools),
        sessions=sessions,
    )


def _session_quota_view(quota: SessionQuota, office: Office) -> shown.SessionQuotaView:
    session = quota.session
    return shown.SessionQuotaView(
        session_id=quota.session_id,
        starts_at=session.starts_at,
        local_start=local(session.starts_at, office.timezone),
        local_end=local(session.ends_at, office.timezone),
        opens_at=session.opens_at,
        pools={
            pool.value: shown.PoolQuotaView(
                capacity=size, free=quota.free.get(pool, 0), taken=max(0, size - quota.free.get(pool, 0))
            )
            for pool, size in session.pools.items()
        },
    )


def first_free_view(
    listing: ListedOffice, free: FirstFree | None, opening: ReleaseInstant | None
) -> shown.OfficeFirstFreeView:
    """Return the view of an office with its first free seat."""
    zone = listing.office.timezone
    return shown.OfficeFirstFreeView(
        **listed_office_view(listing).model_dump(),
        first_free=shown.FirstFreeView(
            session_id=free.session_id,
            date=local_date(free.starts_at, zone),
            starts_at=free.starts_at,
            local_start=local(free.starts_at, zone),
            free=free.free,
        )
        if free
        else None,
        next_opening=next_opening_view(opening, listing.office),
    )


def change_view(record: Record[QuotaChange]) -> shown.ChangeView:
    """Return the view of a change, with the next action of its state."""
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
        next_call=view_next_call("quota_change", change.state, change_id=record.id, office_id=change.office_id),
    )


def template_view(template: OfficeTemplate, version: int, facts_cache: OfficeFactsCache) -> shown.TemplateView:
    """Return the view of a weekly template, with the capacity of each session."""
    facts = facts_cache.facts(template.office_id).state
    return shown.TemplateView(
        office_id=template.office_id,
        version=version,
        sessions=[
            shown.TemplateSessionView(
                weekdays=[WEEKDAYS[weekday] for weekday in session.weekdays],
                start=f"{session.start:%H:%M}",
                end=f"{session.end:%H:%M}",
                booths=session.booths,
                service_minutes=session.service_minutes,
                staff=session.staff,
                capacity=plan_capacity(session.plan, facts),
                pools={pool.value: size for pool, size in session.pools.items()},
            )
            for session in template.sessions
        ],
    )


def versioned_session_view(
    bookable: BookableSession, version: int, facts_cache: OfficeFactsCache
) -> shown.VersionedSessionView:
    """Return the view of a session for its office, with the version that an edit names."""
    session = bookable.session
    facts = facts_cache.facts(session.office_id).state
    return shown.VersionedSessionView(
        **session_view(bookable).model_dump(),
        version=version,
        booths=session.booths,
        service_minutes=session.service_minutes,
        staff=session.staff,
        possible_seats=plan_capacity(plan_of(session), facts),
        being_changed=session.edited_by is not None,
    )


def offline_quota_view(quota: OfflineQuota) -> shown.OfflineQuotaView:
    """Return the view of a day's offline quota."""
    return shown.OfflineQuotaView.model_validate(quota, from_attributes=True)
