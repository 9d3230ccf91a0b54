"""Offices, open to everybody: which are near, what is free, where and when they receive."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from aiohttp import web

from portal.offices.chart import chart_of
from portal.offices.days import days_of
from portal.offices.search import find_offices
from portal.web.forms import Form
from portal.web.page import Access, Page, get
from portal.web.visit import Visit

OUTREACH_SHOWN: Final = 20
DAYS_SHOWN: Final = 14


async def show_offices(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show the offices that a search finds, as a list and on a map, and the outreach that is announced."""
    found = await find_offices(visit)
    details = await visit.api.together(
        *(visit.api.get(f"/v1/offices/{place['office_id']}") for place in found.outreach[:OUTREACH_SHOWN])
    )
    return visit.render(
        "offices/offices.html",
        found=found,
        chart=chart_of(found.every, [office["office_id"] for office in found.offices] if found.search.asks else ()),
        outreach=[place for place in details if coming_dates(place, visit)],
        coming_dates=lambda place: coming_dates(place, visit),
    )


def coming_dates(place: Any, visit: Visit) -> list[str]:
    """Return the days of an outreach that are not over."""
    today = visit.now.date().isoformat()
    return [day for day in place["own_dates"] if day >= today]


async def show_office(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show one office: where, when, what, and what is free."""
    path = f"/v1/offices/{visit.place('office_id')}"
    office, openings, outreach = await visit.api.together(
        visit.api.get(path),
        visit.api.get("/v1/openings", office_id=visit.place("office_id")),
        visit.api.get("/v1/offices", kind="outreach", limit=200),
    )
    first = min(coming_dates(office, visit), default=None)
    quota = await visit.api.get(f"{path}/quota", **_days_from(first))
    own = [place for place in outreach["offices"] if place["parent_id"] == office["office_id"]]
    details = await visit.api.together(*(visit.api.get(f"/v1/offices/{place['office_id']}") for place in own))
    return visit.render(
        "offices/office.html",
        office=office,
        days=days_of(quota, visit.now),
        openings=[opening for opening in openings["openings"] if opening["state"] not in ("over", "called_off")],
        outreach=[place for place in details if coming_dates(place, visit)],
        coming_dates=lambda place: coming_dates(place, visit),
        holidays=[day for day in office["holidays"] if day >= visit.now.date().isoformat()],
    )


def _days_from(first: str | None) -> dict[str, str]:
    """Return the days to ask for: of an outreach from its first day on, of an office as the API does by itself."""
    if first is None:
        return {}
    return {"from": first, "to": (date.fromisoformat(first) + timedelta(days=DAYS_SHOWN)).isoformat()}


PAGES: Final[tuple[Page, ...]] = (
    get("/offices", show_offices, Access.ANYBODY),
    get("/offices/{office_id}", show_office, Access.ANYBODY),
)
