"""The public board of quota, and notices of openings: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.context import UseCaseContext
from services.scheduling.errors import OfficeNotFound
from services.scheduling.http import actor_of, use_case
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.offices.schemas import place_from
from services.scheduling.offices.views import next_opening_view
from services.scheduling.openings.errors import OpensEveryDay, TooManyNotices
from services.scheduling.openings.notices import OpeningNotices
from services.scheduling.openings.schemas import OpeningNoticeView
from services.scheduling.quota.public_board import QuotaBoard
from services.scheduling.quota.schemas import DaysQuery, OfficeQuotaView, QuotaSearch, QuotaSearchView
from services.scheduling.quota.views import first_free_view, office_quota_view
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, PUBLIC, Endpoints

endpoints: Final = Endpoints("quota")


@endpoints.get(
    "/v1/offices/{office_id}/quota",
    summary="Read an office's quota by day, session and pool",
    access=PUBLIC,
    query=DaysQuery,
    answers={200: OfficeQuotaView},
    refusals=(OfficeNotFound,),
)
async def office_quota(call: Call[None, DaysQuery]) -> OfficeQuotaView:
    """Counts only: all seats, free ones, taken ones; and when more opens. By default today and two weeks."""
    office = use_case(call, UseCaseContext).offices[call.path["office_id"]]
    found = await use_case(call, QuotaBoard).find_by_office(office.office_id, call.query.first, call.query.last)
    rule, opening = (
        use_case(call, OfficeFactsCache).rule(office.office_id),
        use_case(call, QuotaBoard).next_opening(office),
    )
    return office_quota_view(office, found, rule, opening)


@endpoints.get(
    "/v1/quota",
    summary="Find free seats across offices",
    access=PUBLIC,
    query=QuotaSearch,
    answers={200: QuotaSearchView},
)
async def search_quota(call: Call[None, QuotaSearch]) -> QuotaSearchView:
    """Offices with their first free seat: the nearest first, or by name, or the earliest free date first."""
    asked = call.query
    offices = use_case(call, BookableSessions).search(province=asked.province, timezone=None, text=None)
    listed = use_case(call, QuotaBoard).list_offices(
        offices, near=place_from(asked.near), product=asked.passport_kind, on=None, around=asked.around
    )
    page = listed if asked.first_free else listed[: asked.limit]
    free = await use_case(call, QuotaBoard).find_first_free([listing.office.office_id for listing in page], asked.pool)
    if asked.first_free:
        # stable: among equally early ones the nearest, or the first by name, stays first
        early = [
            listing
            for listing in page
            if free[listing.office.office_id] is not None and listing.offers_product is not False
        ]
        early.sort(key=lambda listing: free[listing.office.office_id].starts_at)  # type: ignore[union-attr]
        page = (early + [listing for listing in page if listing not in early])[: asked.limit]
    views = [
        first_free_view(
            listing, free[listing.office.office_id], use_case(call, QuotaBoard).next_opening(listing.office)
        )
        for listing in page
    ]
    return QuotaSearchView(pool=asked.pool.value, offices=views)


@endpoints.post(
    "/v1/offices/{office_id}/opening-notices",
    summary="Be told of an office's openings",
    access=APPLICANT,
    idempotent=True,
    answers={200: OpeningNoticeView},
    refusals=(OfficeNotFound, OpensEveryDay, TooManyNotices, SomeoneElseChangedIt),
)
async def ask_for_notice(call: Call) -> OpeningNoticeView:
    """From now on the account is told before each opening of the office, once."""
    record = await use_case(call, OpeningNotices).ask(call.path["office_id"], actor_of(call.caller))
    office = use_case(call, UseCaseContext).offices[record.state.office_id]
    return OpeningNoticeView(
        office_id=office.office_id,
        asked_at=record.state.asked_at,
        next_opening=next_opening_view(use_case(call, QuotaBoard).next_opening(office), office),
    )


@endpoints.delete(
    "/v1/offices/{office_id}/opening-notices",
    summary="Be told no more",
    access=APPLICANT,
    answers={204: None},
    refusals=(NotFound, SomeoneElseChangedIt),
)
async def stop_notices(call: Call) -> None:
    """The account is not told of this office's openings any more."""
    await use_case(call, OpeningNotices).stop(call.path["office_id"], actor_of(call.caller))
