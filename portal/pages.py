"""All pages, room by room."""

from __future__ import annotations

from typing import Final

from portal.errors.pages import PAGES as ERRORS
from portal.help.pages import PAGES as HELP
from portal.home.pages import PAGES as HOME
from portal.links.pages import PAGES as LINKS
from portal.live.pages import PAGES as LIVE
from portal.trial.pages import PAGES as TRIAL
from portal.web.page import Page

PAGES: Final[tuple[Page, ...]] = (
    *HOME,
    *HELP,
    *ERRORS,
    *LINKS,
    *LIVE,
    *TRIAL,
)
