"""The first page, for strangers, and home, with what to do next."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from portal.web.forms import Form
from portal.web.page import Access, Page, get
from portal.web.visit import Visit


async def show_front(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show what the service is and how to begin."""
    return visit.render("home/front.html")


PAGES: Final[tuple[Page, ...]] = (get("/", show_front, Access.ANYBODY),)
