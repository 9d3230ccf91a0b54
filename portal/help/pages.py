"""Help: requirements, fees, money back, privacy, accessibility. Open to everybody."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from portal.help.choices import PURPOSES, REASONS, chosen_query
from portal.web.forms import Form
from portal.web.page import Access, Page, get
from portal.web.visit import Visit


async def show_help(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show where help is found."""
    return visit.render("help/help.html")


async def show_requirements(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show the papers that a case needs; the case is asked for in the address, so that it can be passed on."""
    asked = chosen_query(visit.request.query)
    found = await visit.api.get("/v1/requirements", **asked)
    requirements: list[Any] = found["requirements"]
    return visit.render(
        "help/requirements.html",
        asked=visit.request.query,
        reasons=REASONS,
        purposes=PURPOSES,
        needed=[item for item in requirements if item["need"] == "required" and item["state"] != "not_needed"],
        others=[item for item in requirements if item["need"] != "required" or item["state"] == "not_needed"],
    )


async def show_fees(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show all fees with their legal basis, and when there is none."""
    return visit.render("help/fees.html", tariff=await visit.api.get("/v1/tariffs"))


async def show_refunds(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show when money comes back, what is not refundable, and each step with its time."""
    return visit.render("help/refunds.html", guide=await visit.api.get("/v1/refund-guide"))


async def show_privacy(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show the privacy notice in force."""
    notice = await visit.api.get("/v1/privacy-notice", language=visit.language)
    return visit.render("help/privacy.html", notice=notice)


async def show_accessibility(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show how far the site can be used by everybody, and what to do where it cannot."""
    return visit.render("help/accessibility.html")


PAGES: Final[tuple[Page, ...]] = (
    get("/help", show_help, Access.ANYBODY),
    get("/help/requirements", show_requirements, Access.ANYBODY),
    get("/help/fees", show_fees, Access.ANYBODY),
    get("/help/refunds", show_refunds, Access.ANYBODY),
    get("/help/privacy", show_privacy, Access.ANYBODY),
    get("/help/accessibility", show_accessibility, Access.ANYBODY),
)
