"""All pages, room by room."""

from __future__ import annotations

from typing import Final

from portal.applicants.pages import PAGES as APPLICANTS
from portal.applications.pages import PAGES as APPLICATIONS
from portal.errors.pages import PAGES as ERRORS
from portal.help.pages import PAGES as HELP
from portal.home.pages import PAGES as HOME
from portal.live.pages import PAGES as LIVE
from portal.questionnaire.pages import PAGES as QUESTIONNAIRE
from portal.refusals.pages import PAGES as REFUSALS
from portal.web.page import Page

PAGES: Final[tuple[Page, ...]] = (
    *HOME,
    *APPLICANTS,
    *APPLICATIONS,
    *QUESTIONNAIRE,
    *REFUSALS,
    *HELP,
    *ERRORS,
    *LIVE,
)
