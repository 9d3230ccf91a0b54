"""The first page, for strangers, and home, with what to do next."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.api.problem import Problem, ServiceDown
from portal.home.overview import make_overview
from portal.web.forms import Form
from portal.web.page import Access, Page, get
from portal.web.visit import Visit

HOME: Final = "/home"


async def show_front(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show what the service is, what is needed, what it costs and how to begin; a signed-in visitor is led home."""
    if visit.session is not None:
        return visit.redirect(HOME)
    return visit.render("home/front.html", tariff=await _find_tariff(visit))


async def _find_tariff(visit: Visit) -> Any:
    """Return the fees; None where they cannot be had now, which must not take the front page away."""
    try:
        return await visit.api.get("/v1/tariffs")
    except (Problem, ServiceDown):
        return None


async def show_home(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show each application with its state and what to do next."""
    applications, applicants = await visit.api.together(
        visit.api.get("/v1/applications"), visit.api.get("/v1/applicants")
    )
    overview = make_overview(applications["applications"], applicants["applicants"])
    return visit.render("home/home.html", overview=overview)


PAGES: Final[tuple[Page, ...]] = (get("/", show_front, Access.ANYBODY), get(HOME, show_home))
