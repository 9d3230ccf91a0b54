"""All pages, room by room."""

from __future__ import annotations

from typing import Final

from portal.bills.pages import PAGES as BILLS
from portal.errors.pages import PAGES as ERRORS
from portal.help.pages import PAGES as HELP
from portal.home.pages import PAGES as HOME
from portal.links.pages import PAGES as LINKS
from portal.live.pages import PAGES as LIVE
from portal.messages.pages import PAGES as MESSAGES
from portal.passports.pages import PAGES as PASSPORTS
from portal.refunds.pages import PAGES as REFUNDS
from portal.trial.pages import PAGES as TRIAL
from portal.visits.pages import PAGES as VISITS
from portal.web.page import Page

PAGES: Final[tuple[Page, ...]] = (
    *HOME,
    *HELP,
    *BILLS,
    *VISITS,
    *REFUNDS,
    *MESSAGES,
    *PASSPORTS,
    *ERRORS,
    *LINKS,
    *LIVE,
    *TRIAL,
)
