"""Accessibility statement, privacy notice, how it works."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from portal.web.forms import Form
from portal.web.page import Access, Page, get
from portal.web.visit import Visit


async def show_accessibility(visit: Visit, _form: Form) -> web.StreamResponse:
    """Show how far the site can be used by everybody, and what to do where it cannot."""
    return visit.render("help/accessibility.html")


PAGES: Final[tuple[Page, ...]] = (get("/help/accessibility", show_accessibility, Access.ANYBODY),)
