"""All pages, room by room."""

from __future__ import annotations

from typing import Final

from portal.booking.pages import PAGES as BOOKING
from portal.errors.pages import PAGES as ERRORS
from portal.help.pages import PAGES as HELP
from portal.home.pages import PAGES as HOME
from portal.live.pages import PAGES as LIVE
from portal.offices.pages import PAGES as OFFICES
from portal.openings.pages import PAGES as OPENINGS
from portal.waiting.pages import PAGES as WAITING
from portal.web.page import Page

PAGES: Final[tuple[Page, ...]] = (
    *HOME,
    *HELP,
    *OFFICES,
    *BOOKING,
    *WAITING,
    *OPENINGS,
    *ERRORS,
    *LIVE,
)
