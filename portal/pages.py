"""All pages, room by room."""

from __future__ import annotations

from typing import Final

from portal.account.pages import PAGES as ACCOUNT
from portal.errors.pages import PAGES as ERRORS
from portal.help.pages import PAGES as HELP
from portal.home.pages import PAGES as HOME
from portal.live.pages import PAGES as LIVE
from portal.sign_in.pages import PAGES as SIGN_IN
from portal.web.page import Page

PAGES: Final[tuple[Page, ...]] = (
    *HOME,
    *HELP,
    *ERRORS,
    *SIGN_IN,
    *LIVE,
    *ACCOUNT,
)
